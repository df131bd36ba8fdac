"""The files of one well of fields, read site by site to the cells that are measured."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.interaction.cells import SiteCells, background_level, cell_images
from wellspring.interaction.files import WellFiles
from wellspring.interaction.positions import Position, positions_of_sheet, positions_of_table
from wellspring.interaction.settings import ChannelSettings, MeasureSettings, MtocSettings
from wellspring.localization.scales import pixel_sizes
from wellspring.quality.correction import corrected, read_correction
from wellspring.raw.dypfish import CellImage
from wellspring.raw.images import read_stacks
from wellspring.raw.index import WellIndex
from wellspring.segmentation.labels import read_labels
from wellspring.settings import settings_of
from wellspring.spots.tables import WELL_SPOTS
from wellspring.tables import read_table

__all__ = ["cells_of_fields"]


def cells_of_fields(
    well: WellIndex,
    files: WellFiles,
    *,
    settings: MeasureSettings,
    images: Mapping[str, Any],
    positions: Sequence[object],
    spacing_um: Sequence[float] | float | None,
    background: Mapping[str, float],
    left_out: Sequence[str],
) -> tuple[Iterator[CellImage], MeasureSettings]:
    """The cells of all kept sites, one site in memory at a time, and the settings with the stack's slices.

    Parameters
    ----------
    images
        The blocks ``channels`` and ``mtoc`` of the config.
    positions
        y and x of the MTOC by the sheet, or empty.
    spacing_um
        z, y, x or one number, as ``spots.spacing_um``.
    background
        Of channels for which the config gives one.

    Raises
    ------
    ValueError
        When files are missing or not as they should be; when an MTOC is searched and the pixel size is not known.
    """
    channels, mtoc = settings_of(ChannelSettings, images["channels"]), settings_of(MtocSettings, images["mtoc"])
    known: tuple[Position, ...] = ()
    if files.mtocs is not None:
        known = positions_of_table(files.mtocs, plate=well.plate, well=well.well, sites=well.sites or None)
    elif positions and mtoc.columns is not None:
        known = positions_of_sheet(positions, columns=mtoc.columns, well=well.name)
    given = list(spacing_um) if isinstance(spacing_um, Sequence) else []
    if len(given) > 2:
        settings = replace(settings, slice_px=given[0] / given[-1])
    sites = _sites(
        well, files, channels=channels, mtoc=mtoc, known=known, spacing_um=spacing_um, light=(background, left_out)
    )
    return (image for site in sites for image in cell_images(site, mtoc=mtoc)), settings


def _sites(
    well: WellIndex,
    files: WellFiles,
    *,
    channels: ChannelSettings,
    mtoc: MtocSettings,
    known: tuple[Position, ...],
    spacing_um: Sequence[float] | float | None,
    light: tuple[Mapping[str, float], Sequence[str]],
) -> Iterator[SiteCells]:
    cells, nuclei = (read_labels(path, of_well=True) for path in (files.cells, files.nuclei) if path is not None)
    spots = None if files.spots is None else read_table(files.spots, WELL_SPOTS, of_well=True)
    sizes = dict.fromkeys(well.sites, (1.0, 1.0))
    if mtoc.channel is not None:
        sizes = pixel_sizes(well.sites, well.site_sizes_um, spacing_um=spacing_um)
    for site, stacks in _stacks(well, files, channels=channels, mtoc=mtoc, light=light, sites=list(cells)):
        labels = cells[site]
        protein, height = stacks.get(channels.protein or ""), stacks.get(channels.height or "")
        level = light[0].get(channels.protein or "")
        yield SiteCells(
            site=site,
            cells=labels,
            nuclei=nuclei[site],
            spots=None if spots is None else _spots_of(spots, site, channel=str(channels.mrna)),
            intensity=None if protein is None else _summed(protein, labels, level=level),
            height_stack=height if height is not None and height.ndim == 3 else None,
            mtoc_image=_projected(stacks.get(mtoc.channel or "")),
            positions=tuple(one for one in known if one.site in (None, site)),
            pixel_um=sizes[site][0],
        )


def _stacks(
    well: WellIndex,
    files: WellFiles,
    *,
    channels: ChannelSettings,
    mtoc: MtocSettings,
    light: tuple[Mapping[str, float], Sequence[str]],
    sites: Sequence[str],
) -> Iterator[tuple[str, Mapping[str, NDArray[np.uint16]]]]:
    background, left_out = light
    named = (channels.protein, channels.height, mtoc.channel)
    wanted = sorted({name for name in named if name is not None})
    if not wanted:
        yield from ((site, {}) for site in sites if site not in left_out)
        return
    applied = read_correction(files.correction, left_out=left_out)
    for found in corrected(read_stacks(well, wanted=wanted), applied, background=background):
        yield found.site, found.stacks


def _spots_of(spots: pd.DataFrame, site: str, *, channel: str) -> pd.DataFrame:
    return spots[(spots["site"] == site) & (spots["channel"] == channel)]


def _projected(stack: NDArray[np.uint16] | None) -> NDArray[np.uint16] | None:
    return stack if stack is None or stack.ndim == 2 else np.asarray(stack.max(axis=0))


def _summed(stack: NDArray[np.uint16], cells: NDArray[np.integer], *, level: float | None) -> NDArray[np.float32]:
    """Sum over the planes without background: the config's of each plane, else the median away from all cells."""
    planes = stack.reshape(-1, *cells.shape)
    total = planes.sum(axis=0, dtype=np.float64)
    zero = len(planes) * level if level is not None else background_level(total, cells)
    if zero is None:
        print("no pixels away from cells: the background of the protein is taken as 0; set raw.background")
        zero = 0.0
    return np.asarray(np.maximum(total - zero, 0), dtype=np.float32)
