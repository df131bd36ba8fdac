# brightness: images -> mean intensity of each channel in each well


rule brightness_measure:
    input:
        index="<results>/raw/{plate}/{well}.json",
    output:
        means="<results>/brightness/{plate}/{well}.parquet",
    log:
        "<logs>/brightness_measure/{plate}/{well}.log",
    benchmark:
        "<benchmarks>/brightness_measure/{plate}/{well}.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        channels=config["brightness"]["channels"],
        projection=config["raw"].get("projection"),
        code=script_code("brightness/measure", RAW_READER),
    message:
        "Measuring how bright well {wildcards.plate}/{wildcards.well} is"
    script:
        "../scripts/brightness_measure.py"


rule brightness_chapter:
    input:
        means=per_well("<results>/brightness/{plate}/{well}.parquet"),
        captions=captions("brightness"),
    output:
        chapter="<results>/report/chapters/brightness.json",
        table=report("<results>/report/brightness.csv", caption="../report/brightness/means.rst", category="Brightness"),
        figure=report(
            "<results>/report/brightness.svg", caption="../report/brightness/means.rst", category="Brightness"
        ),
    log:
        "<logs>/brightness_chapter.log",
    benchmark:
        "<benchmarks>/brightness_chapter.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(5),
    params:
        code=script_code("brightness/chapter"),
    message:
        "Writing the chapter on brightness"
    script:
        "../scripts/brightness_chapter.py"
