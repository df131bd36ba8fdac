# cells: pixels of a well -> one row and one crop per cell


def labels_of_well():
    """Labels that images are cut by; a format with pixels of known objects needs none."""
    return "<results>/segmentation/{plate}/{well}.ome.tif" if RAW_FORMAT.has_images else []


rule cells_crop:
    input:
        index="<results>/raw/{plate}/{well}.json",
        labels=labels_of_well(),
        illumination=plate_correction(config["quality"]["channels"]),
        sites=plate_sites(),
    output:
        cells="<results>/cells/{plate}/{well}.parquet",
        crops="<results>/cells/{plate}/{well}.arrow",
    log:
        "<logs>/cells_crop/{plate}/{well}.log",
    benchmark:
        "<benchmarks>/cells_crop/{plate}/{well}.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(15),
    params:
        raw=RAW_FORMAT.settings_of_pixels(config["raw"]),
        image_size=config["cells"]["image_size"],
        code=script_code("cells/crop", RAW_READER),
    message:
        "Cropping the cells of well {wildcards.plate}/{wildcards.well}"
    script:
        "../scripts/cells_crop.py"
