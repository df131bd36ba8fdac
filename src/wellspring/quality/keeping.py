"""A plate's illumination kept from the last run, where its images say the same within its own error."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from wellspring.errors import InputError
from wellspring.quality.images import Illumination, read_illumination, relative_difference

__all__ = ["illumination_before", "kept_where_alike"]


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
            change = relative_difference(one.function, old.function)
            if 0 < change <= one.error:
                result[name] = replace(result[name], function=old.function, change=change)
    return result
