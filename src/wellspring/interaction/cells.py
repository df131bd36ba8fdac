"""Cells of labelled images, one after the other, as the stage measures them: molecules, height, MTOC."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import ndimage

from wellspring.interaction.positions import NO_POSITIONS, Position
from wellspring.interaction.settings import MtocSettings
from wellspring.localization.interaction.heights import cell_height
from wellspring.localization.interaction.mtoc import find_mtoc
from wellspring.raw.dypfish import CellImage
from wellspring.segmentation.labels import touches_border

__all__ = ["CUT", "SiteCells", "background_level", "cell_images"]

CUT = "cut by the edge of its image"
_Labels = NDArray[np.integer]
# Around a cell, so that its outline is whole.
_MARGIN_PX = 2
# Light of a cell reaches beyond its outline.
_AWAY_PX = 5
_FEWEST_PX = 100


@dataclass(frozen=True)
class SiteCells:
    """One site.

    Attributes
    ----------
    site : str
    cells, nuclei : (Y, X) int
    spots : DataFrame, or None
        Rows of ``WELL_SPOTS`` of the channel of the mRNA; None where none is asked for.
    intensity : (Y, X) float32, or None
        Of the protein, summed over the planes, without background.
    height_stack : (Z, Y, X), or None
        Stain of the whole cell, from which its height is measured.
    mtoc_image : (Y, X), or None
        Channel in which the MTOC is found.
    positions : tuple of Position
        Of MTOCs that are known.
    pixel_um : float
    """

    site: str
    cells: _Labels
    nuclei: _Labels
    spots: pd.DataFrame | None
    intensity: NDArray[np.float32] | None
    height_stack: NDArray[np.uint16] | None
    mtoc_image: NDArray[np.uint16] | None
    positions: tuple[Position, ...] = NO_POSITIONS
    pixel_um: float = 1.0


def background_level(image: NDArray[np.generic], cells: _Labels) -> float | None:
    """Median of the pixels (Y, X) 5 px or more from every cell; None where there are fewer than 100."""
    away = ndimage.distance_transform_edt(cells == 0) >= _AWAY_PX
    return float(np.median(image[away])) if int(away.sum()) >= _FEWEST_PX else None


def cell_images(site: SiteCells, *, mtoc: MtocSettings) -> Iterator[CellImage]:
    """Each cell of a site, in the order of the labels: once with its mRNA, once with its protein, where asked for.

    All nuclei inside a cell are its nucleus. Of a cell that touches the edge of the image nothing is measured.
    """
    cut = touches_border(site.cells)
    bottom_light = 0.0
    if site.height_stack is not None:
        bottom_light = background_level(site.height_stack.min(axis=0), site.cells) or float(site.height_stack.min())
    for number, found in enumerate(ndimage.find_objects(site.cells.astype(np.int32)), start=1):
        if found is None:
            continue
        box = _widened(found, site.cells.shape)
        yield from _images(site, number, box, is_cut=bool(cut[number - 1]), mtoc=mtoc, background=bottom_light)


def _widened(box: tuple[slice, slice], shape: tuple[int, ...]) -> tuple[slice, slice]:
    first, second = (
        slice(max(one.start - _MARGIN_PX, 0), min(one.stop + _MARGIN_PX, n)) for one, n in zip(box, shape, strict=True)
    )
    return first, second


def _images(
    site: SiteCells, number: int, box: tuple[slice, slice], *, is_cut: bool, mtoc: MtocSettings, background: float
) -> Iterator[CellImage]:
    cell = site.cells[box] == number
    nucleus = cell & (site.nuclei[box] > 0)
    start = np.array([box[0].start, box[1].start], dtype=np.float64)
    height, bottom = None, 0.0
    if site.height_stack is not None:
        height, bottom = cell_height(site.height_stack[(slice(None), *box)], cell, background=background)
    position, confidence = _mtoc_of(site, number, box, cell, nucleus, mtoc=mtoc)
    common = {
        "name": f"{site.site}-{number}",
        "cell": cell,
        "nucleus": nucleus,
        "height": height,
        "mtoc": None if position is None else position - start,
        "mtoc_confidence": confidence,
        "remark": CUT if is_cut else "",
    }
    if site.spots is not None:
        points = _points(site.spots, number, start=start, bottom=bottom if height is not None else None)
        yield CellImage(**common, spots=points, molecule="mrna")
    if site.intensity is not None:
        intensity = np.where(cell, site.intensity[box], 0).astype(np.float32)
        yield CellImage(**common, intensity=intensity, molecule="protein")


def _points(
    spots: pd.DataFrame, number: int, *, start: NDArray[np.float64], bottom: float | None
) -> NDArray[np.float64]:
    own = spots[spots["label_in_site"] == number]
    places = own[["y_px", "x_px"]].to_numpy(dtype=np.float64) - start
    if bottom is None or "z_px" not in own or own["z_px"].isna().any():
        return np.asarray(places)
    # Planes are counted at their middles, heights from the bottom.
    z = np.maximum(own["z_px"].to_numpy(dtype=np.float64) - bottom + 0.5, 0)
    return np.column_stack([z, places])


def _mtoc_of(
    site: SiteCells,
    number: int,
    box: tuple[slice, slice],
    cell: NDArray[np.bool_],
    nucleus: NDArray[np.bool_],
    *,
    mtoc: MtocSettings,
) -> tuple[NDArray[np.float64] | None, float]:
    """y, x in the site, px, and how sure that is: 1 of one that is given."""
    start = np.array([box[0].start, box[1].start], dtype=np.float64)
    if site.mtoc_image is not None:
        found = find_mtoc(
            site.mtoc_image[box],
            cell,
            nucleus,
            sigma_px=mtoc.sigma_um / site.pixel_um,
            within_px=mtoc.within_um / site.pixel_um,
            min_confidence=mtoc.min_confidence,
        )
        return None if found.position is None else found.position + start, found.confidence
    own = [one for one in site.positions if one.is_of(number, site.cells)]
    # Two MTOCs, as before a division: no direction is that of the MTOC.
    return (np.array([own[0].y_px, own[0].x_px]), 1.0) if len(own) == 1 else (None, float("nan"))
