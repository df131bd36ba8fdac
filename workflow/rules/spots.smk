# spots: images + labels -> spots, counts per cell, foci, thresholds
include: "spots_enhance.smk"


def counted_per():
    """What spots are counted per, in words."""
    if not has_objects(config):
        return "image"
    return "cell" if has_cells(config["segmentation"]) else "nucleus"


rule spots_detect:
    input:
        index="<results>/raw/{plate}/{well}.json",
        correction=plate_correction(config["spots"]["channels"]),
        judged=plate_judged(),
        nuclei=nucleus_labels(),
        cells=volume_labels(),
        borders=border_labels(),
        marks=spot_marks(),
    output:
        spots="<results>/spots/{plate}/{well}.parquet",
        cells="<results>/spots/cells/{plate}/{well}.parquet",
        foci="<results>/spots/foci/{plate}/{well}.parquet",
        thresholds="<results>/spots/thresholds/{plate}/{well}.parquet",
        curves="<results>/spots/curves/{plate}/{well}.parquet",
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
        background=background_of(corrected_channels(config["spots"]["channels"])),
        spots=config["spots"],
        left_out=sites_left_out(),
        code=script_code("spots/detect", RAW_READER),
    message:
        "Looking for the spots of well {wildcards.plate}/{wildcards.well}"
    script:
        "../scripts/spots_detect.py"


rule spots_overlays:
    input:
        # Of all wells, since their doubts decide which few are drawn.
        indexes=per_well("<results>/raw/{plate}/{well}.json"),
        nuclei=per_well(nucleus_labels()) if has_objects(config) else [],
        cells=per_well(cell_labels()) if has_objects(config) else [],
        spots=per_well("<results>/spots/{plate}/{well}.parquet"),
        thresholds=per_well("<results>/spots/thresholds/{plate}/{well}.parquet"),
    output:
        gallery="<results>/spots/overlays.json",
        figure=report(
            "<results>/report/spot_overlays.svg", caption="../report/spots/spot_overlays.rst", category="Spots"
        ),
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
        projection=config["raw"].get("projection"),
        channels=config["spots"]["channels"],
        n_wells=config["report"]["overlay_wells"],
        code=script_code("spots/overlays", RAW_READER),
    message:
        "Drawing spots in their images"
    script:
        "../scripts/spots_overlays.py"


rule spots_chapter:
    input:
        spots=per_well("<results>/spots/{plate}/{well}.parquet"),
        cells=per_well("<results>/spots/cells/{plate}/{well}.parquet"),
        thresholds=per_well("<results>/spots/thresholds/{plate}/{well}.parquet"),
        curves=per_well("<results>/spots/curves/{plate}/{well}.parquet"),
        sites=sites_of_plates(),
        overlays="<results>/report/spot_overlays.svg",
        gallery="<results>/spots/overlays.json",
        captions=captions("spots"),
    output:
        chapter="<results>/report/chapters/spots.json",
        table=report("<results>/report/spots.csv", caption="../report/spots/spots.rst", category="Spots"),
        thresholds=report(
            "<results>/report/spot_thresholds.svg", caption="../report/spots/spot_thresholds.rst", category="Spots"
        ),
        counts=report(
            "<results>/report/spot_counts.svg",
            caption=f"../report/spots/{'spot' if has_objects(config) else 'image'}_counts.rst",
            category="Spots",
        ),
    log:
        "<logs>/spots_chapter.log",
    benchmark:
        "<benchmarks>/spots_chapter.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(15),
    params:
        spots=config["spots"],
        groups=groups_of_wells(),
        corrected=corrected_channels(config["spots"]["channels"]),
        per=counted_per(),
        code=script_code("spots/chapter"),
    message:
        "Writing the chapter on the spots"
    script:
        "../scripts/spots_chapter.py"
