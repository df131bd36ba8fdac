"""Write the report: tables and figures of all stages → report.html."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wellspring.files import replaced_when_whole
from wellspring.jobs import logged_job
from wellspring.profiling.report.chapter import profile_chapters
from wellspring.report.contents import report_page
from wellspring.report.imaging import read_imaging
from wellspring.report.inputs import learning_files, read_figures, read_results
from wellspring.report.page import render_page

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake

IMAGES = ("images", "sites", "image_histograms", "flagged_images", "illumination")
PROFILES = (*IMAGES, "verdict", "clusters", "thumbnails", "dendrograms", "curves", "actin", "published_profiles")
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
    config, seen = params["config"], read_imaging(imaging)
    chapters = profile_chapters(profiles, config=config, annotations=params["annotations"])
    of_run = {"config": config, "n_wells": params["n_wells"]}
    contents = report_page(results, figures=figures, imaging=seen, profiles=chapters, **of_run)
    with replaced_when_whole(page) as temporary:
        temporary.write_text(render_page(contents), encoding="utf-8")
    print(f"{page}: {page.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        found = snakemake.input
        main(
            learning=learning_files(found) if found.manifest else None,
            imaging={name: Path(found[name]) for name in IMAGING if found[name]},
            profiles={k: Path(v) for k, v in found.items() if v and (k in PROFILES or k.startswith("map_"))},
            params=snakemake.params,
            page=Path(snakemake.output.page),
        )
