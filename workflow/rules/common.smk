# Config and sheet, read and checked; wildcards; input functions. No science.
import gc
import os
import sys
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

# Of a plate Snakemake keeps objects by the million. To look for dead ones among them as often as usual costs a sixth
# of a dry run's processor time.
gc.set_threshold(100_000)

ROOT = Path(workflow.basedir)
# Scripts find the library of this checkout, in whatever environment they run.
sys.path.insert(0, str(ROOT / "src"))
os.environ.update(PYTHONPATH=str(ROOT / "src"))

from wellspring.config import validated_config
from wellspring.provenance import code_digest
from wellspring.raw.files import well_files
from wellspring.wells import read_sheet, sample_annotations, well_annotations, well_paths, wildcard_pattern


def read_schema(name):
    return yaml.safe_load((ROOT / "workflow" / "schemas" / f"{name}.schema.yaml").read_text(encoding="utf-8"))


try:
    config = validated_config(config, schema=read_schema("config"), source="config")
    WELLS = read_sheet(Path(config["wells"]), schema=read_schema("wells"))
except (ValueError, OSError) as error:
    raise WorkflowError(str(error)) from None

# Asked for each job of a plate, so looked up once.
PATHS = well_paths(WELLS)
ANNOTATIONS = well_annotations(WELLS)
IS_TIFF = config["raw"]["format"] == "tiff"
# What the run is for: models of a target, cells, spots.
HAS_TARGET = config["dataset"]["target_channel"] is not None
HAS_CELLS = config["segmentation"]["cells"] is not None
HAS_SPOTS = bool(config["spots"]["channels"])
HAS_QUALITY = bool(config["quality"]["channels"])
HAS_PROFILES = bool(config["profiling"]["methods"])
CELL_LABELS = ".cells.ome.tif" if HAS_CELLS else ".ome.tif"
VALIDATION = config["attribution"]["validation"] if HAS_TARGET and config["attribution"]["models"] else None
ROAR = VALIDATION["roar"] if VALIDATION else None
RUN = "results/training/{model}/{regime}/{seed}"
EXPLAINED = "results/attribution/{model}/{regime}/{seed}"
RETRAINED = f"{EXPLAINED}/retrained/{{form}}_{{ranking}}_{{amount}}_{{retrained_seed}}.parquet"


wildcard_constraints:
    method=wildcard_pattern(config["profiling"]["methods"]),
    plate=wildcard_pattern(WELLS["plate"]),
    well=wildcard_pattern(WELLS["well"]),
    model=wildcard_pattern(config["training"]["models"]),
    regime=wildcard_pattern(config["training"]["regimes"]),
    seed="[0-9]+",
    form="pixels|channels",
    ranking="none|map|random|intensity",
    amount="[0-9]+",
    retrained_seed="[0-9]+",


def growing(first):
    """Memory or minutes of a job: `first`, and twice as much with each attempt, in case it was killed for them."""

    def get_amount(wildcards, attempt):
        return first * 2 ** (attempt - 1)

    return get_amount


def tell_gpu_rules():
    """Say, once a run or dry run, which rules ask a cluster for a GPU: how many, of which type, where."""
    for one in workflow.rules:
        asked = {name: resource.raw for name, resource in one.resources.items()}
        if workflow.is_main_process and "gpu" in asked and "slurm_partition" in asked:
            kind = f"{asked['gpu']} of type {asked.get('gpu_model', 'any')}"
            logger.info(f"Asks for a GPU: {one.name} ({kind}, partition {asked['slurm_partition']})")


def tell_cluster_logs():
    """Say after a run that failed where the cluster's words are: a job that it kills cannot log its end itself."""
    logs = sorted(Path(".snakemake/slurm_logs").rglob("*.log"), key=os.path.getmtime)
    if logs:
        logger.error(f"SLURM's words on jobs that failed are in .snakemake/slurm_logs, the newest in {logs[-1]}")


def get_named_channels():
    """Every channel that the config names, under the key that names it."""
    named = {"dataset.input_channels": config["dataset"]["input_channels"] or []}
    if HAS_TARGET:
        named["dataset.target_channel"] = [config["dataset"]["target_channel"]]
    named["report.marked_channels"] = config["report"]["marked_channels"]
    if IS_TIFF:
        named["segmentation.nucleus_channel"] = [config["segmentation"]["nucleus_channel"]]
        named["raw.background"] = list(config["raw"]["background"])
        named["spots.channels"] = config["spots"]["channels"]
        named["quality.channels"] = config["quality"]["channels"]
    if HAS_CELLS and "channel" in config["segmentation"]["cells"]:
        named["segmentation.cells.channel"] = [config["segmentation"]["cells"]["channel"]]
    return named


def get_image_settings():
    """How TIFF files become images; what is done with the intensities afterwards changes no label."""
    return {k: v for k, v in config["raw"].items() if k in ("pattern", "channels", "projection", "pixel_size_um")}


def get_stack_settings():
    """How TIFF files become stacks: as `get_image_settings`, without a projection."""
    return {k: v for k, v in get_image_settings().items() if k != "projection"}


def get_named_file(key, path):
    """A file that the config names by a word or a folder under `key`."""
    if not Path(path).is_file():
        raise WorkflowError(f"{key}: expected the file {path}, found none. Correct the config, or leave the key out.")
    return path


def get_published():
    """Figures from the literature to stand beside this run's, if the config names some."""
    name = config["report"]["published"]
    return get_named_file("report.published", f"{ROOT}/resources/published/{name}.csv") if name else []


def get_markers():
    """What each channel's marker stains, if the config names such a table."""
    name = config["attribution"]["groups"]["markers"]
    return get_named_file("attribution.groups.markers", f"{ROOT}/resources/{name}.csv") if name else []


def per_well(pattern):
    """The files of one stage, one per well."""
    return expand(pattern, zip, plate=WELLS["plate"], well=WELLS["well"])


def per_well_of_plate(pattern):
    """An input function: the files of one stage, one per well of the wildcard's plate."""

    def files(wildcards):
        wells = WELLS.loc[WELLS["plate"] == wildcards.plate, "well"]
        return [pattern.format(plate=wildcards.plate, well=well) for well in wells]

    return files


def get_keys():
    """(plate, well) of every well."""
    return list(zip(WELLS["plate"], WELLS["well"]))


def get_drawn_keys():
    """(plate, well) of the wells that the report draws, evenly spaced in the sheet."""
    keys = get_keys()
    n_drawn = min(config["report"]["overlay_wells"], len(keys)) if HAS_CELLS or HAS_SPOTS else 0
    return [keys[number * len(keys) // n_drawn] for number in range(n_drawn)]


def get_drawn_wells():
    """(plate, well, path) of those wells."""
    return [(plate, well, str(PATHS[plate, well])) for plate, well in get_drawn_keys()]


def get_drawn_files():
    """The raw files of those wells."""
    try:
        found = [well_files(path, well=well, raw=config["raw"]) for _, well, path in get_drawn_wells()]
    except (ValueError, OSError) as error:
        raise WorkflowError(str(error)) from None
    return [str(file) for files in found for file in files]


def per_drawn_well(pattern):
    """The files of one stage, one per well that the report draws."""
    return [pattern.format(plate=plate, well=well) for plate, well in get_drawn_keys()]


def get_stains():
    """Channels of nuclei and cells."""
    segmentation = config["segmentation"]
    stains = [segmentation.get("nucleus_channel"), (segmentation["cells"] or {}).get("channel")]
    return [name for name in dict.fromkeys(stains) if name]


def if_target(files):
    return files if HAS_TARGET else []


def if_cells(files):
    return files if HAS_CELLS else []


def get_sample_annotations():
    """Plate, well, sample, class and further annotations of every well, for profiles."""
    if not HAS_PROFILES:
        return []
    profiling = config["profiling"]
    columns = {key: profiling[key] for key in ("sample", "label", "positive", "controls")}
    wanted = [*profiling["batch_columns"], *profiling["colored_by"]]
    try:
        table = sample_annotations(WELLS, **columns, further=wanted, source=config["wells"])
    except ValueError as error:
        raise WorkflowError(str(error)) from None
    return table.to_dict("records")


def get_profiled_cells(suffix):
    """An input function: the cells of all wells, for the method that needs them."""

    def files(wildcards):
        return per_well(f"results/cells/{{plate}}/{{well}}.{suffix}") if wildcards.method == "features" else []

    return files


def get_network_scores(wildcards):
    """An input function: what a classifying network itself said of the fields; a list, of no or one file."""
    is_told = wildcards.method in get_classifiers()
    return [f"results/profiling/embeddings/{wildcards.method}/scores.parquet"] if is_told else []


def get_classifiers():
    return [name for name in config["profiling"]["methods"] if name in ("classifier", "densenet")]


def per_method(pattern):
    """The files of one stage, one per embedding."""
    return expand(pattern, method=config["profiling"]["methods"])


def per_network(pattern):
    """The files of one stage, one per embedding by networks."""
    return expand(pattern, method=[name for name in config["profiling"]["methods"] if name not in ("pca", "features")])


def per_multiplied(pattern):
    """The files of the learning-curve experiment, one per classifying network."""
    return expand(pattern, method=get_classifiers()) if config["profiling"]["multiplications"] else []


def get_profile_maps():
    """The figures of the wells' maps, by what they are coloured by; none without profiles."""
    if not HAS_PROFILES:
        return {}
    columns = ["label", *config["profiling"]["colored_by"]]
    return {f"map_{name}": f"results/report/profiles_by_{name}.svg" for name in columns}


def if_actin(files):
    return files if HAS_PROFILES and config["profiling"]["actin"] else []


def if_profiles(files):
    return files if HAS_PROFILES else []


def if_quality(files):
    return files if HAS_QUALITY else []


def if_spots(files):
    return files if HAS_SPOTS else []


def per_run(pattern, *, models):
    """The files of one stage, one per model, regime and seed."""
    training = config["training"]
    return expand(pattern, model=models, regime=training["regimes"], seed=training["seeds"])


def get_well_files(wildcards):
    path = PATHS[wildcards.plate, wildcards.well]
    try:
        return [str(file) for file in well_files(path, well=wildcards.well, raw=config["raw"])]
    except (ValueError, OSError) as error:
        raise WorkflowError(str(error)) from None


def get_well_path(wildcards):
    return str(PATHS[wildcards.plate, wildcards.well])


def get_well_annotations(wildcards):
    return ANNOTATIONS[wildcards.plate, wildcards.well]


def get_labels(wildcards):
    """Labels that a TIFF well is cut by; an MPM well brings its own objects."""
    return f"results/segmentation/{wildcards.plate}/{wildcards.well}.ome.tif" if IS_TIFF else []


def get_cell_labels(wildcards):
    """Labels of the cells; of the nuclei where no cells are segmented."""
    return f"results/segmentation/{wildcards.plate}/{wildcards.well}{CELL_LABELS}"


def get_learning_rate(wildcards):
    return config["training"]["learning_rate"][wildcards.model]


def if_validation(files):
    return files if VALIDATION else []


def if_roar(files):
    return files if ROAR else []


def get_truth():
    """The truth of the simulated plate, if the config names one."""
    folder = VALIDATION["truth"] if VALIDATION else None
    return get_named_file("attribution.validation.truth", f"{folder}/truth/truth.json") if folder else []


def get_retrained():
    """One file per training from scratch: nothing removed, then each form, ranking and amount."""
    if not ROAR:
        return []
    grid = [("pixels", "none", 0)]
    grid += [("pixels", ranking, percent) for ranking in ROAR["rankings"] for percent in ROAR["percents"]]
    grid += [("channels", r, n) for r in ROAR["rankings"] if r != "intensity" for n in ROAR["channels"]]
    runs = {
        "model": config["attribution"]["models"],
        "regime": ROAR["regimes"],
        "seed": config["training"]["seeds"][:1],
    }
    return [
        file
        for form, ranking, amount in grid
        for file in expand(RETRAINED, **runs, form=form, ranking=ranking, amount=amount, retrained_seed=ROAR["seeds"])
    ]


def get_restarted():
    """Importance of the models that were trained from scratch with nothing removed."""
    return [file.replace(".parquet", "_importance.parquet") for file in get_retrained() if "pixels_none_" in file]


def per_explained(file):
    """One file per explained run."""
    return per_run(f"{EXPLAINED}/{file}", models=config["attribution"]["models"])


def get_levels(wildcards):
    """The removal levels of the run, for values ranked by its maps."""
    if (wildcards.form, wildcards.ranking) != ("pixels", "map"):
        return []
    return f"{EXPLAINED}/levels.arrow".format(**wildcards)


def get_retraining(wildcards):
    """What of the block `roar` changes one retraining: a larger grid repeats only those whose levels it numbers anew."""
    names = ("epochs", "samples", "percents") if get_levels(wildcards) else ("epochs", "samples")
    return {name: ROAR[name] for name in names}


def get_explaining():
    """How cells are explained: what of the block `attribution` changes a map or a table."""
    names = ("split", "max_cells", "method", "copies", "baseline", "estimator", "noise_sd", "rule", "steps")
    names += ("tolerance", "max_steps", "batch_size", "map_cells")
    return {name: config["attribution"][name] for name in names}


def get_predictions_of_model(wildcards):
    return per_run(f"{RUN}/predictions.parquet", models=[wildcards.model])


def get_crops_folder(wildcards, input):
    """The folder of all crop shards: above the plates."""
    return str(Path(input.crops[0]).parents[1])
