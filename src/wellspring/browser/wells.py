"""What the browser shows of one well: pictures, outlines, spots and the rows of its cells."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.browser.pictures import Light, jpeg, light_of, object_paths, smaller
from wellspring.cells.features.declared import COMPARTMENTS
from wellspring.raw.images import SiteImage

__all__ = ["Shown", "WellPictures", "cell_rows", "shown_columns", "well_pictures", "well_sites"]

_Labels = Mapping[str, NDArray[np.integer]]
_THUMBNAIL_PX = 96
_DIGITS = 5
_KEPT = ("object_id", "site", "is_border_cell", "missing_because")
_SPOTS = "_Spots_n_spots_"


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What the config asks for: longer side of a picture, px; its quality, %; patterns of the features shown."""

    pixels: int
    quality: int
    columns: Sequence[str]


@dataclass(frozen=True)
class WellPictures:
    """Pictures of a well: by site and channel; of its first site, small; the light of each channel.

    Pictures are JPEG files in base64. A well without sites has none.
    """

    sites: dict[str, dict[str, str]]
    thumbnails: dict[str, str]
    lights: dict[str, dict[str, float]]
    sizes: dict[str, tuple[int, int]]
    pixel_sizes_um: dict[str, float | None]


def well_pictures(sites: Iterable[SiteImage], *, shown: Shown) -> WellPictures:
    """Pictures of all sites of a well, as they were recorded.

    The 256 steps of a picture are those of the channel in this well; `WellPictures.lights` says which intensities they
    are, so the page shows all wells with the same black and white.
    """
    small: dict[str, dict[str, NDArray[np.float32]]] = {}
    sizes: dict[str, tuple[int, int]] = {}
    pixel_sizes: dict[str, float | None] = {}
    for site in sites:
        small[site.site] = {
            name: smaller(image, pixels=shown.pixels) for name, image in zip(site.channels, site.image, strict=True)
        }
        sizes[site.site], pixel_sizes[site.site] = site.image.shape[1:], site.pixel_size_um
    channels = list(next(iter(small.values()), {}))
    lights: dict[str, Light] = {name: light_of([own[name] for own in small.values()]) for name in channels}
    pictures = {
        site: {name: jpeg(image, lights[name], quality=shown.quality) for name, image in own.items()}
        for site, own in small.items()
    }
    first = next(iter(small.values()), {})
    thumbnails = {name: jpeg(_thumbnail(image), lights[name], quality=shown.quality) for name, image in first.items()}
    return WellPictures(pictures, thumbnails, {name: asdict(one) for name, one in lights.items()}, sizes, pixel_sizes)


def _thumbnail(image: NDArray[np.float32]) -> NDArray[np.float32]:
    import cv2

    factor = max(image.shape) / _THUMBNAIL_PX
    height, width = (max(1, round(side / max(factor, 1))) for side in image.shape)
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA))


def shown_columns(names: Iterable[str], *, patterns: Sequence[str]) -> list[str]:
    """Those of the columns that fit a pattern, and the numbers of spots, in the order of the table."""
    starts = tuple(f"{name}_" for name in COMPARTMENTS)
    return [
        name
        for name in names
        if name.startswith(starts) and (_SPOTS in name or any(fnmatchcase(name, one) for one in patterns))
    ]


def cell_rows(cells: pd.DataFrame, *, patterns: Sequence[str]) -> dict[str, list[Any]]:
    """The columns of the cells of a well that are shown, as lists: key, site, flags, then `shown_columns`.

    Numbers have 5 digits; those that are missing are None.
    """
    names = [*(name for name in _KEPT if name in cells), *shown_columns(cells.columns, patterns=patterns)]
    return {name: [_plain(value) for value in cells[name].tolist()] for name in names}


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else None
    return value


def well_sites(
    pictures: WellPictures,
    *,
    cells: pd.DataFrame,
    nuclei: _Labels | None,
    outlines: _Labels | None,
    spots: pd.DataFrame,
) -> list[dict[str, Any]]:
    """Each site with its outlines and spots.

    Parameters
    ----------
    pictures
        Of the well; a site that was left out has a picture and no labels.
    cells
        Table `MEASURED` of the well, or one without rows: object_id, site, label_in_site.
    nuclei, outlines
        Labels of nuclei and of cells by site; None where there are none.
    spots
        Table `WELL_SPOTS` of the well, or one without rows.

    Returns
    -------
    list of dict
        name, height and width (px), pixel_um (None: not known), left_out, objects (a list of ``[object_id, path of the
        nucleus, path of the cell]``; an object without a row has the id 0), spots (by channel ``x, y, x, y, ...`` in
        px).
    """
    labelled = nuclei if nuclei is not None else outlines
    found = []
    for site, (height, width) in pictures.sizes.items():
        own = cells[cells["site"] == site]
        ids = dict(zip(own["label_in_site"].tolist(), own["object_id"].tolist(), strict=True))
        paths = [object_paths(one[site]) if one is not None and site in one else {} for one in (nuclei, outlines)]
        found.append(
            {
                "name": site,
                "height": height,
                "width": width,
                "pixel_um": pictures.pixel_sizes_um[site],
                "left_out": labelled is not None and site not in labelled,
                "objects": [
                    [ids.get(label, 0), paths[0].get(label, ""), paths[1].get(label, "")]
                    for label in sorted({*paths[0], *paths[1]})
                ],
                "spots": _spots(spots[spots["site"] == site]),
            }
        )
    return found


def _spots(spots: pd.DataFrame) -> dict[str, list[float]]:
    """By channel x and y of each spot in turn, the corner of the first pixel at 0."""
    places = spots.groupby("channel", sort=False)[["x_px", "y_px"]]
    return {str(name): (own.to_numpy() + 0.5).round(1).ravel().tolist() for name, own in places}
