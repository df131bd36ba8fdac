"""The stain of a field, tile by tile."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.labelling.images import check_fits, checked_planes
from wellspring.labelling.network import load_label_model, margin_px, record_of, stain_scale_of, step_px, value_of
from wellspring.models.tiling import map_of_image

__all__ = ["predict_image"]

# Side of the kept middle of a tile. With margins, a batch of one then needs about 0.8 GB.
_TILE_PX = 640


def predict_image(
    model: keras.Model | Path | str,
    planes: NDArray[np.number],
    *,
    pixel_size_um: float | None = None,
    tile_px: int = _TILE_PX,
    batch_size: int = 1,
    origin_px: tuple[int, int] = (0, 0),
    source: str = "planes",
    views: int = 1,
) -> NDArray[np.float32]:
    """The stain of one field, as the model predicts it from transmitted light.

    Parameters
    ----------
    model
        From `load_label_model`, or the file itself.
    planes : (Y, X) or (P, Y, X), uint8, uint16 or float
        Camera counts of transmitted light, as many planes as the model was trained on, in the same order. Floats are
        camera counts too.
    pixel_size_um
        Of the field, where known; compared with that of the training fields.
    tile_px, batch_size, origin_px
        As of `wellspring.models.tiling.map_of_image`; the result does not depend on them beyond the rounding of
        float32.
    source
        What messages call the field.
    views
        Turned and mirrored images of the field whose predictions are averaged, 1 to 8: so many times as slow. For
        models of turned crops only, for which no side is up.

    Returns
    -------
    (Y, X) float32
        In the unit of the training images of the stain (camera counts, 0 or more); a probability for a binary stain.

    Raises
    ------
    FileNotFoundError, ValueError
        When the file is not there or no model of a stain; when the planes are not what it was trained on: another
        number, bit depth or pixel size, NaN, or one value in all pixels.
    """
    network = load_label_model(Path(model)) if isinstance(model, str | Path) else model
    record = record_of(network)
    checked = checked_planes(planes, source=source)
    check_fits(checked, record=record, pixel_size_um=pixel_size_um, source=source)

    if not 1 <= views <= 8:
        raise InputError(f"views: expected 1 to 8, got {views}.")
    trained = value_of(network)

    def maps(batch: NDArray[np.float32]) -> Any:
        """The value of a batch of tiles, in units of `StainScale.value`."""
        return np.mean([_seen(trained, batch, view=view) for view in range(views)], axis=0)

    value = map_of_image(
        maps,
        checked,
        margin_px=margin_px(network),
        step_px=step_px(network),
        tile_px=tile_px,
        batch_size=batch_size,
        origin_px=origin_px,
    )
    return stain_scale_of(network).intensity(value)


def _seen(network: keras.Model, batch: NDArray[np.float32], *, view: int) -> NDArray[np.float32]:
    """The map of a turned batch (quarter turns, the odd views mirrored), turned back. Its grid of poolings is the same,
    as sides are multiples of it.
    """
    turns, is_mirrored = divmod(view, 2)
    turned = np.rot90(batch, turns, axes=(1, 2))
    turned = turned[:, :, ::-1] if is_mirrored else turned
    found = keras.ops.convert_to_numpy(network(np.ascontiguousarray(turned), training=False))
    found = found[:, :, ::-1] if is_mirrored else found
    back: NDArray[np.float32] = np.rot90(found, -turns, axes=(1, 2))
    return back
