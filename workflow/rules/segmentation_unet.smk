# segmentation: nuclei by a network, the one rule of the stage that needs TensorFlow; included by segmentation.smk


def has_unet():
    """Whether a network labels the nuclei."""
    return config["segmentation"]["method"] == "unet"


def unet_weights():
    """The file of weights: of the training on annotated sites, of the config, or the one that is part of wellspring."""
    annotated, weights = config["segmentation"]["annotated"], config["segmentation"].get("weights")
    if annotated and annotated["apply"]:
        return f"{TRAINED}/weights.npz"
    return named_file("segmentation.weights", weights) if weights else str(SHIPPED_WEIGHTS)


def unet_labels():
    """Labels of the network, a list of one file; [] where there is none."""
    return ["<results>/segmentation/network/{plate}/{well}.ome.tif"] if has_unet() else []


rule segmentation_unet:
    input:
        index="<results>/raw/{plate}/{well}.json",
        correction=plate_correction(nucleus_channels()),
        judged=plate_judged(),
        weights=unet_weights(),
    output:
        labels="<results>/segmentation/network/{plate}/{well}.ome.tif",
    log:
        "<logs>/segmentation_unet/{plate}/{well}.log",
    benchmark:
        "<benchmarks>/segmentation_unet/{plate}/{well}.tsv"
    conda:
        "../../envs/learning-gpu.yaml"
    threads: 2
    resources:
        gpu=1,
        mem_mb=growing(6000),
        runtime=growing(30),
    params:
        projection=config["raw"].get("projection"),
        background=background_of(corrected_channels(nucleus_channels())),
        channels=nucleus_channels(),
        left_out=sites_left_out(),
        code=script_code("segmentation/unet", RAW_READER),
    message:
        "Segmenting the nuclei of well {wildcards.plate}/{wildcards.well} by a network"
    script:
        "../scripts/segmentation_unet.py"
