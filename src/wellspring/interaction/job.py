"""Images of single cells to the numbers of each."""

import zlib
from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from wellspring.interaction.settings import MeasureSettings
from wellspring.localization.interaction.clustering import clustering_of_intensity, clustering_of_points
from wellspring.localization.interaction.densities import cumulative_share, point_weights, relative_densities
from wellspring.localization.interaction.geometry import N_ISOLINES, CellGeometry, cell_geometry, sectors, segments
from wellspring.localization.interaction.heights import slice_depths
from wellspring.localization.interaction.polarity import best_of_turns, best_quadrants, quadrant_densities
from wellspring.localization.interaction.quantities import cytoplasmic_centrality, cytoplasmic_spread
from wellspring.raw.dypfish import CellImage

__all__ = ["measured_images"]

_QUADRANTS, _FINE = 4, 360
_CELL = 1
# Draws of evenly spread molecules, from which the mean of the best orientation is taken.
_EVEN_DRAWS = 20


def measured_images(
    images: Iterable[CellImage], settings: MeasureSettings, *, plate: str, well: str, has_molecules: bool = False
) -> pd.DataFrame:
    """A row per image.

    Parameters
    ----------
    has_molecules
        Whether the images say which molecule they show, in a column ``molecule``; if not, the sheet does.

    Returns
    -------
    DataFrame
        Table `INTERACTION` with the columns ``quadrant_1`` to 4, ``best_1`` to 4, ``segment_1`` ... and
        ``enrichment_1`` to 100. Numbers that a cell does not have are NaN, and `remark` says why.
    """
    rows = []
    for image in images:
        rng = np.random.default_rng([settings.seed, zlib.crc32(f"{plate}/{well}/{image.name}".encode())])
        key = {"plate": plate, "well": well, "image": image.name, "molecule": image.molecule}
        rows.append({**key, **_measured(image, settings, rng=rng)})
    names = ["plate", "well", "image", "remark", *_numbers(settings)]
    text = ["plate", "well", "image", "remark"]
    if has_molecules:
        names, text = [*names, "molecule"], [*text, "molecule"]
    table = pd.DataFrame(rows, columns=names)
    return table.astype({name: "str" if name in text else "float64" for name in names})


def _numbers(settings: MeasureSettings) -> list[str]:
    single = ["n_molecules", "volume", "centrality", "centrality_3d", "spread", "periphery", "clustering"]
    single += ["best_expected", "mtoc_y_px", "mtoc_x_px", "mtoc_confidence"]
    families = {
        "quadrant": _QUADRANTS,
        "best": _QUADRANTS,
        "segment": settings.n_sectors * settings.n_stripes,
        "enrichment": N_ISOLINES,
    }
    return [*single, *(f"{name}_{number}" for name, n in families.items() for number in range(1, n + 1))]


def _numbered(family: str, values: NDArray[np.floating]) -> dict[str, float]:
    return {f"{family}_{number}": float(value) for number, value in enumerate(values, start=1)}


def _measured(image: CellImage, settings: MeasureSettings, *, rng: np.random.Generator) -> dict[str, float | str]:
    geometry = cell_geometry(image.cell.astype(np.int32), image.nucleus)
    weights = _weights(image)
    mask = geometry.cytoplasm == _CELL
    n_molecules = float(weights[mask].sum())
    volume = float(mask.sum() if image.height is None else image.height[mask].sum())
    remarks = [image.remark] if image.remark else []
    if not geometry.nucleus_centroids:
        remarks.append("no nucleus in the cell")
    least = settings.min_molecules if image.spots is not None else 0
    if n_molecules <= 0 or n_molecules < least:
        remarks.append("few molecules")
    found: dict[str, float | str] = {"n_molecules": n_molecules, "volume": volume}
    if not remarks:
        found |= _placed(image, geometry, weights, mask, settings)
        found["clustering"] = _clustering(image, mask, settings, rng=rng)
        if image.mtoc is None or not np.isfinite(image.mtoc).all():
            remarks.append("no MTOC")
        else:
            found |= _polarity(image, geometry, weights, settings, rng=rng)
            found |= {"mtoc_y_px": float(image.mtoc[0]), "mtoc_x_px": float(image.mtoc[1])}
    if image.mtoc is not None or np.isnan(image.mtoc_confidence) or image.mtoc_confidence < 1:
        found["mtoc_confidence"] = image.mtoc_confidence
    return {**found, "remark": ", ".join(remarks) or "none"}


def _weights(image: CellImage) -> NDArray[np.float64]:
    if image.spots is not None:
        return point_weights(image.spots[:, -2:], shape=(image.cell.shape[0], image.cell.shape[1]))
    return np.asarray(image.intensity, dtype=np.float64)


def _placed(
    image: CellImage,
    geometry: CellGeometry,
    weights: NDArray[np.float64],
    mask: NDArray[np.bool_],
    settings: MeasureSettings,
) -> dict[str, float | str]:
    molecules, volume = cumulative_share(weights, geometry.isoline, n=N_ISOLINES, volume=image.height)
    with np.errstate(invalid="ignore", divide="ignore"):
        enrichment = np.where(volume > 0, molecules / volume, np.nan)
    towards: dict[int, ArrayLike] | None = None if image.mtoc is None else {_CELL: image.mtoc}
    sector = sectors(geometry, n=settings.n_sectors, towards=towards)
    n_parts = settings.n_sectors * settings.n_stripes
    parts = segments(geometry.isoline, sector, n_sectors=settings.n_sectors, n_stripes=settings.n_stripes)
    return {
        "centrality": cytoplasmic_centrality(weights, geometry.isoline),
        "centrality_3d": _centrality_3d(image, geometry),
        "spread": cytoplasmic_spread(weights, mask, geometry.nucleus_centroids[_CELL], volume=image.height),
        "periphery": float(enrichment[max(0, round(settings.peripheral_isoline) - 1)]),
        **_numbered("segment", relative_densities(weights, parts, n_parts=n_parts, volume=image.height)),
        **_numbered("enrichment", enrichment),
    }


def _centrality_3d(image: CellImage, geometry: CellGeometry) -> float:
    """Mean pseudo-3D depth of the points; NaN without z, without a height, and of intensity."""
    if image.spots is None or image.height is None or image.spots.shape[1] != 3:
        return float("nan")
    depths = slice_depths(geometry.isoline, image.height, image.spots)
    return float(np.nanmean(depths) / N_ISOLINES) if np.isfinite(depths).any() else float("nan")


def _polarity(
    image: CellImage,
    geometry: CellGeometry,
    weights: NDArray[np.float64],
    settings: MeasureSettings,
    *,
    rng: np.random.Generator,
) -> dict[str, float | str]:
    mtoc = np.asarray(image.mtoc)
    fixed = quadrant_densities(weights, geometry, cell=_CELL, mtoc=mtoc, volume=image.height)
    fine = sectors(geometry, n=_FINE, towards={_CELL: mtoc}).ravel()
    height = np.ones(fine.shape) if image.height is None else image.height.ravel()
    counts, area = (
        np.bincount(fine, weights=values, minlength=_FINE + 1)[1:].astype(np.float64)
        for values in (weights.ravel(), height)
    )
    expected = float("nan")
    if image.spots is not None:
        even = rng.multinomial(round(counts.sum()), area / area.sum(), size=_EVEN_DRAWS).astype(np.float64)
        expected = float(np.mean([best_quadrants(one, area)[0] for one in even]))
    return {**_numbered("quadrant", fixed), **_numbered("best", best_of_turns(counts, area)), "best_expected": expected}


def _clustering(
    image: CellImage, mask: NDArray[np.bool_], settings: MeasureSettings, *, rng: np.random.Generator
) -> float:
    rows, columns = np.nonzero(mask)
    box = np.s_[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    n_radii, n_simulations = settings.n_radii, settings.n_simulations
    if image.spots is None:
        intensity = np.asarray(image.intensity)[box]
        found = clustering_of_intensity(intensity, mask[box], n_radii=n_radii, n_simulations=n_simulations, rng=rng)
    else:
        points, positions = _points(image, mask, slice_px=settings.slice_px)
        found = clustering_of_points(points, positions, n_radii=n_radii, n_simulations=n_simulations, rng=rng)
    return found.degree


def _points(
    image: CellImage, mask: NDArray[np.bool_], *, slice_px: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Molecules in the cytoplasm, and where simulated ones may be: where z is known, voxels below the height; in px."""
    spots = np.asarray(image.spots)
    at = np.rint(spots[:, -2:]).astype(np.intp)
    inside = ((at >= 0) & (at < mask.shape)).all(axis=1)
    inside[inside] = mask[at[inside, 0], at[inside, 1]]
    points = spots[inside]
    pixels = np.argwhere(mask).astype(np.float64)
    if points.shape[1] == 2 or image.height is None:
        return points[:, -2:], pixels
    levels = np.maximum(np.ceil(image.height[mask]).astype(np.intp), 1)
    start = np.repeat(np.cumsum(levels) - levels, levels)
    z = (np.arange(levels.sum()) - start + 0.5) * slice_px
    return points * [slice_px, 1, 1], np.column_stack([z, np.repeat(pixels, levels, axis=0)])
