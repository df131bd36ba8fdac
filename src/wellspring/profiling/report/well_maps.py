"""Wells as points that show their image when they are pointed at: part of the page, without any script."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.report.style import NEUTRAL, color_of
from wellspring.report.well_maps import Plane, Point, WellMaps

__all__ = ["PLANES", "shown_planes", "well_maps"]

_SHAPES = ("round", "square", "diamond")
_MARGIN = 4.0
PLANES = {"pc": "principal components", "umap": "UMAP", "tsne": "t-SNE"}


def shown_planes(clusters: pd.DataFrame) -> dict[str, str]:
    """The planes that have points, and their names: few wells have no UMAP and no t-SNE."""
    return {pair: words for pair, words in PLANES.items() if pair == "pc" or clusters[f"{pair}_1"].notna().any()}


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
        Titles of the embeddings.
    annotations
        Columns plate, well and what is shown of a well when it is pointed at.
    """
    labels, plates = sorted(set(clusters["label"])), sorted(set(clusters["plate"]))
    number = {key: row for row, key in enumerate(zip(pictures["plate"], pictures["well"], strict=True))}
    texts = {
        (str(row["plate"]), str(row["well"])): _words({str(name): value for name, value in row.items()})
        for row in annotations.drop(columns=["sample", "label"]).to_dict("records")
    }
    planes = []
    for method in dict.fromkeys(clusters["method"]):
        own = clusters[clusters["method"] == method]
        for pair, words in shown_planes(clusters).items():
            indices = _percent(own[[f"{pair}_1", f"{pair}_2"]].to_numpy(dtype=np.float64))
            points = [
                Point(
                    left=round(float(x), 1),
                    top=round(float(100 - y), 1),
                    color=color_of(str(row.label), names=labels),
                    shape=_SHAPES[plates.index(str(row.plate)) % len(_SHAPES)],
                    image=number.get((str(row.plate), str(row.well)), -1),
                    words=texts[str(row.plate), str(row.well)],
                )
                for row, (x, y) in zip(own.itertuples(), indices, strict=True)
                if np.isfinite(x) and np.isfinite(y)
            ]
            planes.append(Plane(f"{titles.get(method, method)}: {words}", points))
    return WellMaps(
        title="Which image is which point",
        name="wells",
        images=pictures["png"].tolist(),
        colors=[(label, color_of(label, names=labels)) for label in labels] or [("none", NEUTRAL)],
        shapes=[(plate, _SHAPES[index % len(_SHAPES)]) for index, plate in enumerate(plates)],
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
