"""Wells as points that show their image when they are pointed at: part of the page, without any script."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.profiling.fields import Fields
from wellspring.profiling.tables import THUMBNAILS
from wellspring.report.well_maps import Plane, Point, WellMaps
from wellspring.report.style import NEUTRAL, color_of

__all__ = ["thumbnail", "thumbnails", "well_maps"]

# Channel places to red, green, blue; the thesis' figures merge actin, borders and nuclei so.
_COLORS = 3
_SHAPES = ("round", "square", "diamond")
_MARGIN = 4.0
_SIZE_PX = 128
_PLANES = {"pc": "principal components", "umap": "UMAP", "tsne": "t-SNE"}


def thumbnail(image: NDArray[np.uint16], *, size_px: int) -> str:
    """The first three channels of a field in red, green and blue, each from its 1st to its 99.5th percentile.

    Parameters
    ----------
    image : (C, Y, X) uint16

    Returns
    -------
    str
        PNG as base64. One channel alone is grey.
    """
    planes = []
    for plane in image[:_COLORS].astype(np.float32):
        low, high = np.percentile(plane, [1, 99.5])
        scaled = np.clip((plane - low) / max(float(high - low), 1e-6), 0, 1)
        planes.append(cv2.resize(scaled, (size_px, size_px), interpolation=cv2.INTER_AREA))
    while len(planes) < _COLORS:
        planes.append(planes[0] if len(image) == 1 else np.zeros_like(planes[0]))
    # OpenCV writes blue first.
    pixels = np.rint(255 * np.stack(planes[::-1], axis=-1)).astype(np.uint8)
    _, encoded = cv2.imencode(".png", pixels)
    return base64.b64encode(encoded.tobytes()).decode("ascii")


def thumbnails(fields: Fields) -> pd.DataFrame:
    """Table `THUMBNAILS`: the first field of each well."""
    first = fields.keys.drop_duplicates(["plate", "well"])
    png = [thumbnail(fields.images[row], size_px=_SIZE_PX) for row in first.index]
    return first.assign(png=png)[THUMBNAILS.names].reset_index(drop=True)


def well_maps(
    clusters: pd.DataFrame, pictures: pd.DataFrame, *, titles: Mapping[str, str], annotations: pd.DataFrame
) -> WellMaps:
    """The wells of each method in the planes of principal components, UMAP and t-SNE.

    Parameters
    ----------
    clusters
        Table `CLUSTERS` of all methods.
    pictures
        Table `THUMBNAILS`.
    titles
        Words for the methods.
    annotations
        Columns plate, well and what is told of a well when it is pointed at.
    """
    labels, plates = sorted(set(clusters["label"])), sorted(set(clusters["plate"]))
    number = {key: row for row, key in enumerate(zip(pictures["plate"], pictures["well"], strict=True))}
    told = {
        (str(row["plate"]), str(row["well"])): _words({str(name): value for name, value in row.items()})
        for row in annotations.drop(columns=["sample", "label"]).to_dict("records")
    }
    planes = []
    for method in dict.fromkeys(clusters["method"]):
        own = clusters[clusters["method"] == method]
        for pair, words in _PLANES.items():
            places = _percent(own[[f"{pair}_1", f"{pair}_2"]].to_numpy(dtype=np.float64))
            points = [
                Point(
                    left=round(float(x), 1),
                    top=round(float(100 - y), 1),
                    color=color_of(str(row.label), names=labels),
                    shape=_SHAPES[plates.index(str(row.plate)) % len(_SHAPES)],
                    image=number.get((str(row.plate), str(row.well)), -1),
                    words=told[str(row.plate), str(row.well)],
                )
                for row, (x, y) in zip(own.itertuples(), places, strict=True)
                if np.isfinite(x) and np.isfinite(y)
            ]
            planes.append(Plane(f"{titles.get(method, method)}: {words}", points))
    return WellMaps(
        title="Which image is which point",
        name="wells",
        images=pictures["png"].tolist(),
        colors=[(label, color_of(label, names=labels)) for label in labels] or [("none", NEUTRAL)],
        shapes=[(plate, _SHAPES[place % len(_SHAPES)]) for place, plate in enumerate(plates)],
        planes=planes,
        caption="Point at a well (or press the tab key until you reach it) to see one of its fields: first channel "
        "red, second green, third blue. Every method was fitted with all samples here. Axes have no unit; in UMAP and "
        "t-SNE only close neighbours mean something. As a figure: profiles_by_label.svg.",
    )


def _words(row: Mapping[str, object]) -> str:
    more = [f"{name} {value}" for name, value in row.items() if name not in ("plate", "well")]
    return f"{row['plate']} {row['well']}: {', '.join(more)}"


def _percent(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Places scaled to `_MARGIN` to 100 - `_MARGIN` percent along each axis; NaN stays."""
    known = places[np.isfinite(places).all(axis=1)]
    if not len(known):
        return places
    low, span = known.min(axis=0), np.ptp(known, axis=0)
    return np.asarray(_MARGIN + (100 - 2 * _MARGIN) * (places - low) / np.where(span > 0, span, 1))
