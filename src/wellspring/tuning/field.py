"""One field, segmented and searched for spots with one setting."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.quality.correction import Correction, corrected
from wellspring.raw.images import SiteImage, read_sites, read_stacks
from wellspring.raw.index import WellIndex
from wellspring.segmentation import job as segmentation_job
from wellspring.segmentation.given.files import given_files, has_cells
from wellspring.segmentation.given.job import GivenWell, given_well
from wellspring.segmentation.settings import CellSettings, SegmentationSettings, UnetSettings
from wellspring.settings import settings_of
from wellspring.spots import job as spots_job
from wellspring.spots.images import SpotTables
from wellspring.spots.settings import SpotSettings

__all__ = ["Labels", "Tried", "segmented", "tried"]


@dataclass(frozen=True)
class Labels:
    """Nuclei and cells of the field, and what is doubted.

    Attributes
    ----------
    nuclei, cells : (Y, X) uint32
        Without cells, the nuclei twice.
    objects : pandas.DataFrame or None
        Columns of `SEGMENTED`; None without cells.
    about : pandas.DataFrame
        One row of `SITE_NUCLEI`.
    seconds : float
    """

    nuclei: NDArray[np.uint32]
    cells: NDArray[np.uint32]
    objects: pd.DataFrame | None
    about: pd.DataFrame
    seconds: float


@dataclass(frozen=True)
class Tried:
    """What one setting gave: labels, spots (None where no channel shows spots), and the time it took, s."""

    labels: Labels
    spots: SpotTables | None
    seconds: float


def segmented(index: WellIndex, config: Mapping[str, Any], correction: Correction) -> Labels:
    """Nuclei and cells of the one site of `index`, as the workflow finds them.

    Parameters
    ----------
    index
        Of one site: `WellIndex.of_site`.
    config
        Checked.
    correction
        Of the well.
    """
    begin = time.perf_counter()
    block, raw = config["segmentation"], config["raw"]
    # Without a nucleus stain, that of the cells gives the seeds.
    is_of_cells = block["nucleus_channel"] is None and block["method"] != "given"
    settings = settings_of(SegmentationSettings, block if is_of_cells else {**block, "cells": None})
    given = _given(index, block)
    background = raw.get("background", {})
    wanted = segmentation_job.seed_channels(settings)
    images = corrected(
        read_sites(index, projection=raw["projection"], wanted=wanted), correction, background=background
    )
    sites = list(images)
    if isinstance(settings, UnetSettings):
        given = GivenWell(network=_of_network(sites, settings))
    (nuclei,) = segmentation_job.run_nuclei(sites, settings, key=(index.plate, index.well), given=given)
    if not has_cells(block):
        return Labels(nuclei.labels, nuclei.labels, None, nuclei.about, time.perf_counter() - begin)
    of_cells = None if block["cells"] is None else settings_of(CellSettings, block["cells"])
    stacks = corrected(
        read_stacks(index, wanted=segmentation_job.cell_channels(of_cells)), correction, background=background
    )
    labels = {nuclei.site: nuclei.labels}
    (cells,) = segmentation_job.run_cells(stacks, labels, of_cells, matches=nuclei.matches, given=given)
    return Labels(nuclei.labels, cells.labels, cells.objects, nuclei.about, time.perf_counter() - begin)


def _of_network(sites: Sequence[SiteImage], settings: UnetSettings) -> dict[str, NDArray[np.uint32]]:
    """Labels of each site by the network. TensorFlow is imported here alone."""
    from wellspring.segmentation.learned import segment_nuclei

    return {site.site: segment_nuclei(site.image[0], weights=settings.weights) for site in sites}


def _given(index: WellIndex, block: Mapping[str, Any]) -> GivenWell | None:
    if block["method"] != "given":
        return None
    files: dict[str, Sequence[Path]] = {
        kind: given_files(Path(index.path), plate=index.plate, well=index.well, segmentation=block, kind=kind)
        for kind in ("nuclei", "cells")
    }
    return given_well(files, segmentation=block, sites=index.sites)


def tried(index: WellIndex, config: Mapping[str, Any], correction: Correction, labels: Labels) -> Tried:
    """The spots of the field in `labels`; see `segmented`."""
    begin = time.perf_counter()
    if not config["spots"]["channels"]:
        return Tried(labels, None, labels.seconds)
    settings = settings_of(SpotSettings, config["spots"])
    background = config["raw"].get("background", {})
    stacks = corrected(read_stacks(index, wanted=settings.channels), correction, background=background)
    (site,) = index.sites
    spots = spots_job.run(stacks, {site: labels.nuclei}, {site: labels.cells}, settings, key=(index.plate, index.well))
    return replace(Tried(labels, spots, 0.0), seconds=labels.seconds + time.perf_counter() - begin)
