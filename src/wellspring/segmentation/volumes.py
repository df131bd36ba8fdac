"""Stacks: where seeds are found in them, and cells slice by slice."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.quality.correction import Correction, corrected
from wellspring.raw.images import SiteImage, SiteStacks, read_sites, read_stacks
from wellspring.raw.index import WellIndex
from wellspring.segmentation.job import seed_channels
from wellspring.segmentation.settings import CellSettings, OwnEdgeSettings, SegmentationSettings, WatershedSettings

if TYPE_CHECKING:
    from wellspring.segmentation.cells import OwnEdge, Watershed
    from wellspring.segmentation.nuclei import Nuclei

__all__ = ["has_seeds_in_stacks", "seed_images", "seeds_of_stack", "volume_of_site"]


def has_seeds_in_stacks(settings: SegmentationSettings) -> bool:
    """Whether cells grow from seeds that are found in the stacks of their stain."""
    return settings.nucleus_channel is None and settings.z_step_um is not None and bool(seed_channels(settings))


def seed_images(
    well: WellIndex,
    settings: SegmentationSettings,
    correction: Correction,
    *,
    projection: str,
    background: Mapping[str, float],
) -> Iterator[SiteImage | SiteStacks]:
    """The kept sites of a well, evened, as `run_nuclei` needs them: projected, or stacks if seeds are in these."""
    wanted = seed_channels(settings)
    if has_seeds_in_stacks(settings):
        yield from corrected(read_stacks(well, wanted=wanted), correction, background=background)
    else:
        yield from corrected(read_sites(well, projection=projection, wanted=wanted), correction, background=background)


def seeds_of_stack(site: SiteStacks, *, z_step_um: float | None) -> "Nuclei":
    """One seed for each cell of a stack, seen from above.

    Raises
    ------
    ValueError
        When the image is no stack, or its pixel size or the distance of its slices is not known.
    """
    from wellspring.segmentation.cell_seeds import projected_seeds, seeds_of_cells_3d
    from wellspring.segmentation.classes import View
    from wellspring.segmentation.nuclei import Nuclei

    (stack,) = site.stacks.values()
    if stack.ndim != 3 or site.pixel_size_um is None or z_step_um is None:
        raise InputError(
            f"segmentation.z_step_um: expected a stack with a known pixel size, got site {site.site} of shape "
            f"{stack.shape}, pixel size {site.pixel_size_um}. Give raw.pixel_size_um, or leave z_step_um out."
        )
    seeds = projected_seeds(seeds_of_cells_3d(stack, z_step_px=z_step_um / site.pixel_size_um))
    shown = stack.max(axis=0).astype(np.float32)
    view = View(shown, None, None, diameter_px=0.0, is_evened=False, n_classes=2, has_objects=False)
    return Nuclei(seeds, view)


def volume_of_site(
    stack: NDArray[np.number], nuclei: NDArray[np.integer], cells: NDArray[np.integer], settings: CellSettings
) -> NDArray[np.uint32]:
    """The cells of one site slice by slice: where `segment_cells_3d` finds them within their outlines from above.

    Parameters
    ----------
    stack : (Z, Y, X), uint or float
        Cell stain.
    nuclei, cells : (Y, X) int
        Labels, 0 = background.
    settings
        Of own_edge or watershed.

    Returns
    -------
    (Z, Y, X) uint32

    Raises
    ------
    ValueError
        When the image is no stack, or for another method.
    """
    from wellspring.segmentation.cell_seeds import seeds_within
    from wellspring.segmentation.cells import segment_cells_3d

    if stack.ndim != 3 or not isinstance(settings, OwnEdgeSettings | WatershedSettings):
        raise InputError(
            "segmentation.z_step_um: expected a stack of the cell stain and the method own_edge or watershed, got "
            f"shape {stack.shape} and {settings.method}. Leave z_step_um out."
        )
    found = segment_cells_3d(
        stack,
        seeds_within(cells, nuclei),
        method=_method(settings),
        smoothing_sigma_px=settings.smoothing_sigma_px,
        n_components=getattr(settings, "n_components", 2),
    )
    return np.where(found == cells, found, 0).astype(np.uint32)


def _method(settings: OwnEdgeSettings | WatershedSettings) -> "OwnEdge | Watershed":
    from wellspring.segmentation.cells import OwnEdge, Watershed

    return OwnEdge(stain=settings.stain) if isinstance(settings, OwnEdgeSettings) else Watershed()
