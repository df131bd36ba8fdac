# spots: images + labels -> spots, counts per cell, foci, thresholds


rule spots_detect:
    input:
        channels=ancient("<results>/raw/channels.csv"),
        nuclei="<results>/segmentation/{plate}/{well}.ome.tif",
        cells=get_cell_labels,
    output:
        spots="<results>/spots/{plate}/{well}.parquet",
        cells="<results>/spots/{plate}/{well}.cells.parquet",
        foci="<results>/spots/{plate}/{well}.foci.parquet",
        thresholds="<results>/spots/{plate}/{well}.thresholds.parquet",
        curves="<results>/spots/{plate}/{well}.curves.parquet",
    log:
        "<logs>/spots_detect/{plate}/{well}.log",
    benchmark:
        "<benchmarks>/spots_detect/{plate}/{well}.tsv"
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
        code=script_code("spots/detect"),
    message:
        "Looking for the spots of well {wildcards.plate}/{wildcards.well}"
    script:
        "../scripts/spots_detect.py"


rule spots_draw:
    input:
        spots=per_well("<results>/spots/{plate}/{well}.parquet"),
        cells=per_well("<results>/spots/{plate}/{well}.cells.parquet"),
        thresholds=per_well("<results>/spots/{plate}/{well}.thresholds.parquet"),
        curves=per_well("<results>/spots/{plate}/{well}.curves.parquet"),
    output:
        table=report("<results>/report/spots.csv", caption="../report/spots.rst", category="Spots"),
        curves=report("<results>/report/spot_thresholds.svg", caption="../report/spot_thresholds.rst", category="Spots"),
        counts=report("<results>/report/spot_counts.svg", caption="../report/spots.rst", category="Spots"),
    log:
        "<logs>/spots_draw.log",
    benchmark:
        "<benchmarks>/spots_draw.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(15),
    params:
        code=script_code("spots/draw"),
    message:
        "Drawing thresholds and spots per cell"
    script:
        "../scripts/spots_draw.py"


rule spots_overlays:
    input:
        files=get_drawn_files(),
        nuclei=per_drawn_well("<results>/segmentation/{plate}/{well}.ome.tif"),
        cells=per_drawn_well(f"<results>/segmentation/{{plate}}/{{well}}{CELL_LABELS}"),
        spots=per_drawn_well("<results>/spots/{plate}/{well}.parquet"),
    output:
        figure=report("<results>/report/spot_overlays.svg", caption="../report/spot_overlays.rst", category="Spots"),
    log:
        "<logs>/spots_overlays.log",
    benchmark:
        "<benchmarks>/spots_overlays.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(15),
    params:
        drawn=get_drawn_wells(),
        raw=get_image_settings(),
        channels=config["spots"]["channels"],
        code=script_code("spots/overlays"),
    message:
        "Drawing spots in their images"
    script:
        "../scripts/spots_overlays.py"
