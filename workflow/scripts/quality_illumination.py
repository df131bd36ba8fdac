"""Small images of a plate's wells, and which sites are kept → illumination of each channel, correction (NPZ)."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wellspring.jobs import logged_job, notify
from wellspring.quality.correction import write_correction
from wellspring.quality.images import (
    SmallSite,
    illumination_of_plate,
    offsets_of_plate,
    read_small_sites,
    write_illumination,
)
from wellspring.quality.keeping import correction_of, illumination_before, kept_notes, kept_where_alike
from wellspring.quality.tables import KEPT_SITES
from wellspring.tables import read_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    small: Sequence[Path],
    sites: Path,
    channels: Sequence[str],
    smoothing_share: float,
    min_images: int,
    given: Sequence[str],
    settings: Mapping[str, Any],
    illumination: Path,
    correction: Path,
) -> None:
    """Merge the `small` images of the plate's kept `sites`; write the plate's `illumination` and its `correction`.

    Functions that are in the file already stay where the new ones differ by no more than their own error.
    """
    kept = read_table(sites, KEPT_SITES, of_plate=True).query("is_kept")
    keys = set(zip(kept["well"], kept["site"], strict=True))

    def wells() -> Iterator[tuple[tuple[str, ...], list[SmallSite]]]:
        for path in small:
            names, found = read_small_sites(path)
            yield names, [one for one in found if (path.name.removesuffix(".npz"), one.site) in keys]

    found = illumination_of_plate(
        wells(),
        channels=channels,
        smoothing_share=smoothing_share,
        min_images=min_images,
        offsets=offsets_of_plate(wells(), given=given),
    )
    found = kept_where_alike(found, illumination_before(illumination), settings=settings)
    for line in kept_notes(found, plate=illumination.parent.name):
        notify(line)
    for name, one in found.items():
        factors = f"factors {one.function.min():.3f} to {one.function.max():.3f}"
        outcome = factors if one.is_applied else f"too few images, or even within {one.error:.2%}: not applied"
        print(f"{name}: offset {one.offset:.1f} (nan: not known); {outcome}, from {one.n_images} images")
    write_illumination(illumination, found)
    write_correction(correction, correction_of(found))


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            small=[Path(path) for path in snakemake.input.small],
            sites=Path(snakemake.input.sites),
            channels=snakemake.params.channels,
            smoothing_share=snakemake.params.smoothing_share,
            min_images=snakemake.params.min_images,
            given=snakemake.params.given,
            settings={name: snakemake.params[name] for name in ("smoothing_share", "min_images", "measured", "code")},
            **{name: Path(file) for name, file in snakemake.output.items()},
        )
