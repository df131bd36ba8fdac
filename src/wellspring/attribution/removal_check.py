"""Whether retrained models keep a channel. Standard library only."""

from collections.abc import Sequence

__all__ = ["removal_mistakes"]


def removal_mistakes(removed: Sequence[int], *, n_inputs: int) -> list[str]:
    """What is wrong with the numbers of channels that are removed before retraining; no line when all are possible.

    Parameters
    ----------
    removed
        ``attribution.validation.roar.channels``.
    n_inputs
        Channels that a model sees.
    """
    too_many = [n for n in removed if n >= n_inputs]
    if not too_many:
        return []
    return [
        f"attribution.validation.roar.channels: expected numbers below {n_inputs}, the number of channels that a model "
        f"sees, got {too_many}"
    ]
