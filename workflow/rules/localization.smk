# localization: spots + labels -> features, patterns, spatial statistics
JOINED_LATER = ("gene_column", "unit_column", "condition_column", "control")


def is_of_tables():
    """Whether wells are tables of molecules and outlines, and not images."""
    return RAW_FORMAT.name == "points"


def has_own_landscapes():
    """Whether the classifier is trained on the study's own cells, or on new ones like them."""
    is_wanted = config["localization"]["channels"] or is_of_tables()
    return bool(is_wanted) and config["localization"]["landscapes"] != "drawn"


def training_labels():
    """Labels of all wells, to train on the study's own cells; [] where cells are drawn, or wells are tables."""
    return per_well(cell_labels()) if has_own_landscapes() and not is_of_tables() else []


def training_nuclei():
    """As `training_labels`, of the nuclei."""
    return per_well("<results>/segmentation/{plate}/{well}.ome.tif") if training_labels() else []


def training_indexes():
    """The indexes of all wells, which hold the pixel sizes and name the tables; [] where cells are drawn."""
    return per_well("<results>/raw/{plate}/{well}.json") if has_own_landscapes() else []


def training_tables():
    """Tables of all wells, whose outlines are landscapes; [] where cells are drawn or labelled."""
    if not (has_own_landscapes() and is_of_tables()):
        return []
    return [str(one) for path in per_well("{plate}/{well}") for one in tables_named(*path.split("/", 1))]


def tables_named(plate, well):
    """The tables of a well; none of a well of images."""
    if not is_of_tables():
        return []
    try:
        return [local(str(file)) for file in well_files(PATHS[plate, well], well=well, raw=config["raw"])]
    except (ValueError, OSError) as error:
        if config["raw"]["bad_wells"] == "leave_out":
            return []
        raise WorkflowError(str(error)) from None


def tables_of_well(wildcards):
    """An input function: the tables of the wildcards' well."""
    return tables_named(wildcards.plate, wildcards.well)


def of_images(path):
    """An input of wells of images; [] where wells are tables."""
    return [] if is_of_tables() else path


def named_columns(name):
    """(plate, well, value) of a column of the sheet that the config names; [] where it names none."""
    column = config["localization"][name]
    if column is None or not (config["localization"]["channels"] or is_of_tables()):
        return []
    if column not in WELLS.columns:
        raise WorkflowError(f"localization.{name}: expected a column of the sheet, got {column!r}. Correct the config.")
    return list(zip(WELLS["plate"], WELLS["well"], WELLS[column].astype(str)))


rule localization_train:
    input:
        cells=training_labels(),
        nuclei=training_nuclei(),
        indexes=training_indexes(),
        tables=training_tables(),
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
        is_of_components=config["localization"]["landscapes"] == "components",
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
        tables=tables_of_well,
        spots=of_images("<results>/spots/{plate}/{well}.parquet"),
        counts=of_images("<results>/spots/cells/{plate}/{well}.parquet"),
        nuclei=of_images("<results>/segmentation/{plate}/{well}.ome.tif"),
        cells=of_images(cell_labels()),
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
        # Genes, replicates and conditions join where wells are compared.
        settings={**config["localization"], "least_effect": 0.0, **dict.fromkeys(JOINED_LATER)},
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
        contrasts=report(
            "<results>/report/localization_contrasts.csv",
            caption="../report/localization/contrasts.rst",
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
        map=report(
            "<results>/report/localization_map.svg", caption="../report/localization/map.rst", category="Localization"
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
        conditions=named_columns("condition_column"),
        code=script_code("localization/chapter"),
    message:
        "Writing the chapter on localization"
    script:
        "../scripts/localization_chapter.py"
