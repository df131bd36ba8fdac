# dataset: cells -> filter, split, normalization. Crops stay where they are: a dataset is a list of cells.


rule dataset_select:
    input:
        cells="results/cells/{plate}/{well}.parquet",
        crops="results/cells/{plate}/{well}.arrow",
    output:
        manifest="results/dataset/{plate}/{well}.parquet",
        filtered="results/dataset/{plate}/{well}.filtered.parquet",
        histogram="results/dataset/{plate}/{well}.histogram.npz",
    log:
        "logs/dataset_select/{plate}/{well}.log",
    benchmark:
        "benchmarks/dataset_select/{plate}/{well}.tsv"
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
        code=code_digest(
            "wellspring.dataset.crops",
            "wellspring.dataset.histograms",
            "wellspring.dataset.selection",
            "wellspring.dataset.splitting",
            "wellspring.jobs",
        ),
    message:
        "Choosing the cells of well {wildcards.plate}/{wildcards.well}"
    script:
        "../scripts/dataset_select.py"


rule dataset_merge:
    input:
        manifests=per_well("results/dataset/{plate}/{well}.parquet"),
        filtered=per_well("results/dataset/{plate}/{well}.filtered.parquet"),
        histograms=per_well("results/dataset/{plate}/{well}.histogram.npz"),
    output:
        manifest="results/dataset/manifest.parquet",
        filtered="results/dataset/filtered.parquet",
        normalization="results/dataset/normalization.parquet",
    log:
        "logs/dataset_merge.log",
    benchmark:
        "benchmarks/dataset_merge.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(30),
    params:
        normalization=config["dataset"]["normalization"],
        code=code_digest("wellspring.dataset.merging", "wellspring.dataset.histograms", "wellspring.jobs"),
    message:
        "Merging the wells into one dataset"
    script:
        "../scripts/dataset_merge.py"
