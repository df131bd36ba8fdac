"""From the label images of a well to the nuclei and cells of its sites."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.raw.images import SiteImage
from wellspring.segmentation.given.files import KEYS
from wellspring.segmentation.given.labels import GivenLabels
from wellspring.segmentation.given.objects import describe_given
from wellspring.segmentation.labels import read_labels

if TYPE_CHECKING:
    from wellspring.segmentation.nuclei import Nuclei

__all__ = ["GivenWell", "given_cells", "given_nuclei", "given_well", "in_sequence"]


@dataclass(frozen=True)
class GivenWell:
    """Label images of a well that another program made, or the network; None of what they did not label."""

    nuclei: GivenLabels | None = None
    cells: GivenLabels | None = None
    network: Mapping[str, NDArray[np.uint32]] | None = None


def given_well(
    files: Mapping[str, Sequence[Path]], *, segmentation: Mapping[str, Any], sites: Sequence[str]
) -> GivenWell:
    """The label images of a well.

    Parameters
    ----------
    files
        ``nuclei`` and ``cells``, from `given_files`, ``network``, of the rule segmentation_unet; none of what is not
        given.
    segmentation
        The block ``segmentation``.
    sites
        Names of the well's sites.

    Raises
    ------
    FileNotFoundError, InputError
        As `GivenLabels`.
    """
    patterns = {"nuclei": segmentation.get("nuclei"), "cells": segmentation.get("pattern")}
    found = {
        kind: GivenLabels(files[kind], pattern=str(pattern), sites=sites, key=KEYS[kind])
        for kind, pattern in patterns.items()
        if pattern is not None
    }
    (network,) = (read_labels(file, of_well=True) for file in files["network"]) if files.get("network") else (None,)
    return GivenWell(**found, network=network)


def given_nuclei(site: SiteImage, given: GivenWell) -> "Nuclei":
    """The given nuclei of a site, or none where only cells are given and no channel shows nuclei."""
    from wellspring.segmentation.classes import View
    from wellspring.segmentation.nuclei import Nuclei

    shape = site.image.shape[1:]
    labels = np.zeros(shape, np.uint32) if given.nuclei is None else given.nuclei.of_site(site.site, shape=shape)
    n_classes = 2 if labels.any() else 1
    image = np.zeros(shape, np.float32)
    return Nuclei(labels, View(image, seen=None, masked=None, diameter_px=0.0, is_evened=False, n_classes=n_classes))


def in_sequence(nuclei: "Nuclei") -> "Nuclei":
    """The same nuclei, labelled 1 to n in the order of their ids, which may have gaps."""
    present = np.unique(nuclei.labels)
    numbers = np.zeros(int(present.max(initial=0)) + 1, dtype=np.uint32)
    present = present[present > 0]
    numbers[present] = 1 + np.arange(len(present))
    return replace(nuclei, labels=numbers[nuclei.labels])


def given_cells(
    site: str, nuclei: NDArray[np.integer], given: GivenLabels, matches: pd.DataFrame
) -> tuple[NDArray[np.uint32], pd.DataFrame]:
    """The given cells of a site with their ids, and the table `SEGMENTED` of it.

    Parameters
    ----------
    site
        Name.
    nuclei : (Y, X) int
        `Matched.nuclei`.
    given
        Of the well's cells.
    matches
        `Matched.matches` of the site.
    """
    labels = given.of_site(site, shape=nuclei.shape)
    return labels, describe_given(nuclei, labels, matches)
