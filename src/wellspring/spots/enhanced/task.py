"""What the network for spots is called, and from which height on a mark counts."""

from collections.abc import Sequence

__all__ = ["TASK", "least_mark_of"]

TASK = "spots"
# A mark counts from this height on, the best of 0.4 to 0.9 on fields drawn as for training, of other seeds.
# Marks of a stack are averaged along z, which lowers them.
_LEAST_MARK, _LEAST_MARK_3D = 0.7, 0.5


def least_mark_of(shape: Sequence[int]) -> float:
    """The least height of a mark that is a spot, 0 to 1, in an image of this shape: 0.7 in a plane, 0.5 in a stack."""
    return _LEAST_MARK_3D if len(shape) == 3 and shape[0] > 1 else _LEAST_MARK
