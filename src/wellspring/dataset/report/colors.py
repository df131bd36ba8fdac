"""Colours of what the dataset calls its cells: splits and levels of the target."""

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["LEVEL_COLORS", "SPLIT_COLORS"]

SPLIT_COLORS: Mapping[str, str] = MappingProxyType({"train": "#0072B2", "validation": "#E69F00", "test": "#009E73"})
LEVEL_COLORS: Mapping[str, str] = MappingProxyType({"low": "#56B4E9", "medium": "#8C8C8C", "high": "#D55E00"})
