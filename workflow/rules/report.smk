# report: the chapters of the stages that the config asks for -> one HTML page, and one per chapter. Knows no stage.

from wellspring.sheet.reading import condition_columns


def files_of_chapters(wildcards):
    """What the chapters' rules write: a figure that a changed config adds is asked for, or no job would draw it."""
    wanted = [stage.name for stage in wanted_stages(config) if stage.has_chapter]
    return [file for name in wanted for file in getattr(rules, f"{name}_chapter").output]


def conditions_of_wells():
    """Columns by which wells can be compared, and each well's values: what else is in the sheet runs nothing again."""
    columns = ["plate", "well", *condition_columns(WELLS)]
    return {"columns": columns, "rows": WELLS[columns].fillna("").values.tolist()} if len(columns) > 2 else None


rule report_page:
    input:
        chapters=[
            f"<results>/report/chapters/{stage.name}.json" for stage in wanted_stages(config) if stage.has_chapter
        ],
        # Digests cover Python alone, so the page's template and script are named here.
        template=f"{ROOT}/src/wellspring/report/page.html.jinja",
        script=f"{ROOT}/src/wellspring/report/page.js",
    output:
        page=report("<results>/report/report.html", caption="../report/page.rst", category="Page"),
        pages=[f"<results>/report/pages/{stage.name}.html" for stage in wanted_stages(config) if stage.has_chapter],
    log:
        "<logs>/report_page.log",
    benchmark:
        "<benchmarks>/report_page.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(15),
    params:
        config=config,
        n_wells=len(WELLS),
        conditions=conditions_of_wells(),
        code=script_code("report/page"),
    message:
        "Writing the report"
    script:
        "../scripts/report_page.py"
