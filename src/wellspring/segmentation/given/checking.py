"""Whether the label images of a well can be used, where wells with damaged files are left out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wellspring.raw.index import WellIndex
from wellspring.segmentation.given.files import KEYS, given_files
from wellspring.segmentation.given.job import given_well

__all__ = ["check_well"]


def check_well(index: WellIndex, *, shapes: Mapping[str, tuple[int, ...]], segmentation: Mapping[str, Any]) -> None:
    """Read the label images of every site of a well.

    Parameters
    ----------
    index
        Of the well.
    shapes
        Site to (Y, X), px, of its images.
    segmentation
        The keys of the block ``segmentation`` that name label images.

    Raises
    ------
    FileNotFoundError, InputError
        When a label image is missing, damaged, of another size, or holds no labels.
    """
    about: dict[str, Any] = {"plate": index.plate, "well": index.well, "segmentation": segmentation}
    files = {kind: given_files(Path(index.path), kind=kind, **about) for kind in KEYS}
    ours = given_well(files, segmentation=segmentation, sites=index.sites)
    for labels in (ours.nuclei, ours.cells):
        for site, shape in shapes.items():
            if labels is not None:
                labels.of_site(site, shape=shape)
