"""A small picture of each well, for the report."""

import base64

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.profiling.fields import Fields
from wellspring.profiling.tables import THUMBNAILS

__all__ = ["thumbnail", "thumbnails"]

# The first channels are red, green and blue; the thesis' figures merge actin, borders and nuclei so.
_COLORS = 3
_SIZE_PX = 128


def thumbnail(image: NDArray[np.uint16], *, size_px: int) -> str:
    """The first three channels of a field in red, green and blue, each from its 1st to its 99.5th percentile.

    Parameters
    ----------
    image : (C, Y, X) uint16

    Returns
    -------
    str
        PNG as base64. One channel alone is grey.
    """
    planes = []
    for plane in image[:_COLORS].astype(np.float32):
        low, high = np.percentile(plane, [1, 99.5])
        scaled = np.clip((plane - low) / max(float(high - low), 1e-6), 0, 1)
        planes.append(cv2.resize(scaled, (size_px, size_px), interpolation=cv2.INTER_AREA))
    while len(planes) < _COLORS:
        planes.append(planes[0] if len(image) == 1 else np.zeros_like(planes[0]))
    # OpenCV writes blue first.
    pixels = np.rint(255 * np.stack(planes[::-1], axis=-1)).astype(np.uint8)
    _, encoded = cv2.imencode(".png", pixels)
    return base64.b64encode(encoded.tobytes()).decode("ascii")


def thumbnails(fields: Fields) -> pd.DataFrame:
    """Table `THUMBNAILS`: the first field of each well."""
    first = fields.keys.drop_duplicates(["plate", "well"])
    png = [thumbnail(fields.images[row], size_px=_SIZE_PX) for row in first.index]
    return first.assign(png=png)[THUMBNAILS.names].reset_index(drop=True)
