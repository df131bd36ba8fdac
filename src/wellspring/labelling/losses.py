"""Losses between predicted and true values of a stain, by name."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from keras import ops

from wellspring.errors import InputError

__all__ = ["LOSSES", "asymmetric", "bce", "gradient", "loss_named", "mse", "pearson", "spotlight"]

# How much more a missed signal counts than an invented one.
_MISSED = 4.0
# Share of the squared error in Spotlight, and the bend of its soft threshold (Kalinin 2025, as VisCy sets them).
_SHARE, _BEND = 0.5, -0.95
_SMALL = 1e-7

Loss = Callable[[Any, Any], Any]


def mse(true: Any, found: Any) -> Any:
    """Mean squared error over all pixels of the batch."""
    return ops.mean(ops.square(found - true))


def pearson(true: Any, found: Any) -> Any:
    """(1 - r) / 2 over all pixels of the batch (LaChance and Cohen 2020); 0.5 where one of the two is constant."""
    first, second = true - ops.mean(true), found - ops.mean(found)
    product = ops.mean(first * second)
    return (1 - product / (ops.sqrt(ops.mean(ops.square(first)) * ops.mean(ops.square(second))) + _SMALL)) / 2


def bce(true: Any, found: Any) -> Any:
    """Binary cross-entropy of probabilities, clipped at 1e-7."""
    kept = ops.clip(found, _SMALL, 1 - _SMALL)
    return -ops.mean(true * ops.log(kept) + (1 - true) * ops.log(1 - kept))


def asymmetric(true: Any, found: Any) -> Any:
    """Squared error that counts fourfold where the stain is predicted too low (Pankova 2022, section 3.4.3.1).

    The source shows the effect and no formula. Sparse bright structures are few of all pixels, so that a squared error
    alone is content with none of them.
    """
    weight = ops.where(found < true, _MISSED, 1.0)
    return ops.mean(weight * ops.square(found - true))


def gradient(true: Any, found: Any) -> Any:
    """Squared error of the values and of their differences between neighbours (Pankova 2022, section 3.4.3.2)."""
    error = found - true
    down, right = error[:, 1:] - error[:, :-1], error[:, :, 1:] - error[:, :, :-1]
    return mse(true, found) + ops.mean(ops.square(down)) + ops.mean(ops.square(right))


def spotlight(true: Any, found: Any, *, threshold: float) -> Any:
    """Squared error inside the stain and Dice of its outline, half each (Kalinin 2025).

    Values are taken from the threshold, and softly thresholded: clip((x - k x) / (k - 2 k |x| + 1), 0, 1), k = -0.95.
    Squared error alone where nothing or everything is stained.

    Parameters
    ----------
    threshold
        Otsu's over the training fields, in units of the network's value.
    """
    mask = ops.cast(true >= threshold, "float32")
    n_stained, n_all = ops.sum(mask), float(1) * ops.sum(ops.ones_like(mask))
    inside = ops.sum(mask * ops.square(found - true)) / ops.maximum(n_stained, 1.0)
    above = ops.clip(found - threshold, -1.0, 1.0)
    soft = ops.clip((above - _BEND * above) / (_BEND - 2 * _BEND * ops.abs(above) + 1), 0.0, 1.0)
    dice = (2 * ops.sum(soft * mask) + _SMALL) / (ops.sum(soft) + n_stained + _SMALL)
    both = _SHARE * inside + (1 - _SHARE) * (1 - dice)
    is_mixed = ops.logical_and(n_stained > 0, n_stained < n_all)
    return ops.where(is_mixed, both, mse(true, found))


LOSSES: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        "mse": mse,
        "pearson": pearson,
        "bce": bce,
        "asymmetric": asymmetric,
        "gradient": gradient,
        "spotlight": spotlight,
    }
)


def loss_named(name: str, *, target: str, threshold: float) -> Loss:
    """The loss of a training.

    Raises
    ------
    ValueError
        When there is no such loss, or binary cross-entropy is asked for of intensities.
    """
    if name not in LOSSES:
        raise InputError(f"loss: expected one of {sorted(LOSSES)}, got {name!r}.")
    if name == "bce" and target != "mask":
        raise InputError("loss: bce needs a binary stain, target mask; choose another loss, or that target.")
    if name != "spotlight":
        return LOSSES[name]

    def of_threshold(true: Any, found: Any) -> Any:
        """Spotlight with the threshold of the training fields."""
        return spotlight(true, found, threshold=threshold)

    return of_threshold
