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
    checks: Mapping[str, Mapping[str, Any]] | None = None,
) -> None:
    """Describe the well at `path` and write its `index`.

    `raw` holds the keys that its format is indexed by. A well that is not as `expected`, of which files of other
    stages are `missing`, or which does not pass their `checks`, is left out; None: none is.
    """
    usual = None
    if expected is not None:
        size = expected["size_px"]
        usual = ExpectedWell(tuple(expected["channels"]), (size[0], size[1]) if size else None)
    about: dict[str, Any] = {"plate": plate, "well": well, "raw": raw, "is_any_size": image_sizes == "any"}
    found = described(path, **about, expected=usual, missing=missing, checks=checks or {})
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
            checks=snakemake.params.checks,
            index=Path(snakemake.output.index),
        )
