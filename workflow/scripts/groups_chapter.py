"""Groups compared + cells of the wells → the chapter on the groups and its figures."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wellspring.groups.comparing import group_order
from wellspring.groups.job import groups_of_sheet, labels_of
from wellspring.groups.report.chapter import groups_chapter
from wellspring.groups.report.drawing import drawn_features, drawn_measures
from wellspring.groups.report.figures import groups_figure
from wellspring.groups.tables import CONTRASTS, FEATURES, MEASURED_WELLS, UNITS
from wellspring.jobs import logged_job
from wellspring.report.chapter import read_captions, write_chapter
from wellspring.report.style import save_figure
from wellspring.spots.images import TABLES
from wellspring.tables import read_table, read_tables

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    given: Mapping[str, Path],
    spots: Sequence[Path],
    features: Sequence[Path],
    captions: Sequence[Path],
    sheet: Mapping[str, Sequence[str | None]],
    report: Mapping[str, Any],
    n_features: int,
    output: Mapping[str, Path],
) -> None:
    """Read the files `given`: wells, contrasts, units, features; write `output`: chapter, counts, drawn."""
    _, controls, without_group = groups_of_sheet(sheet, report)
    tables = {name: read_table(given[name], kind) for name, kind in _KINDS.items()}
    wells, contrasts = tables["wells"], tables["contrasts"]
    labels, counts = labels_of(list(dict.fromkeys(wells["measure"])))
    cells = read_tables(spots, TABLES["cells"], of_wells=True)
    look = {"groups": group_order(wells["group"], controls=controls), "controls": controls}
    drawn = drawn_features(contrasts, features=tables["features"], counts=counts, number=n_features)
    for file, names in (("counts", counts), ("drawn", drawn)):
        found = drawn_measures(names, tables, labels=labels, cells=cells, features=features)
        save_figure(groups_figure(found, **look), output[file])
    chapter = groups_chapter(
        contrasts,
        wells=wells,
        features=tables["features"],
        labels=labels,
        counts=counts,
        without_group=without_group,
        by=report["group_by"],
        replicate=report["replicate"],
        controls=controls,
        are_given=bool(report["controls"]),
        captions=read_captions(captions),
        files={**given, "counts": output["counts"], **({"drawn": output["drawn"]} if drawn else {})},
    )
    write_chapter(chapter, output["chapter"])


_KINDS = {"wells": MEASURED_WELLS, "contrasts": CONTRASTS, "units": UNITS, "features": FEATURES}

if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            given={name: Path(path) for name, path in snakemake.input.items() if isinstance(path, str)},
            features=[Path(path) for path in snakemake.input.get("cells", [])],
            spots=[Path(path) for path in snakemake.input.get("spots", [])],
            captions=[Path(path) for path in snakemake.input.captions],
            sheet=snakemake.params.sheet,
            report=snakemake.params.asked,
            n_features=snakemake.params.drawn_features,
            output={name: Path(path) for name, path in snakemake.output.items()},
        )
