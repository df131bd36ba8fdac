# raw: files of a well -> what is in them


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


def get_well_files(wildcards):
    path = PATHS[wildcards.plate, wildcards.well]
    try:
        return [str(file) for file in well_files(path, well=wildcards.well, raw=config["raw"])]
    except (ValueError, OSError) as error:
        raise WorkflowError(str(error)) from None


def get_well_path(wildcards):
    return str(PATHS[wildcards.plate, wildcards.well])


rule raw_describe:
    input:
        files=get_well_files,
    output:
        description="<results>/raw/{plate}/{well}.json",
    log:
        "<logs>/raw_describe/{plate}/{well}.log",
    benchmark:
        "<benchmarks>/raw_describe/{plate}/{well}.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(5),
    params:
        path=get_well_path,
        raw=config["raw"],
        code=script_code("raw/describe"),
    message:
        "Reading the headers of well {wildcards.plate}/{wildcards.well}"
    script:
        "../scripts/raw_describe.py"


# All wells must have the same channels, and the config may name only these: found out before any crop is made.
rule raw_channels:
    input:
        descriptions=per_well("<results>/raw/{plate}/{well}.json"),
    output:
        channels="<results>/raw/channels.csv",
    log:
        "<logs>/raw_channels.log",
    benchmark:
        "<benchmarks>/raw_channels.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(5),
    params:
        named=get_named_channels(),
        per_axis={f"spots.{key}": config["spots"][key] for key in ("sigma_px", "spacing_um")},
        removed=ROAR["channels"] if ROAR else [],
        code=script_code("raw/channels"),
    message:
        "Comparing the channels of all wells"
    script:
        "../scripts/raw_channels.py"
