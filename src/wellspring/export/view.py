"""The images, labels and spots of a well as layers for napari; napari itself is imported where they are shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.raw.images import SiteImage, read_sites
from wellspring.raw.index import read_index
from wellspring.report.channel_colors import channel_colors
from wellspring.segmentation.labels import read_labels
from wellspring.spots.tables import WELL_SPOTS
from wellspring.tables import read_table

__all__ = ["ViewLayer", "show", "view_layers"]

_CONTRAST = (1.0, 99.8)
_SPOT_PX = 5.0
# Folders of labels in that of the segmentation.
_LABELS = {"nuclei": "", "cells": "cells"}


@dataclass(frozen=True)
class ViewLayer:
    """One layer: ``image``, ``labels`` or ``points``, its data and the options of napari's ``add_<kind>``."""

    kind: Literal["image", "labels", "points"]
    data: NDArray[Any]
    options: Mapping[str, Any] = field(default_factory=dict)


def view_layers(results: Path, *, plate: str, well: str, projection: str = "max") -> list[ViewLayer]:
    """The layers of a well: an image per channel, labels of nuclei and cells, spots per channel.

    All sites are there, along the first axis, in the order of the well's index; smaller ones are filled with 0. A site
    that was left out has no labels. Lengths are in µm where the side of a pixel is known, else in px.

    Parameters
    ----------
    results
        Folder of the results; paths of raw files in it are relative to where the workflow was run.
    plate, well
        Names.
    projection
        Of the planes of a stack: max or mean.

    Raises
    ------
    FileNotFoundError, InputError
        When the well has no index, or a file is not what it should be.
    """
    index = read_index(results / "raw" / plate / f"{well}.json")
    sites = list(read_sites(index, projection=projection))
    if not sites:
        raise InputError(f"{plate}/{well}: expected sites to show, got none: {index.left_out or 'the well is empty'}.")
    names = [site.site for site in sites]
    pixel = index.pixel_size_um or 1.0
    common = {"scale": (1.0, pixel, pixel), "units": ("pixel", *["um" if index.pixel_size_um else "pixel"] * 2)}
    layers = _images(sites, common=common)
    shape = layers[0].data.shape[1:]
    for kind, folder in _LABELS.items():
        path = results / "segmentation" / folder / plate / f"{well}.ome.tif"
        if path.is_file():
            found = read_labels(path, of_well=True)
            stack = np.stack([_filled(found[one] if one in found else np.zeros((0, 0)), shape) for one in names])
            layers.append(ViewLayer("labels", stack.astype(np.uint32), {"name": kind, "opacity": 0.35, **common}))
    path = results / "spots" / plate / f"{well}.parquet"
    if path.is_file():
        layers += _points(read_table(path, WELL_SPOTS, of_well=True), names=names, common=common)
    return layers


def _images(sites: Sequence[SiteImage], *, common: Mapping[str, Any]) -> list[ViewLayer]:
    colors = channel_colors(sites[0].channels, nuclei=None)
    shape = (max(one.image.shape[1] for one in sites), max(one.image.shape[2] for one in sites))
    found = []
    for number, name in enumerate(sites[0].channels):
        stack = np.stack([_filled(one.image[number], shape) for one in sites])
        low, high = (float(one) for one in np.percentile(stack, _CONTRAST))
        options = {
            "name": name,
            "colormap": colors[name],
            "blending": "additive",
            "contrast_limits": (low, max(high, low + 1)),
        }
        found.append(ViewLayer("image", stack, {**options, **common}))
    return found


def _filled(image: NDArray[Any], shape: Sequence[int]) -> NDArray[Any]:
    """The image in the upper left of one of `shape`, 0 elsewhere."""
    found = np.zeros(shape, image.dtype)
    found[: image.shape[0], : image.shape[1]] = image
    return found


def _points(spots: pd.DataFrame, *, names: Sequence[str], common: Mapping[str, Any]) -> list[ViewLayer]:
    place = {name: number for number, name in enumerate(names)}
    found = []
    for channel, own in spots.groupby("channel", sort=False):
        data = np.column_stack([own["site"].map(place), own["y_px"], own["x_px"]]).astype(np.float64)
        options = {
            "name": f"spots of {channel}",
            "size": _SPOT_PX,
            "face_color": "transparent",
            "border_color": "yellow",
        }
        found.append(ViewLayer("points", data, {**options, **common}))
    return found


def show(layers: Sequence[ViewLayer], *, title: str) -> None:
    """Show the layers in napari, and return when its window is closed.

    Raises
    ------
    InputError
        When napari is not installed.
    """
    try:
        import napari  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        raise InputError(
            "napari is not installed. Install it next to wellspring (pip install 'napari[all]'), or open the label "
            "images and `wellspring points` in a napari of your own."
        ) from None
    viewer = napari.Viewer(title=title)
    for layer in layers:
        getattr(viewer, f"add_{layer.kind}")(layer.data, **layer.options)
    viewer.dims.axis_labels = ("site", "y", "x")
    viewer.scale_bar.visible = True
    napari.run()
