"""All features of all objects of one site."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.cells.features.background import ring_areas, ring_background
from wellspring.cells.features.correlation import correlation_of, manders_of
from wellspring.cells.features.declared import CELLS, CYTOPLASM, NUCLEI
from wellspring.cells.features.families import feature_columns
from wellspring.cells.features.granularity import granularity_of, opened
from wellspring.cells.features.intensity import Light, intensity_of, light_of
from wellspring.cells.features.neighbors import neighbors_of
from wellspring.cells.features.objects import Objects, objects_of
from wellspring.cells.features.outlines import Surroundings, depths, ring_around, surroundings
from wellspring.cells.features.radial import radial_of, rings_of
from wellspring.cells.features.shape import shape_of
from wellspring.cells.features.texture import pairs_of, texture_of
from wellspring.errors import InputError

__all__ = ["BackgroundRing", "Labels", "features_of_site"]

_Floats = NDArray[np.float64]
_Values = dict[str, _Floats]


@dataclass(frozen=True)
class Labels:
    """The objects of a site: (Y, X) integers, 0 = background, of nuclei and of cells.

    A nucleus has the label of its cell. Either is None in a study without them.
    """

    nuclei: NDArray[np.integer] | None
    cells: NDArray[np.integer] | None

    def of_compartments(self) -> dict[str, NDArray[np.integer]]:
        """Label images by compartment."""
        found = {NUCLEI: self.nuclei, CELLS: self.cells}
        if self.nuclei is not None and self.cells is not None:
            # A cell whose nucleus is not known has no known cytoplasm either.
            with_nucleus = np.unique(self.nuclei)
            is_known = (self.nuclei == 0) & np.isin(self.cells, with_nucleus[with_nucleus > 0])
            found[CYTOPLASM] = np.where(is_known, self.cells, 0)
        return {name: labels for name, labels in found.items() if labels is not None}


@dataclass(frozen=True)
class BackgroundRing:
    """The ring whose median is the local background: free pixels from `gap_px` to `gap_px + width_px` off an object."""

    gap_px: int
    width_px: int


@dataclass(frozen=True)
class _Compartment:
    name: str
    labels: NDArray[np.integer]
    objects: Objects
    around: Surroundings


def features_of_site(
    image: NDArray[np.uint16],
    labels: Labels,
    *,
    channels: Sequence[str],
    families: Sequence[str],
    background: BackgroundRing | Mapping[str, float],
    pixel_size_um: float | None,
) -> pd.DataFrame:
    """Every feature of every object, computed for all objects at once.

    Parameters
    ----------
    image : (n_channels, Y, X) uint16
        Planes of `channels`, in their order.
    labels
        Of the same Y and X.
    families
        Names of `FAMILIES`.
    background
        What is subtracted where intensities are given less the background: the median of a ring around each object, or
        the dark level of each channel (0 where it is not given).
    pixel_size_um
        Side of a pixel, µm; None where it is not known.

    Returns
    -------
    DataFrame
        Indexed by label, ascending: every label of nuclei or cells. Columns as of `feature_columns`, float64; missing
        where an object does not have the compartment, or where a feature is not defined. No rows without objects.

    Raises
    ------
    ValueError
        When shapes differ, or the image is no uint16.
    """
    _check(image, labels, channels=channels)
    parts = [_compartment(name, own) for name, own in labels.of_compartments().items()]
    whole = next((part for part in parts if part.name == CELLS), parts[0])
    light_off = _background(image, whole, channels=channels, background=background)
    names = [one.name for one in feature_columns(families, channels=channels, **_has(labels))]
    index = pd.Index(np.unique(np.concatenate([part.objects.label for part in parts])), name="label")
    table = {name: np.full(len(index), np.nan) for name in names}
    openings = [opened(plane) for plane in image] if "granularity" in families else None
    for part in parts:
        at = np.searchsorted(index, part.objects.label)
        own = _Measuring(part, image, channels, light_off, whole.objects.label, openings, pixel_size_um)
        for name, values in own.all(families, is_whole=part is whole):
            table[name][at] = values
    return pd.DataFrame(table, index=index)


def _has(labels: Labels) -> dict[str, bool]:
    return {"has_nuclei": labels.nuclei is not None, "has_cells": labels.cells is not None}


def _check(image: NDArray[np.uint16], labels: Labels, *, channels: Sequence[str]) -> None:
    if image.dtype != np.uint16 or image.ndim != 3 or len(image) != len(channels):
        raise InputError(
            f"image: expected {len(channels)} planes of uint16, (channel, Y, X), got {image.dtype} {image.shape}."
        )
    shapes = {name: own.shape for name, own in labels.of_compartments().items()}
    if not shapes:
        raise InputError("labels: expected nuclei or cells, got neither.")
    if set(shapes.values()) != {image.shape[1:]}:
        raise InputError(f"labels: expected the shape of the image, {image.shape[1:]}, got {shapes}.")


def _compartment(name: str, labels: NDArray[np.integer]) -> _Compartment:
    objects = objects_of(labels)
    return _Compartment(name, labels, objects, surroundings(labels, objects))


@dataclass(frozen=True)
class _Background:
    """Pixels of the ring of each object, and what is subtracted of each channel; (n_objects,) each."""

    ring_px: _Floats
    level: Mapping[str, _Floats]


def _background(
    image: NDArray[np.uint16],
    whole: _Compartment,
    *,
    channels: Sequence[str],
    background: BackgroundRing | Mapping[str, float],
) -> _Background:
    objects = whole.objects
    if not isinstance(background, BackgroundRing):
        levels = {name: np.full(len(objects), float(background.get(name, 0.0))) for name in channels}
        return _Background(np.zeros(len(objects)), levels)
    rings = ring_around(objects, whole.around, gap_px=background.gap_px, width_px=background.width_px)
    planes = dict(zip(channels, image, strict=True))
    return _Background(
        ring_areas(rings, objects), {name: ring_background(plane, rings, objects) for name, plane in planes.items()}
    )


@dataclass(frozen=True)
class _Measuring:
    """One compartment with all that its features are computed from."""

    part: _Compartment
    image: NDArray[np.uint16]
    channels: Sequence[str]
    background: _Background
    whole_label: NDArray[np.int64]
    openings: list[list[NDArray[np.uint16]]] | None
    pixel_size_um: float | None

    def all(self, families: Sequence[str], *, is_whole: bool) -> Iterator[tuple[str, _Floats]]:
        """Column and values of each feature of the `families`; `is_whole`: with those of complete objects."""
        for family, values, filled in self._found(families, is_whole=is_whole):
            for name, own in values.items():
                yield f"{self.part.name}_{family}_{name.format(**filled)}", own

    def _found(self, families: Sequence[str], *, is_whole: bool) -> Iterator[tuple[str, _Values, dict[str, str]]]:
        objects, around = self.part.objects, self.part.around
        if "shape" in families:
            yield "AreaShape", shape_of(objects, around, pixel_size_um=self.pixel_size_um), {}
        if is_whole and "neighbors" in families:
            yield "Neighbors", neighbors_of(objects, around, pixel_size_um=self.pixel_size_um), {}
        if is_whole and "intensity" in families:
            yield "Background", {"RingArea_px": self.background.ring_px}, {}
        if not {"intensity", "texture", "granularity", "radial", "correlation"}.isdisjoint(families):
            lights = {name: self._light(number) for number, name in enumerate(self.channels)}
            yield from self._of_channels(families, lights, is_whole=is_whole)
        if "correlation" in families:
            for first, second in combinations(self.channels, 2):
                found = correlation_of(lights[first], lights[second], objects)
                yield "Correlation", found, {"first": first, "second": second}
            for first, second in permutations(self.channels, 2):
                found = manders_of(lights[first], lights[second], objects)
                yield "Correlation", found, {"first": first, "second": second}

    def _light(self, number: int) -> Light:
        label, level = self.part.objects.label, self.background.level[self.channels[number]]
        # A nucleus without a cell has no ring of its own.
        at = np.searchsorted(self.whole_label, label).clip(max=max(len(self.whole_label) - 1, 0))
        known = self.whole_label[at] == label if len(self.whole_label) else np.zeros(len(label), dtype=bool)
        own = np.full(len(label), np.nan)
        own[known] = level[at[known]]
        return light_of(self.image[number], self.part.objects, own)

    def _of_channels(
        self, families: Sequence[str], lights: Mapping[str, Light], *, is_whole: bool
    ) -> Iterator[tuple[str, _Values, dict[str, str]]]:
        objects, around = self.part.objects, self.part.around
        works: dict[str, Callable[[Light, int], _Values]] = {}
        if "intensity" in families:
            edge = objects.chosen(around.is_outline)
            works["Intensity"] = lambda light, _: intensity_of(light, objects, edge=edge, is_edge=around.is_outline)
        if "texture" in families:
            pairs = pairs_of(self.part.labels, objects)
            works["Texture"] = lambda light, _: texture_of(light, objects, pairs)
        if "radial" in families:
            rings = rings_of(objects, depths(objects, around))
            works["RadialDistribution"] = lambda light, _: radial_of(light, objects, rings)
        if self.openings is not None:
            openings = self.openings
            works["Granularity"] = lambda light, number: granularity_of(light, objects, openings[number])
        for number, (channel, light) in enumerate(lights.items()):
            if is_whole and "intensity" in families:
                yield "Background", {"Local_{channel}": light.background}, {"channel": channel}
            for family, work in works.items():
                yield family, work(light, number), {"channel": channel}
