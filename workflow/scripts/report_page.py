"""Write the report: tables and figures of all stages → report.html."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wellspring.files import replaced_when_whole
from wellspring.jobs import logged_job
from wellspring.report.contents import report_page
from wellspring.report.inputs import read_figures, read_results
from wellspring.report.page import render_page

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake

TABLES = ("filtered", "manifest", "normalization", "metrics", "differences")
SERIES = ("histories", "importance", "completeness", "sanity", "importance_figures", "sanity_figures", "panels_figures")
FIGURES = ("quality", "dataset", "metrics", "histories")


def main(
    *,
    tables: Mapping[str, Path],
    series: Mapping[str, list[Path]],
    figures: Mapping[str, Path],
    predictions: list[Path],
    published: Path | None,
    config: Mapping[str, Any],
    page: Path,
) -> None:
    """Read everything that the page shows and write it as one file."""
    results = read_results(tables, series=series, published=published)
    contents = report_page(results, figures=read_figures(figures, predictions=predictions), config=config)
    with replaced_when_whole(page) as temporary:
        temporary.write_text(render_page(contents), encoding="utf-8")
    print(f"{page}: {page.stat().st_size / 1e6:.1f} MB, {len(results.explained)} explained run(s)")


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        given = snakemake.input
        main(
            tables={name: Path(given[name]) for name in TABLES},
            series={name: [Path(path) for path in given[name]] for name in SERIES},
            figures={name: Path(given[f"{name}_figure"]) for name in FIGURES},
            predictions=[Path(path) for path in given.predictions_figures],
            published=Path(given.published) if given.published else None,
            config=snakemake.params.config,
            page=Path(snakemake.output.page),
        )
