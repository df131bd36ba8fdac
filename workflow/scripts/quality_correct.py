"""Index of one well, illumination and kept sites of its plate → even, preprocessed images (OME-TIFF)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wellspring.jobs import logged_job
from wellspring.quality.correction import corrected, read_correction
from wellspring.quality.images import write_corrected
from wellspring.quality.preprocessing import preprocessed_sites
from wellspring.raw.images import read_sites
from wellspring.raw.index import read_index

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    index: Path,
    correction: Path,
    left_out: Sequence[str],
    channels: Sequence[str],
    projection: str,
    background: Mapping[str, float],
    steps: Sequence[Mapping[str, Any]],
    images: Path,
) -> None:
    """Write the kept sites of the well behind `index`, corrected and preprocessed, to `images`."""
    well = read_index(index)
    applied = read_correction(correction, left_out=left_out)
    raw = read_sites(well, projection=projection, wanted=channels)
    done = preprocessed_sites(corrected(raw, applied, background=background), steps=steps)
    print(f"evened: {list(applied.functions)}; left out: {sorted(applied.left_out)}; then {list(steps)}")
    write_corrected(images, done, channels=channels, pixel_size_um=well.pixel_size_um)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            index=Path(snakemake.input.index),
            correction=Path(snakemake.input.correction),
            left_out=snakemake.params.left_out,
            channels=snakemake.params.channels,
            projection=snakemake.params.projection,
            background=snakemake.params.background,
            steps=snakemake.params.steps,
            images=Path(snakemake.output.images),
        )
