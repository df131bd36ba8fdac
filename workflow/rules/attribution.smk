# attribution: models -> score maps, channel importance, completeness; groups of channels; tests of the maps
EXPLAINED = "<results>/attribution/{model}/{regime}/{seed}"
DRAWN = "<results>/report/{model}_{regime}_{seed}"
FIGURES = [f"{DRAWN}/{name}.svg" for name in ("importance", "groups", "panels", "similar", "matrix", "sanity")]
VALIDATION = config["attribution"]["validation"] or {}
# How cells are explained: what of the block `attribution` changes a map or a table.
EXPLAINING = {
    k: v for k, v in config["attribution"].items() if k not in ("models", "panel_channels", "groups", "validation")
}


def get_markers():
    """What each channel's marker stains, if the config names such a table."""
    name = config["attribution"]["groups"]["markers"]
    return named_file("attribution.groups.markers", f"{ROOT}/resources/{name}.csv") if name else []


def per_explained(*patterns):
    """One file per explained run, of each pattern."""
    return [file for pattern in patterns for file in per_run(pattern, models=config["attribution"]["models"])]


def drawn(file, caption, folder=DRAWN):
    """A figure or table of the report."""
    return report(f"{folder}/{file}", caption=f"../report/attribution/{caption}.rst", category="Attribution")


def drawn_tests():
    """Figures and tables of the tests of the maps, where the config asks for them."""
    files = {"trust": "trust.csv", "consistency": "consistency.csv", "curves": "curves.svg"}
    files |= {"randomised": "randomised.svg"}
    roar = {"roar_table": "roar.csv", "roar": "roar.svg"} if VALIDATION.get("roar") else {}
    found = {**files, **roar} if VALIDATION else {}
    return {name: drawn(file, Path(file).stem, folder="<results>/report") for name, file in found.items()}


include: "attribution_cells.smk"
include: "attribution_tests.smk"


rule attribution_map:
    input:
        model=f"{RUN}/model.keras",
        manifest="<results>/dataset/manifest.parquet",
        normalization="<results>/dataset/normalization.parquet",
        cells="<results>/attribution/cells.parquet",
        crops=per_well("<results>/cells/crops/{plate}/{well}.arrow"),
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
        target_channel=config["dataset"]["target_channel"],
        input_channels=config["dataset"]["input_channels"],
        image_size=config["cells"]["image_size"],
        attribution=EXPLAINING,
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
        crops=per_well("<results>/cells/crops/{plate}/{well}.arrow"),
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
        target_channel=config["dataset"]["target_channel"],
        input_channels=config["dataset"]["input_channels"],
        image_size=config["cells"]["image_size"],
        groups={k: v for k, v in config["attribution"]["groups"].items() if k != "markers"},
        code=script_code("attribution/groups"),
    message:
        "Grouping the channels"
    script:
        "../scripts/attribution_groups.py"


rule attribution_draw:
    input:
        importance=f"{EXPLAINED}/importance.parquet",
        sanity=f"{EXPLAINED}/sanity.parquet",
        similarity=f"{EXPLAINED}/similarity.parquet",
        correlation="<results>/attribution/correlation.parquet",
        groups="<results>/attribution/groups.parquet",
        maps=f"{EXPLAINED}/maps.npz",
    output:
        table=drawn("importance.csv", "importance"),
        importance=drawn("importance.svg", "importance"),
        trend=drawn("trend.csv", "trend"),
        sanity=drawn("sanity.svg", "sanity"),
        panels=drawn("panels.svg", "panels"),
        similar_table=drawn("similar.csv", "similar"),
        groups_table=drawn("groups.csv", "groups"),
        similar=drawn("similar.svg", "similar"),
        matrix=drawn("matrix.svg", "matrix"),
        groups=drawn("groups.svg", "groups"),
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


rule attribution_chapter:
    input:
        **per_tested(),
        importance=per_explained(f"{EXPLAINED}/importance.parquet"),
        completeness=per_explained(f"{EXPLAINED}/completeness.parquet"),
        sanity=per_explained(f"{EXPLAINED}/sanity.parquet"),
        trend=per_explained(f"{DRAWN}/trend.csv"),
        figures=per_explained(*FIGURES),
        captions=captions("attribution"),
    output:
        **drawn_tests(),
        chapter="<results>/report/chapters/attribution.json",
    log:
        "<logs>/attribution_chapter.log",
    benchmark:
        "<benchmarks>/attribution_chapter.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        attribution={k: v for k, v in config["attribution"].items() if k not in ("groups", "validation")},
        marked_channels=config["report"]["marked_channels"],
        code=script_code("attribution/chapter"),
    message:
        "Writing the chapter on what the models used"
    script:
        "../scripts/attribution_chapter.py"
