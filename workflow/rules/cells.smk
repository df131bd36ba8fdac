# cells: pixels of a well -> one row and one crop per cell


def get_labels(wildcards):
    """Labels that a TIFF well is cut by; an MPM well brings its own objects."""
    return f"<results>/segmentation/{wildcards.plate}/{wildcards.well}.ome.tif" if IS_TIFF else []


rule cells_crop:
    input:
        description="<results>/raw/{plate}/{well}.json",
        channels=ancient("<results>/raw/channels.csv"),
        labels=get_labels,
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
        path=get_well_path,
        annotations=get_well_annotations,
        raw=config["raw"],
        image_size=config["cells"]["image_size"],
        code=script_code("cells/crop"),
    message:
        "Cropping the cells of well {wildcards.plate}/{wildcards.well}"
    script:
        "../scripts/cells_crop.py"
