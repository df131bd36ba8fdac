"""Colours and words of the regimes of training."""

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["REGIME_COLORS", "REGIME_WORDS"]

REGIME_COLORS: Mapping[str, str] = MappingProxyType({"color-structure": "#0072B2", "structure": "#E69F00"})
REGIME_WORDS: Mapping[str, str] = MappingProxyType(
    {"color-structure": "intensities as measured", "structure": "intensities shifted at random"}
)
