"""Annotated sites of wells, from their files to the training: ``segmentation.annotated`` of the config."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from wellspring.errors import InputError
from wellspring.raw.images import SiteImage
from wellspring.segmentation.given.files import site_names
from wellspring.segmentation.given.labels import GivenLabels
from wellspring.segmentation.learned.examples import AnnotatedSite, Example, read_examples

__all__ = ["KEY", "annotated_labels", "annotated_site", "digest_of", "read_annotated", "scores_by_site"]

KEY = "segmentation.annotated.nuclei"
_ANNOTATED = "annotated"


def annotated_labels(files: Sequence[Path], *, pattern: str, sites: Sequence[str]) -> GivenLabels:
    """The label images of the annotated sites of a well; sites without one are not annotated.

    Parameters
    ----------
    files
        Of the well, from `annotated_files`.
    pattern
        Of their names. Without ``{site}`` all sites are annotated.
    sites
        Names of the well's sites.

    Raises
    ------
    FileNotFoundError, InputError
        As `GivenLabels`, and when a file is of a site that the well has not.
    """
    named = [name for name in site_names(files, pattern=pattern) if name is not None]
    unknown = sorted(set(named) - set(sites))
    if unknown:
        raise InputError(
            f"{KEY}: expected label images of the sites {', '.join(sites)}, got some of {', '.join(unknown)}, among "
            f"{', '.join(str(file) for file in files[:3])}. Rename or remove them, or correct {KEY}."
        )
    wanted = [site for site in sites if site in named] if named else list(sites)
    return GivenLabels(files, pattern=pattern, sites=wanted, key=KEY)


def annotated_site(site: SiteImage, labels: GivenLabels) -> Example:
    """A site's image and its annotation.

    Raises
    ------
    InputError
        As `checked_labels`: another size, a mask, no whole numbers.
    """
    image = site.image[0]
    return Example(site.site, image, {_ANNOTATED: labels.of_site(site.site, shape=image.shape)})


def read_annotated(paths: Sequence[Path]) -> list[AnnotatedSite]:
    """The annotated sites of the files ``.../<plate>/<well>.npz``, named ``plate/well/site``."""
    found = []
    for path in paths:
        well = f"{path.parent.name}/{path.name.removesuffix('.npz')}"
        found += [
            AnnotatedSite(well, f"{well}/{one.name}", one.image, one.labels[_ANNOTATED].astype(np.int64))
            for one in read_examples(path)
        ]
    return found


def digest_of(paths: Sequence[Path]) -> str:
    """Eight letters that differ where the contents of the files differ: a training of others is not resumed."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:8]


def scores_by_site(scores: pd.DataFrame) -> pd.DataFrame:
    """Scores of `fine_tune` on `read_annotated` as table `NUCLEUS_SCORES`."""
    keys = scores["name"].str.split("/", n=2, expand=True).set_axis(["plate", "well", "site"], axis=1)
    return pd.concat([keys, scores[["method", "dice", "f1", "ap"]]], axis=1)
