# attribution, tests of the maps: against a known truth and random models; remove and retrain. Part of attribution.smk.
RETRAINED = f"{EXPLAINED}/retrained/{{form}}_{{ranking}}_{{amount}}_{{retrained_seed}}.parquet"
ROAR = VALIDATION.get("roar") or {}


wildcard_constraints:
    form="pixels|channels",
    ranking="none|map|random|intensity",
    amount="[0-9]+",
    retrained_seed="[0-9]+",


def get_truth():
    """The truth of the simulated plate, if the config names one."""
    folder = VALIDATION.get("truth")
    return named_file("attribution.validation.truth", f"{folder}/truth/truth.json") if folder else []


def get_structures():
    """The pixels of the causal structures, of every well."""
    folder = VALIDATION.get("truth")
    files = per_well(f"{folder}/truth/structures/{{plate}}/{{well}}.npz") if folder else []
    return [named_file("attribution.validation.truth", file) for file in files]


def get_retrained():
    """One file per training from scratch: nothing removed, then each form, ranking and amount."""
    if not ROAR:
        return []
    grid = [("pixels", "none", 0)]
    grid += [("pixels", ranking, percent) for ranking in ROAR["rankings"] for percent in ROAR["percents"]]
    grid += [("channels", r, n) for r in ROAR["rankings"] if r != "intensity" for n in ROAR["channels"]]
    runs = {
        "model": config["attribution"]["models"],
        "regime": ROAR["regimes"],
        "seed": config["training"]["seeds"][:1],
    }
    return [
        file
        for form, ranking, amount in grid
        for file in expand(RETRAINED, **runs, form=form, ranking=ranking, amount=amount, retrained_seed=ROAR["seeds"])
    ]


def per_tested():
    """What the chapter reads of the tests, where the config asks for them."""
    if not VALIDATION:
        return {}
    files = {name: per_explained(f"{EXPLAINED}/{name}.parquet") for name in ("measures", "curves", "randomised")}
    # Importance of the models that were trained from scratch with nothing removed.
    restarted = [file.replace(".parquet", "_importance.parquet") for file in get_retrained() if "pixels_none_" in file]
    return {**files, "restarted": restarted, "retrained": get_retrained()}


def get_levels(wildcards):
    """The removal levels of the run, for values ranked by its maps."""
    if (wildcards.form, wildcards.ranking) != ("pixels", "map"):
        return []
    return f"{EXPLAINED}/levels.arrow".format(**wildcards)


def get_retraining(wildcards):
    """What of the block `roar` changes one retraining: a larger grid repeats only those whose levels it numbers anew."""
    percents = sorted(ROAR["percents"]) if get_levels(wildcards) else []
    return {"epochs": ROAR["epochs"], "samples": ROAR["samples"], "percents": percents}


rule attribution_validate:
    input:
        model=f"{RUN}/model.keras",
        manifest="<results>/dataset/manifest.parquet",
        normalization="<results>/dataset/normalization.parquet",
        crops=per_well("<results>/cells/crops/{plate}/{well}.arrow"),
        truth=get_truth(),
        structures=get_structures(),
    output:
        measures=f"{EXPLAINED}/measures.parquet",
        curves=f"{EXPLAINED}/curves.parquet",
        randomised=f"{EXPLAINED}/randomised.parquet",
    log:
        "<logs>/attribution_validate/{model}/{regime}/{seed}.log",
    benchmark:
        "<benchmarks>/attribution_validate/{model}/{regime}/{seed}.tsv"
    conda:
        "../../envs/learning-gpu.yaml"
    threads: 2
    resources:
        gpu=1,
        mem_mb=growing(8000),
        runtime=growing(1440),
    params:
        target_channel=config["dataset"]["target_channel"],
        input_channels=config["dataset"]["input_channels"],
        image_size=config["cells"]["image_size"],
        split=config["attribution"]["split"],
        noise_sd=config["attribution"]["noise_sd"],
        batch_size=config["attribution"]["batch_size"],
        validation={k: v for k, v in VALIDATION.items() if k not in ("roar", "truth")},
        code=script_code("attribution/validate"),
    message:
        "Testing the maps of {wildcards.model}, {wildcards.regime}, seed {wildcards.seed}"
    script:
        "../scripts/attribution_validate.py"


rule attribution_rank:
    input:
        model=f"{RUN}/model.keras",
        manifest="<results>/dataset/manifest.parquet",
        normalization="<results>/dataset/normalization.parquet",
        crops=per_well("<results>/cells/crops/{plate}/{well}.arrow"),
    output:
        levels=f"{EXPLAINED}/levels.arrow",
    log:
        "<logs>/attribution_rank/{model}/{regime}/{seed}.log",
    benchmark:
        "<benchmarks>/attribution_rank/{model}/{regime}/{seed}.tsv"
    conda:
        "../../envs/learning-gpu.yaml"
    threads: 2
    resources:
        gpu=1,
        mem_mb=growing(8000),
        runtime=growing(1440),
    params:
        target_channel=config["dataset"]["target_channel"],
        input_channels=config["dataset"]["input_channels"],
        image_size=config["cells"]["image_size"],
        attribution=EXPLAINING,
        roar={k: v for k, v in ROAR.items() if k in ("percents", "samples")},
        code=script_code("attribution/rank"),
    message:
        "Ranking the values of all cells by {wildcards.model}, {wildcards.regime}, seed {wildcards.seed}"
    script:
        "../scripts/attribution_rank.py"


rule attribution_retrain:
    input:
        manifest="<results>/dataset/manifest.parquet",
        normalization="<results>/dataset/normalization.parquet",
        crops=per_well("<results>/cells/crops/{plate}/{well}.arrow"),
        importance=f"{EXPLAINED}/importance.parquet",
        levels=get_levels,
    output:
        errors=RETRAINED,
        importance=RETRAINED.replace(".parquet", "_importance.parquet"),
    log:
        "<logs>/attribution_retrain/{model}/{regime}/{seed}/{form}_{ranking}_{amount}_{retrained_seed}.log",
    benchmark:
        "<benchmarks>/attribution_retrain/{model}/{regime}/{seed}/{form}_{ranking}_{amount}_{retrained_seed}.tsv"
    conda:
        "../../envs/learning-gpu.yaml"
    threads: 2
    resources:
        gpu=1,
        mem_mb=growing(8000),
        runtime=growing(1440),
    params:
        target_channel=config["dataset"]["target_channel"],
        input_channels=config["dataset"]["input_channels"],
        image_size=config["cells"]["image_size"],
        training=TRAINING,
        learning_rate=get_learning_rate,
        attribution=EXPLAINING,
        n_cells=VALIDATION.get("cells"),
        roar=get_retraining,
        architecture_code=get_architecture_code,
        code=script_code("attribution/retrain"),
    message:
        "Retraining {wildcards.model}, {wildcards.regime}: {wildcards.form}, {wildcards.ranking}, {wildcards.amount}"
    script:
        "../scripts/attribution_retrain.py"
