"""One image from pixels to tables: spots with their cells, counts per cell, foci, threshold, curve."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.spots.borders import counts_at_borders
from wellspring.spots.clumps import Decomposition, decompose_clumps
from wellspring.spots.crowding import Crowding, occupancy
from wellspring.spots.detection import Detection, detect_with_threshold
from wellspring.spots.doubts import image_doubts, is_in_noise, is_mostly_added, is_unstable, saturated_pixels
from wellspring.spots.filters import axis_sigmas
from wellspring.spots.foci import assign_labels, count_per_cell, find_foci, foci_table
from wellspring.spots.light import spots_by_light
from wellspring.spots.measures import median_of_pixels, snr_summary
from wellspring.spots.tables import (
    WELL_SPOT_CURVES,
    WELL_SPOT_FOCI,
    WELL_SPOT_THRESHOLDS,
    WELL_SPOTS,
    WELL_SPOTS_PER_CELL,
)
from wellspring.spots.threshold import Threshold
from wellspring.spots.unseen import filled_areas
from wellspring.tables import empty_table

__all__ = ["TABLES", "SpotTables", "describe_threshold", "joined_tables", "spots_of_image", "voxel_size_um"]

# The tables of a well by the names of their files.
TABLES = {
    "spots": WELL_SPOTS,
    "cells": WELL_SPOTS_PER_CELL,
    "foci": WELL_SPOT_FOCI,
    "thresholds": WELL_SPOT_THRESHOLDS,
    "curves": WELL_SPOT_CURVES,
}
# Fewer spots than these have no median to measure clumps by: one of a few maxima of noise splits the field itself.
_LEAST_REFERENCES = 10
_LEVEL_ROWS = 4


@dataclass(frozen=True)
class SpotTables:
    """What one image, or all images of a well, gave.

    Attributes
    ----------
    spots, cells, foci, thresholds, curves : pandas.DataFrame
        `WELL_SPOTS`, `WELL_SPOTS_PER_CELL`, `WELL_SPOT_FOCI`, `WELL_SPOT_THRESHOLDS`, `WELL_SPOT_CURVES`,
        but for the columns that name the image.
    """

    spots: pd.DataFrame
    cells: pd.DataFrame
    foci: pd.DataFrame
    thresholds: pd.DataFrame
    curves: pd.DataFrame

    def named(self, **columns: str) -> "SpotTables":
        """The same tables with these columns, which name the image, in each."""
        return SpotTables(**{name: table.assign(**columns) for name, table in vars(self).items()})


def spots_of_image(
    image: NDArray[np.generic],
    nuclei: NDArray[np.integer],
    cells: NDArray[np.integer],
    *,
    sigma_px: float | Sequence[float],
    spacing_um: Sequence[float],
    threshold: Mapping[str, float | str],
    max_instability: float,
    max_per_neighborhood: int,
    decompose: bool,
    focus_radius_um: float,
    focus_min_spots: int,
    first_id: int = 0,
    others: NDArray[np.integer] | None = None,
    marks: pd.DataFrame | None = None,
) -> SpotTables:
    """Find the spots of an image, split clumps, and count what each cell holds.

    Parameters
    ----------
    image : (Y, X) or (Z, Y, X) number
    nuclei, cells : (Y, X) int
        Labels, 0 = background; of cells also (Z, Y, X). Without cells, pass the nuclei twice.
    sigma_px, max_per_neighborhood
        As in `detect_spots`.
    spacing_um
        Size of a voxel per axis of the image, µm.
    threshold
        ``method`` (a name in `wellspring.spots.threshold_methods`) and the method's own settings.
    max_instability
        See `is_unstable`.
    decompose
        Whether clumps are split; never where fewer than 10 spots were found, nor where the threshold lies in the
        noise: the typical maximum is no spot there.
    focus_radius_um, focus_min_spots
        As in `find_foci`.
    first_id
        Object ids are labels plus this.
    others : (Y, X) int, optional
        Label of another cell where a second method gives it a pixel (`CellDoubts.others`); None: not known.
    marks
        Rows of `WELL_SPOT_MARKS` of the image, in place of `threshold`; None: spots are maxima of the filter.

    Returns
    -------
    SpotTables
        An image without spots gives empty tables of the same columns, one without cells no rows of `cells`.

    Raises
    ------
    ValueError
        As `detect_spots`, `find_foci` and `assign_labels`.
    """
    found = _detected(image, marks, sigma_px=sigma_px, threshold=threshold, max_per_neighborhood=max_per_neighborhood)
    sigmas = axis_sigmas(sigma_px, n_axes=image.ndim)
    image, saturated = filled_areas(image, sigma_px=sigmas)[0], saturated_pixels(image)
    split = _split(image, found, sigma_px=sigma_px) if decompose else None
    light = 0.0 if split is None else split.light
    every = found.spots.assign(is_added=False) if split is None else split.spots
    every = assign_labels(assign_labels(every, nuclei, column="nucleus_id"), cells, column="label_in_site")
    is_counted = ~every["is_added"] if is_mostly_added(split, found.crowding) else np.ones(len(every), dtype=bool)
    spots = every[is_counted].reset_index(drop=True)
    spots = find_foci(spots, spacing_um=spacing_um, radius_um=focus_radius_um, min_spots=focus_min_spots)
    crowding = _crowding_of_all(found, spots, split, sigma_px=sigma_px, shape=image.shape)
    counts = _counts(spots, every, cell_ids=[label for label in np.unique(cells).tolist() if label > 0])
    by_light = spots_by_light(image, cells, cell_ids=counts["label_in_site"].tolist(), light=light, sigma_px=sigmas)
    doubts = image_doubts(
        image,
        spots,
        found.threshold,
        crowding,
        split,
        n_cells=len(counts),
        max_instability=max_instability,
        saturated_share=saturated,
        sigma_px=sigmas,
        n_hot=(found.n_hot_pixels, found.n_hot_clusters),
        in_noise=found.in_noise,
    )
    about = describe_threshold(found.threshold, limit=max_instability).join(snr_summary(spots))
    measured = _with_measures(about, image, crowding, light=light, saturated_share=saturated).assign(
        doubts=doubts,
        n_added=int(every["is_added"].sum()),
        n_refused=0 if split is None else split.n_refused,
    )
    return SpotTables(
        spots=_with_keys(spots, first_id=first_id),
        cells=counts.assign(
            object_id=counts["label_in_site"] + first_id,
            n_by_light=by_light,
            **counts_at_borders(spots, others, cell_ids=counts["label_in_site"].tolist()),
        ),
        foci=_with_keys(foci_table(spots), first_id=first_id),
        thresholds=measured,
        curves=found.threshold.curve,
    )


def _detected(
    image: NDArray[np.generic],
    marks: pd.DataFrame | None,
    *,
    sigma_px: float | Sequence[float],
    threshold: Mapping[str, float | str],
    max_per_neighborhood: int,
) -> Detection:
    if marks is not None:
        from wellspring.spots.enhanced.marks import detection_of_marks

        return detection_of_marks(image, marks, sigma_px=sigma_px)
    options = {name: float(value) for name, value in threshold.items() if name != "method"}
    return detect_with_threshold(
        image,
        sigma_px=sigma_px,
        threshold=options.pop("value") if threshold["method"] == "given" else None,
        method="noise" if threshold["method"] == "given" else str(threshold["method"]),
        max_per_neighborhood=max_per_neighborhood,
        method_settings=options,
    )


def _split(image: NDArray[np.generic], found: Detection, *, sigma_px: float | Sequence[float]) -> Decomposition | None:
    """Clumps split; None where single spots are no measure of them."""
    if len(found.spots) < _LEAST_REFERENCES or is_in_noise(found.threshold):
        return None
    return decompose_clumps(image, found.spots, sigma_px=sigma_px, density=found.crowding.density)


def _counts(spots: pd.DataFrame, every: pd.DataFrame, *, cell_ids: Sequence[int]) -> pd.DataFrame:
    """Counts per cell of `spots`, and of `every` spot those found and those added."""
    counts = count_per_cell(spots, cell_ids=cell_ids)
    for name, own in (("n_detected", every[~every["is_added"]]), ("n_added", every[every["is_added"]])):
        inside = own.groupby("label_in_site").size()
        counts[name] = np.asarray(inside.reindex(counts["label_in_site"], fill_value=0), dtype=np.int64)
    return counts


def _with_keys(table: pd.DataFrame, *, first_id: int) -> pd.DataFrame:
    """The key in the well of the cell of each row; 0 where it is in none."""
    label = table["label_in_site"]
    return table.assign(object_id=label.where(label == 0, label + first_id))


def _with_measures(
    about: pd.DataFrame, image: NDArray[np.generic], crowding: Crowding, *, light: float, saturated_share: float
) -> pd.DataFrame:
    """The row on a threshold with what else is known of its image."""
    return about.assign(
        saturated_share=saturated_share,
        occupancy=crowding.occupancy,
        relative_noise=crowding.relative_noise,
        density=crowding.density,
        spot_light=light if light > 0 else np.nan,
        # Of every fourth row: the same to a fraction of a grey level.
        level=median_of_pixels(image[..., ::_LEVEL_ROWS, :]) if image.size else np.nan,
    )


def _crowding_of_all(
    found: Detection,
    spots: pd.DataFrame,
    split: Decomposition | None,
    *,
    sigma_px: float | Sequence[float],
    shape: Sequence[int],
) -> Crowding:
    """The occupancy with spots of clumps: those that clumps have the light of fill the same room, added or not."""
    axes = [name for name in ("z_px", "y_px", "x_px") if name in found.spots]
    sigmas = axis_sigmas(sigma_px, n_axes=len(axes))
    n_refused = 0 if split is None else split.n_refused
    full = 1 + n_refused / max(1, len(spots))
    around = occupancy(found.spots[axes].to_numpy(), spots[axes].to_numpy(), sigma_px=sigmas, shape=shape)
    return replace(found.crowding, occupancy=full * around)


def describe_threshold(threshold: Threshold, *, limit: float) -> pd.DataFrame:
    """One row on a threshold and the counts at 0.9, 1 and 1.1 times it; `limit` as of `is_unstable`."""
    row = {
        "method": threshold.method,
        "threshold": threshold.value,
        "factor": threshold.factor,
        "n_detected": threshold.n_spots,
        "n_below": threshold.n_below,
        "n_above": threshold.n_above,
        "instability": threshold.instability,
        "is_unstable": is_unstable(threshold, limit=limit),
        "n_by_chance": threshold.n_by_chance,
    }
    return pd.DataFrame([row])


def voxel_size_um(
    spacing_um: Sequence[float] | None,
    *,
    pixel_size_um: float | None,
    n_axes: int,
    plane_spacing_um: float | None = None,
) -> tuple[float, ...]:
    """Size of a voxel per axis, µm: as given, or what the files say.

    Raises
    ------
    ValueError
        When it is given for another number of axes, or neither given nor known.
    """
    if spacing_um is None and pixel_size_um is not None and n_axes == 2:
        return pixel_size_um, pixel_size_um
    if spacing_um is None and pixel_size_um is not None and plane_spacing_um is not None and n_axes == 3:
        return plane_spacing_um, pixel_size_um, pixel_size_um
    if spacing_um is None or len(spacing_um) != n_axes:
        axes = "[z, y, x]" if n_axes == 3 else "[y, x]"
        raise InputError(f"spots.spacing_um: expected the size of a voxel, {axes} in µm, got {spacing_um}.")
    return tuple(spacing_um)


def joined_tables(images: Sequence[SpotTables]) -> SpotTables:
    """The tables of several images, one below the other; of none, empty ones."""
    if not images:
        return SpotTables(**{name: empty_table(table) for name, table in TABLES.items()})
    return SpotTables(**{name: pd.concat([getattr(i, name) for i in images], ignore_index=True) for name in TABLES})
