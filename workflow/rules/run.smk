# What a run says and does as a whole; left out where another workflow imports this one.
import gc

from snakemake.dag import DAG
from snakemake.logging import logger
from wellspring.batches import keep_batches
from wellspring.changes import changes_since, write_record
from wellspring.raw.index import read_index
from wellspring.sheet.reading import well_annotations
from wellspring.terminal import failures_text, left_out_text, shown_on_terminal

# Of a plate Snakemake keeps objects by the million. To look for dead ones among them as often as usual costs a sixth
# of a dry run's processor time.
gc.set_threshold(100_000)


# Several wells share a job of the cluster, and the judgement of a plate has Snakemake plan anew while batches run.
keep_batches(DAG)


def tell_gpu_rules():
    """Say, once a run or dry run, which rules ask a cluster for a GPU: how many, of which type, where."""
    for one in workflow.rules:
        asked = {name: resource.raw for name, resource in one.resources.items()}
        if workflow.is_main_process and "gpu" in asked and "slurm_partition" in asked:
            kind = f"{asked['gpu']} of type {asked.get('gpu_model', 'any')}"
            logger.info(f"Asks for a GPU: {one.name} ({kind}, partition {asked['slurm_partition']})")


def tell_cluster_logs():
    """Say after a run that failed where SLURM's log files are: a job that it kills cannot log its end itself."""
    logs = sorted(Path(".snakemake/slurm_logs").rglob("*.log"), key=os.path.getmtime)
    if logs:
        logger.error(f"SLURM's log files of failed jobs are in .snakemake/slurm_logs, the newest is {logs[-1]}")


def watched_jobs():
    """The jobs of this run as they come and go; the terminal shows them, unless Snakemake was asked for its own words.

    `--verbose` or any `--quiet` (`--quiet none` too) is such a wish.
    """
    if not workflow.is_main_process:
        return None
    output = workflow.output_settings
    is_asked = not (output.quiet or output.verbose or output.debug_dag)
    return shown_on_terminal(logger, is_asked=is_asked, is_dry_run=output.dryrun)


def report_path():
    """The page, where the pathvars put it."""
    return Path(rules.report_page.output.page)


def left_out_wells():
    """Plate/well and reason of those that are left out; of wells without an index nothing is known."""
    paths = per_well(rules.raw_describe.output.index) if config["raw"]["bad_wells"] == "leave_out" else []
    indexes = [read_index(Path(path)) for path in paths if Path(path).is_file()]
    return {one.name: one.left_out for one in indexes if one.left_out}


def record_of_run():
    """What the last complete run was made with; next to the report, where the pathvars put it."""
    return report_path().with_name("made_with.json")


def sheet_of_run():
    return {"/".join(key): known for key, known in well_annotations(WELLS).items()}


def changed_keys():
    """What is another in config and sheet than when the report was made; `wellspring plan` prints it too."""
    if not workflow.is_main_process:
        return []
    return changes_since(record_of_run(), config=config, wells=sheet_of_run())


JOBS = watched_jobs()
CHANGES = changed_keys()
tell_gpu_rules()
if CHANGES:
    logger.info("\n  ".join(["Changed since the report was made:", *CHANGES]))


onsuccess:
    if any(job.rule.name == "report_page" for job in workflow.dag.jobs):
        write_record(record_of_run(), config=config, wells=sheet_of_run())
    logger.info(left_out_text(left_out_wells(), report=report_path()))


onerror:
    failed = list(JOBS.failed.values()) if JOBS is not None else []
    is_leaving_out = config["raw"]["bad_wells"] == "leave_out"
    logger.error(failures_text(failed, report=report_path(), is_leaving_out=is_leaving_out))
    tell_cluster_logs()
