"""Flagged sites left out and illumination evened while a well is read: all stages see the same images."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from wellspring.files import as_readable, replaced_when_whole
from wellspring.raw.images import SiteImage, SiteStacks

__all__ = ["Correction", "corrected", "read_correction", "write_correction"]

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
    """

    functions: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    left_out: frozenset[str] = frozenset()
    offsets: Mapping[str, float] = field(default_factory=dict)


def write_correction(path: Path, correction: Correction) -> None:
    """Write functions and offsets of a plate to one NPZ file: the same functions give the same bytes."""
    names = sorted(correction.functions)
    arrays: dict[str, Any] = {f"function_{number}": correction.functions[name] for number, name in enumerate(names)}
    arrays["channels"] = np.array(names, dtype=np.str_)
    arrays["offsets"] = np.array([correction.offsets.get(name, 0.0) for name in names])
    with replaced_when_whole(path) as temporary:
        np.savez_compressed(temporary, **arrays)


def read_correction(path: Path | None, *, left_out: Collection[str] = ()) -> Correction:
    """The correction of one well.

    Parameters
    ----------
    path
        Of its plate, from `write_correction`; None: no channel is evened.
    left_out
        Names of the well's sites that are left out.

    Raises
    ------
    FileNotFoundError, ValueError
        When the file is missing or is not what it should be.
    """
    functions: dict[str, NDArray[np.float32]] = {}
    offsets: dict[str, float] = {}
    if path is not None:
        with as_readable(path, expected="illumination functions"), np.load(path) as arrays:
            names = arrays["channels"].tolist()
            functions = {name: arrays[f"function_{number}"] for number, name in enumerate(names)}
            offsets = {name: one for name, one in zip(names, arrays["offsets"].tolist(), strict=True) if one > 0}
    return Correction(functions, frozenset(left_out), offsets)


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
    """
    offsets = {**correction.offsets, **(background or {})}
    for site in sites:
        if site.site not in correction.left_out:
            yield _evened(site, correction.functions, background=offsets)


def _evened(site: Site, functions: Mapping[str, NDArray[np.float32]], *, background: Mapping[str, float]) -> Site:
    """The site with each channel that has a function divided by the light there; others as they are."""
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
    """The images by channel, evened where there is a function."""
    return {
        name: _even(image, functions[name], background=background.get(name, 0.0)) if name in functions else image
        for name, image in images.items()
    }


def _even(image: NDArray[np.uint16], function: NDArray[np.float32], *, background: float) -> NDArray[np.uint16]:
    """A plane, or each plane of a stack, evened."""
    from wellspring.quality import illumination

    if image.ndim == 2:
        return illumination.corrected(image, function, background=background)
    return np.stack([illumination.corrected(plane, function, background=background) for plane in image])
