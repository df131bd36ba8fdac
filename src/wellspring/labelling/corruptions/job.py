"""The job of the workflow: held-out fields of one stain under corrupted light. Imports Keras."""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.labelling.corruptions.curves import SweptField
from wellspring.labelling.corruptions.kinds import light_of
from wellspring.labelling.corruptions.study import Stability, chosen_fields, stability_of
from wellspring.labelling.drift.job import read_embeddings
from wellspring.labelling.drift.space import distance, distance_limit, fit_space, projected
from wellspring.labelling.drift.tables import embedding_columns
from wellspring.labelling.embeddings.bottleneck import bottleneck_of, field_embedding
from wellspring.labelling.measuring_well import read_about
from wellspring.labelling.network import load_label_model, step_px
from wellspring.labelling.objects import field_numbers
from wellspring.labelling.optics import Microscope
from wellspring.labelling.predict import predict_image
from wellspring.labelling.tables import LABELLING_SPLITS
from wellspring.labelling.well_images import fields_of_well
from wellspring.raw.index import WellIndex
from wellspring.segmentation.nuclei import segment_nuclei
from wellspring.tables import read_table

__all__ = ["stability_of_stain"]

# A field farther from the training fields than one in so many of them gives an alarm.
_ONE_IN = 100.0


def stability_of_stain(
    wells: Sequence[WellIndex],
    *,
    files: Mapping[str, Path],
    embeddings: Sequence[Path],
    stain: str,
    light: Sequence[str],
    offset: float,
    stability: Mapping[str, Any],
    off: float,
    tile_px: int,
    seed: int,
) -> Stability:
    """Corrupt held-out fields (those that trained nothing), predict the stain and count its nuclei.

    Parameters
    ----------
    files
        ``model`` of the stain, ``embedder`` (the network of the embeddings), ``about`` and ``splits`` of the stain.
    embeddings
        Tables of the embeddings of all wells, of which those of training wells make the space.
    stability
        The block ``labelling.stability`` of the config.

    Raises
    ------
    ValueError
        When no well is held out, or a corruption cannot be: bright field in focus alone cannot be moved out of focus.
    """
    splits = read_table(files["splits"], LABELLING_SPLITS)
    trained = set(zip(*(splits.loc[splits["split"] == "train", name] for name in ("plate", "well")), strict=True))
    held = set(zip(splits["plate"], splits["well"], strict=True)) - trained
    if not held:
        raise InputError(
            f"labelling.stability: no well with the stain {stain} is held out. Name some test in the sheet."
        )
    known = {(one.plate, one.well): one for one in wells}
    fields = [
        SweptField(f"{key[0]}/{key[1]}/{site}", "/".join(key), np.asarray(one.planes))
        for key in sorted(held)
        for site, one in fields_of_well(known[key], light=light, stain=None)
    ]
    fields = chosen_fields(fields, n=int(stability["fields"]))
    about, model = read_about(files["about"]), load_label_model(files["model"])
    pixel_um = known[sorted(held)[0]].pixel_size_um or 1.0
    microscope = Microscope(
        contrast=stability["contrast"],
        pixel_um=pixel_um,
        aperture=float(stability["aperture"]),
        condenser_aperture=float(stability["condenser_aperture"]),
    )
    training = next(iter(trained))
    plate = [one.planes for _, one in fields_of_well(known[training], light=light, stain=None)]
    places = tuple(float(one) for one in stability["planes_um"]) or tuple(0.0 for _ in light)
    lamp = light_of(np.stack(plate), offset=offset, microscope=microscope, planes_um=places)
    alarm = _alarm(files["embedder"], embeddings, trained=trained, tile_px=tile_px)

    def measure(field: SweptField, planes: NDArray[np.uint16]) -> dict[str, float]:
        """Numbers of the predicted nuclei, and whether the alarm sounds; black or saturated light has no nuclei."""
        if np.ptp(planes) == 0:
            return {"count": 0.0, "area": math.nan, "mean": math.nan, "alarm": 1.0 if alarm else math.nan}
        given = planes.astype(field.planes.dtype)
        # As the file of predicted stains holds it: far from the training light a network may overflow.
        predicted = np.clip(predict_image(model, given, source=field.name), 0, 65535)
        numbers = field_numbers(segment_nuclei(predicted), predicted, background=about.scale.background)
        return {name: numbers[name] for name in ("count", "area", "mean")} | {
            "alarm": alarm(given) if alarm else math.nan
        }

    return stability_of(fields, stain=stain, kinds=stability["kinds"], light=lamp, measure=measure, off=off, seed=seed)


def _alarm(
    embedder: Path, embeddings: Sequence[Path], *, trained: set[tuple[str, str]], tile_px: int
) -> Callable[[NDArray[np.number]], float] | None:
    """A function of planes: 1 where their embedding is farther from the training fields than their limit, else 0. None
    where the training fields are too few for a limit.
    """
    table = read_embeddings(embeddings)
    names = embedding_columns(list(table.columns))
    is_training = [key in trained for key in zip(table["plate"], table["well"], strict=True)]
    try:
        space = fit_space(table.loc[is_training, names].to_numpy())
    except InputError as error:
        print(f"no alarm: {error}")
        return None
    limit = distance_limit(space, expected_run=_ONE_IN)
    network = load_label_model(embedder)
    bottleneck, step = bottleneck_of(network), step_px(network)

    def alarm(planes: NDArray[np.number]) -> float:
        """1 where the field's embedding is beyond the limit, else 0."""
        side = min(tile_px, *(length // step * step for length in planes.shape[1:]))
        found = field_embedding(bottleneck, planes, tile_px=side)
        return float(distance(projected(space, found[None]))[0] > limit)

    return alarm
