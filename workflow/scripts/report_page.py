"""Write the report: tables and figures of all stages → report.html."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wellspring.files import replaced_when_whole
from wellspring.jobs import logged_job
from wellspring.report.contents import report_page
from wellspring.report.images import images_section
from wellspring.report.imaging import read_imaging
from wellspring.report.inputs import learning_files, read_figures, read_results
from wellspring.report.page import render_page

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake

PROFILES = ("images", "sites", "image_histograms", "flagged_images", "illumination")
IMAGING = ("segmentation", "segmentation_overlays", "spots", "spot_thresholds", "spot_counts", "spot_overlays")


def main(
    *,
    learning: Mapping[str, Any] | None,
    imaging: Mapping[str, Path],
    profiles: Mapping[str, Path],
    params: Any,
    page: Path,
) -> None:
    """Read everything that the page shows and write it as one file; `learning` as of `learning_files`, or None."""
    results, figures = None, None
    if learning is not None:
        results = read_results(**{name: learning[name] for name in ("tables", "series", "published", "validation")})
        figures = read_figures(learning["figures"], predictions=learning["predictions"])
    chapters, seen = images_section(profiles), read_imaging(imaging)
    contents = report_page(results, figures=figures, imaging=seen, profiles=chapters, **params)
    with replaced_when_whole(page) as temporary:
        temporary.write_text(render_page(contents), encoding="utf-8")
    print(f"{page}: {page.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        found = snakemake.input
        main(
            learning=learning_files(found) if found.manifest else None,
            imaging={name: Path(found[name]) for name in IMAGING if found[name]},
            profiles={name: Path(found[name]) for name in PROFILES if found[name]},
            params={name: snakemake.params[name] for name in ("config", "n_wells")},
            page=Path(snakemake.output.page),
        )
