# interaction: single cells with molecules -> enrichment, clustering, temporal interaction of mRNA and protein
INTERACTION = config["interaction"]


def interaction_annotations():
    """What the sheet says of each well, the columns that the config names alone."""
    named = [INTERACTION[key] for key in ("gene", "molecule", "time", "condition") if INTERACTION[key] is not None]
    return WELLS[["plate", "well", *[name for name in named if name in WELLS]]].to_dict("records")


def interaction_settings():
    kept = {key: value for key, value in INTERACTION.items() if key != "measure"}
    return {**kept, "n_stripes": INTERACTION["measure"]["n_stripes"]}


rule interaction_measure:
    input:
        index="<results>/raw/{plate}/{well}.json",
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
        code=script_code("interaction/measure"),
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
        code=script_code("interaction/chapter"),
    message:
        "Writing the chapter on mRNA and protein"
    script:
        "../scripts/interaction_chapter.py"
