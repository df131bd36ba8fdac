"""spots: images become tables of spots."""

from importlib import import_module
from typing import Any

__all__ = ["Detection", "detect_spots", "detect_with_threshold"]


def __getattr__(name: str) -> Any:
    """Public names are loaded when they are asked for: drawing a table does without the detection."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.detection"), name)
