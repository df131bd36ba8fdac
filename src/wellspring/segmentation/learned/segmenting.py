"""Nuclei of an image by the network: at which zoom it looks, and the labels that its maps give."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from wellspring.models.weights import Weights, into_model, read_weights
from wellspring.segmentation.checks import check_image
from wellspring.segmentation.learned.decoding import chance_of, decoded, upscaled
from wellspring.segmentation.learned.scale import DIAMETER_PX, N_INPUTS, comparable, typical_px, zoomed
from wellspring.segmentation.learned.targets import TARGETS, TASK
from wellspring.segmentation.settings import SHIPPED_WEIGHTS

if TYPE_CHECKING:
    import keras

__all__ = ["Network", "first_diameter_px", "load_network", "segment_nuclei"]

# Zooms that are looked at: nuclei of 8 px are then 20 px wide, those of 300 px too.
_LEAST_ZOOM, _MOST_ZOOM = 1 / 15, 2.5
# Nuclei found at a zoom may be off the size that the network sees best by this factor; beyond it, it looks again on
# their own scale, so many times. It was trained on zooms that are off by up to 1.8.
_OFF, _MOST_LOOKS, _FEWEST = 1.3, 3, 3
# As in `segmentation.doubts`: bright parts per object that say that nuclei were not told apart, and how many at least.
_FINER, _LEAST_TOPS = 4.0, 12
# Nuclei that are dense are about as wide as the distance to the nearest one.
_OF_DISTANCE = 0.9
# Without any hint: as microscopes of 10 to 20 times show them.
_GUESS_PX = 20.0
_TILE_PX = 1024


@dataclass(frozen=True)
class Network:
    """A network for nuclei with its weights."""

    model: "keras.Model"
    weights: Weights

    def maps(self, seen: NDArray[np.float32], *, tile_px: int = _TILE_PX, batch_size: int = 1) -> NDArray[np.float32]:
        """(Y, X, 2) of `comparable` to the maps (Y, X, 5) in the order of `TARGETS`; tiles change rounding alone."""
        from keras import ops

        from wellspring.models.strided_unet import margin_px, step_px
        from wellspring.models.tiling import maps_of_image

        n_levels = len(self.weights.widths)

        def predict(batch: NDArray[np.float32]) -> NDArray[np.float32]:
            """Tiles (B, Y, X, 2) to maps (B, Y, X, 5), without an activation."""
            return np.asarray(ops.convert_to_numpy(self.model(batch, training=False)), dtype=np.float32)

        return maps_of_image(
            predict,
            np.moveaxis(seen, -1, 0),
            margin_px=margin_px(n_levels),
            step_px=step_px(n_levels),
            tile_px=tile_px,
            batch_size=batch_size,
        )


def load_network(weights: Path | str | None = None) -> Network:
    """The network with the weights of a file, or with those that are part of wellspring.

    Raises
    ------
    FileNotFoundError, InputError
        As `read_weights` and `into_model`.
    """
    path = SHIPPED_WEIGHTS if weights is None else Path(weights)
    about = path.stat() if path.is_file() else None
    return _loaded(path, about.st_mtime_ns if about else 0, about.st_size if about else 0)


@lru_cache(maxsize=2)
def _loaded(path: Path, _changed_ns: int, _size: int) -> Network:
    found = read_weights(path, task=TASK, n_inputs=N_INPUTS, n_outputs=len(TARGETS))
    from wellspring.models.strided_unet import build_strided_unet

    model = build_strided_unet(n_inputs=N_INPUTS, n_outputs=len(TARGETS), widths=found.widths)
    into_model(model, found, name=str(path))
    return Network(model, found)


def segment_nuclei(
    image: NDArray[np.number],
    *,
    weights: Path | str | None = None,
    tile_px: int = _TILE_PX,
    batch_size: int = 1,
) -> NDArray[np.uint32]:
    """Label the nuclei of one image, or of a stack's maximum projection, by the network.

    Parameters
    ----------
    image : (Y, X) or (Z, Y, X), uint or float
        Intensity of the nuclear stain, 0 or more; bright nuclei on dark background. Background need not be subtracted.
    weights
        File of weights that `wellspring` trained. None: those that are part of it.
    tile_px, batch_size
        How much is computed at once; labels do not depend on it.

    Returns
    -------
    (Y, X) uint32
        0 = background, 1..n in the raster order of each nucleus' first pixel. An empty or constant image has none.

    Raises
    ------
    FileNotFoundError, InputError
        When the image has not two or three axes, holds negative values, NaN or infinity, or the weights do not fit.

    Notes
    -----
    The network sees all nuclei at about one size: the image is zoomed by the typical diameter that the classical method
    finds (`first_diameter_px`), and once or twice more by that of the nuclei that come out, if these are of another
    size. Outlines are where the chance of a nucleus, interpolated to the image's own pixels, crosses a half.
    """
    check_image(image, name="image", n_axes=(2, 3))
    plane = image.max(axis=0, initial=0) if image.ndim == 3 else image
    network = load_network(weights)
    none = np.zeros(plane.shape, dtype=np.uint32)
    if plane.size == 0 or plane.min() == plane.max():
        return none
    diameter_px, tried = first_diameter_px(plane), []
    for _ in range(_MOST_LOOKS):
        zoom = float(np.clip(DIAMETER_PX / diameter_px, _LEAST_ZOOM, _MOST_ZOOM))
        maps = network.maps(comparable(zoomed(plane, zoom)), tile_px=tile_px, batch_size=batch_size)
        labels = decoded(maps)
        own_px = typical_px(labels) if labels.max(initial=0) >= _FEWEST else DIAMETER_PX
        off = abs(np.log(own_px / DIAMETER_PX))
        tried.append((off, labels, chance_of(maps)))
        if off <= np.log(_OFF) or _is_at_end(zoom, own_px):
            break
        diameter_px = own_px / zoom
    _, labels, chance = min(tried, key=_off)
    return upscaled(labels, chance, plane.shape).astype(np.uint32)


def _off(tried: tuple[float, NDArray[np.int32], NDArray[np.float32]]) -> float:
    return tried[0]


def _is_at_end(zoom: float, own_px: float) -> bool:
    """Whether a better zoom is out of bounds."""
    return (zoom >= _MOST_ZOOM and own_px < DIAMETER_PX) or (zoom <= _LEAST_ZOOM and own_px > DIAMETER_PX)


def first_diameter_px(plane: NDArray[np.number]) -> float:
    """The typical diameter of the nuclei of an image (Y, X), px, by the classical method.

    Where its objects hold many times as many distinct bright parts, these are taken for the nuclei, and the distance to
    the nearest one gives the diameter; where it finds none, 20 px.
    """
    from wellspring.segmentation.nuclei import nuclei_of_image
    from wellspring.segmentation.texture import tops_of

    found = nuclei_of_image(plane)
    own_px, n = typical_px(found.labels), int(found.labels.max(initial=0))
    if n == 0:
        return _GUESS_PX
    tops = tops_of(found.labels, found.view.image)
    if len(tops) >= max(_LEAST_TOPS, _FINER * n):
        distances, _ = KDTree(tops).query(tops, k=2)
        own_px = min(own_px, _OF_DISTANCE * float(np.median(distances[:, 1])))
    return max(own_px, 1.0)
