# dataset: cells -> filter, split, normalization. Crops stay where they are: a dataset is a list of cells.


def get_well_annotations(wildcards):
    return ANNOTATIONS[wildcards.plate, wildcards.well]


rule dataset_select:
    input:
        cells="<results>/cells/{plate}/{well}.parquet",
        crops="<results>/cells/{plate}/{well}.arrow",
    output:
        manifest="<results>/dataset/{plate}/{well}.parquet",
        filtered="<results>/dataset/{plate}/{well}.filtered.parquet",
        histogram="<results>/dataset/{plate}/{well}.histogram.npz",
    log:
        "<logs>/dataset_select/{plate}/{well}.log",
    benchmark:
        "<benchmarks>/dataset_select/{plate}/{well}.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(5),
    params:
        target_channel=config["dataset"]["target_channel"],
        filter=config["dataset"]["filter"],
        select=config["dataset"]["select"],
        split=config["dataset"]["split"],
        code=script_code("dataset/select"),
    message:
        "Choosing the cells of well {wildcards.plate}/{wildcards.well}"
    script:
        "../scripts/dataset_select.py"


rule dataset_merge:
    input:
        manifests=per_well("<results>/dataset/{plate}/{well}.parquet"),
        filtered=per_well("<results>/dataset/{plate}/{well}.filtered.parquet"),
        histograms=per_well("<results>/dataset/{plate}/{well}.histogram.npz"),
    output:
        manifest="<results>/dataset/manifest.parquet",
        filtered="<results>/dataset/filtered.parquet",
        normalization="<results>/dataset/normalization.parquet",
    log:
        "<logs>/dataset_merge.log",
    benchmark:
        "<benchmarks>/dataset_merge.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(30),
    params:
        normalization=config["dataset"]["normalization"],
        code=script_code("dataset/merge"),
    message:
        "Merging the wells into one dataset"
    script:
        "../scripts/dataset_merge.py"


rule dataset_draw_filter:
    input:
        filtered="<results>/dataset/filtered.parquet",
    output:
        table=report("<results>/report/quality.csv", caption="../report/quality.rst", category="Quality"),
        figure=report("<results>/report/quality.svg", caption="../report/quality.rst", category="Quality"),
    log:
        "<logs>/dataset_draw_filter.log",
    benchmark:
        "<benchmarks>/dataset_draw_filter.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(15),
    params:
        code=script_code("dataset/draw_filter"),
    message:
        "Drawing how many cells each criterion removed"
    script:
        "../scripts/dataset_draw_filter.py"


rule dataset_draw:
    input:
        manifest="<results>/dataset/manifest.parquet",
    output:
        table=report("<results>/report/dataset.csv", caption="../report/dataset.rst", category="Dataset"),
        figure=report("<results>/report/dataset.svg", caption="../report/dataset.rst", category="Dataset"),
    log:
        "<logs>/dataset_draw.log",
    benchmark:
        "<benchmarks>/dataset_draw.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(15),
    params:
        columns=config["dataset"]["split"]["stratify"],
        target_channel=config["dataset"]["target_channel"],
        code=script_code("dataset/draw"),
    message:
        "Drawing the dataset"
    script:
        "../scripts/dataset_draw.py"
