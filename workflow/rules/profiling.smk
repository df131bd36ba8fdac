# profiling: corrected images or cells -> embeddings, verdicts, clusters
# What needs no network has a rule of its own: on a cluster it asks for no GPU. Networks of fields are small: two jobs side by side on a thread each are faster than one after the other on two.


def get_sample_annotations():
    """Plate, well, sample, class and further annotations of every well, for profiles."""
    if not HAS_PROFILES:
        return []
    profiling = config["profiling"]
    columns = {key: profiling[key] for key in ("sample", "label", "positive", "controls")}
    wanted = [*profiling["batch_columns"], *profiling["colored_by"]]
    try:
        table = sample_annotations(WELLS, **columns, further=wanted, source=config["wells"])
    except ValueError as error:
        raise WorkflowError(str(error)) from None
    return table.to_dict("records")


def get_profiled_cells(suffix):
    """An input function: the cells of all wells, for the method that needs them."""

    def files(wildcards):
        return per_well(f"<results>/cells/{{plate}}/{{well}}.{suffix}") if wildcards.method == "features" else []

    return files


def get_network_scores(wildcards):
    """An input function: what a classifying network itself said of the fields; a list, of no or one file."""
    is_told = wildcards.method in get_classifiers()
    return [f"<results>/profiling/embeddings/{wildcards.method}/scores.parquet"] if is_told else []


def get_classifiers():
    return [name for name in config["profiling"]["methods"] if name in ("classifier", "densenet")]


def per_method(pattern):
    """The files of one stage, one per embedding."""
    return expand(pattern, method=config["profiling"]["methods"])


def per_network(pattern):
    """The files of one stage, one per embedding by networks."""
    return expand(pattern, method=[name for name in config["profiling"]["methods"] if name not in ("pca", "features")])


def per_multiplied(pattern):
    """The files of the learning-curve experiment, one per classifying network."""
    return expand(pattern, method=get_classifiers()) if config["profiling"]["multiplications"] else []


def get_profile_maps():
    """The figures of the wells' maps, by what they are coloured by; none without profiles."""
    if not HAS_PROFILES:
        return {}
    columns = ["label", *config["profiling"]["colored_by"]]
    return {f"map_{name}": f"<results>/report/profiles_by_{name}.svg" for name in columns}


rule profiling_fields:
    input:
        images="<results>/quality/{plate}/{well}.ome.tif",
        sites="<results>/quality/sites.parquet",
    output:
        fields="<results>/profiling/fields/{plate}/{well}.npz",
    log:
        "<logs>/profiling_fields/{plate}/{well}.log",
    benchmark:
        "<benchmarks>/profiling_fields/{plate}/{well}.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        channels=config["quality"]["channels"],
        size_px=config["profiling"]["field_size_px"],
        code=script_code("profiling/fields"),
    message:
        "Shrinking the fields of well {wildcards.plate}/{wildcards.well}"
    script:
        "../scripts/profiling_fields.py"


rule profiling_reduce:
    input:
        fields=per_well("<results>/profiling/fields/{plate}/{well}.npz"),
        cells=get_profiled_cells("parquet"),
        crops=get_profiled_cells("arrow"),
    output:
        wells=per_well("<results>/profiling/embeddings/{{method}}/{plate}/{well}.parquet"),
    log:
        "<logs>/profiling_reduce/{method}.log",
    benchmark:
        "<benchmarks>/profiling_reduce/{method}.tsv"
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
        code=script_code("profiling/reduce"),
    message:
        "Embedding the fields by {wildcards.method}"
    script:
        "../scripts/profiling_reduce.py"


rule profiling_embed:
    input:
        fields=per_well("<results>/profiling/fields/{plate}/{well}.npz"),
    output:
        wells=per_well("<results>/profiling/embeddings/{{method}}/{plate}/{well}.parquet"),
        scores="<results>/profiling/embeddings/{method}/scores.parquet",
        history="<results>/profiling/embeddings/{method}/history.csv",
    log:
        "<logs>/profiling_embed/{method}.log",
    benchmark:
        "<benchmarks>/profiling_embed/{method}.tsv"
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
        code=script_code("profiling/embed"),
    message:
        "Embedding the fields by the network {wildcards.method}"
    script:
        "../scripts/profiling_embed.py"


rule profiling_judge:
    input:
        wells=per_well("<results>/profiling/embeddings/{{method}}/{plate}/{well}.parquet"),
        scores=get_network_scores,
    output:
        verdict="<results>/profiling/verdicts/{method}.parquet",
        clusters="<results>/profiling/clusters/{method}.parquet",
    log:
        "<logs>/profiling_judge/{method}.log",
    benchmark:
        "<benchmarks>/profiling_judge/{method}.tsv"
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
        code=script_code("profiling/judge"),
    message:
        "Judging the embedding by {wildcards.method}"
    script:
        "../scripts/profiling_judge.py"


rule profiling_multiply:
    input:
        fields=per_well("<results>/profiling/fields/{plate}/{well}.npz"),
    output:
        losses="<results>/profiling/multiplied/{method}.parquet",
    log:
        "<logs>/profiling_multiply/{method}.log",
    benchmark:
        "<benchmarks>/profiling_multiply/{method}.tsv"
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
        code=script_code("profiling/multiply"),
    message:
        "Learning curves of {wildcards.method} for several multiplications of the fields"
    script:
        "../scripts/profiling_multiply.py"


rule profiling_actin:
    input:
        images=per_well("<results>/quality/{plate}/{well}.ome.tif"),
        sites="<results>/quality/sites.parquet",
    output:
        tiles="<results>/profiling/actin/tiles.parquet",
        history="<results>/profiling/actin/history.csv",
    log:
        "<logs>/profiling_actin.log",
    benchmark:
        "<benchmarks>/profiling_actin.tsv"
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
        code=script_code("profiling/actin"),
    message:
        "Finding the actin inside cells with a U-Net"
    script:
        "../scripts/profiling_actin.py"


rule profiling_draw:
    input:
        verdicts=per_method("<results>/profiling/verdicts/{method}.parquet"),
        clusters=per_method("<results>/profiling/clusters/{method}.parquet"),
        embeddings=per_method(per_well("<results>/profiling/embeddings/{{method}}/{plate}/{well}.parquet")),
        histories=per_network("<results>/profiling/embeddings/{method}/history.csv"),
        multiplied=per_multiplied("<results>/profiling/multiplied/{method}.parquet"),
        fields=per_well("<results>/profiling/fields/{plate}/{well}.npz"),
    output:
        **{
            name: report(path, caption="../report/profiles.rst", category="Profiles")
            for name, path in get_profile_maps().items()
        },
        table=report("<results>/report/profiles.csv", caption="../report/profiles.rst", category="Profiles"),
        wells=report("<results>/report/profile_wells.csv", caption="../report/profiles.rst", category="Profiles"),
        thumbnails="<results>/report/thumbnails.parquet",
        dendrograms=report("<results>/report/dendrograms.svg", caption="../report/profiles.rst", category="Profiles"),
        curves=report("<results>/report/profile_curves.svg", caption="../report/profiles.rst", category="Profiles"),
    log:
        "<logs>/profiling_draw.log",
    benchmark:
        "<benchmarks>/profiling_draw.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        annotations=get_sample_annotations(),
        code=script_code("profiling/draw"),
    message:
        "Drawing the profiles"
    script:
        "../scripts/profiling_draw.py"
