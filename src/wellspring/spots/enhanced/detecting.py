"""Spots of an image by the network's marks."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import ndimage

from wellspring.models.weights import Weights, into_model, read_weights
from wellspring.spots.border_maxima import gathered
from wellspring.spots.candidates import refined_positions, spot_sizes
from wellspring.spots.enhanced.scale import in_units_of_noise, zoomed_plane
from wellspring.spots.enhanced.task import TASK, least_mark_of
from wellspring.spots.filters import axis_sigmas, checked_image, difference_of_gaussians, spot_gain
from wellspring.spots.measures import local_background
from wellspring.spots.settings import SHIPPED_WEIGHTS
from wellspring.spots.tables import SPOTS

if TYPE_CHECKING:
    import keras

__all__ = ["detect_spots", "enhanced_image", "marked_spots"]

# Two marks are apart by this distance, px of the zoomed image, or this many standard deviations along z.
_APART_PX, _APART_SIGMAS = 1.5, 1.5
# How far the network sees: the stem, and five blocks whose first convolutions are dilated by 1, 2, 4, 2, 1.
_MARGIN_PX, _TILE_PX = 16, 512
# Standard deviation of rounding to integers.
_ROUNDING = 12.0**-0.5

_Values = NDArray[np.float32]


@dataclass(frozen=True)
class _Network:
    model: "keras.Model"
    weights: Weights


def detect_spots(
    image: NDArray[np.generic],
    *,
    sigma_px: float | Sequence[float],
    weights: Path | str | None = None,
    least_mark: float | None = None,
) -> pd.DataFrame:
    """Find the spots of one image where the network marks them.

    Parameters
    ----------
    image : (Y, X) or (Z, Y, X) number
        Intensity. Two dimensions are a plane (or a projection), three a stack.
    sigma_px
        Standard deviation of a spot, px: one number, or one per axis (z, y, x or y, x).
    weights
        File of weights that wellspring trained. None: those that are part of it.
    least_mark
        Least height of a mark, 0 to 1. None: 0.7 in a plane, 0.5 in a stack.

    Returns
    -------
    pandas.DataFrame
        Table SPOTS, as of `wellspring.spots.detect_spots`, the highest mark first. Places are those of the marks;
        `response`, `snr`, `contrast`, `intensity`, `background` and `sigma_px` are measured in the image itself, so a
        response may be 0 or less where a mark is wrong. An empty or constant image has no spots.

    Raises
    ------
    FileNotFoundError, InputError
        When the image is neither 2D nor 3D, not finite, `sigma_px` is out of range, or the weights do not fit.
    """
    found = marked_spots(image, sigma_px=sigma_px, weights=weights, least_mark=least_mark)
    return found.drop(columns="mark")


def marked_spots(
    image: NDArray[np.generic],
    *,
    sigma_px: float | Sequence[float],
    weights: Path | str | None = None,
    least_mark: float | None = None,
) -> pd.DataFrame:
    """As `detect_spots`, with the height of each mark, 0 to 1, in the column ``mark``."""
    sigmas = axis_sigmas(sigma_px, n_axes=checked_image(image).ndim)
    if image.size == 0 or image.min() == image.max():
        none = _measured(np.zeros((1,) * image.ndim), np.zeros((0, image.ndim)), sigmas=(1.0,) * image.ndim)
        return none.assign(mark=np.zeros(0))
    marks = _marks(image, sigmas=sigmas, network=_load(weights))
    least = least_mark_of(image.shape) if least_mark is None else least_mark
    places, heights = _tops(marks, sigmas=sigmas, least=least)
    scale = np.array(image.shape) / np.array(marks.shape)
    own = np.clip((places + 0.5) * scale - 0.5, 0, np.array(image.shape) - 1)
    order = np.argsort(-heights, kind="stable")
    return _measured(image, own[order], sigmas=sigmas).assign(mark=heights[order])


def enhanced_image(
    image: NDArray[np.generic], *, sigma_px: float | Sequence[float], weights: Path | str | None = None
) -> _Values:
    """The marks of an image, 0 to 1, shrunk in the plane where spots are larger than 1.5 px."""
    sigmas = axis_sigmas(sigma_px, n_axes=checked_image(image).ndim)
    return _marks(image, sigmas=sigmas, network=_load(weights))


def _load(weights: Path | str | None) -> _Network:
    path = SHIPPED_WEIGHTS if weights is None else Path(weights)
    about = path.stat() if path.is_file() else None
    return _loaded(path, about.st_mtime_ns if about else 0, about.st_size if about else 0)


@lru_cache(maxsize=2)
def _loaded(path: Path, _changed_ns: int, _size: int) -> _Network:
    found = read_weights(path, task=TASK, n_inputs=1, n_outputs=1)
    from wellspring.spots.enhanced.network import build_spot_network

    model = build_spot_network(found.widths)
    into_model(model, found, name=str(path))
    return _Network(model, found)


def _marks(image: NDArray[np.generic], *, sigmas: tuple[float, ...], network: _Network) -> _Values:
    """Plane by plane."""
    planes = image if image.ndim == 3 else image[None]
    marks = np.stack([_plane_marks(plane, sigmas=(sigmas[-2], sigmas[-1]), network=network) for plane in planes])
    return marks if image.ndim == 3 else marks[0]


def _plane_marks(plane: NDArray[np.generic], *, sigmas: tuple[float, float], network: _Network) -> _Values:
    from keras import ops

    from wellspring.models.tiling import map_of_image

    def predict(batch: _Values) -> _Values:
        """Tiles (B, Y, X, 1) to the marks' logarithm of odds (B, Y, X, 1)."""
        return np.asarray(ops.convert_to_numpy(network.model(batch, training=False)), dtype=np.float32)

    seen = in_units_of_noise(zoomed_plane(np.asarray(plane, dtype=np.float32), sigma_px=sigmas))
    odds = map_of_image(predict, seen[None], margin_px=_MARGIN_PX, step_px=1, tile_px=_TILE_PX)
    return np.asarray(1 / (1 + np.exp(-np.clip(odds, -30, 30))), dtype=np.float32)


def _tops(
    marks: _Values, *, sigmas: tuple[float, ...], least: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Places (n, n_axes) of the marks' maxima, in their own pixels, and their heights."""
    values = marks
    if marks.ndim == 3 and len(marks) > 1:
        # A spot is seen in several planes, noise in one.
        values = ndimage.gaussian_filter1d(marks, max(0.5, sigmas[0] / 2), axis=0, mode="nearest")
    reach = [max(1, round(_APART_SIGMAS * sigmas[0]))] * (marks.ndim - 2) + [round(_APART_PX)] * 2
    highest = ndimage.maximum_filter(values, size=[2 * r + 1 for r in reach], mode="nearest")
    points = np.argwhere((values == highest) & (values >= least))
    return refined_positions(values, points), values[tuple(points.T)].astype(np.float64)


def _measured(image: NDArray[np.generic], places: NDArray[np.float64], *, sigmas: tuple[float, ...]) -> pd.DataFrame:
    """Table SPOTS of places in the image's own pixels."""
    points = np.rint(places).astype(np.int64)
    response = gathered(difference_of_gaussians(image, sigma_px=sigmas), points, (0,) * image.ndim).astype(np.float64)
    background, spread = local_background(image, points, sigma_px=sigmas)
    amplitude, is_lit = response / spot_gain(image.ndim), background > 0
    rounding = _ROUNDING if image.dtype.kind in "ui" else (float(np.abs(image).max(initial=0)) or 1.0) * 2.0**-20
    axes = ("z_px", "y_px", "x_px")[-image.ndim :]
    return pd.DataFrame(
        {
            **{axis: places[:, number] for number, axis in enumerate(axes)},
            "sigma_px": spot_sizes(image, points, sigma_px=sigmas),
            "response": response,
            "snr": amplitude / np.maximum(spread, rounding),
            "contrast": np.where(is_lit, amplitude / np.where(is_lit, background, 1.0), np.inf),
            "intensity": gathered(image, points, (0,) * image.ndim).astype(np.float64),
            "background": background,
        }
    )[[*axes, *(name for name in SPOTS.names if name not in axes)]]
