# training: dataset -> models, histories, predictions, metrics
from wellspring.methods import methods_in
from wellspring.models.architecture import PLACE as ARCHITECTURES
from wellspring.provenance import code_digest

RUN = "<results>/training/{model}/{regime}/{seed}"
# What all runs have in common: their names and learning rates are of single runs.
TRAINING = {k: v for k, v in config["training"].items() if k not in ("models", "regimes", "seeds", "learning_rate")}


wildcard_constraints:
    model=wildcard_pattern(methods_in(ARCHITECTURES)),
    regime=wildcard_pattern(config["training"]["regimes"]),
    seed="[0-9]+",


def per_run(pattern, models=config["training"]["models"]):
    """The files of one stage, one per model, regime and seed."""
    training = config["training"]
    return expand(pattern, model=models, regime=training["regimes"], seed=training["seeds"])


def get_predictions_of_model(wildcards):
    return per_run(f"{RUN}/predictions.parquet", models=[wildcards.model])


def get_published():
    """Figures from the literature, for the table of all metrics, if the config names some."""
    name = config["report"]["published"]
    return named_file("report.published", f"{ROOT}/resources/published/{name}.csv") if name else []


def get_learning_rate(wildcards):
    return config["training"]["learning_rate"][wildcards.model]


def get_architecture_code(wildcards):
    return code_digest(f"{ARCHITECTURES}.{wildcards.model}")


rule training_fit:
    input:
        manifest="<results>/dataset/manifest.parquet",
        normalization="<results>/dataset/normalization.parquet",
        crops=per_well("<results>/cells/crops/{plate}/{well}.arrow"),
    output:
        model=f"{RUN}/model.keras",
        history=f"{RUN}/history.csv",
        predictions=f"{RUN}/predictions.parquet",
    log:
        "<logs>/training_fit/{model}/{regime}/{seed}.log",
    benchmark:
        "<benchmarks>/training_fit/{model}/{regime}/{seed}.tsv"
    conda:
        "../../envs/learning-gpu.yaml"
    threads: 2
    resources:
        gpu=1,
        mem_mb=growing(8000),
        # No more with each attempt: a training resumes after its last epoch.
        runtime=240,
    params:
        target_channel=config["dataset"]["target_channel"],
        input_channels=config["dataset"]["input_channels"],
        image_size=config["cells"]["image_size"],
        training=TRAINING,
        learning_rate=get_learning_rate,
        architecture_code=get_architecture_code,
        code=script_code("training/fit"),
    message:
        "Training {wildcards.model}, {wildcards.regime}, seed {wildcards.seed}"
    script:
        "../scripts/training_fit.py"


rule training_evaluate:
    input:
        predictions=per_run(f"{RUN}/predictions.parquet"),
    output:
        metrics="<results>/training/metrics.parquet",
        differences="<results>/training/differences.parquet",
    log:
        "<logs>/training_evaluate.log",
    benchmark:
        "<benchmarks>/training_evaluate.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(15),
    params:
        huber_delta=config["training"]["huber_delta"],
        bootstrap_samples=config["report"]["bootstrap_samples"],
        seed=config["report"]["seed"],
        code=script_code("training/evaluate"),
    message:
        "Comparing the models on the test cells"
    script:
        "../scripts/training_evaluate.py"


rule training_predictions:
    input:
        manifest="<results>/dataset/manifest.parquet",
        predictions=get_predictions_of_model,
    output:
        figure=report(
            "<results>/report/predictions_{model}.svg",
            caption="../report/training/predictions.rst",
            category="Models",
        ),
    log:
        "<logs>/training_predictions/{model}.log",
    benchmark:
        "<benchmarks>/training_predictions/{model}.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(15),
    params:
        columns=config["dataset"]["split"]["stratify"],
        target_channel=config["dataset"]["target_channel"],
        code=script_code("training/predictions"),
    message:
        "Drawing true against predicted values of {wildcards.model}"
    script:
        "../scripts/training_predictions.py"


rule training_chapter:
    input:
        metrics="<results>/training/metrics.parquet",
        differences="<results>/training/differences.parquet",
        manifest="<results>/dataset/manifest.parquet",
        histories=per_run(f"{RUN}/history.csv"),
        predictions=expand("<results>/report/predictions_{model}.svg", model=config["training"]["models"]),
        published=get_published(),
        captions=captions("training"),
    output:
        chapter="<results>/report/chapters/training.json",
        table=report("<results>/report/metrics.csv", caption="../report/training/metrics.rst", category="Models"),
        metrics=report("<results>/report/metrics.svg", caption="../report/training/metrics.rst", category="Models"),
        histories=report(
            "<results>/report/histories.svg", caption="../report/training/histories.rst", category="Models"
        ),
    log:
        "<logs>/training_chapter.log",
    benchmark:
        "<benchmarks>/training_chapter.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(15),
    params:
        training=config["training"],
        bootstrap_samples=config["report"]["bootstrap_samples"],
        stratify=config["dataset"]["split"]["stratify"],
        target_channel=config["dataset"]["target_channel"],
        code=script_code("training/chapter"),
    message:
        "Writing the chapter on the models"
    script:
        "../scripts/training_chapter.py"
