# cells: pixels of a well -> features of every cell; one row and one crop per cell


def labels_of_well():
    """Labels that images are cut by; a format with pixels of known objects needs none."""
    return object_labels() if RAW_FORMAT.has_images else []


def labels_of_cells():
    """Labels of the cells: which touch the edge, and ids of given cells, that count where objects are numbered."""
    return cell_labels() if RAW_FORMAT.has_images and has_cells(config["segmentation"]) else []


def cells_of_well():
    """Labels of the cells, where cells are segmented."""
    return cell_labels() if has_cells(config["segmentation"]) else []


def spots_of_wells(pattern):
    """The files of the stage spots, one per well, where spots are counted."""
    return per_well(pattern) if config["spots"]["channels"] else []


def sheet_rows():
    """What the sheet says of each well, paths aside; None where a field is empty."""
    known = WELLS.drop(columns="path").astype(object)
    return known.where(known.notna(), None).to_dict("records")


rule cells_crop:
    input:
        index="<results>/raw/{plate}/{well}.json",
        labels=labels_of_well(),
        others=labels_of_cells(),
        correction=plate_correction(config["quality"]["channels"]),
        judged=plate_judged(),
    output:
        cells="<results>/cells/crops/{plate}/{well}.parquet",
        crops="<results>/cells/crops/{plate}/{well}.arrow",
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
        left_out=sites_left_out(),
        code=script_code("cells/crop", RAW_READER),
    message:
        "Cropping the cells of well {wildcards.plate}/{wildcards.well}"
    script:
        "../scripts/cells_crop.py"


rule cells_measure:
    input:
        index="<results>/raw/{plate}/{well}.json",
        seeds="<results>/segmentation/{plate}/{well}.ome.tif",
        cells=cells_of_well(),
        correction=plate_correction(config["quality"]["channels"]),
        judged=plate_judged(),
    output:
        measured="<results>/cells/{plate}/{well}.parquet",
    log:
        "<logs>/cells_measure/{plate}/{well}.log",
    benchmark:
        "<benchmarks>/cells_measure/{plate}/{well}.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(15),
    params:
        has_nuclei=has_nuclei(config["segmentation"]),
        raw=RAW_FORMAT.settings_of_pixels(config["raw"]),
        features=config["cells"]["features"],
        left_out=sites_left_out(),
        code=script_code("cells/measure", RAW_READER),
    message:
        "Measuring the cells of well {wildcards.plate}/{wildcards.well}"
    script:
        "../scripts/cells_measure.py"


# The sheet joins here and no earlier: a remark in it reruns this job, and none that reads pixels.
rule cells_tables:
    input:
        indexes=per_well("<results>/raw/{plate}/{well}.json"),
        measured=per_well("<results>/cells/{plate}/{well}.parquet"),
        nuclei=per_well("<results>/segmentation/sites/{plate}/{well}.parquet"),
        spots=spots_of_wells("<results>/spots/cells/{plate}/{well}.parquet"),
        thresholds=spots_of_wells("<results>/spots/thresholds/{plate}/{well}.parquet"),
    output:
        cells_parquet="<results>/tables/cells.parquet",
        cells_csv="<results>/tables/cells.csv",
        wells_csv=report("<results>/tables/wells.csv", caption="../report/cells/wells.rst", category="Cells"),
    log:
        "<logs>/cells_tables.log",
    benchmark:
        "<benchmarks>/cells_tables.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(30),
    params:
        annotations=sheet_rows(),
        spot_channels=config["spots"]["channels"],
        has_nuclei=has_nuclei(config["segmentation"]),
        has_cells=has_cells(config["segmentation"]),
        code=script_code("cells/tables"),
    message:
        "Writing the cells of all wells into one table"
    script:
        "../scripts/cells_tables.py"


rule cells_chapter:
    input:
        wells="<results>/tables/wells.csv",
        captions=captions("cells"),
    output:
        chapter="<results>/report/chapters/cells.json",
        area=report("<results>/report/cell_areas.svg", caption="../report/cells/areas.rst", category="Cells"),
        intensity=report(
            "<results>/report/cell_intensities.svg", caption="../report/cells/intensities.rst", category="Cells"
        ),
    log:
        "<logs>/cells_chapter.log",
    benchmark:
        "<benchmarks>/cells_chapter.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(15),
    params:
        features=config["cells"]["features"],
        has_cells=has_cells(config["segmentation"]),
        code=script_code("cells/chapter"),
    message:
        "Writing the chapter on the cells"
    script:
        "../scripts/cells_chapter.py"
