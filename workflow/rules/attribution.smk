# attribution: models -> score maps, channel importance, completeness; groups of channels


def get_markers():
    """What each channel's marker stains, if the config names such a table."""
    name = config["attribution"]["groups"]["markers"]
    return get_named_file("attribution.groups.markers", f"{ROOT}/resources/{name}.csv") if name else []


def get_truth():
    """The truth of the simulated plate, if the config names one."""
    folder = VALIDATION["truth"] if VALIDATION else None
    return get_named_file("attribution.validation.truth", f"{folder}/truth/truth.json") if folder else []


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


def get_restarted():
    """Importance of the models that were trained from scratch with nothing removed."""
    return [file.replace(".parquet", "_importance.parquet") for file in get_retrained() if "pixels_none_" in file]


def per_explained(file):
    """One file per explained run."""
    return per_run(f"{EXPLAINED}/{file}", models=config["attribution"]["models"])


def get_levels(wildcards):
    """The removal levels of the run, for values ranked by its maps."""
    if (wildcards.form, wildcards.ranking) != ("pixels", "map"):
        return []
    return f"{EXPLAINED}/levels.arrow".format(**wildcards)


def get_retraining(wildcards):
    """What of the block `roar` changes one retraining: a larger grid repeats only those whose levels it numbers anew."""
    names = ("epochs", "samples", "percents") if get_levels(wildcards) else ("epochs", "samples")
    return {name: ROAR[name] for name in names}


def get_explaining():
    """How cells are explained: what of the block `attribution` changes a map or a table."""
    names = ("split", "max_cells", "method", "copies", "baseline", "estimator", "noise_sd", "rule", "steps")
    names += ("tolerance", "max_steps", "batch_size", "map_cells")
    return {name: config["attribution"][name] for name in names}


rule attribution_map:
    input:
        model=f"{RUN}/model.keras",
        manifest="<results>/dataset/manifest.parquet",
        normalization="<results>/dataset/normalization.parquet",
        crops=per_well("<results>/cells/{plate}/{well}.arrow"),
    output:
        importance=f"{EXPLAINED}/importance.parquet",
        similarity=f"{EXPLAINED}/similarity.parquet",
        completeness=f"{EXPLAINED}/completeness.parquet",
        sanity=f"{EXPLAINED}/sanity.parquet",
        maps=f"{EXPLAINED}/maps.npz",
    log:
        "<logs>/attribution_map/{model}/{regime}/{seed}.log",
    benchmark:
        "<benchmarks>/attribution_map/{model}/{regime}/{seed}.tsv"
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
        code=script_code("attribution/map"),
    message:
        "Explaining {wildcards.model}, {wildcards.regime}, seed {wildcards.seed}"
    script:
        "../scripts/attribution_map.py"


rule attribution_groups:
    input:
        manifest="<results>/dataset/manifest.parquet",
        normalization="<results>/dataset/normalization.parquet",
        markers=get_markers(),
        crops=per_well("<results>/cells/{plate}/{well}.arrow"),
    output:
        correlation="<results>/attribution/correlation.parquet",
        groups="<results>/attribution/groups.parquet",
    log:
        "<logs>/attribution_groups.log",
    benchmark:
        "<benchmarks>/attribution_groups.tsv"
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
        code=script_code("attribution/groups"),
    message:
        "Grouping the channels"
    script:
        "../scripts/attribution_groups.py"


rule attribution_validate:
    input:
        model=f"{RUN}/model.keras",
        manifest="<results>/dataset/manifest.parquet",
        normalization="<results>/dataset/normalization.parquet",
        crops=per_well("<results>/cells/{plate}/{well}.arrow"),
        truth=get_truth(),
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
        crops_folder=get_crops_folder,
        resume_folder=f"{EXPLAINED}/validate_resume",
        target_channel=config["dataset"]["target_channel"],
        input_channels=config["dataset"]["input_channels"],
        image_size=config["cells"]["image_size"],
        split=config["attribution"]["split"],
        noise_sd=config["attribution"]["noise_sd"],
        batch_size=config["attribution"]["batch_size"],
        validation={k: v for k, v in VALIDATION.items() if k != "roar"} if VALIDATION else {},
        code=script_code("attribution/validate"),
    message:
        "Trying the maps of {wildcards.model}, {wildcards.regime}, seed {wildcards.seed}"
    script:
        "../scripts/attribution_validate.py"


rule attribution_rank:
    input:
        model=f"{RUN}/model.keras",
        manifest="<results>/dataset/manifest.parquet",
        normalization="<results>/dataset/normalization.parquet",
        crops=per_well("<results>/cells/{plate}/{well}.arrow"),
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
        crops_folder=get_crops_folder,
        target_channel=config["dataset"]["target_channel"],
        input_channels=config["dataset"]["input_channels"],
        image_size=config["cells"]["image_size"],
        resume_folder=f"{EXPLAINED}/rank_resume",
        attribution=get_explaining(),
        roar={k: ROAR[k] for k in ("percents", "samples")} if ROAR else {},
        code=script_code("attribution/rank"),
    message:
        "Ranking the values of all cells by {wildcards.model}, {wildcards.regime}, seed {wildcards.seed}"
    script:
        "../scripts/attribution_rank.py"


rule attribution_retrain:
    input:
        manifest="<results>/dataset/manifest.parquet",
        normalization="<results>/dataset/normalization.parquet",
        crops=per_well("<results>/cells/{plate}/{well}.arrow"),
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
        code=script_code("attribution/retrain"),
    message:
        "Retraining {wildcards.model}, {wildcards.regime}: {wildcards.form}, {wildcards.ranking}, {wildcards.amount}"
    script:
        "../scripts/attribution_retrain.py"


rule attribution_draw:
    input:
        importance=f"{EXPLAINED}/importance.parquet",
        sanity=f"{EXPLAINED}/sanity.parquet",
        similarity=f"{EXPLAINED}/similarity.parquet",
        correlation="<results>/attribution/correlation.parquet",
        groups="<results>/attribution/groups.parquet",
        maps=f"{EXPLAINED}/maps.npz",
    output:
        table=report(
            "<results>/report/{model}_{regime}_{seed}/importance.csv",
            caption="../report/importance.rst",
            category="Attribution",
        ),
        importance=report(
            "<results>/report/{model}_{regime}_{seed}/importance.svg",
            caption="../report/importance.rst",
            category="Attribution",
        ),
        sanity=report(
            "<results>/report/{model}_{regime}_{seed}/sanity.svg",
            caption="../report/sanity.rst",
            category="Attribution",
        ),
        panels=report(
            "<results>/report/{model}_{regime}_{seed}/panels.svg",
            caption="../report/panels.rst",
            category="Attribution",
        ),
        trend=report(
            "<results>/report/{model}_{regime}_{seed}/trend.csv",
            caption="../report/trend.rst",
            category="Attribution",
        ),
        similar_table=report(
            "<results>/report/{model}_{regime}_{seed}/similar.csv",
            caption="../report/similar.rst",
            category="Attribution",
        ),
        groups_table=report(
            "<results>/report/{model}_{regime}_{seed}/groups.csv",
            caption="../report/groups.rst",
            category="Attribution",
        ),
        similar=report(
            "<results>/report/{model}_{regime}_{seed}/similar.svg",
            caption="../report/similar.rst",
            category="Attribution",
        ),
        matrix=report(
            "<results>/report/{model}_{regime}_{seed}/matrix.svg",
            caption="../report/matrix.rst",
            category="Attribution",
        ),
        groups=report(
            "<results>/report/{model}_{regime}_{seed}/groups.svg",
            caption="../report/groups.rst",
            category="Attribution",
        ),
    log:
        "<logs>/attribution_draw/{model}_{regime}_{seed}.log",
    benchmark:
        "<benchmarks>/attribution_draw/{model}_{regime}_{seed}.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(15),
    params:
        marked_channels=config["report"]["marked_channels"],
        panel_channels=config["attribution"]["panel_channels"],
        permutations=config["report"]["permutations"],
        seed=config["report"]["seed"],
        code=script_code("attribution/draw"),
    message:
        "Drawing what {wildcards.model}, {wildcards.regime}, seed {wildcards.seed} looked at"
    script:
        "../scripts/attribution_draw.py"


rule attribution_trust:
    input:
        measures=per_explained("measures.parquet"),
        curves=per_explained("curves.parquet"),
        randomised=per_explained("randomised.parquet"),
        importance=per_explained("importance.parquet") + get_restarted(),
    output:
        trust=report("<results>/report/trust.csv", caption="../report/trust.rst", category="Attribution"),
        consistency=report(
            "<results>/report/consistency.csv", caption="../report/consistency.rst", category="Attribution"
        ),
        curves=report("<results>/report/curves.svg", caption="../report/curves.rst", category="Attribution"),
        randomised=report("<results>/report/randomised.svg", caption="../report/randomised.rst", category="Attribution"),
    log:
        "<logs>/attribution_trust.log",
    benchmark:
        "<benchmarks>/attribution_trust.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        code=script_code("attribution/trust"),
    message:
        "Summing up whether the maps mean something"
    script:
        "../scripts/attribution_trust.py"


rule attribution_roar:
    input:
        errors=get_retrained(),
    output:
        table=report("<results>/report/roar.csv", caption="../report/roar.rst", category="Attribution"),
        figure=report("<results>/report/roar.svg", caption="../report/roar.rst", category="Attribution"),
    log:
        "<logs>/attribution_roar.log",
    benchmark:
        "<benchmarks>/attribution_roar.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        code=script_code("attribution/roar"),
    message:
        "Summing up remove and retrain"
    script:
        "../scripts/attribution_roar.py"
