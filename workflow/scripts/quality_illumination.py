"""Small images of a plate's wells, and which sites are kept → illumination function of each channel (NPZ)."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from wellspring.jobs import logged_job
from wellspring.quality.images import SmallSite, illumination_functions, read_small_sites, write_functions
from wellspring.quality.tables import KEPT_SITES
from wellspring.tables import read_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *, small: Sequence[Path], sites: Path, plate: str, channels: Sequence[str], smoothing_share: float, functions: Path
) -> None:
    """Merge the `small` images of the plate's kept sites and write the plate's `functions`."""
    table = read_table(sites, KEPT_SITES)
    kept = table[table["is_kept"] & (table["plate"] == plate)]
    keys = set(zip(kept["well"], kept["site"], strict=True))

    def wells() -> Iterator[tuple[tuple[str, ...], list[SmallSite]]]:
        for path in small:
            names, found = read_small_sites(path)
            yield names, [one for one in found if (path.name.removesuffix(".npz"), one.site) in keys]

    found = illumination_functions(wells(), channels=channels, smoothing_share=smoothing_share)
    for name, function in found.items():
        print(f"{plate} {name}: factors {function.min():.3f} to {function.max():.3f}, from {len(keys)} sites")
    write_functions(functions, found, n_sites=len(keys))


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            small=[Path(path) for path in snakemake.input.small],
            sites=Path(snakemake.input.sites),
            plate=snakemake.wildcards.plate,
            channels=snakemake.params.channels,
            smoothing_share=snakemake.params.smoothing_share,
            functions=Path(snakemake.output.functions),
        )
