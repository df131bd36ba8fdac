"""From a well's index and labels to the features of all of its cells."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.cells.features.declared import CELLS, NUCLEI
from wellspring.cells.features.families import feature_columns
from wellspring.cells.features.missing import reasons_missing
from wellspring.cells.features.site import BackgroundRing, Labels, features_of_site
from wellspring.cells.settings import FeatureSettings
from wellspring.cells.tables import MEASURED
from wellspring.quality.correction import Correction, corrected
from wellspring.raw.images import SiteImage, read_sites
from wellspring.raw.index import WellIndex
from wellspring.segmentation.labels import read_labels, touches_border
from wellspring.tables import Table, empty_table

__all__ = ["measured_table", "run"]

_Kind = TypeVar("_Kind", np.bool_, np.int64)


def measured_table(settings: FeatureSettings, *, channels: tuple[str, ...], has_nuclei: bool, has_cells: bool) -> Table:
    """The table `MEASURED` of a study, with the columns of its features."""
    own = feature_columns(settings.families, channels=channels, has_nuclei=has_nuclei, has_cells=has_cells)
    return replace(MEASURED, further=own)


def run(
    index: WellIndex,
    seeds: Path,
    cells: Path | None,
    correction: Correction,
    settings: FeatureSettings,
    *,
    has_nuclei: bool,
    raw: Mapping[str, Any],
) -> pd.DataFrame:
    """The features of all cells of a well, one site in memory at a time.

    Parameters
    ----------
    seeds
        Label images of the nuclei, or of what cells grew from; object ids are numbered on by them from site to site.
    cells
        Label images of the cells; None: the nuclei are the cells.
    correction
        What is done to images before they are measured.
    settings
        The block ``cells.features``.
    has_nuclei
        Whether `seeds` are nuclei.
    raw
        The keys of the block ``raw`` that images are read by: projection, background.

    Returns
    -------
    DataFrame
        Table `measured_table`. A well without sites or cells has no rows.
    """
    labels = read_labels(seeds, of_well=True), None if cells is None else read_labels(cells, of_well=True)
    dark = {**correction.offsets, **raw["background"]}
    background = BackgroundRing(settings.ring_gap_px, settings.ring_width_px) if settings.background == "ring" else dark
    images = corrected(read_sites(index, projection=raw["projection"]), correction, background=raw["background"])
    parts = []
    last_id = 0
    for site in images:
        own = labels[0][site.site]
        found = Labels(own if has_nuclei else None, None if labels[1] is None else labels[1][site.site])
        measured = _of_site(site, found, settings=settings, background=background)
        print(f"site {site.site}: {len(measured)} cells")
        parts.append(measured.assign(object_id=measured["label_in_site"] + last_id))
        # Given cells without a nucleus have ids that no nucleus has.
        last_id += max(int(one[site.site].max(initial=0)) for one in labels if one is not None)
    table = measured_table(settings, channels=index.channels, has_nuclei=has_nuclei, has_cells=cells is not None)
    joined = pd.concat(parts, ignore_index=True) if any(map(len, parts)) else empty_table(table, extra=table.further)
    return joined.assign(plate=index.plate, well=index.well)[[*table.names, *(one.name for one in table.further)]]


def _of_site(
    site: SiteImage, labels: Labels, *, settings: FeatureSettings, background: BackgroundRing | Mapping[str, float]
) -> pd.DataFrame:
    features = features_of_site(
        site.image,
        labels,
        channels=site.channels,
        families=settings.families,
        background=background,
        pixel_size_um=site.pixel_size_um,
    )
    label = features.index.to_numpy()
    images = labels.of_compartments()
    n_px = {name: _by_label(np.bincount(image.ravel()), label) for name, image in images.items()}
    on_border = {name: _by_label(np.append(False, touches_border(image)), label) for name, image in images.items()}
    no_nucleus = np.zeros(len(label), dtype=bool)
    is_in_no_cell = n_px[CELLS] == 0 if CELLS in n_px else no_nucleus
    of_nucleus = on_border.get(NUCLEI, no_nucleus)
    about = pd.DataFrame(
        {
            "site": pd.Series([site.site] * len(label), dtype="str"),
            "label_in_site": label,
            "has_nucleus": n_px[NUCLEI] > 0 if NUCLEI in n_px else no_nucleus,
            "is_border_nucleus": of_nucleus,
            "is_border_cell": np.where(is_in_no_cell, of_nucleus, on_border.get(CELLS, of_nucleus)),
            "is_in_no_cell": is_in_no_cell,
        }
    )
    missing = reasons_missing(features, n_px=n_px, pixel_size_um=site.pixel_size_um)
    about["missing_because"] = missing.reset_index(drop=True)
    return pd.concat([about, features.reset_index(drop=True)], axis=1)


def _by_label(values: NDArray[_Kind], label: NDArray[np.int64]) -> NDArray[_Kind]:
    """The value of each label; of labels beyond the last, 0."""
    longer = np.zeros(int(label.max(initial=0)) + 1, dtype=values.dtype)
    longer[: len(values)] = values[: len(longer)]
    return longer[label]
