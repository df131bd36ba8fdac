"""A plate's illumination kept from the last run, where its images say the same within its own error."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from wellspring.errors import InputError
from wellspring.quality.correction import Correction
from wellspring.quality.images import Illumination, read_illumination, relative_difference

__all__ = ["change_of_images", "correction_of", "illumination_before", "kept_notes", "kept_where_alike"]


def illumination_before(path: Path) -> Mapping[str, Illumination]:
    """What the last run wrote to `path`; nothing where there is no such file, or one of another version."""
    try:
        return read_illumination(path) if path.is_file() else {}
    except InputError as error:
        print(f"the illumination of the last run is not kept: {error}")
        return {}


def kept_where_alike(
    found: Mapping[str, Illumination], before: Mapping[str, Illumination], *, settings: Mapping[str, Any]
) -> dict[str, Illumination]:
    """The functions of a plate, those of `before` where the images now say the same within the functions' own error.

    A well that is replaced, comes or goes then changes nothing in the images of the plate's other wells.

    Parameters
    ----------
    found
        From the plate's images as they are now.
    before
        Those of the last time; empty the first time.
    settings
        All that the function depends on apart from the images, the digest of the code included. A function that was
        made with others is not kept.
    """
    made_with = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:16]
    result = {}
    for name, one in found.items():
        old = before.get(name)
        is_comparable = old is not None and old.made_with == made_with and old.function.shape == one.function.shape
        result[name] = replace(one, made_with=made_with)
        if old is not None and is_comparable and one.is_applied and old.is_applied:
            change = change_of_images(one, old)
            if change <= one.error:
                kept = replace(result[name], function=old.function, offset=old.offset)
                result[name] = replace(kept, change=change if change > 0 else None)
    return result


def change_of_images(one: Illumination, old: Illumination) -> float:
    """By what share an image of median intensity differs when corrected with `one` instead of `old`.

    Both have a function f and an offset o; a pixel I becomes o + f (I - o). The difference is relative to the light
    above the offset in the image that `old` gives, root mean square over the field. With the same offset it is that of
    the functions. Infinite where one offset is known and the other is not, or where the median is no brighter than the
    offset.
    """
    if math.isnan(one.offset) != math.isnan(old.offset):
        return math.inf
    offset, offset_before = (0.0 if math.isnan(each.offset) else each.offset for each in (one, old))
    light = one.middle - offset_before
    if offset == offset_before:
        return relative_difference(one.function, old.function)
    if light <= 0:
        return math.inf
    now = offset + one.function * (one.middle - offset)
    before = offset_before + old.function * light
    return float(np.sqrt(np.mean(((now - before) / (old.function * light)) ** 2)))


def correction_of(found: Mapping[str, Illumination]) -> Correction:
    """What images are corrected with: functions from enough images, and offsets that are known."""
    applied = {name: one for name, one in found.items() if one.is_applied}
    offsets = {name: one.offset for name, one in applied.items() if one.offset > 0}
    return Correction({name: one.function for name, one in applied.items()}, offsets=offsets)


def kept_notes(found: Mapping[str, Illumination], *, plate: str) -> list[str]:
    """A line on each channel of a plate whose function was kept."""
    return [
        f"NOTE plate {plate}, channel {name}: the illumination is kept; that of the images now differs by "
        f"{one.change:.2%}, less than its own error of {one.error:.2%}"
        for name, one in found.items()
        if one.change is not None
    ]
