"""labelling: stains predicted from transmitted light, for what they may be used, and when not.

Keras is imported when a model is loaded or used, not when this package is.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["load_label_model", "predict_image", "unfamiliarity"]


def predict_image(
    model: "keras.Model | Path | str", planes: "NDArray[np.number]", *, pixel_size_um: float | None = None, **tiles: Any
) -> "NDArray[np.float32]":
    """The stain of one field, (Y, X) float32 in the target's unit. See `wellspring.labelling.predict.predict_image`."""
    from wellspring.labelling import predict

    return predict.predict_image(model, planes, pixel_size_um=pixel_size_um, **tiles)


def load_label_model(path: Path) -> "keras.Model":
    """Load a saved model of a stain, with its scaling. See `wellspring.labelling.network.load_label_model`."""
    from wellspring.labelling import network

    return network.load_label_model(path)


def unfamiliarity(model: "keras.Model", planes: "NDArray[np.number]") -> float | None:
    """How far (P, Y, X) light is from that of the training fields; above 1: unlike it. See
    `wellspring.labelling.familiarity.unfamiliarity`.
    """
    from wellspring.labelling import familiarity

    return familiarity.unfamiliarity(model, planes)
