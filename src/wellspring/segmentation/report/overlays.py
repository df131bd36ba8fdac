"""Images with what was found in them: outlines of nuclei and cells, circles around spots."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from skimage.segmentation import find_boundaries

from wellspring.raw.images import read_sites
from wellspring.raw.index import read_index
from wellspring.report.gallery import Gallery, Layer, Tile, circles, outlines, pictures_of, shared_contrast
from wellspring.report.style import axes_grid, in_style, new_figure
from wellspring.segmentation.doubts import NO_DOUBT
from wellspring.segmentation.given.labels import pieces_of_labels
from wellspring.segmentation.labels import read_labels

__all__ = [
    "ADDED_COLOR",
    "CELL_COLOR",
    "MOST_PX",
    "NUCLEUS_COLOR",
    "SPOT_COLOR",
    "Overlay",
    "overlay_contrasts",
    "overlay_figure",
    "overlay_gallery",
    "read_overlay",
    "sites_to_look_at",
]

# Larger images are cut to their middle, so that a page stays readable.
MOST_PX = 512
NUCLEUS_COLOR, CELL_COLOR, SPOT_COLOR, ADDED_COLOR = "#56B4E9", "#F0E442", "#D55E00", "#CC79A7"
_DOUBTFUL = "#D55E00"
_ACROSS = 4
_TILE_MM = 45.0
_FEW = 2

Contrasts = Mapping[tuple[str, str], tuple[float, float]]
"""Darkest and brightest value by plate and channel."""


@dataclass(frozen=True)
class Overlay:
    """A kept site of a well.

    Attributes
    ----------
    plate, name : str
        Plate; well and site in words.
    images : dict of str to (Y, X)
        Projection by channel, cut to its middle.
    nuclei, cells : (Y, X) int
        Labels, cut too.
    spots : pandas.DataFrame or None
        `WELL_SPOTS` of this site, positions in the cut image; may be empty. None where no spots are drawn.
    doubts : str
        Why the well is looked at first; empty of a typical well.
    """

    plate: str
    name: str
    images: Mapping[str, NDArray[np.number]]
    nuclei: NDArray[np.integer]
    cells: NDArray[np.integer]
    spots: pd.DataFrame | None
    doubts: str = ""


def read_overlay(
    index: Path,
    *,
    projection: str,
    channels: Sequence[str],
    nuclei: Path | None,
    cells: Path | None,
    spots: pd.DataFrame | None = None,
    wanted_site: str | None = None,
    doubts: str = "",
) -> Overlay | None:
    """One kept site of a well with its labels, and those of the well's `spots` that it holds.

    Parameters
    ----------
    index
        Index of the well.
    projection, channels
        As of `read_sites`; the images are drawn as they were recorded.
    nuclei, cells
        Label files. A site that was left out is not in them. None where neither is segmented: the first site is drawn.
    spots
        Table `WELL_SPOTS` of the well; None: no spots are drawn.
    wanted_site
        The site; None, or one that was left out: the first kept one.
    doubts
        As of `Overlay`.

    Returns
    -------
    Overlay or None
        None where every site was left out.

    Raises
    ------
    FileNotFoundError, ValueError
        As `read_sites` and `read_labels`.
    """
    well = read_index(index)
    of_nuclei, of_cells = (None if path is None else read_labels(path, of_well=True) for path in (nuclei, cells))
    is_kept = wanted_site is not None and (of_nuclei is None or wanted_site in of_nuclei)
    for site in read_sites(well, projection=projection, wanted=channels):
        if (of_nuclei is None or site.site in of_nuclei) and (not is_kept or site.site == wanted_site):
            window = _middle(site.image.shape[1:])
            nothing = np.zeros(site.image.shape[1:], dtype=np.uint32)
            return Overlay(
                plate=well.plate,
                name=f"{well.plate} / {well.well}, site {site.site}",
                images={name: image[window] for name, image in zip(site.channels, site.image, strict=True)},
                nuclei=(nothing if of_nuclei is None else of_nuclei[site.site])[window],
                cells=(nothing if of_cells is None else of_cells[site.site])[window],
                spots=None if spots is None else _inside(spots[spots["site"] == site.site], window),
                doubts=doubts,
            )
    return None


def sites_to_look_at(sites: pd.DataFrame) -> pd.DataFrame:
    """A table `SITE_NUCLEI` whose sites without nuclei have a doubt, if any site has nuclei: reports warn of them."""
    is_empty = (sites["n_nuclei"] == 0) & (sites["doubts"] == NO_DOUBT) & (sites["n_nuclei"] > 0).any()
    return sites.assign(doubts=sites["doubts"].where(~is_empty, "no nuclei"))


def _middle(shape: Sequence[int]) -> tuple[slice, ...]:
    starts = [max(0, (n - MOST_PX) // 2) for n in shape]
    return tuple(slice(start, min(n, start + MOST_PX)) for n, start in zip(shape, starts, strict=True))


def _inside(spots: pd.DataFrame, window: tuple[slice, ...]) -> pd.DataFrame:
    moved = spots.assign(y_px=spots["y_px"] - window[0].start, x_px=spots["x_px"] - window[1].start)
    size = [part.stop - part.start for part in window]
    return moved[moved["y_px"].between(-0.5, size[0] - 0.5) & moved["x_px"].between(-0.5, size[1] - 0.5)]


def overlay_contrasts(overlays: Sequence[Overlay]) -> dict[tuple[str, str], tuple[float, float]]:
    """One contrast for each plate and channel, so that wells can be compared by eye.

    From the wells without doubt, where there are two of them or more, since a bright fibre would make all other wells
    black; else from all wells.

    Parameters
    ----------
    overlays
        Those that are drawn, and others of their plates (`wellspring.report.chosen_wells.compared_wells`).
    """
    found = {}
    for plate in dict.fromkeys(one.plate for one in overlays):
        own = [one for one in overlays if one.plate == plate]
        typical = [one for one in own if not one.doubts]
        shown = typical if len(typical) >= _FEW else own
        for channel in own[0].images:
            found[plate, channel] = shared_contrast([one.images[channel] for one in shown])
    return found


def overlay_gallery(
    overlays: Sequence[Overlay], *, channels: Sequence[str], with_spots: bool, others: Sequence[Overlay] = ()
) -> Gallery:
    """The fields as tiles that open large: one per well, or, with spots, one per well and channel; without a title.

    `others`: as of `overlay_figure`.
    """
    contrasts = overlay_contrasts([*overlays, *others])
    tiles = []
    for overlay in overlays:
        own = {channel: contrasts[overlay.plate, channel] for channel in channels}
        labels = [Layer("nuclei", NUCLEUS_COLOR, outlines(overlay.nuclei))]
        # Where no cells are segmented, both are the nuclei.
        if not np.array_equal(overlay.cells, overlay.nuclei):
            labels.insert(0, Layer("cells", CELL_COLOR, outlines(overlay.cells)))
        for names in [[channel] for channel in channels] if with_spots else [list(reversed(channels))]:
            layers = [*labels, *(_spot_layers(overlay, names[0]) if with_spots else [])]
            height, width = overlay.images[names[0]].shape
            tiles.append(
                Tile(
                    title=overlay.name,
                    words=_words(overlay, names[0], with_spots=with_spots),
                    is_odd=bool(overlay.doubts),
                    pictures=pictures_of({name: overlay.images[name] for name in names}, own),
                    layers=[layer for layer in layers if layer.markup],
                    width=width,
                    height=height,
                )
            )
    return Gallery(title="", file="", tiles=tiles, caption="")


def _spot_layers(overlay: Overlay, channel: str) -> list[Layer]:
    if overlay.spots is None:
        return []
    own = overlay.spots[overlay.spots["channel"] == channel]
    is_added = own["is_added"].astype(bool)
    return [
        Layer(name, color, circles(part["y_px"].to_numpy(), part["x_px"].to_numpy()))
        for name, color, part in (
            ("spots", SPOT_COLOR, own[~is_added]),
            ("spots added in clumps", ADDED_COLOR, own[is_added]),
        )
    ]


def _counted(overlay: Overlay) -> str:
    """What is drawn, in words. Given nuclei of one cell have one label: each outline counts."""
    n_nuclei, n_cells = (int(pieces_of_labels(one).sum()) for one in (overlay.nuclei, overlay.cells))
    return f"{n_nuclei:,} nuclei" if n_nuclei or not n_cells else f"{n_cells:,} cells"


def _words(overlay: Overlay, channel: str, *, with_spots: bool) -> str:
    counts = _counted(overlay)
    if with_spots and overlay.spots is not None:
        own = overlay.spots[overlay.spots["channel"] == channel]
        n_added = int(own["is_added"].sum())
        added = f", {n_added:,} of them added" if n_added else ""
        counts = f"{channel}: {len(own):,} spots{added}"
    return f"{counts}. {overlay.doubts or 'typical'}"


@in_style
def overlay_figure(
    overlays: Sequence[Overlay], *, channels: Sequence[str], with_spots: bool, others: Sequence[Overlay] = ()
) -> Figure:
    """Four images in a row: the projection in grey, outlines of nuclei and cells, circles around spots.

    The images of a channel and plate share their contrast (`overlay_contrasts`).

    Parameters
    ----------
    overlays
        Without any, the figure says so.
    channels
        Channels to draw.
    with_spots
        Whether each channel is drawn twice, as it is and with its spots; else once, with the outlines.
    others
        Fields of the same plates that are not drawn: the contrast is that of the plate.
    """
    if not overlays:
        figure = new_figure(height_mm=20)
        figure.text(0.02, 0.5, "Every site of the wells that would be drawn was left out.")
        return figure
    contrasts = overlay_contrasts([*overlays, *others])
    panels = [
        (overlay, channel, marked)
        for overlay in overlays
        for channel in channels
        for marked in ((False, True) if with_spots else (True,))
    ]
    n_rows = -(-len(panels) // _ACROSS)
    figure = new_figure(height_mm=(_TILE_MM + 9) * n_rows)
    grid = [axes for row in axes_grid(figure, n_rows=n_rows, n_columns=_ACROSS) for axes in row]
    for axes, (overlay, channel, marked) in zip(grid, panels, strict=False):
        contrast = contrasts[overlay.plate, channel]
        _draw(axes, overlay, channel=channel, contrast=contrast, marked=marked, circled=marked and with_spots)
    for axes in grid[len(panels) :]:
        axes.set_visible(False)
    return figure


def _draw(
    axes: Axes, overlay: Overlay, *, channel: str, contrast: tuple[float, float], marked: bool, circled: bool
) -> None:
    image = overlay.images[channel]
    height, width = image.shape
    axes.imshow(image, cmap="gray", vmin=contrast[0], vmax=contrast[1])
    if marked:
        for labels, color in ((overlay.cells, CELL_COLOR), (overlay.nuclei, NUCLEUS_COLOR)):
            axes.imshow(_outlined(labels, color=color))
    words = channel
    if circled and overlay.spots is not None:
        own = overlay.spots[overlay.spots["channel"] == channel]
        for is_added, color in ((False, SPOT_COLOR), (True, ADDED_COLOR)):
            part = own[own["is_added"] == is_added]
            look: dict[str, Any] = {
                "markersize": 3.0,
                "markerfacecolor": "none",
                "markeredgecolor": color,
                "markeredgewidth": 0.4,
            }
            axes.plot(part["x_px"], part["y_px"], "o", **look)
        n_added = int(own["is_added"].sum())
        words = f"{channel}, {len(own):,} spots" + (f", {n_added:,} of them added" if n_added else "")
    axes.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5), xticks=[], yticks=[])
    axes.set_title(f"{overlay.name}\n{words}", loc="left", fontsize=6.5)
    if overlay.doubts:
        axes.spines[:].set(visible=True, color=_DOUBTFUL, linewidth=1.4)


def _outlined(labels: NDArray[np.integer], *, color: str) -> NDArray[np.uint8]:
    """(Y, X, 4): the boundaries of the labels in one colour, all else transparent."""
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    shown = np.zeros((*labels.shape, 4), dtype=np.uint8)
    shown[find_boundaries(labels, mode="thick")] = (red, green, blue, 255)
    return shown
