# quality: what jobs that read pixels are corrected with, once their plate is judged; included by quality.smk
from wellspring.quality.left_out import left_out_of_well


def judged_plate(wildcards):
    """What the wildcards' plate is corrected with, once all its images are judged.

    Jobs that read pixels, and those of one well behind them, wait for this checkpoint: which of them are to run is
    decided anew when it is done. A plate whose correction is the same to the byte reruns none of its other wells.
    """
    return checkpoints.quality_illumination.get(plate=wildcards.plate).output


def correction_of_plate(wildcards):
    """An input function: functions and offsets of the wildcards' plate."""
    return judged_plate(wildcards).correction


def nothing_of_plate(wildcards):
    """An input function: no file, but not before the wildcards' plate is judged."""
    judged_plate(wildcards)
    return []


def sites_of_well(wildcards):
    """A parameter: names of the wildcards' sites that are left out, so that those of another well rerun nothing."""
    path = Path(judged_plate(wildcards).correction).with_name("left_out.json")
    try:
        return left_out_of_well(path, plate=wildcards.plate, well=wildcards.well)
    except (ValueError, OSError) as error:
        raise WorkflowError(str(error)) from None


def is_judged():
    """Whether jobs outside of profiling leave out flagged sites."""
    return bool(config["quality"]["channels"]) and config["quality"]["use"] == "all"


def plate_correction(channels):
    """Input of jobs that read `channels`: what their plate is corrected with; [] where none of them is."""
    return correction_of_plate if corrected_channels(channels) else []


def plate_judged():
    """Input of jobs of one well whose pixels may be left out or corrected."""
    return nothing_of_plate if is_judged() else []


def sites_left_out():
    """Parameter of jobs that read pixels."""
    return sites_of_well if is_judged() else []


def sites_of_plates():
    """Which sites of all plates are kept, for chapters; [] where all are."""
    return per_plate("<results>/quality/plates/{plate}/sites.parquet") if is_judged() else []


def corrected_channels(channels):
    """Those of `channels` that jobs outside of profiling read with even illumination."""
    quality = config["quality"]
    return [name for name in channels if name in quality["channels"]] if quality["use"] == "all" else []


# A copy for other programs, where the config asks for it.
rule quality_correct:
    input:
        index="<results>/raw/{plate}/{well}.json",
        correction=correction_of_plate,
    output:
        images="<results>/quality/corrected/{plate}/{well}.ome.tif",
    log:
        "<logs>/quality_correct/{plate}/{well}.log",
    benchmark:
        "<benchmarks>/quality_correct/{plate}/{well}.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        channels=config["quality"]["channels"],
        projection=config["raw"].get("projection"),
        background=background_of(config["quality"]["channels"]),
        steps=config["quality"]["preprocessing"],
        left_out=sites_of_well,
        code=script_code("quality/correct", RAW_READER),
    message:
        "Writing corrected images of well {wildcards.plate}/{wildcards.well}"
    script:
        "../scripts/quality_correct.py"
