# profiling: fields or cells -> embeddings, verdicts, learning curves; included by profiling.smk
# What needs no network has a rule of its own: on a cluster it asks for no GPU. Networks of fields are small: two jobs side by side on a thread each are faster than one after the other on two.


def profiled_cells(wildcards):
    """An input function: the measured cells of all wells, for an embedding that needs them."""
    is_needed = embedding(wildcards.method).needs_cells
    return per_well("<results>/cells/{plate}/{well}.parquet") if is_needed else []


def embedding_files(wildcards):
    """An input function: the files that the settings of an embedding name."""
    named = embedding(wildcards.method).files_in(PROFILING)
    return [named_file(key, path) for key, path in named.items()]


def embedding_settings(wildcards):
    """The keys of the config that an embedding uses."""
    return embedding(wildcards.method).settings_in(PROFILING)


def needs_classes(wildcards):
    """Whether an embedding is fitted with the known classes."""
    return embedding(wildcards.method).needs_classes


def network_scores(wildcards):
    """An input function: the last values of a classifying network; a list, of no or one file."""
    is_needed = embedding(wildcards.method).needs_classes
    return [f"<results>/profiling/embeddings/{wildcards.method}/scores.parquet"] if is_needed else []


def embedding_code(script):
    """A parameter: digest of the code of a script and of the one embedding that it makes."""

    def digest(wildcards):
        return script_code(script, *embedding(wildcards.method).modules)

    return digest


def any_of(*, needs_network):
    """A pattern of the embeddings with or without a network."""
    return "|".join(name for name, one in embeddings().items() if one.needs_network == needs_network)


rule profiling_reduce:
    input:
        fields=per_well("<results>/profiling/fields/{plate}/{well}.npz"),
        cells=profiled_cells,
        files=embedding_files,
    output:
        wells=per_well("<results>/profiling/embeddings/{{method}}/{plate}/{well}.parquet"),
    log:
        "<logs>/profiling_reduce/{method}.log",
    benchmark:
        "<benchmarks>/profiling_reduce/{method}.tsv"
    wildcard_constraints:
        method=any_of(needs_network=False),
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(240),
    params:
        annotations=get_annotations(),
        design=get_design(),
        embedding=embedding_settings,
        code=embedding_code("profiling/reduce"),
    message:
        "Embedding the fields by {wildcards.method}"
    script:
        "../scripts/profiling_reduce.py"


rule profiling_embed:
    input:
        fields=per_well("<results>/profiling/fields/{plate}/{well}.npz"),
        files=embedding_files,
    output:
        wells=per_well("<results>/profiling/embeddings/{{method}}/{plate}/{well}.parquet"),
        scores="<results>/profiling/embeddings/{method}/scores.parquet",
        history="<results>/profiling/embeddings/{method}/history.csv",
    log:
        "<logs>/profiling_embed/{method}.log",
    benchmark:
        "<benchmarks>/profiling_embed/{method}.tsv"
    wildcard_constraints:
        method=any_of(needs_network=True),
    conda:
        "../../envs/learning-gpu.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=growing(8000),
        runtime=growing(1440),
    params:
        annotations=get_annotations(),
        design=get_design(),
        embedding=embedding_settings,
        code=embedding_code("profiling/embed"),
    message:
        "Embedding the fields by the network {wildcards.method}"
    script:
        "../scripts/profiling_embed.py"


rule profiling_judge:
    input:
        wells=per_well("<results>/profiling/embeddings/{{method}}/{plate}/{well}.parquet"),
        scores=network_scores,
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
        annotations=get_annotations(*PROFILING["batch_columns"]),
        needs_classes=needs_classes,
        judging={
            **{key: PROFILING[key] for key in ("positive", "controls", "batch_columns", "n_permutations", "seed")},
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
        files=embedding_files,
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
        annotations=get_annotations(),
        multiplications=PROFILING["multiplications"],
        design=get_design(),
        embedding=embedding_settings,
        code=embedding_code("profiling/multiply"),
    message:
        "Learning curves of {wildcards.method} for several multiplications of the fields"
    script:
        "../scripts/profiling_multiply.py"
