# profiling: corrected images or cells -> embeddings, verdicts, clusters
# What needs no network has a rule of its own: on a cluster it asks for no GPU. Networks of fields are small: two jobs side by side on a thread each are faster than one after the other on two.


rule profiling_fields:
    input:
        images="results/quality/{plate}/{well}.ome.tif",
        sites="results/quality/sites.parquet",
    output:
        fields="results/profiling/fields/{plate}/{well}.npz",
    log:
        "logs/profiling_fields/{plate}/{well}.log",
    benchmark:
        "benchmarks/profiling_fields/{plate}/{well}.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        channels=config["quality"]["channels"],
        size_px=config["profiling"]["field_size_px"],
        code=code_digest("wellspring.profiling.fields", "wellspring.tables.quality", "wellspring.jobs"),
    message:
        "Shrinking the fields of well {wildcards.plate}/{wildcards.well}"
    script:
        "../scripts/profiling_fields.py"


rule profiling_reduce:
    input:
        fields=per_well("results/profiling/fields/{plate}/{well}.npz"),
        cells=get_profiled_cells("parquet"),
        crops=get_profiled_cells("arrow"),
    output:
        wells=per_well("results/profiling/embeddings/{{method}}/{plate}/{well}.parquet"),
    log:
        "logs/profiling_reduce/{method}.log",
    benchmark:
        "benchmarks/profiling_reduce/{method}.tsv"
    wildcard_constraints:
        method="pca|features",
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(240),
    params:
        annotations=get_sample_annotations(),
        positive=config["profiling"]["positive"],
        folds=config["profiling"]["folds"],
        seed=config["profiling"]["seed"],
        pca_components=config["profiling"]["pca_components"],
        code=code_digest("wellspring.profiling.reduction", "wellspring.jobs"),
    message:
        "Embedding the fields by {wildcards.method}"
    script:
        "../scripts/profiling_reduce.py"


rule profiling_embed:
    input:
        fields=per_well("results/profiling/fields/{plate}/{well}.npz"),
    output:
        wells=per_well("results/profiling/embeddings/{{method}}/{plate}/{well}.parquet"),
        scores="results/profiling/embeddings/{method}/scores.parquet",
        history="results/profiling/embeddings/{method}/history.csv",
    log:
        "logs/profiling_embed/{method}.log",
    benchmark:
        "benchmarks/profiling_embed/{method}.tsv"
    wildcard_constraints:
        method="autoencoder|classifier|densenet",
    conda:
        "../../envs/learning-gpu.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=growing(8000),
        runtime=growing(1440),
    params:
        annotations=get_sample_annotations(),
        positive=config["profiling"]["positive"],
        folds=config["profiling"]["folds"],
        seed=config["profiling"]["seed"],
        settings=config["profiling"]["networks"],
        code=code_digest("wellspring.profiling.runs", "wellspring.models.devices", "wellspring.jobs"),
    message:
        "Embedding the fields by the network {wildcards.method}"
    script:
        "../scripts/profiling_embed.py"


rule profiling_judge:
    input:
        wells=per_well("results/profiling/embeddings/{{method}}/{plate}/{well}.parquet"),
        scores=get_network_scores,
    output:
        verdict="results/profiling/verdicts/{method}.parquet",
        clusters="results/profiling/clusters/{method}.parquet",
    log:
        "logs/profiling_judge/{method}.log",
    benchmark:
        "benchmarks/profiling_judge/{method}.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        annotations=get_sample_annotations(),
        judging={
            **{k: config["profiling"][k] for k in ("positive", "controls", "batch_columns", "n_permutations", "seed")},
            "n_bootstraps": config["report"]["bootstrap_samples"],
        },
        code=code_digest("wellspring.profiling.verdict", "wellspring.jobs"),
    message:
        "Judging the embedding by {wildcards.method}"
    script:
        "../scripts/profiling_judge.py"


rule profiling_multiply:
    input:
        fields=per_well("results/profiling/fields/{plate}/{well}.npz"),
    output:
        losses="results/profiling/multiplied/{method}.parquet",
    log:
        "logs/profiling_multiply/{method}.log",
    benchmark:
        "benchmarks/profiling_multiply/{method}.tsv"
    conda:
        "../../envs/learning-gpu.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=growing(8000),
        runtime=growing(1440),
    params:
        annotations=get_sample_annotations(),
        multiplications=config["profiling"]["multiplications"],
        positive=config["profiling"]["positive"],
        folds=config["profiling"]["folds"],
        seed=config["profiling"]["seed"],
        settings=config["profiling"]["networks"],
        code=code_digest("wellspring.profiling.runs", "wellspring.models.devices", "wellspring.jobs"),
    message:
        "Learning curves of {wildcards.method} for several multiplications of the fields"
    script:
        "../scripts/profiling_multiply.py"


rule profiling_actin:
    input:
        images=per_well("results/quality/{plate}/{well}.ome.tif"),
        sites="results/quality/sites.parquet",
    output:
        tiles="results/profiling/actin/tiles.parquet",
        history="results/profiling/actin/history.csv",
    log:
        "logs/profiling_actin.log",
    benchmark:
        "benchmarks/profiling_actin.tsv"
    conda:
        "../../envs/learning-gpu.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=growing(8000),
        runtime=growing(1440),
    params:
        annotations=get_sample_annotations(),
        channels=config["quality"]["channels"],
        folds=config["profiling"]["folds"],
        seed=config["profiling"]["seed"],
        settings=config["profiling"]["actin"],
        code=code_digest(
            "wellspring.profiling.actin_model",
            "wellspring.tables.quality",
            "wellspring.models.devices",
            "wellspring.jobs",
        ),
    message:
        "Finding the actin inside cells with a U-Net"
    script:
        "../scripts/profiling_actin.py"
