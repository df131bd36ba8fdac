# training: dataset -> models, histories, predictions, metrics


rule training_fit:
    input:
        manifest="results/dataset/manifest.parquet",
        normalization="results/dataset/normalization.parquet",
        crops=per_well("results/cells/{plate}/{well}.arrow"),
    output:
        model=f"{RUN}/model.keras",
        history=f"{RUN}/history.csv",
        predictions=f"{RUN}/predictions.parquet",
    log:
        "logs/training_fit/{model}/{regime}/{seed}.log",
    benchmark:
        "benchmarks/training_fit/{model}/{regime}/{seed}.tsv"
    conda:
        "../../envs/learning-gpu.yaml"
    threads: 2
    resources:
        gpu=1,
        mem_mb=growing(8000),
        # No more with each attempt: a training goes on after its last epoch.
        runtime=240,
    params:
        crops_folder=get_crops_folder,
        resume_folder=f"{RUN}/resume",
        target_channel=config["dataset"]["target_channel"],
        input_channels=config["dataset"]["input_channels"],
        image_size=config["cells"]["image_size"],
        training={
            k: v for k, v in config["training"].items() if k not in ("models", "regimes", "seeds", "learning_rate")
        },
        learning_rate=get_learning_rate,
        code=code_digest("wellspring.tables.dataset", "wellspring.training.runs", "wellspring.jobs"),
    message:
        "Training {wildcards.model}, {wildcards.regime}, seed {wildcards.seed}"
    script:
        "../scripts/training_fit.py"


rule training_evaluate:
    input:
        predictions=per_run(f"{RUN}/predictions.parquet", models=config["training"]["models"]),
    output:
        metrics="results/training/metrics.parquet",
        differences="results/training/differences.parquet",
    log:
        "logs/training_evaluate.log",
    benchmark:
        "benchmarks/training_evaluate.tsv"
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
        code=code_digest("wellspring.training.metrics", "wellspring.jobs"),
    message:
        "Comparing the models on the test cells"
    script:
        "../scripts/training_evaluate.py"
