# attribution: models -> score maps, channel importance, completeness; groups of channels


rule attribution_map:
    input:
        model=f"{RUN}/model.keras",
        manifest="results/dataset/manifest.parquet",
        normalization="results/dataset/normalization.parquet",
        crops=per_well("results/cells/{plate}/{well}.arrow"),
    output:
        importance=f"{EXPLAINED}/importance.parquet",
        similarity=f"{EXPLAINED}/similarity.parquet",
        completeness=f"{EXPLAINED}/completeness.parquet",
        sanity=f"{EXPLAINED}/sanity.parquet",
        maps=f"{EXPLAINED}/maps.npz",
    log:
        "logs/attribution_map/{model}/{regime}/{seed}.log",
    benchmark:
        "benchmarks/attribution_map/{model}/{regime}/{seed}.tsv"
    conda:
        "../../envs/learning-gpu.yaml"
    threads: 2
    resources:
        gpu=1,
        mem_mb=growing(8000),
        runtime=growing(240),
    params:
        crops_folder=get_crops_folder,
        resume_folder=f"{EXPLAINED}/resume",
        target_channel=config["dataset"]["target_channel"],
        input_channels=config["dataset"]["input_channels"],
        image_size=config["cells"]["image_size"],
        attribution=get_explaining(),
        code=code_digest(
            "wellspring.attribution.opening",
            "wellspring.attribution.runs",
            "wellspring.attribution.selection",
            "wellspring.models.devices",
            "wellspring.models.gradients",
            "wellspring.training.checkpoints",
            "wellspring.jobs",
        ),
    message:
        "Explaining {wildcards.model}, {wildcards.regime}, seed {wildcards.seed}"
    script:
        "../scripts/attribution_map.py"


rule attribution_groups:
    input:
        manifest="results/dataset/manifest.parquet",
        normalization="results/dataset/normalization.parquet",
        markers=get_markers(),
        crops=per_well("results/cells/{plate}/{well}.arrow"),
    output:
        correlation="results/attribution/correlation.parquet",
        groups="results/attribution/groups.parquet",
    log:
        "logs/attribution_groups.log",
    benchmark:
        "benchmarks/attribution_groups.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        crops_folder=get_crops_folder,
        target_channel=config["dataset"]["target_channel"],
        input_channels=config["dataset"]["input_channels"],
        image_size=config["cells"]["image_size"],
        groups={k: v for k, v in config["attribution"]["groups"].items() if k != "markers"},
        code=code_digest(
            "wellspring.attribution.groups",
            "wellspring.dataset.loader",
            "wellspring.tables.dataset",
            "wellspring.jobs",
        ),
    message:
        "Grouping the channels"
    script:
        "../scripts/attribution_groups.py"


rule attribution_validate:
    input:
        model=f"{RUN}/model.keras",
        manifest="results/dataset/manifest.parquet",
        normalization="results/dataset/normalization.parquet",
        crops=per_well("results/cells/{plate}/{well}.arrow"),
        truth=get_truth(),
    output:
        measures=f"{EXPLAINED}/measures.parquet",
        curves=f"{EXPLAINED}/curves.parquet",
        randomised=f"{EXPLAINED}/randomised.parquet",
    log:
        "logs/attribution_validate/{model}/{regime}/{seed}.log",
    benchmark:
        "benchmarks/attribution_validate/{model}/{regime}/{seed}.tsv"
    conda:
        "../../envs/learning-gpu.yaml"
    threads: 2
    resources:
        gpu=1,
        mem_mb=growing(8000),
        runtime=growing(1440),
    params:
        crops_folder=get_crops_folder,
        resume_folder=f"{EXPLAINED}/validate_resume",
        target_channel=config["dataset"]["target_channel"],
        input_channels=config["dataset"]["input_channels"],
        image_size=config["cells"]["image_size"],
        split=config["attribution"]["split"],
        noise_sd=config["attribution"]["noise_sd"],
        batch_size=config["attribution"]["batch_size"],
        validation={k: v for k, v in VALIDATION.items() if k != "roar"} if VALIDATION else {},
        code=code_digest(
            "wellspring.attribution.opening",
            "wellspring.attribution.selection",
            "wellspring.attribution.trials",
            "wellspring.models.devices",
            "wellspring.models.gradients",
            "wellspring.models.randomising",
            "wellspring.training.checkpoints",
            "wellspring.simulation.truth",
            "wellspring.jobs",
        ),
    message:
        "Trying the maps of {wildcards.model}, {wildcards.regime}, seed {wildcards.seed}"
    script:
        "../scripts/attribution_validate.py"


rule attribution_rank:
    input:
        model=f"{RUN}/model.keras",
        manifest="results/dataset/manifest.parquet",
        normalization="results/dataset/normalization.parquet",
        crops=per_well("results/cells/{plate}/{well}.arrow"),
    output:
        levels=f"{EXPLAINED}/levels.arrow",
    log:
        "logs/attribution_rank/{model}/{regime}/{seed}.log",
    benchmark:
        "benchmarks/attribution_rank/{model}/{regime}/{seed}.tsv"
    conda:
        "../../envs/learning-gpu.yaml"
    threads: 2
    resources:
        gpu=1,
        mem_mb=growing(8000),
        runtime=growing(1440),
    params:
        crops_folder=get_crops_folder,
        target_channel=config["dataset"]["target_channel"],
        input_channels=config["dataset"]["input_channels"],
        image_size=config["cells"]["image_size"],
        resume_folder=f"{EXPLAINED}/rank_resume",
        attribution=get_explaining(),
        roar={k: ROAR[k] for k in ("percents", "samples")} if ROAR else {},
        code=code_digest(
            "wellspring.attribution.opening",
            "wellspring.attribution.roar",
            "wellspring.models.devices",
            "wellspring.models.gradients",
            "wellspring.training.checkpoints",
            "wellspring.jobs",
        ),
    message:
        "Ranking the values of all cells by {wildcards.model}, {wildcards.regime}, seed {wildcards.seed}"
    script:
        "../scripts/attribution_rank.py"


rule attribution_retrain:
    input:
        manifest="results/dataset/manifest.parquet",
        normalization="results/dataset/normalization.parquet",
        crops=per_well("results/cells/{plate}/{well}.arrow"),
        importance=f"{EXPLAINED}/importance.parquet",
        levels=get_levels,
    output:
        errors=RETRAINED,
        importance=RETRAINED.replace(".parquet", "_importance.parquet"),
    log:
        "logs/attribution_retrain/{model}/{regime}/{seed}/{form}_{ranking}_{amount}_{retrained_seed}.log",
    benchmark:
        "benchmarks/attribution_retrain/{model}/{regime}/{seed}/{form}_{ranking}_{amount}_{retrained_seed}.tsv"
    conda:
        "../../envs/learning-gpu.yaml"
    threads: 2
    resources:
        gpu=1,
        mem_mb=growing(8000),
        runtime=growing(1440),
    params:
        crops_folder=get_crops_folder,
        target_channel=config["dataset"]["target_channel"],
        input_channels=config["dataset"]["input_channels"],
        image_size=config["cells"]["image_size"],
        resume_folder=RETRAINED.replace(".parquet", "_resume"),
        training={
            k: v for k, v in config["training"].items() if k not in ("models", "regimes", "seeds", "learning_rate")
        },
        learning_rate=get_learning_rate,
        attribution=get_explaining(),
        n_cells=VALIDATION["cells"] if VALIDATION else 0,
        roar=get_retraining,
        code=code_digest("wellspring.attribution.retraining", "wellspring.jobs"),
    message:
        "Retraining {wildcards.model}, {wildcards.regime}: {wildcards.form}, {wildcards.ranking}, {wildcards.amount}"
    script:
        "../scripts/attribution_retrain.py"
