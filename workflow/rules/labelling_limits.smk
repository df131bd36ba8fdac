# labelling: embeddings of fields -> drift of each well; corrupted light -> how far predicted stains hold
DRIFT = LABELLING["drift"]
STABILITY = LABELLING["stability"]
# What the chapter reads of drift.
DRIFT_NAMES = [
    *("labelling/drift.parquet", "labelling/drift_plates.parquet", "labelling/drift.json"),
    *("report/labelling_drift.csv", "report/labelling_drift.svg"),
]


def per_stain(pattern):
    """The files of one stage, one per stain."""
    return expand(pattern, stain=LABELLING["stains"])


def drift_files(*names):
    """Files of the rule labelling_drift, none where no alarm is asked for."""
    return [f"<results>/{name}" for name in names] if DRIFT["expected_run"] and LABELLING["stains"] else []


def stability_files(pattern):
    """Files of the rule labelling_stability, one per stain; none where no corruption is named."""
    return per_stain(f"<results>/{pattern}") if STABILITY["kinds"] else []


def first_model(_):
    """The network whose bottleneck is the embedding: that of the first stain."""
    return f"<results>/labelling/models/{LABELLING['stains'][0]}.keras"


def first_splits(_):
    """The splits of that network."""
    return f"<results>/labelling/models/{LABELLING['stains'][0]}.splits.parquet"


# One job per plate: the network is loaded once, not for each well.
rule labelling_embed:
    input:
        indexes=per_well_of_plate("<results>/raw/{plate}/{well}.json"),
        model=first_model,
    output:
        embeddings="<results>/labelling/embeddings/{plate}.parquet",
    log:
        "<logs>/labelling_embed/{plate}.log",
    benchmark:
        "<benchmarks>/labelling_embed/{plate}.tsv"
    conda:
        "../../envs/learning-gpu.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=growing(4000),
        runtime=growing(120),
    params:
        light=LABELLING["light"],
        background=config["raw"].get("background") or {},
        tile_px=DRIFT["tile_px"],
        code=script_code("labelling/embed", RAW_READER),
    message:
        "Embedding the fields of plate {wildcards.plate}"
    script:
        "../scripts/labelling_embed.py"


rule labelling_drift:
    input:
        embeddings=per_plate("<results>/labelling/embeddings/{plate}.parquet"),
        model=first_model,
        splits=first_splits,
    output:
        wells="<results>/labelling/drift.parquet",
        about="<results>/labelling/drift.json",
        alarm="<results>/labelling/alarm.npz",
        plates="<results>/labelling/drift_plates.parquet",
        table=report(
            "<results>/report/labelling_drift.csv",
            caption="../report/labelling/drift.rst",
            category="Predicted stains",
        ),
        figure=report(
            "<results>/report/labelling_drift.svg",
            caption="../report/labelling/drift.rst",
            category="Predicted stains",
        ),
    log:
        "<logs>/labelling_drift.log",
    benchmark:
        "<benchmarks>/labelling_drift.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(3000),
        runtime=growing(30),
    params:
        window=DRIFT["window"],
        expected_run=DRIFT["expected_run"],
        seed=LABELLING["seed"],
        code=script_code("labelling/drift"),
    message:
        "Judging which wells are unlike the training plate"
    script:
        "../scripts/labelling_drift.py"


rule labelling_stability:
    input:
        indexes=per_well("<results>/raw/{plate}/{well}.json"),
        embeddings=per_plate("<results>/labelling/embeddings/{plate}.parquet"),
        model="<results>/labelling/models/{stain}.keras",
        embedder=first_model,
        about="<results>/labelling/models/{stain}.json",
        splits="<results>/labelling/models/{stain}.splits.parquet",
    output:
        curves="<results>/labelling/stability/{stain}.parquet",
        tolerances="<results>/labelling/stability/{stain}.tolerance.parquet",
    log:
        "<logs>/labelling_stability/{stain}.log",
    benchmark:
        "<benchmarks>/labelling_stability/{stain}.tsv"
    conda:
        "../../envs/learning-gpu.yaml"
    threads: 2
    resources:
        gpu=1,
        mem_mb=growing(6000),
        runtime=growing(120),
    params:
        light=LABELLING["light"],
        background=config["raw"].get("background") or {},
        stability=STABILITY,
        off=LABELLING["max_error"],
        tile_px=DRIFT["tile_px"],
        seed=LABELLING["seed"],
        code=script_code("labelling/stability", RAW_READER),
    message:
        "Finding how far the predictions of {wildcards.stain} hold under corrupted light"
    script:
        "../scripts/labelling_stability.py"


rule labelling_tolerances:
    input:
        curves="<results>/labelling/stability/{stain}.parquet",
        tolerances="<results>/labelling/stability/{stain}.tolerance.parquet",
    output:
        figure=report(
            "<results>/report/labelling_stability_{stain}.svg",
            caption="../report/labelling/stability.rst",
            category="Predicted stains",
        ),
    log:
        "<logs>/labelling_tolerances/{stain}.log",
    benchmark:
        "<benchmarks>/labelling_tolerances/{stain}.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        off=LABELLING["max_error"],
        code=script_code("labelling/tolerances"),
    message:
        "Drawing how far the predictions of {wildcards.stain} hold"
    script:
        "../scripts/labelling_tolerances.py"
