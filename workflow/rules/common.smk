# Config and sheet, read and checked; wildcards; input functions. No science.
import os
import sys
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError

ROOT = Path(workflow.basedir)
# Scripts find the library of this checkout, in whatever environment they run.
sys.path.insert(0, str(ROOT / "src"))
os.environ.update(PYTHONPATH=str(ROOT / "src"))

from wellspring.config import validated_config
from wellspring.provenance import code_digest
from wellspring.raw.files import well_files
from wellspring.wells import read_sheet, well_annotations, well_path, wildcard_pattern


def read_schema(name):
    return yaml.safe_load((ROOT / "workflow" / "schemas" / f"{name}.schema.yaml").read_text(encoding="utf-8"))


try:
    config = validated_config(config, schema=read_schema("config"), source="config")
    WELLS = read_sheet(Path(config["wells"]), schema=read_schema("wells"))
except (ValueError, OSError) as error:
    raise WorkflowError(str(error)) from None

IS_TIFF = config["raw"]["format"] == "tiff"
RUN = "results/training/{model}/{regime}/{seed}"
EXPLAINED = "results/attribution/{model}/{regime}/{seed}"


wildcard_constraints:
    plate=wildcard_pattern(WELLS["plate"]),
    well=wildcard_pattern(WELLS["well"]),
    model=wildcard_pattern(config["training"]["models"]),
    regime=wildcard_pattern(config["training"]["regimes"]),
    seed="[0-9]+",


def get_named_channels():
    """Every channel that the config names, under the key that names it."""
    named = {
        "dataset.target_channel": [config["dataset"]["target_channel"]],
        "dataset.input_channels": config["dataset"]["input_channels"] or [],
    }
    named["report.marked_channels"] = config["report"]["marked_channels"]
    if IS_TIFF:
        named["segmentation.nucleus_channel"] = [config["segmentation"]["nucleus_channel"]]
        named["raw.background"] = list(config["raw"]["background"])
    return named


def get_image_settings():
    """How TIFF files become images; what is done with the intensities afterwards changes no label."""
    return {k: v for k, v in config["raw"].items() if k in ("pattern", "channels", "projection", "pixel_size_um")}


def get_published():
    """Figures from the literature to stand beside this run's, if the config names some."""
    name = config["report"]["published"]
    return f"{ROOT}/resources/published/{name}.csv" if name else []


def per_well(pattern):
    """The files of one stage, one per well."""
    return expand(pattern, zip, plate=WELLS["plate"], well=WELLS["well"])


def per_run(pattern, *, models):
    """The files of one stage, one per model, regime and seed."""
    training = config["training"]
    return expand(pattern, model=models, regime=training["regimes"], seed=training["seeds"])


def get_well_files(wildcards):
    path = well_path(WELLS, plate=wildcards.plate, well=wildcards.well)
    try:
        return [str(file) for file in well_files(path, well=wildcards.well, raw=config["raw"])]
    except (ValueError, OSError) as error:
        raise WorkflowError(str(error)) from None


def get_well_path(wildcards):
    return str(well_path(WELLS, plate=wildcards.plate, well=wildcards.well))


def get_well_annotations(wildcards):
    return well_annotations(WELLS, plate=wildcards.plate, well=wildcards.well)


def get_labels(wildcards):
    """Labels that a TIFF well is cut by; an MPM well brings its own objects."""
    return f"results/segmentation/{wildcards.plate}/{wildcards.well}.ome.tif" if IS_TIFF else []


def get_learning_rate(wildcards):
    return config["training"]["learning_rate"][wildcards.model]


def get_predictions_of_model(wildcards):
    return per_run(f"{RUN}/predictions.parquet", models=[wildcards.model])


def get_crops_folder(wildcards, input):
    """The folder of all crop shards: above the plates."""
    return str(Path(input.crops[0]).parents[1])
