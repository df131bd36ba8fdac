"""Site images and their labels become the measured pixels of a well."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.raw.images import SiteImage
from wellspring.raw.pixels import PixelTable
from wellspring.segmentation.labels import touches_border

__all__ = ["pixels_of_labels"]


@dataclass(frozen=True)
class _Measured:
    """The labelled pixels of one site, in raster order, and one row per object."""

    pixels: NDArray[np.uint16]
    y: NDArray[np.int32]
    x: NDArray[np.int32]
    object_id: NDArray[np.int64]
    objects: pd.DataFrame


def pixels_of_labels(
    sites: Iterable[SiteImage],
    labels: Mapping[str, NDArray[np.integer]],
    *,
    channels: Sequence[str],
    background: Mapping[str, float],
    source: str = "site images",
    others: Mapping[str, NDArray[np.integer]] | None = None,
) -> PixelTable:
    """The pixels under the labels of all sites of a well; one image is in memory at a time.

    Parameters
    ----------
    sites
        As `wellspring.raw.images.read_sites` yields them. None, where all of a well were left out, give no object.
    labels
        Site name to (Y, X) labels, 0 = background.
    channels
        Of every site.
    background
        Channel name to the intensity to subtract; channels not named have 0.
    source
        Where the images come from, for messages.
    others
        Site name to labels of the cells of the same objects; None where there are nuclei alone. They may hold larger
        ids, such as given cells without a nucleus: the ids of the sites after it are larger than those too.

    Returns
    -------
    PixelTable
        `y` and `x` are those in the site's image, so objects of different sites may overlap in them. An object's id
        is its label plus the largest id of the sites before. Annotations: ``site``,
        ``label_in_site``, ``is_border_nucleus`` (1: touches the edge of its image, else 0), ``is_border_cell`` (the
        same of its cell; of the nucleus where there is none), ``centroid_y_px``, ``centroid_x_px``, and
        ``pixel_size_um`` (missing where it is not known).

    Raises
    ------
    ValueError
        When a site has no labels, labels of another shape or other channels, or `background` names a channel that is
        not there.
    """
    _check_background(background, channels=channels, source=source)
    found: list[_Measured] = []
    last_id = 0
    for site in sites:
        if site.channels != tuple(channels):
            raise InputError(f"{source}: site {site.site} has the channels {site.channels}, expected {channels}.")
        own, cells = _labels_of(site, labels, source=source), None if others is None else others[site.site]
        found.append(_measured(site, own, cells=cells, last_id=last_id))
        further = last_id + (0 if others is None else int(others[site.site].max(initial=0)))
        last_id = max([further, *found[-1].objects["object_id"].tolist()])
    found = found or [_nothing(channels)]
    objects = pd.concat([site.objects for site in found], ignore_index=True)
    return PixelTable(
        pixels=np.concatenate([site.pixels for site in found]),
        y=np.concatenate([site.y for site in found]),
        x=np.concatenate([site.x for site in found]),
        object_id=np.concatenate([site.object_id for site in found]),
        channels=tuple(channels),
        background=np.array([background.get(name, 0.0) for name in channels], dtype=np.float64),
        objects=objects,
        source=source,
    )


def _check_background(background: Mapping[str, float], *, channels: Sequence[str], source: str) -> None:
    unknown = sorted(set(background) - set(channels))
    if unknown:
        raise InputError(f"raw.background: names {unknown}, but {source} has only the channels {list(channels)}.")


def _nothing(channels: Sequence[str]) -> _Measured:
    site = SiteImage("", tuple(channels), np.zeros((len(channels), 1, 1), dtype=np.uint16), None)
    return _measured(site, np.zeros((1, 1), dtype=np.uint32), cells=None, last_id=0)


def _labels_of(site: SiteImage, labels: Mapping[str, NDArray[np.integer]], *, source: str) -> NDArray[np.integer]:
    if site.site not in labels:
        raise InputError(
            f"{source}: site {site.site} has no labels; there are labels of {sorted(labels)}. Segment the well again."
        )
    found = labels[site.site]
    if found.shape != site.image.shape[1:]:
        raise InputError(
            f"{source}: site {site.site} is {site.image.shape[1:]} px, but its labels are {found.shape}. "
            "Segment the well again."
        )
    return found


def _measured(
    site: SiteImage, labels: NDArray[np.integer], *, cells: NDArray[np.integer] | None, last_id: int
) -> _Measured:
    y, x = np.nonzero(labels)
    of_pixel = labels[y, x]
    present, place, n_px = np.unique(of_pixel, return_inverse=True, return_counts=True)
    present = present.astype(np.int64)
    on_border = touches_border(labels)[present - 1]
    cut_off = on_border if cells is None else on_border | np.isin(present, np.flatnonzero(touches_border(cells)) + 1)
    objects = pd.DataFrame(
        {
            "object_id": present + last_id,
            "site": pd.Series([site.site] * len(present), dtype="str"),
            "label_in_site": present,
            "is_border_nucleus": on_border.astype(np.int64),
            "is_border_cell": cut_off.astype(np.int64),
            "centroid_y_px": np.bincount(place, weights=y, minlength=len(present)) / n_px,
            "centroid_x_px": np.bincount(place, weights=x, minlength=len(present)) / n_px,
            "pixel_size_um": np.full(len(present), np.nan if site.pixel_size_um is None else site.pixel_size_um),
        }
    )
    return _Measured(
        pixels=np.ascontiguousarray(site.image[:, y, x].T),
        y=y.astype(np.int32),
        x=x.astype(np.int32),
        object_id=of_pixel.astype(np.int64) + last_id,
        objects=objects,
    )
