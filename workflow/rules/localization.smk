# localization: spots + labels -> features, patterns, spatial statistics


def training_labels():
    """Labels of all wells, to train on the study's own cells; [] where cells are drawn."""
    is_own = config["localization"]["channels"] and config["localization"]["landscapes"] == "own"
    return per_well(cell_labels()) if is_own else []


def training_nuclei():
    """As `training_labels`, of the nuclei."""
    return per_well("<results>/segmentation/{plate}/{well}.ome.tif") if training_labels() else []


def training_indexes():
    """As `training_labels`, of the indexes, which hold the pixel sizes."""
    return per_well("<results>/raw/{plate}/{well}.json") if training_labels() else []


def named_columns(name):
    """(plate, well, value) of a column of the sheet that the config names; [] where it names none."""
    column = config["localization"][name]
    if column is None or not config["localization"]["channels"]:
        return []
    if column not in WELLS.columns:
        raise WorkflowError(f"localization.{name}: expected a column of the sheet, got {column!r}. Correct the config.")
    return list(zip(WELLS["plate"], WELLS["well"], WELLS[column].astype(str)))


rule localization_train:
    input:
        cells=training_labels(),
        nuclei=training_nuclei(),
        indexes=training_indexes(),
    output:
        classifier="<results>/localization/classifier.npz",
    log:
        "<logs>/localization_train.log",
    benchmark:
        "<benchmarks>/localization_train.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=growing(3000),
        runtime=growing(30),
    params:
        patterns=config["localization"]["patterns"],
        seed=config["localization"]["seed"],
        spacing_um=config["spots"]["spacing_um"],
        code=script_code("localization/train"),
    message:
        "Training the classifier of localization patterns"
    script:
        "../scripts/localization_train.py"


rule localization_measure:
    input:
        index="<results>/raw/{plate}/{well}.json",
        judged=plate_judged(),
        spots="<results>/spots/{plate}/{well}.parquet",
        counts="<results>/spots/cells/{plate}/{well}.parquet",
        nuclei="<results>/segmentation/{plate}/{well}.ome.tif",
        cells=cell_labels(),
        classifier="<results>/localization/classifier.npz",
    output:
        pairs="<results>/localization/{plate}/{well}.parquet",
        molecules="<results>/localization/molecules/{plate}/{well}.parquet",
    log:
        "<logs>/localization_measure/{plate}/{well}.log",
    benchmark:
        "<benchmarks>/localization_measure/{plate}/{well}.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        # Genes and replicates join where wells are compared.
        settings={**config["localization"], "gene_column": None, "unit_column": None, "least_effect": 0.0},
        spacing_um=config["spots"]["spacing_um"],
        code=script_code("localization/measure"),
    message:
        "Localizing the molecules of well {wildcards.plate}/{wildcards.well}"
    script:
        "../scripts/localization_measure.py"


rule localization_chapter:
    input:
        pairs=per_well("<results>/localization/{plate}/{well}.parquet"),
        classifier="<results>/localization/classifier.npz",
        captions=captions("localization"),
    output:
        chapter="<results>/report/chapters/localization.json",
        genes=report(
            "<results>/report/localization_genes.csv",
            caption="../report/localization/genes.rst",
            category="Localization",
        ),
        effects=report(
            "<results>/report/localization_effects.csv",
            caption="../report/localization/effects.rst",
            category="Localization",
        ),
        mixes=report(
            "<results>/report/localization_mixes.svg",
            caption="../report/localization/mixes.rst",
            category="Localization",
        ),
        effects_figure=report(
            "<results>/report/localization_effects.svg",
            caption="../report/localization/effects.rst",
            category="Localization",
        ),
        examples=report(
            "<results>/report/localization_patterns.svg",
            caption="../report/localization/patterns.rst",
            category="Localization",
        ),
    log:
        "<logs>/localization_chapter.log",
    benchmark:
        "<benchmarks>/localization_chapter.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(15),
    params:
        settings=config["localization"],
        genes=named_columns("gene_column"),
        units=named_columns("unit_column"),
        code=script_code("localization/chapter"),
    message:
        "Writing the chapter on localization"
    script:
        "../scripts/localization_chapter.py"
