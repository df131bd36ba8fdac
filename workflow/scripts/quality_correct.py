"""TIFF files of one well, functions of its plate → even, preprocessed images (OME-TIFF, one image per site)."""

from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wellspring.jobs import logged_job
from wellspring.quality.images import read_functions, write_corrected
from wellspring.quality.sites import corrected_sites
from wellspring.raw.tiff import read_sites

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    path: Path,
    key: tuple[str, str],
    raw: Mapping[str, Any],
    background: Mapping[str, float],
    steps: Sequence[Mapping[str, Any]],
    functions: Path,
    images: Path,
) -> None:
    """Correct every site of the well `key` = (plate, well) at `path`, flagged ones too; write them to `images`."""
    found, n_sites = read_functions(functions)
    print(f"{key}: functions from {n_sites} sites; then {list(steps)}")
    sites = read_sites(path, well=key[1], **raw)
    first = next(sites)
    done = corrected_sites(chain([first], sites), found, key=key, background=background, steps=steps)
    write_corrected(images, done, channels=list(found), pixel_size_um=first.pixel_size_um)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            path=Path(snakemake.params.path),
            key=(snakemake.wildcards.plate, snakemake.wildcards.well),
            raw=snakemake.params.raw,
            background=snakemake.params.background,
            steps=snakemake.params.steps,
            functions=Path(snakemake.input.functions),
            images=Path(snakemake.output.images),
        )
