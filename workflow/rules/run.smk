# What a run says and does as a whole; left out where another workflow imports this one.
import gc

from snakemake.logging import logger

# Of a plate Snakemake keeps objects by the million. To look for dead ones among them as often as usual costs a sixth
# of a dry run's processor time.
gc.set_threshold(100_000)


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


tell_gpu_rules()


onerror:
    tell_cluster_logs()
