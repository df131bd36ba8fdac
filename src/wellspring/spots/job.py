"""From the settings of the config to the spots of a well."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.raw.images import SiteStacks
from wellspring.spots.doubts import NO_CELLS, joined_doubts
from wellspring.spots.images import SpotTables, joined_tables, spots_of_image, voxel_size_um
from wellspring.spots.optics import Optics
from wellspring.spots.settings import SpotSettings, SpotSizes

__all__ = ["run", "sizes_in_image"]


def run(
    sites: Iterable[SiteStacks],
    nuclei: Mapping[str, NDArray[np.integer]] | None,
    cells: Mapping[str, NDArray[np.integer]] | None,
    settings: SpotSettings,
    *,
    key: tuple[str, str],
    borders: Mapping[str, NDArray[np.integer]] | None = None,
    marks: pd.DataFrame | None = None,
) -> SpotTables:
    """Find the spots of a well, one site in memory at a time.

    Parameters
    ----------
    sites
        With the channels of the settings and no others.
    nuclei, cells
        Site name to (Y, X) labels; of cells also (Z, Y, X). Object ids are numbered from site to site, by the nuclei.
        None where neither is segmented: all spots are in no cell, and that there are no cells is no doubt.
    settings
        The block ``spots``.
    key
        (plate, well), which the tables name.
    borders
        Site name to (Y, X) labels of other cells at doubtful borders (`CellDoubts.others`); None: not known.
    marks
        Table `WELL_SPOT_MARKS` of the well, for the method ``enhanced``; None: spots are maxima of a filter.

    Returns
    -------
    SpotTables
        Without sites, empty tables.
    """
    found: list[SpotTables] = []
    last_id = 0
    for site in sites:
        shape = next(iter(site.stacks.values())).shape[-2:]
        in_site = tuple(np.zeros(shape, np.uint32) if one is None else one[site.site] for one in (nuclei, cells))
        for channel, image in site.stacks.items():
            voxel, sigma_px = sizes_in_image(image, site, settings)
            tables = spots_of_image(
                image,
                *in_site,
                sigma_px=sigma_px,
                spacing_um=voxel,
                threshold=vars(settings.threshold),
                max_instability=settings.max_instability,
                max_per_neighborhood=settings.max_per_neighborhood,
                decompose=settings.decompose,
                focus_radius_um=settings.focus_radius_um,
                focus_min_spots=settings.focus_min_spots,
                first_id=last_id,
                others=None if borders is None else borders[site.site],
                marks=None if marks is None else marks[(marks["site"] == site.site) & (marks["channel"] == channel)],
            )
            tables = _counted_per_image(tables) if nuclei is None else tables
            found.append(tables.named(plate=key[0], well=key[1], site=site.site, channel=channel))
            print(f"site {site.site}, {channel}: {len(tables.spots)} spots in {len(tables.cells)} cells")
        # Given cells without a nucleus have ids that no nucleus has.
        last_id += max(int(labels.max(initial=0)) for labels in in_site)
    return joined_tables(found)


def sizes_in_image(
    image: NDArray[np.generic], site: SiteStacks, settings: SpotSettings | SpotSizes
) -> tuple[tuple[float, ...], float | tuple[float, ...]]:
    """Size of a voxel per axis, µm, and the standard deviation of a spot, px, in an image of a site."""
    voxel = voxel_size_um(
        settings.spacing_um,
        pixel_size_um=site.pixel_size_um,
        plane_spacing_um=site.plane_spacing_um,
        n_axes=image.ndim,
    )
    sigma = settings.sigma_px
    return voxel, sigma.sigma_px(voxel) if isinstance(sigma, Optics) else sigma


def _counted_per_image(tables: SpotTables) -> SpotTables:
    """The same tables of an image without cells that has no doubt for having none."""
    doubts = [text.split(", ") for text in tables.thresholds["doubts"]]
    known = [joined_doubts(words for words in own if words != NO_CELLS) for own in doubts]
    return replace(tables, thresholds=tables.thresholds.assign(doubts=known))
