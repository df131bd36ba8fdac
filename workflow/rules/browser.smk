# browser: images, outlines, spots, tables -> a page to look at plates, wells and cells


def measured_of_well():
    """Features of the well's cells, where they are measured."""
    return "<results>/cells/{plate}/{well}.parquet" if features_of_wells() else []


def found_spots():
    """The well's spots, where spots are searched."""
    return "<results>/spots/{plate}/{well}.parquet" if config["spots"]["channels"] else []


def counted_spots():
    """Numbers of spots of the well's cells, where spots are searched."""
    return "<results>/spots/cells/{plate}/{well}.parquet" if config["spots"]["channels"] else []


def sheet_of_plate(wildcards):
    """What the sheet says of the wells of the wildcards' plate."""
    return [row for row in sheet_rows() if row["plate"] == wildcards.plate]


def browser_settings():
    return {key: config["browser"][key] for key in ("pixels", "quality", "columns")}


rule browser_well:
    input:
        index="<results>/raw/{plate}/{well}.json",
        nuclei=nucleus_labels(),
        cells=cells_of_well(),
        measured=measured_of_well(),
        spots=found_spots(),
        counts=counted_spots(),
    output:
        well="<results>/report/browser/wells/{plate}/{well}.js",
        images="<results>/report/browser/images/{plate}/{well}.js",
        summary="<results>/browser/{plate}/{well}.json",
    log:
        "<logs>/browser_well/{plate}/{well}.log",
    benchmark:
        "<benchmarks>/browser_well/{plate}/{well}.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=growing(3000),
        runtime=growing(15),
    params:
        projection=config["raw"].get("projection"),
        has_nuclei=has_nuclei(config["segmentation"]),
        spot_channels=config["spots"]["channels"],
        shown=browser_settings(),
        code=script_code("browser/well", RAW_READER),
    message:
        "Writing the pictures of well {wildcards.plate}/{wildcards.well} for the plate browser"
    script:
        "../scripts/browser_well.py"


rule browser_plate:
    input:
        numbers="<results>/report/plates.csv",
        measured="<results>/tables/wells.csv" if features_of_wells() else [],
        summaries=per_well_of_plate("<results>/browser/{plate}/{well}.json"),
    output:
        plate="<results>/report/browser/plates/{plate}.js",
        pictures="<results>/report/browser/pictures/{plate}.js",
    log:
        "<logs>/browser_plate/{plate}.log",
    benchmark:
        "<benchmarks>/browser_plate/{plate}.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(15),
    params:
        sheet=sheet_of_plate,
        columns=config["browser"]["columns"],
        nucleus_channel=config["segmentation"]["nucleus_channel"],
        code=script_code("browser/plate"),
    message:
        "Writing plate {wildcards.plate} for the plate browser"
    script:
        "../scripts/browser_plate.py"


rule browser_chapter:
    input:
        plates=per_plate("<results>/report/browser/plates/{plate}.js"),
        pictures=per_plate("<results>/report/browser/pictures/{plate}.js"),
        wells=per_well("<results>/report/browser/wells/{plate}/{well}.js"),
        images=per_well("<results>/report/browser/images/{plate}/{well}.js"),
        # Digests cover Python alone, so what the page is made of is named here.
        sources=[f"{ROOT}/src/wellspring/browser/{name}" for name in ("index.html.jinja", "browser.css", "browser.js")],
    output:
        chapter="<results>/report/chapters/browser.json",
        page="<results>/report/browser/index.html",
    log:
        "<logs>/browser_chapter.log",
    benchmark:
        "<benchmarks>/browser_chapter.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        title=config["report"]["title"],
        code=script_code("browser/chapter"),
    message:
        "Writing the page of the plate browser"
    script:
        "../scripts/browser_chapter.py"
