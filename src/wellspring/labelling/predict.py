"""The stain of a field, tile by tile."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from wellspring.labelling.images import check_fits, checked_planes
from wellspring.labelling.network import load_label_model, margin_px, record_of, step_px
from wellspring.models.tiling import map_of_image

__all__ = ["predict_image"]

# Side of the kept middle of a tile. With margins, a batch of one then needs about 0.6 GB.
_TILE_PX = 512


def predict_image(
    model: keras.Model | Path | str,
    planes: NDArray[np.number],
    *,
    pixel_size_um: float | None = None,
    tile_px: int = _TILE_PX,
    batch_size: int = 1,
    origin_px: tuple[int, int] = (0, 0),
    source: str = "planes",
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

    def maps(batch: NDArray[np.float32]) -> Any:
        return keras.ops.convert_to_numpy(network(batch, training=False))

    return map_of_image(
        maps,
        checked,
        margin_px=margin_px(network),
        step_px=step_px(network),
        tile_px=tile_px,
        batch_size=batch_size,
        origin_px=origin_px,
    )
