"""What an architecture says of itself."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wellspring.methods import Method
from wellspring.models.specification import Specification

if TYPE_CHECKING:
    import keras

__all__ = ["PLACE", "Architecture", "learning_rate"]

PLACE = "wellspring.models.architectures"
"""Package of the architectures, each in a module of its own name."""


@dataclass(frozen=True, kw_only=True)
class Architecture(Method):
    """An architecture, declared as `METHOD` in the module of its name in `wellspring.models.architectures`.

    Attributes
    ----------
    build : function of the specification
        Makes a Keras model with fresh weights.
    min_image_size : int
        Smallest image that its poolings leave anything of, px.
    """

    build: "Callable[[Specification], keras.Model]"
    min_image_size: int


def learning_rate(default: float) -> dict[str, dict[str, Any]]:
    """The setting that every architecture has, under ``training.learning_rate``, with a default of its own."""
    description = "Learning rate of Adam, in standard deviations of the training targets."
    return {"learning_rate": {"type": "number", "exclusiveMinimum": 0, "default": default, "description": description}}
