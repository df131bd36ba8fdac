"""Small images of a plate's wells, and which sites are kept → illumination of each channel (NPZ)."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from wellspring.jobs import logged_job
from wellspring.quality.images import (
    SmallSite,
    illumination_of_plate,
    offsets_of_plate,
    read_small_sites,
    write_illumination,
)
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
    illumination: Path,
) -> None:
    """Merge the `small` images of the plate's kept `sites` and write the plate's `illumination`."""
    table = read_table(sites, KEPT_SITES)
    kept = table[table["is_kept"]]
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
    for name, one in found.items():
        factors = f"factors {one.function.min():.3f} to {one.function.max():.3f}"
        offset = "no offset" if one.offset == 0 else f"offset {one.offset:.1f} (nan: not known)"
        outcome = factors if one.is_applied else "too few images, not applied"
        print(f"{name}: {offset}; {outcome}, from {one.n_images} images")
    write_illumination(illumination, found)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            small=[Path(path) for path in snakemake.input.small],
            sites=Path(snakemake.input.sites),
            channels=snakemake.params.channels,
            smoothing_share=snakemake.params.smoothing_share,
            min_images=snakemake.params.min_images,
            given=snakemake.params.given,
            illumination=Path(snakemake.output.illumination),
        )
