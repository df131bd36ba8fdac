# spots: images + labels -> spots, counts per cell, foci, thresholds


rule spots_detect:
    input:
        channels=ancient("results/raw/channels.csv"),
        nuclei="results/segmentation/{plate}/{well}.ome.tif",
        cells=get_cell_labels,
    output:
        spots="results/spots/{plate}/{well}.parquet",
        cells="results/spots/{plate}/{well}.cells.parquet",
        foci="results/spots/{plate}/{well}.foci.parquet",
        thresholds="results/spots/{plate}/{well}.thresholds.parquet",
        curves="results/spots/{plate}/{well}.curves.parquet",
    log:
        "logs/spots_detect/{plate}/{well}.log",
    benchmark:
        "benchmarks/spots_detect/{plate}/{well}.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=growing(6000),
        runtime=growing(30),
    params:
        path=get_well_path,
        raw=get_stack_settings(),
        spots=config["spots"],
        code=code_digest(
            "wellspring.spots.images",
            "wellspring.segmentation.labels",
            "wellspring.raw.tiff",
            "wellspring.jobs",
        ),
    message:
        "Looking for the spots of well {wildcards.plate}/{wildcards.well}"
    script:
        "../scripts/spots_detect.py"
