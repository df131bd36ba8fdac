# attribution: dataset -> the cells that are explained; included by attribution.smk


# Before the trainings, though they do not wait for it: a cell that the config names and the dataset does not have is
# reported at once, not when all models are trained.
rule attribution_cells:
    input:
        manifest="<results>/dataset/manifest.parquet",
    output:
        cells="<results>/attribution/cells.parquet",
    log:
        "<logs>/attribution_cells.log",
    benchmark:
        "<benchmarks>/attribution_cells.tsv"
    priority: 100
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(5),
    params:
        split=config["attribution"]["split"],
        max_cells=config["attribution"]["max_cells"],
        map_cells=config["attribution"]["map_cells"],
        code=script_code("attribution/cells"),
    message:
        "Choosing the cells that are explained"
    script:
        "../scripts/attribution_cells.py"
