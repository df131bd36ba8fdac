"""Flagged sites left out and illumination evened while a well is read: all stages see the same images."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.files import as_readable
from wellspring.raw.images import SiteImage, SiteStacks

__all__ = ["Correction", "corrected", "read_correction"]

Site = TypeVar("Site", SiteImage, SiteStacks)


@dataclass(frozen=True)
class Correction:
    """What is done to the images of one well when they are read.

    Attributes
    ----------
    functions : dict of str to (y, x) float32
        Illumination function of each channel that is evened; other channels stay as they are.
    left_out : frozenset of str
        Names of the sites that are left out.
    offsets : dict of str to float
        The camera's offset of channels for which it was estimated, since the config gives no background.
    unknown : str
        What to say if the well has sites although its plate's table knows none: then it must not be read. Empty of
        a well that the table knows.
    """

    functions: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    left_out: frozenset[str] = frozenset()
    offsets: Mapping[str, float] = field(default_factory=dict)
    unknown: str = ""


def read_correction(illumination: Path | None, sites: Path | None, *, plate: str, well: str) -> Correction:
    """The correction of one well, from the files of its plate.

    Parameters
    ----------
    illumination
        From `wellspring.quality.images.write_illumination`; None: no channel is evened. A function that comes from too
        few images is not applied.
    sites
        Table `KEPT_SITES` of the plate; None: no site is left out.
    plate, well
        Of the well.

    Raises
    ------
    FileNotFoundError, ValueError
        When a file is missing or is not what it should be.
    """
    functions: dict[str, NDArray[np.float32]] = {}
    offsets: dict[str, float] = {}
    if illumination is not None:
        # Jobs that correct nothing do without the modules that this needs; the same holds below.
        from wellspring.quality.images import read_illumination

        found = read_illumination(illumination)
        functions = {name: one.function for name, one in found.items() if one.is_applied}
        offsets = {name: one.offset for name, one in found.items() if one.is_applied and one.offset > 0}
    left_out = frozenset() if sites is None else _left_out(sites, key=(plate, well))
    if left_out is None:
        # Right for a well without sites, which was left out.
        words = f"{sites}: expected sites of {plate} / {well}, got none. Run the stage quality again."
        return Correction(functions, frozenset(), offsets, unknown=words)
    return Correction(functions, left_out, offsets)


def _left_out(path: Path, *, key: tuple[str, str]) -> frozenset[str] | None:
    """Sites of a well that are left out; None of a well that the table does not know."""
    import pyarrow.parquet as pq

    with as_readable(path, expected="table 'kept_sites'"):
        rows = pq.read_table(path, columns=["plate", "well", "site", "is_kept"]).to_pylist()
    own = [row for row in rows if (row["plate"], row["well"]) == key]
    if not own:
        return None
    return frozenset(row["site"] for row in own if not row["is_kept"])


def corrected(
    sites: Iterable[Site], correction: Correction, *, background: Mapping[str, float] | None = None
) -> Iterator[Site]:
    """The sites that are kept, their channels evened, one in memory at a time.

    Parameters
    ----------
    sites
        As `read_sites` or `read_stacks` yields them.
    correction
        From `read_correction`.
    background
        Intensity without light by channel; where it has none, the offset that was estimated, or 0. It stays as it is.

    Yields
    ------
    SiteImage or SiteStacks
        uint16. Each plane of a stack is multiplied by its channel's function
        (`wellspring.quality.illumination.corrected`). A projection is evened as if its planes had been, but for
        rounding.

    Raises
    ------
    InputError
        When the well has a site, but its plate's table knows none of it.
    """
    offsets = {**correction.offsets, **(background or {})}
    for site in sites:
        if correction.unknown:
            raise InputError(correction.unknown)
        if site.site not in correction.left_out:
            yield _evened(site, correction.functions, background=offsets)


def _evened(site: Site, functions: Mapping[str, NDArray[np.float32]], *, background: Mapping[str, float]) -> Site:
    changes: dict[str, Any]
    if isinstance(site, SiteStacks):
        changes = {"stacks": _each_evened(site.stacks, functions, background=background)}
    else:
        planes = dict(zip(site.channels, site.image, strict=True))
        if not set(planes) & set(functions):
            return site
        changes = {"image": np.stack(list(_each_evened(planes, functions, background=background).values()))}
    return replace(site, **changes)


def _each_evened(
    images: Mapping[str, NDArray[np.uint16]],
    functions: Mapping[str, NDArray[np.float32]],
    *,
    background: Mapping[str, float],
) -> dict[str, NDArray[np.uint16]]:
    return {
        name: _even(image, functions[name], background=background.get(name, 0.0)) if name in functions else image
        for name, image in images.items()
    }


def _even(image: NDArray[np.uint16], function: NDArray[np.float32], *, background: float) -> NDArray[np.uint16]:
    from wellspring.quality import illumination

    if image.ndim == 2:
        return illumination.corrected(image, function, background=background)
    return np.stack([illumination.corrected(plane, function, background=background) for plane in image])
