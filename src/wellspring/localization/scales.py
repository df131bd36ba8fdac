"""What a pixel and a plane of a site measure."""

from collections.abc import Sequence

from wellspring.errors import InputError

__all__ = ["pixel_sizes"]


def pixel_sizes(
    sites: Sequence[str], sizes: Sequence[float | None], *, spacing_um: Sequence[float] | float | None
) -> dict[str, tuple[float, float]]:
    """(pixel, plane) of each site in µm: as the spots' block says, z first, else as the files do.

    Raises
    ------
    ValueError
        When neither does.
    """
    given = list(spacing_um) if isinstance(spacing_um, Sequence) else [spacing_um] if spacing_um else []
    found = {}
    for site, size in zip(sites, sizes, strict=True):
        pixel = given[-1] if given else size
        if pixel is None:
            raise InputError(
                f"site {site}: expected a pixel size, found none in its files. Set raw.pixel_size_um or "
                "spots.spacing_um."
            )
        found[site] = (float(pixel), float(given[0] if len(given) > 2 else pixel))
    return found
