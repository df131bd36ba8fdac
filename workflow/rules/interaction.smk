# interaction: single cells with molecules -> enrichment, clustering, temporal interaction of mRNA and protein
import pandas as pd
from snakemake.logging import logger

INTERACTION = config["interaction"]


def interaction_annotations():
    """What the sheet says of each well, the columns that the config names alone."""
    keys = ("gene", "time", "condition") if is_of_images() else ("gene", "molecule", "time", "condition")
    named = [INTERACTION[key] for key in keys if INTERACTION[key] is not None]
    return WELLS[["plate", "well", *[name for name in named if name in WELLS]]].to_dict("records")


def interaction_settings():
    kept = {key: value for key, value in INTERACTION.items() if key not in ("measure", "channels", "mtoc")}
    return {**kept, "n_stripes": INTERACTION["measure"]["n_stripes"]}


def is_of_images():
    """Whether cells are cut out of the images of a field, and are not images of their own."""
    return RAW_FORMAT.has_images


def interaction_read():
    """Channels whose pixels are read."""
    named = (INTERACTION["channels"]["protein"], INTERACTION["channels"]["height"], INTERACTION["mtoc"]["channel"])
    return sorted({name for name in named if name is not None}) if is_of_images() else []


def interaction_spots():
    """Spots of the mRNA; [] where no channel shows any."""
    return "<results>/spots/{plate}/{well}.parquet" if is_of_images() and INTERACTION["channels"]["mrna"] else []


def mtoc_table():
    """The table of MTOCs; [] without one."""
    path = INTERACTION["mtoc"]["table"]
    return named_file("interaction.mtoc.table", path) if path is not None and is_of_images() else []


def mtoc_columns():
    """Columns of the sheet with the MTOC of a well; [] without such columns."""
    columns = INTERACTION["mtoc"]["columns"]
    if columns is None or not is_of_images():
        return []
    missing = [name for name in columns if name not in WELLS]
    if missing:
        raise WorkflowError(
            f"interaction.mtoc.columns: expected columns of the sheet, but it lacks {missing}. Correct the config."
        )
    return columns


def mtoc_of_well(wildcards):
    """A parameter: what these columns say of the wildcards' well; [] without them."""
    own = WELLS[(WELLS["plate"] == wildcards.plate) & (WELLS["well"] == wildcards.well)]
    return ["" if pd.isna(one) else str(one) for one in own[mtoc_columns()].iloc[0]]


def check_sheet():
    """Mistakes in the sheet and in a table of MTOCs are reported before any job runs."""
    from wellspring.interaction.positions import check_positions, check_table
    from wellspring.interaction.settings import SummarySettings
    from wellspring.interaction.sheet import checked_sheet

    shown = [name for name in ("mrna", "protein") if INTERACTION["channels"][name] is not None]
    settings = SummarySettings(**interaction_settings())
    try:
        lines = checked_sheet(WELLS, settings, molecules=shown if is_of_images() else None)
        check_positions(WELLS, mtoc_columns())
        if mtoc_table():
            lines += check_table(Path(mtoc_table()), list(zip(WELLS["plate"], WELLS["well"])))
    except (ValueError, OSError) as error:
        raise WorkflowError(str(error)) from None
    if lines:
        logger.warning("\n  - ".join(["mRNA and protein, before anything is measured:", *lines]))


if INTERACTION["reference"] is not None and workflow.is_main_process:
    check_sheet()


rule interaction_measure:
    input:
        index="<results>/raw/{plate}/{well}.json",
        correction=plate_correction(interaction_read()),
        judged=plate_judged() if is_of_images() else [],
        spots=interaction_spots(),
        nuclei="<results>/segmentation/{plate}/{well}.ome.tif" if is_of_images() else [],
        cells=cell_labels() if is_of_images() else [],
        mtocs=mtoc_table(),
    output:
        cells="<results>/interaction/{plate}/{well}.parquet",
    log:
        "<logs>/interaction_measure/{plate}/{well}.log",
    benchmark:
        "<benchmarks>/interaction_measure/{plate}/{well}.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(20),
    params:
        measure=INTERACTION["measure"],
        images={key: INTERACTION[key] for key in ("channels", "mtoc")} if is_of_images() else None,
        positions=mtoc_of_well,
        spacing_um=config["spots"]["spacing_um"] if is_of_images() else None,
        background=background_of(interaction_read()),
        left_out=sites_left_out() if is_of_images() else [],
        code=script_code("interaction/measure", RAW_READER),
    message:
        "Measuring the molecules in the cells of well {wildcards.plate}/{wildcards.well}"
    script:
        "../scripts/interaction_measure.py"


rule interaction_summarize:
    input:
        cells=per_well("<results>/interaction/{plate}/{well}.parquet"),
    output:
        images="<results>/interaction/cells.parquet",
        table=report(
            "<results>/report/interaction.csv",
            caption="../report/interaction/interaction_table.rst",
            category="mRNA and protein",
        ),
    log:
        "<logs>/interaction_summarize.log",
    benchmark:
        "<benchmarks>/interaction_summarize.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(20),
    params:
        annotations=interaction_annotations(),
        settings=interaction_settings(),
        code=script_code("interaction/summarize"),
    message:
        "Comparing genes, times and conditions over wells"
    script:
        "../scripts/interaction_summarize.py"


rule interaction_chapter:
    input:
        images="<results>/interaction/cells.parquet",
        table="<results>/report/interaction.csv",
        captions=captions("interaction"),
        mtocs=mtoc_table(),
    output:
        chapter="<results>/report/chapters/interaction.json",
        overview=report(
            "<results>/report/interaction_overview.svg",
            caption="../report/interaction/interaction_overview.rst",
            category="mRNA and protein",
        ),
        profiles=report(
            "<results>/report/interaction_profiles.svg",
            caption="../report/interaction/interaction_profiles.rst",
            category="mRNA and protein",
        ),
        correlations=report(
            "<results>/report/interaction_correlations.svg",
            caption="../report/interaction/interaction_correlations.rst",
            category="mRNA and protein",
        ),
    log:
        "<logs>/interaction_chapter.log",
    benchmark:
        "<benchmarks>/interaction_chapter.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(5),
    params:
        reference=INTERACTION["reference"],
        peripheral_isoline=INTERACTION["measure"]["peripheral_isoline"],
        code=script_code("interaction/chapter"),
    message:
        "Writing the chapter on mRNA and protein"
    script:
        "../scripts/interaction_chapter.py"
