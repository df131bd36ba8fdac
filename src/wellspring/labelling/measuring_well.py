"""The fields of a well: numbers of the predicted stains, agreement where the well was stained, an example."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.files import as_readable
from wellspring.labelling.measuring import measures_of_field
from wellspring.labelling.scaling import StainScale
from wellspring.labelling.tables import LABELLING_FIELDS
from wellspring.labelling.well_images import PROBABILITY, fields_of_well, read_predicted
from wellspring.raw.index import WellIndex
from wellspring.tables import empty_table

__all__ = ["About", "measure_well", "read_about"]

_EXAMPLE_PX = 256


@dataclass(frozen=True)
class About:
    """What the training fields say of a stain: scale, threshold, bright end (camera counts)."""

    scale: StainScale
    threshold: float
    brightest: float


def read_about(path: Path) -> About:
    """What `wellspring.labelling.job.train_stain` wrote."""
    with as_readable(path, expected="the scale of a stain"):
        known = json.loads(path.read_text(encoding="utf-8"))
        return About(StainScale(**known["scale"]), float(known["threshold"]), float(known["brightest"]))


def measure_well(
    well: WellIndex,
    predicted: Path,
    *,
    light: Sequence[str],
    stains: Sequence[str],
    about: Sequence[About],
    steps: Sequence[Mapping[str, Any]] = (),
) -> tuple[pd.DataFrame, dict[str, NDArray[Any]]]:
    """Measure all fields of a well.

    Returns
    -------
    DataFrame
        Table `LABELLING_FIELDS`.
    dict of str to array
        Of the first site, at most 256 px a side: ``light``, and ``predicted_<stain>`` and ``measured_<stain>``.
    """
    images = dict(read_predicted(predicted))
    rows: list[dict[str, Any]] = []
    example: dict[str, NDArray[Any]] = {}
    for number, (stain, known) in enumerate(zip(stains, about, strict=True)):
        is_measured = stain in well.channels
        fields = list(fields_of_well(well, light=light, stain=stain if is_measured else None, steps=steps))
        for place, (site, field) in enumerate(fields):
            found: NDArray[Any] = images[site][number]
            if known.scale.kind == "mask":
                found = found / PROBABILITY
            other = fields[(place + 1) % len(fields)][1].stain if len(fields) > 1 else None
            numbers = measures_of_field(
                found,
                _as_target(field.stain, known),
                field.planes,
                scale=known.scale,
                threshold=known.threshold,
                brightest=known.brightest,
                other=_as_target(other, known),
            )
            key = {"plate": well.plate, "well": well.well, "site": site, "stain": stain, "is_measured": is_measured}
            rows.append({**key, **numbers, "pixel_size_um": field.pixel_size_um or math.nan})
            if place == 0:
                example["light"] = _cut(field.planes[0])
                example[f"predicted_{stain}"] = _cut(found)
                if field.stain is not None:
                    example[f"measured_{stain}"] = _cut(field.stain)
    table = pd.DataFrame(rows, columns=LABELLING_FIELDS.names) if rows else empty_table(LABELLING_FIELDS)
    return table, example


def _as_target(stain: NDArray[Any] | None, about: About) -> NDArray[Any] | None:
    """A binary stain is compared as such."""
    if stain is None or about.scale.kind != "mask":
        return stain
    return (stain >= about.threshold).astype(np.float32)


def _cut(image: NDArray[Any]) -> NDArray[Any]:
    """The middle of an image, at most 256 px a side."""
    y, x = (max(length - _EXAMPLE_PX, 0) // 2 for length in image.shape)
    return image[y : y + _EXAMPLE_PX, x : x + _EXAMPLE_PX]
