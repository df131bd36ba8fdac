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
    output: Mapping[str, Path],
) -> None:
    """Join the files `given` of all wells, in the order of `annotations`: plate, well and the sheet's columns."""
    nothing: list[Path | None] = [None] * len(annotations)
    spots, thresholds = given["spots"] or nothing, given["thresholds"] or nothing
    files = [WellFiles(*own) for own in zip(given["measured"], given["nuclei"], spots, thresholds, strict=True)]
    sheet = {
        (str(row["plate"]), str(row["well"])): {name: row[name] for name in row if name not in ("plate", "well")}
        for row in annotations
    }
    found = write_study(
        files,
        annotations=sheet,
        spot_channels=spot_channels,
        **output,
    )
    print(found[["plate", "well", "n_cells", "n_complete", "doubts"]].to_string(index=False))


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        lists = ("measured", "nuclei", "spots", "thresholds")
        main(
            given={name: [Path(path) for path in snakemake.input.get(name, [])] for name in lists},
            annotations=snakemake.params.annotations,
            spot_channels=snakemake.params.spot_channels,
            output={name: Path(path) for name, path in snakemake.output.items()},
        )
