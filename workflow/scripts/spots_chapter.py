"""Tables of the spots of all wells, left-out sites, overlays → the chapter on the spots, its table and figures."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wellspring.jobs import logged_job
from wellspring.quality.report.left_out import left_out_sites
from wellspring.report.chapter import read_captions, write_chapter
from wellspring.report.images import ImageSources
from wellspring.report.style import save_figure
from wellspring.spots.images import TABLES
from wellspring.spots.plate import compared_images
from wellspring.spots.report.chapter import spots_chapter
from wellspring.spots.report.counts import counts_figure, counts_of_images
from wellspring.spots.report.curves import curves_figure, curves_note
from wellspring.spots.report.figures import spots_table
from wellspring.spots.tables import SPOT_QUALITY
from wellspring.tables import read_tables, write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    given: Mapping[str, Sequence[Path]],
    drawn: Mapping[str, Path],
    spots: Mapping[str, Any],
    groups: Sequence[tuple[str, str, str]],
    corrected: Sequence[str],
    per: str,
    output: Mapping[str, Path],
) -> None:
    """Read the files `given` (lists of a name); write `output`: chapter, table, thresholds, counts."""
    tables = {
        name: read_tables(given[name], TABLES[name], of_wells=True)
        for name in ("spots", "cells", "thresholds", "curves")
    }
    tables["thresholds"] = compared_images(tables["thresholds"])
    left_out, sites = left_out_sites(given["sites"])
    table = spots_table(tables["thresholds"], tables["cells"], tables["spots"], left_out=left_out)
    print(table.to_string())
    write_table(table, output["table"], SPOT_QUALITY)
    save_figure(curves_figure(tables["curves"], tables["thresholds"]), output["thresholds"])
    named = {(plate, well): group for plate, well, group in groups}
    counts = counts_of_images(tables["thresholds"]) if per == "image" else tables["cells"]
    save_figure(counts_figure(counts, tables["thresholds"], groups=named, per=per), output["counts"])
    sources = ImageSources(
        files={**output, **drawn},
        captions=read_captions(given["captions"]),
        corrected=corrected,
        left_out=left_out,
        sites=sites,
    )
    note = curves_note(tables["thresholds"])
    found = spots_chapter(table, spots=spots, curves_note=note, sources=sources, per=per)
    write_chapter(found, output["chapter"])


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        lists = ("spots", "cells", "thresholds", "curves", "sites", "captions")
        main(
            given={name: [Path(path) for path in snakemake.input.get(name, [])] for name in lists},
            drawn={name: Path(snakemake.input[name]) for name in ("overlays", "gallery")},
            spots=snakemake.params.spots,
            groups=snakemake.params.groups,
            corrected=snakemake.params.corrected,
            per=snakemake.params.per,
            output={name: Path(path) for name, path in snakemake.output.items()},
        )
