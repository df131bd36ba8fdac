"""From the settings of the config to nucleus labels, cell labels and flags, site by site."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.raw.images import SiteImage, SiteStacks
from wellspring.segmentation.cell_methods import cell_method
from wellspring.segmentation.nucleus_methods import nucleus_method
from wellspring.segmentation.settings import (
    CellSettings,
    GivenSettings,
    SegmentationSettings,
    StainSettings,
    UnetSettings,
)

if TYPE_CHECKING:
    import pandas as pd

    from wellspring.segmentation.cells import OwnEdge
    from wellspring.segmentation.given.job import GivenWell
    from wellspring.segmentation.nuclei import Nuclei

__all__ = [
    "GIVEN",
    "SiteCells",
    "SiteNuclei",
    "cell_channels",
    "cells_of_site",
    "run_cells",
    "run_nuclei",
    "seed_channel",
    "seed_channels",
]

# Kinds of labels that are given, as `given_well` names them.
GIVEN = ("nuclei", "cells", "network")
# As in `has_stain`: averages about 50 pixels.
_BLUR_PX = 2.0
# Fields of the settings that are not the method's own.
_SHARED = (
    *("method", "nucleus_channel", "channel", "smoothing_sigma_px", "min_diameter_px", "n_components", "cells"),
    *("pattern", "nuclei", "folder", "z_step_um", "weights", "annotated"),
)


@dataclass(frozen=True)
class SiteNuclei:
    """The nuclei of one site: name, (Y, X) uint32 labels, a row of the table `SITE_NUCLEI`, rows of others.

    `objects` are rows of `WELL_NUCLEI`, `matches` of `MATCHED`.
    """

    site: str
    labels: NDArray[np.uint32]
    about: "pd.DataFrame"
    objects: "pd.DataFrame"
    matches: "pd.DataFrame"


@dataclass(frozen=True)
class SiteCells:
    """The cells of one site.

    Attributes
    ----------
    site : str
    labels : (Y, X) uint32
    objects : pandas.DataFrame
        As of `describe_objects`.
    others : (Y, X) uint32
        Where a second method gives a pixel of a cell to another cell, the label of that one; else 0, and 0 everywhere
        for ``expansion``, which sees no stain.
    """

    site: str
    labels: NDArray[np.uint32]
    objects: "pd.DataFrame"
    others: NDArray[np.uint32]


def run_nuclei(
    sites: Iterable[SiteImage | SiteStacks],
    settings: SegmentationSettings,
    *,
    key: tuple[str, str],
    given: "GivenWell | None" = None,
) -> Iterator[SiteNuclei]:
    """The nuclei of each site and what they are like, one site at a time.

    Parameters
    ----------
    sites
        With the channels of `seed_channels` and no others; stacks where seeds are found in them.
    settings
        The block ``segmentation``.
    key
        (plate, well).
    given
        Label images of another program, of the method given; those of the network, of the method unet.

    Raises
    ------
    InputError
        When the method is unet and there are no labels of the network.
    """
    from wellspring.segmentation.doubts import describe_nuclei, with_doubts
    from wellspring.segmentation.given.doubts import doubts_of_given
    from wellspring.segmentation.given.job import in_sequence
    from wellspring.segmentation.given.objects import match_nuclei
    from wellspring.segmentation.nucleus_doubts import describe_each

    for site in sites:
        nuclei = _nuclei_of_site(site, settings, given)
        ordered, named = in_sequence(nuclei), {"plate": key[0], "well": key[1], "site": site.site}
        objects = describe_each(ordered)
        about = describe_nuclei(ordered, objects, **named)
        of_cells = given.cells if given is not None else None
        cells = None if of_cells is None else of_cells.of_site(site.site, shape=nuclei.labels.shape)
        matched = match_nuclei(nuclei.labels, cells)
        about = with_doubts(about, doubts_of_given(nuclei.labels, cells, matched.matches))
        print(about.to_string(index=False))
        ids = np.unique(nuclei.labels[nuclei.labels > 0]).astype(np.int64)
        objects = objects.assign(label_in_site=ids, **named)
        yield SiteNuclei(site.site, matched.nuclei, about, objects, matched.matches.assign(**named))


def _nuclei_of_site(
    site: SiteImage | SiteStacks, settings: SegmentationSettings, given: "GivenWell | None"
) -> "Nuclei":
    """The nuclei, or where none are stained the places that cells grow from."""
    if isinstance(site, SiteStacks):
        from wellspring.segmentation.volumes import seeds_of_stack

        return seeds_of_stack(site, z_step_um=settings.z_step_um)
    if not seed_channels(settings):
        from wellspring.segmentation.given.job import GivenWell, given_nuclei

        return given_nuclei(site, given or GivenWell())
    from wellspring.segmentation.cell_seeds import seeds_of_cells
    from wellspring.segmentation.classes import View
    from wellspring.segmentation.nuclei import Nuclei, nuclei_of_image

    image = site.image[0]
    if isinstance(settings, UnetSettings) and settings.nucleus_channel is not None:
        from wellspring.segmentation.network_labels import nuclei_of_network

        return nuclei_of_network(site, None if given is None else given.network)
    sizes = {"smoothing_sigma_px": settings.smoothing_sigma_px, "min_diameter_px": settings.min_diameter_px}
    if settings.nucleus_channel is not None:
        return nuclei_of_image(image, threshold=nucleus_method(settings.method).threshold(**_own(settings)), **sizes)
    shown = image.astype(np.float32)
    view = View(shown, None, None, diameter_px=0.0, is_evened=False, n_classes=2, has_objects=False)
    return Nuclei(seeds_of_cells(image, **sizes), view)


def seed_channel(settings: SegmentationSettings) -> str:
    """The channel that cells start from: that of the nuclei, else the cell stain.

    Raises
    ------
    ValueError
        When there is neither.
    """
    if settings.nucleus_channel is not None:
        return settings.nucleus_channel
    if not isinstance(settings.cells, StainSettings):
        raise InputError(
            "segmentation.nucleus_channel: null needs segmentation.cells with a channel, whose stain gives the seeds."
        )
    return settings.cells.channel


def seed_channels(settings: SegmentationSettings) -> list[str]:
    """`seed_channel` in a list; none where nuclei are given, or cells are and no channel shows nuclei."""
    if isinstance(settings, GivenSettings) and (settings.nuclei is not None or settings.nucleus_channel is None):
        return []
    return [seed_channel(settings)]


def cell_channels(settings: CellSettings | None) -> list[str]:
    """The channel of the cell stain, if the method sees any; none where cells are given (None)."""
    return [settings.channel] if isinstance(settings, StainSettings) else []


def run_cells(
    sites: Iterable[SiteStacks],
    nuclei: Mapping[str, NDArray[np.integer]],
    settings: CellSettings | None,
    *,
    matches: "pd.DataFrame | None" = None,
    given: "GivenWell | None" = None,
    nucleus_objects: "pd.DataFrame | None" = None,
) -> Iterator[SiteCells]:
    """The cells of each site with their flags, one site at a time.

    Parameters
    ----------
    sites
        With the channels of `cell_channels`.
    nuclei
        Site name to (Y, X) labels.
    settings
        The block ``segmentation.cells``; None where cells are given.
    matches
        Table `MATCHED` of the well; None: nuclei were found and not given.
    given
        Label images of another program.
    nucleus_objects
        Table `WELL_NUCLEI` of the well; None: what nuclei look like is judged by their labels alone.

    Raises
    ------
    InputError
        When there are neither settings nor given cells.
    """
    from wellspring.segmentation.given.job import given_cells
    from wellspring.segmentation.given.objects import with_matches

    of_cells = given.cells if given is not None else None
    for site in sites:
        own = None if matches is None else matches[matches["site"] == site.site]
        if of_cells is not None and own is not None:
            labels, objects = given_cells(site.site, nuclei[site.site], of_cells, own)
            others = np.zeros(labels.shape, dtype=np.uint32)
        elif settings is not None:
            image = next(iter(site.stacks.values()), None)
            labels, objects, others = _labelled(image, nuclei[site.site], settings)
            objects = objects if nucleus_objects is None else _with_judgement(objects, nucleus_objects, site=site.site)
            objects = objects if own is None else with_matches(objects, own)
        else:
            raise InputError(
                "segmentation.cells: expected a method, or label images in segmentation.pattern; got none."
            )
        yield SiteCells(site.site, labels, objects, others)


def _with_judgement(objects: "pd.DataFrame", nuclei: "pd.DataFrame", *, site: str) -> "pd.DataFrame":
    """The objects of a site with what their nuclei's own image says of them, in place of their labels alone."""
    own = nuclei[(nuclei["site"] == site) & nuclei["is_nucleus_of_several"]]
    return objects.assign(
        is_nucleus_of_several=objects["label_in_site"].isin(own["label_in_site"]) & objects["has_nucleus"]
    )


def cells_of_site(
    image: NDArray[np.number] | None, nuclei: NDArray[np.integer], settings: CellSettings
) -> tuple[NDArray[np.uint32], "pd.DataFrame"]:
    """Label the cells of one site and describe every nucleus and cell.

    Parameters
    ----------
    image : (Y, X) or (Z, Y, X), uint or float
        Cell stain; None for ``expansion``, which uses none.
    nuclei : (Y, X) int
        Labels, 0 = background.
    settings
        The block ``segmentation.cells``.

    Returns
    -------
    (Y, X) uint32, DataFrame
        Labels as of `segment_cells`; table as of `describe_objects`. Where the stain shows nothing (`has_stain` says
        so, and nuclei differ from the rest by less than its own spread), every nucleus is its own cell and all are
        flagged as nuclei without a cell.

    Raises
    ------
    ValueError
        As `segment_cells`, and when a method that needs an image has none.
    """
    labels, objects, _ = _labelled(image, nuclei, settings)
    return labels, objects


def _labelled(
    image: NDArray[np.number] | None, nuclei: NDArray[np.integer], settings: CellSettings
) -> "tuple[NDArray[np.uint32], pd.DataFrame, NDArray[np.uint32]]":
    """What `SiteCells` holds of one site."""
    from wellspring.segmentation.cell_doubts import doubts_between
    from wellspring.segmentation.cells import OwnEdge, cell_mask, own_edges, segment_cells
    from wellspring.segmentation.flags import describe_objects

    none = np.zeros(nuclei.shape, dtype=np.uint32)
    method = cell_method(settings.method).make(**_own(settings))
    if not isinstance(settings, StainSettings):
        cells = segment_cells(np.zeros(nuclei.shape, dtype=np.uint16), nuclei, method=method)
        return cells, describe_objects(nuclei, cells), none
    if image is None:
        raise InputError(
            f"segmentation.cells.channel: expected the cell stain, which {settings.method} needs, got none."
        )
    if not _is_stained(image, nuclei):
        # The mixture splits noise in two: what it finds in an empty image is no cell.
        own = nuclei.astype(np.uint32)
        return own, describe_objects(nuclei, own, np.zeros(nuclei.shape, dtype=np.bool_)), none
    if isinstance(method, OwnEdge):
        return _cells_at_own_edges(image, nuclei, method=method, smoothing_sigma_px=settings.smoothing_sigma_px)
    smoothing, n_components = settings.smoothing_sigma_px, getattr(settings, "n_components", 2)
    mask = cell_mask(image, smoothing_sigma_px=smoothing, n_components=n_components)
    cells = segment_cells(image, nuclei, method=method, smoothing_sigma_px=smoothing, mask=mask)
    doubts = doubts_between(cells, nuclei, own_edges(image, nuclei, method=OwnEdge(), smoothing_sigma_px=smoothing))
    return cells, describe_objects(nuclei, cells, mask, doubts=doubts), doubts.others.astype(np.uint32)


def _cells_at_own_edges(
    image: NDArray[np.number], nuclei: NDArray[np.integer], *, method: "OwnEdge", smoothing_sigma_px: float
) -> "tuple[NDArray[np.uint32], pd.DataFrame, NDArray[np.uint32]]":
    """Cells of `OwnEdge`, their table, and where a second method disagrees."""
    from wellspring.segmentation.cell_doubts import doubts_of
    from wellspring.segmentation.cell_seeds import seeds_within
    from wellspring.segmentation.cells import cell_plane, own_edges
    from wellspring.segmentation.flags import describe_objects

    edges = own_edges(image, nuclei, method=method, smoothing_sigma_px=smoothing_sigma_px)
    smooth = cell_plane(image, smoothing_sigma_px=smoothing_sigma_px)
    doubts = doubts_of(smooth, seeds_within(edges.labels, nuclei), edges)
    # The inside of a cell whose membrane is stained is cell, though it is dark.
    stained = (smooth > edges.threshold) | ((edges.labels > 0) & ~edges.is_unseen[edges.labels])
    objects = describe_objects(nuclei, edges.labels, stained, doubts=doubts)
    return edges.labels, objects, doubts.others.astype(np.uint32)


def _own(settings: CellSettings | SegmentationSettings) -> dict[str, float]:
    """The settings that belong to the method alone."""
    return {name: value for name, value in vars(settings).items() if name not in _SHARED}


def _is_stained(image: NDArray[np.number], nuclei: NDArray[np.integer]) -> bool:
    """Whether the image shows stain, or, where that is doubtful, is at least not the same at nuclei and elsewhere."""
    from wellspring.segmentation.grids import Grid
    from wellspring.segmentation.intensities import in_noise_units
    from wellspring.segmentation.thresholds import has_stain

    plane = in_noise_units(image.max(axis=0, initial=0) if image.ndim == 3 else image)
    if has_stain(plane, grid=Grid(2)):
        return True
    is_nucleus = nuclei > 0
    if is_nucleus.all() or not is_nucleus.any():
        return False
    smooth = Grid(2).blurred(plane, _BLUR_PX)
    level = float(np.median(smooth[~is_nucleus]))
    spread = 1.4826 * float(np.median(np.abs(smooth[~is_nucleus] - level)))
    return abs(float(np.median(smooth[is_nucleus])) - level) > spread
