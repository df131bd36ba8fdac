# attribution: models -> score maps, channel importance, completeness


rule attribution_map:
    input:
        model=f"{RUN}/model.keras",
        manifest="results/dataset/manifest.parquet",
        normalization="results/dataset/normalization.parquet",
        crops=per_well("results/cells/{plate}/{well}.arrow"),
    output:
        importance=f"{EXPLAINED}/importance.parquet",
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
        target_channel=config["dataset"]["target_channel"],
        input_channels=config["dataset"]["input_channels"],
        image_size=config["cells"]["image_size"],
        attribution={k: v for k, v in config["attribution"].items() if k not in ("models", "panel_channels")},
        code=code_digest(
            "wellspring.attribution.runs",
            "wellspring.attribution.selection",
            "wellspring.dataset.loader",
            "wellspring.models.devices",
            "wellspring.models.gradients",
            "wellspring.models",
            "wellspring.training.prediction",
            "wellspring.jobs",
        ),
    message:
        "Explaining {wildcards.model}, {wildcards.regime}, seed {wildcards.seed}"
    script:
        "../scripts/attribution_map.py"
