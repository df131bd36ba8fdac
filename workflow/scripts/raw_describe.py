"""Files of one well → its index: files, sites, channels, planes, pixel size, from headers alone."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wellspring.jobs import logged_job
from wellspring.raw.bad_wells import ExpectedWell, described
from wellspring.raw.index import write_index

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    path: Path,
    plate: str,
    well: str,
    raw: Mapping[str, Any],
    index: Path,
    image_sizes: str = "same",
    expected: Mapping[str, Any] | None = None,
    missing: str = "",
) -> None:
    """Describe the well at `path` and write its `index`.

    `raw` holds the keys that its format is indexed by. A well that is not as `expected`, or of which files of other
    stages are `missing`, is left out; None: none is.
    """
    usual = None
    if expected is not None:
        size = expected["size_px"]
        usual = ExpectedWell(tuple(expected["channels"]), (size[0], size[1]) if size else None)
    is_any = image_sizes == "any"
    found = described(path, plate=plate, well=well, raw=raw, expected=usual, is_any_size=is_any, missing=missing)
    counts = f"{found.n_files} files, {len(found.channels)} channels, {found.n_values} intensities"
    print(f"{found.name}: {counts}, sites {found.n_sites}, pixels of cells {found.n_px}")
    if found.left_out:
        print(f"left out: {found.left_out}")
    write_index(found, index)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            path=Path(snakemake.params.path),
            plate=snakemake.wildcards.plate,
            well=snakemake.wildcards.well,
            raw=snakemake.params.raw,
            image_sizes=snakemake.params.image_sizes,
            expected=snakemake.params.expected,
            missing=snakemake.params.missing,
            index=Path(snakemake.output.index),
        )
