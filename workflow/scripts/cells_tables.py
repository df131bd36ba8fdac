"""Features of all wells, doubts, counts of spots, the sheet → tables of all cells (Parquet, CSV) and of wells (CSV)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from wellspring.cells.study import WellFiles, write_study
from wellspring.jobs import logged_job

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    given: Mapping[str, Sequence[Path]],
    annotations: Sequence[Mapping[str, str | None]],
    spot_channels: Sequence[str],
    has_nuclei: bool,
    has_cells: bool,
    output: Mapping[str, Path],
) -> None:
    """Join the files `given` of all wells, in the order of `annotations`: plate, well and the sheet's columns."""
    nothing: list[Path | None] = [None] * len(annotations)
    spots, thresholds = given["spots"] or nothing, given["thresholds"] or nothing
    own = zip(given["indexes"], given["measured"], given["nuclei"], spots, thresholds, strict=True)
    files = [WellFiles(*paths) for paths in own]
    sheet = {
        (str(row["plate"]), str(row["well"])): {name: row[name] for name in row if name not in ("plate", "well")}
        for row in annotations
    }
    found = write_study(
        files,
        annotations=sheet,
        spot_channels=spot_channels,
        has_nuclei=has_nuclei,
        has_cells=has_cells,
        **output,
    )
    names = ["plate", "well", "n_cells", "n_nuclei", "n_complete", "doubts"]
    print(found[[name for name in names if name in found]].to_string(index=False))


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        lists = ("indexes", "measured", "nuclei", "spots", "thresholds")
        main(
            given={name: [Path(path) for path in snakemake.input.get(name, [])] for name in lists},
            annotations=snakemake.params.annotations,
            spot_channels=snakemake.params.spot_channels,
            has_nuclei=snakemake.params.has_nuclei,
            has_cells=snakemake.params.has_cells,
            output={name: Path(path) for name, path in snakemake.output.items()},
        )
