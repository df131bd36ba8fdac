"""Which weights the network for spots takes."""

from pathlib import Path

__all__ = ["SHIPPED_WEIGHTS", "TASK"]

TASK = "spots"
SHIPPED_WEIGHTS = Path(__file__).parent / "shipped" / "spots.npz"
"""The weights that are part of wellspring."""
