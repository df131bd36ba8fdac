# Config and sheet, read and checked; what the rule files of all stages share. No science, no stage.
import os
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

# Of this file, not of the workflow that may import this one as a module.
ROOT = Path(str(workflow.current_basedir)).parents[1]
# Scripts find the library of this checkout, in whatever environment they run.
sys.path.insert(0, str(ROOT / "src"))
os.environ.update(PYTHONPATH=str(ROOT / "src"))

from wellspring.config import config_schema, validated_config
from wellspring.provenance import script_digest
from wellspring.sheet.reading import read_sheet, read_sheet_schema, well_paths, wildcard_pattern
from wellspring.stage import raw_block, stages, wanted_stages

# The files that this config was read from; of a module, whose config comes from another workflow, none.
CONFIG_FILES = workflow.configfiles if workflow.modifier.is_main_snakefile() else ()

try:
    config = validated_config(
        config, schema=config_schema(ROOT / "workflow" / "schemas"), source="config", files=CONFIG_FILES
    )
    WELLS = read_sheet(Path(config["wells"]), schema=read_sheet_schema(ROOT / "workflow" / "schemas"))
except (ValueError, OSError) as error:
    raise WorkflowError(str(error)) from None

# Asked for each job of a plate, so looked up once.
PATHS = well_paths(WELLS)
# Neither a prefix of the workflow that imports this one nor a default storage changes where files are.
KEEPS_PATHS = workflow.modifier.is_main_snakefile() and workflow.storage_settings.default_storage_provider is None


wildcard_constraints:
    plate=wildcard_pattern(WELLS["plate"]),
    well=wildcard_pattern(WELLS["well"]),


def growing(first):
    """Memory or minutes of a job: `first`, and twice as much with each attempt, in case it was killed for them."""

    def get_amount(wildcards, attempt):
        return first * 2 ** (attempt - 1)

    return get_amount


def as_written(path):
    """A file where the sheet says it is. Marks of a hundred thousand files take seconds: set where they are needed."""
    return str(path) if KEEPS_PATHS else local(str(path))


def script_code(script, *modules):
    """Digest of the library's code behind ``workflow/scripts/<stage>_<verb>.py``, given as ``<stage>/<verb>``.

    `modules`: those that the script comes to by a name in its settings alone.
    """
    return script_digest(ROOT / "workflow" / "scripts" / f"{'_'.join(Path(script).parts)}.py", *modules)


def per_well(pattern):
    """The files of one stage, one per well."""
    return expand(pattern, zip, plate=WELLS["plate"], well=WELLS["well"])


def per_plate(pattern):
    """The files of one stage, one per plate."""
    return expand(pattern, plate=sorted(set(WELLS["plate"])))


def per_well_of_plate(pattern):
    """An input function: the files of one stage, one per well of the wildcard's plate."""

    def files(wildcards):
        wells = WELLS.loc[WELLS["plate"] == wildcards.plate, "well"]
        return expand(pattern, plate=wildcards.plate, well=wells)

    return files


def groups_of_wells():
    """(plate, well, group) of the wells that have one in the column report.group_by, controls first."""
    by = config["report"]["group_by"]
    if by not in WELLS:
        return []
    known = WELLS[["plate", "well", by]].dropna()
    rows = list(zip(known["plate"], known["well"], known[by]))
    return sorted(rows, key=lambda row: row[2] not in config["report"]["controls"])


def named_file(key, path):
    """A file that the config names under `key`."""
    if not Path(path).is_file():
        raise WorkflowError(f"{key}: expected the file {path}, found none. Correct the config, or leave the key out.")
    return str(path)


def captions(stage):
    """The captions of a stage's figures, which the page and `snakemake --report` share."""
    return sorted(str(path) for path in (ROOT / "workflow" / "report" / stage).glob("*.rst"))
