# cells: pixels of a well -> one row and one crop per cell


rule cells_crop:
    input:
        description="results/raw/{plate}/{well}.json",
        channels=ancient("results/raw/channels.csv"),
        labels=get_labels,
    output:
        cells="results/cells/{plate}/{well}.parquet",
        crops="results/cells/{plate}/{well}.arrow",
    log:
        "logs/cells_crop/{plate}/{well}.log",
    benchmark:
        "benchmarks/cells_crop/{plate}/{well}.tsv"
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
        code=code_digest(
            "wellspring.cells.crops",
            "wellspring.cells.annotations",
            "wellspring.cells.labelled",
            "wellspring.raw.mpm",
            "wellspring.raw.tiff",
            "wellspring.segmentation.labels",
            "wellspring.jobs",
        ),
    message:
        "Cropping the cells of well {wildcards.plate}/{wildcards.well}"
    script:
        "../scripts/cells_crop.py"
