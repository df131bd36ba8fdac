"""How nuclei are found, by the names that the config gives the methods: ``segmentation.method``."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wellspring.errors import InputError
from wellspring.methods import Method

if TYPE_CHECKING:
    from wellspring.segmentation.thresholds import Threshold

__all__ = ["METHODS", "NucleusMethod", "nucleus_method"]


@dataclass(frozen=True, kw_only=True)
class NucleusMethod(Method):
    """A method by its name; `threshold` takes the method's own settings."""

    threshold: Callable[..., "Threshold"]


def _otsu() -> "Threshold":
    from wellspring.segmentation.thresholds import Otsu

    return Otsu()


def _multi_otsu(*, n_classes: int) -> "Threshold":
    from wellspring.segmentation.thresholds import MultiOtsu

    return MultiOtsu(n_classes=n_classes)


def _local(*, radius_diameters: float) -> "Threshold":
    from wellspring.segmentation.thresholds import LocalMidpoint

    return LocalMidpoint(radius_diameters=radius_diameters)


_FILES = {"oneOf": [{"type": "null"}, {"type": "string", "minLength": 1}], "default": None}

METHODS = (
    NucleusMethod(
        name="log_otsu",
        meaning="Otsu threshold of the log intensity, a watershed that splits touching nuclei, outlines at half of "
        "their height",
        threshold=_otsu,
    ),
    NucleusMethod(
        name="log_multi_otsu",
        meaning="the same with several classes of intensity, for very bright and very dim nuclei in one field",
        settings={
            "n_classes": {
                "description": "Classes of intensity.",
                "type": "integer",
                "minimum": 3,
                "maximum": 5,
                "default": 3,
            }
        },
        threshold=_multi_otsu,
    ),
    NucleusMethod(
        name="log_local",
        meaning="the same, then a threshold halfway between the stain and the background nearby, for uneven "
        "illumination",
        settings={
            "radius_diameters": {
                "description": "Radius in which the background is measured, in diameters of a typical nucleus.",
                "unit": "nucleus diameters",
                "type": "number",
                "exclusiveMinimum": 0,
                "default": 2.0,
            }
        },
        threshold=_local,
    ),
    NucleusMethod(
        name="unet",
        meaning="a small network whose weights are part of wellspring, for crowded nuclei, and very bright and very "
        "dim ones together; docs/segmentation.md",
        settings={
            "weights": {
                **_FILES,
                "description": "File of other weights (.npz). null = those that are part of wellspring.",
            }
        },
        # Of nuclei that no network sees: its labels come from a rule of its own.
        threshold=_otsu,
    ),
    NucleusMethod(
        name="given",
        meaning="label images of another program (TIFF, OME-TIFF, PNG); docs/segmentation.md",
        settings={
            "pattern": {
                **_FILES,
                "description": 'Label images of the cells, for instance "{well}_s{site}_cells.tif", with the parts of '
                "raw.pattern. null = none; cells grow from the nuclei by segmentation.cells.",
            },
            "nuclei": {
                **_FILES,
                "description": "Label images of the nuclei, in the same form. null = none; nuclei are found in "
                "nucleus_channel as by log_otsu, and where that is null too, cells have none.",
            },
            "folder": {
                **_FILES,
                "description": "Folder of the label images; {plate} and {well} in it are replaced. null = that of the "
                "well's images.",
            },
        },
        # Of nuclei that are found where only cells are given.
        threshold=_otsu,
    ),
)
"""Each method declared once: schema and messages follow."""


def nucleus_method(name: str) -> NucleusMethod:
    """The method behind ``segmentation.method``.

    Raises
    ------
    ValueError
        When there is no such method.
    """
    found = {one.name: one for one in METHODS}
    if name not in found:
        raise InputError(f"segmentation.method: expected one of {sorted(found)}, got {name!r}.")
    return found[name]
