"""Write the report: tables and figures of all stages → report.html."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wellspring.files import replaced_when_whole
from wellspring.jobs import logged_job
from wellspring.report.contents import report_page
from wellspring.report.imaging import read_imaging
from wellspring.report.inputs import read_figures, read_results
from wellspring.report.page import render_page

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake

TABLES = ("filtered", "manifest", "normalization", "metrics", "differences")
SERIES = (
    *("histories", "importance", "completeness", "sanity", "trends", "importance_figures", "sanity_figures"),
    *("panels_figures", "groups_figures", "similar_figures", "matrix_figures"),
)
FIGURES = ("quality", "dataset", "metrics", "histories")
VALIDATION = ("trust", "consistency", "curves_figure", "randomised_figure", "roar", "roar_figure")
IMAGING = ("segmentation", "segmentation_overlays", "spots", "spot_thresholds", "spot_counts", "spot_overlays")


def main(*, learning: Mapping[str, Any] | None, imaging: Mapping[str, Path], config: Any, page: Path) -> None:
    """Read everything that the page shows and write it as one file; `learning` as of `learning_files`, or None."""
    results, figures = None, None
    if learning is not None:
        results = read_results(**{name: learning[name] for name in ("tables", "series", "published", "validation")})
        figures = read_figures(learning["figures"], predictions=learning["predictions"])
    contents = report_page(results, figures=figures, config=config, imaging=read_imaging(imaging))
    with replaced_when_whole(page) as temporary:
        temporary.write_text(render_page(contents), encoding="utf-8")
    print(f"{page}: {page.stat().st_size / 1e6:.1f} MB")


def learning_files(given: Mapping[str, Any]) -> dict[str, Any]:
    """The rule's input from the dataset on, by what `main` takes it for."""
    return {
        "tables": {name: Path(given[name]) for name in TABLES},
        "series": {name: [Path(path) for path in given[name]] for name in SERIES},
        "figures": {name: Path(given[f"{name}_figure"]) for name in FIGURES},
        "predictions": [Path(path) for path in given["predictions_figures"]],
        "published": Path(given["published"]) if given["published"] else None,
        "validation": {name: Path(given[name]) for name in VALIDATION if given[name]},
    }


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        found = snakemake.input
        main(
            learning=learning_files(found) if found.manifest else None,
            imaging={name: Path(found[name]) for name in IMAGING if found[name]},
            config=snakemake.params.config,
            page=Path(snakemake.output.page),
        )
