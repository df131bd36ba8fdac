"""Spots in napari's own format of points."""

import pandas as pd

from wellspring.errors import InputError

__all__ = ["napari_points"]


def napari_points(
    spots: pd.DataFrame, images: pd.DataFrame, *, site: str | None = None, channel: str | None = None
) -> pd.DataFrame:
    """The spots of one image as napari reads them from CSV: ``index``, then ``axis-0``, ... (z,) y, x.

    Parameters
    ----------
    spots
        Table `WELL_SPOTS` of one well.
    images
        Table `WELL_SPOT_THRESHOLDS` of the well: all its images, also those without a spot.
    site, channel
        Which image; None where the well has one only.

    Raises
    ------
    ValueError
        When the well has several sites or channels and none is chosen, or the chosen one is not there.
    """
    for column, wanted in (("site", site), ("channel", channel)):
        known = sorted(images[column].unique())
        if (wanted is None and len(known) > 1) or (wanted is not None and wanted not in known):
            raise InputError(f"--{column}: expected one of {known}, got {wanted}.")
        spots = spots if wanted is None else spots[spots[column] == wanted]
    axes = [name for name in ("z_px", "y_px", "x_px") if name in spots]
    points = spots[axes].reset_index(drop=True)
    return points.set_axis([f"axis-{place}" for place in range(len(axes))], axis="columns").rename_axis("index")
