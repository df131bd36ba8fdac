# spots: marks of a network, the one rule of the stage that needs TensorFlow; included by spots.smk
from wellspring.spots.settings import SHIPPED_WEIGHTS as SPOT_WEIGHTS


def spot_weights():
    """The file of weights: that of the config, or the one that is part of wellspring."""
    weights = config["spots"]["weights"]
    return named_file("spots.weights", weights) if weights else str(SPOT_WEIGHTS)


def spot_marks():
    """Marks of the network, a list of one file; [] where there is none."""
    return ["<results>/spots/marks/{plate}/{well}.parquet"] if config["spots"]["method"] == "enhanced" else []


rule spots_enhance:
    input:
        index="<results>/raw/{plate}/{well}.json",
        correction=plate_correction(config["spots"]["channels"]),
        judged=plate_judged(),
        weights=spot_weights(),
    output:
        marks="<results>/spots/marks/{plate}/{well}.parquet",
    log:
        "<logs>/spots_enhance/{plate}/{well}.log",
    benchmark:
        "<benchmarks>/spots_enhance/{plate}/{well}.tsv"
    conda:
        "../../envs/learning-gpu.yaml"
    threads: 2
    resources:
        gpu=1,
        mem_mb=growing(6000),
        runtime=growing(30),
    params:
        background=background_of(corrected_channels(config["spots"]["channels"])),
        sizes={name: config["spots"][name] for name in ("sigma_px", "spacing_um")},
        channels=config["spots"]["channels"],
        left_out=sites_left_out(),
        code=script_code("spots/enhance", RAW_READER),
    message:
        "Marking the spots of well {wildcards.plate}/{wildcards.well} by a network"
    script:
        "../scripts/spots_enhance.py"
