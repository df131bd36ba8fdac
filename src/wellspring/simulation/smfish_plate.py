"""A small plate of smFISH wells with known truth: z-stacks of nuclei, cells and RNA spots, a TIFF file per channel."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import tifffile
from numpy.typing import NDArray
from scipy import ndimage

from wellspring.errors import InputError
from wellspring.files import new_folder
from wellspring.segmentation.labels import write_labels
from wellspring.simulation.smfish import add_spots
from wellspring.simulation.tables import SMFISH_CELLS, SMFISH_SPOTS
from wellspring.tables import empty_table, write_table

__all__ = [
    "SmfishSettings",
    "SmfishSite",
    "SmfishWell",
    "Stainings",
    "demo_wells",
    "draw_site",
    "hard_settings",
    "simulate_smfish_plate",
]

_PLATE, _SITE = "smfish01", "1"
# Least distance of two nuclei, and of a nucleus from the edge, in diameters of a nucleus.
_APART, _MARGIN = 1.7, 0.7


@dataclass(frozen=True)
class SmfishWell:
    """One well: its name, cells, and mean number of spots of a cell (0: no probe)."""

    name: str
    n_cells: int
    spots_per_cell: float


@dataclass(frozen=True)
class Stainings:
    """How the cell stain looks; the default is the demo's: all cells alike, with sharp edges and a gap around each.

    Attributes
    ----------
    brightness_sd : float
        Standard deviation of the logarithm of the cells' brightness; 0.7 makes it vary over a decade.
    halo : float
        Light from out of focus around a cell, as a share of its brightness, spread over a nucleus' diameter.
    flat_share : float
        From the nucleus to its edge a cell gets dimmer, down to this share; 1: it is as bright all over.
    membrane : float
        Brightness of a line along the border of each cell, as a share of its brightness; 0: none.
    inside : float
        Brightness within the membrane, as a share; 0 for a stain of membranes alone.
    reach : float
        Where a cell ends, in radii of its nucleus, if no other is nearer; large ones touch without a gap.
    """

    brightness_sd: float = 0.0
    halo: float = 0.0
    flat_share: float = 1.0
    membrane: float = 0.0
    inside: float = 1.0
    reach: float = 1.9


@dataclass(frozen=True)
class SmfishSettings:
    """What the plate shows.

    Attributes
    ----------
    wells : tuple of SmfishWell
    shape : (int, int, int)
        Z, Y, X.
    spacing_um : (float, float, float)
        Size of a voxel.
    sigma_px : (float, float, float)
        Standard deviation of the point spread function per axis, px.
    nucleus_px : float
        Mean diameter of a nucleus.
    snr : float
        Mean amplitude of a spot over the standard deviation of the noise outside of cells.
    focus_share : float
        Share of the cells that hold one focus of 8 spots in their nucleus.
    stainings : dict of str to Stainings
        By well, how its cell stain looks; wells that are not in it look like the demo's.
    """

    wells: tuple[SmfishWell, ...]
    shape: tuple[int, int, int] = (10, 384, 384)
    spacing_um: tuple[float, float, float] = (0.3, 0.16, 0.16)
    sigma_px: tuple[float, float, float] = (1.2, 1.5, 1.5)
    nucleus_px: float = 44.0
    snr: float = 9.0
    focus_share: float = 0.3
    stainings: Mapping[str, Stainings] = field(default_factory=dict)


@dataclass(frozen=True)
class SmfishSite:
    """One drawn field: stacks (Z, Y, X) uint16 by channel, `SMFISH_CELLS` and `SMFISH_SPOTS` of it, (Y, X) labels."""

    stacks: dict[str, NDArray[np.uint16]]
    cells: pd.DataFrame
    spots: pd.DataFrame
    nucleus_labels: NDArray[np.int64]
    cell_labels: NDArray[np.int64]


def demo_wells() -> tuple[SmfishWell, ...]:
    """Four wells of rising expression, one without RNA, one without cells."""
    return (
        SmfishWell("B02", 14, 8.0),
        SmfishWell("B03", 14, 20.0),
        SmfishWell("B04", 14, 40.0),
        SmfishWell("B05", 10, 80.0),
        SmfishWell("C02", 14, 0.0),
        SmfishWell("C03", 0, 0.0),
    )


def hard_settings() -> SmfishSettings:
    """What real images have and the demo has not, a well each, and all but the membrane in one."""
    dim = Stainings(brightness_sd=0.7, halo=0.15)
    stainings = {
        "B02": Stainings(brightness_sd=0.7),
        "B03": Stainings(halo=0.2),
        "B04": Stainings(flat_share=0.3),
        "B05": Stainings(membrane=1.0, inside=0.0, reach=2.6),
        "C02": Stainings(reach=4.0),
        "C03": Stainings(brightness_sd=dim.brightness_sd, halo=dim.halo, flat_share=0.5, reach=2.6),
    }
    wells = tuple(SmfishWell(name, 14, 20.0) for name in stainings)
    return SmfishSettings(wells, stainings=stainings)


def simulate_smfish_plate(
    folder: Path, *, settings: SmfishSettings, seed: int, report: Callable[[str], None] | None = None
) -> Path:
    """Write the plate to `folder`, complete or not at all; return the path of its sheet, ``wells.tsv``.

    In `folder` then lie the sheet, ``<plate>/<well>_s1_<channel>.tif`` for the channels DAPI, CELL and RNA, and
    ``truth/cells.parquet``, ``truth/spots.parquet`` and ``truth/<well>.cells.ome.tif`` (true labels of cells; and
    ``.nuclei.``), which the workflow never reads. A well depends on `seed` and
    its place in the plan alone. `report` is called with one line per well.

    Raises
    ------
    FileExistsError
        When `folder` is there and not empty.
    ValueError
        When the cells of a well do not fit into its field.
    """
    with new_folder(folder) as building:
        _write_plate(building, settings=settings, seed=seed, report=report)
    return Path(folder) / "wells.tsv"


def _write_plate(folder: Path, *, settings: SmfishSettings, seed: int, report: Callable[[str], None] | None) -> None:
    (folder / _PLATE).mkdir(parents=True)
    cells, spots = [empty_table(SMFISH_CELLS)], [empty_table(SMFISH_SPOTS)]
    for number, well in enumerate(settings.wells):
        site = draw_site(well, settings=settings, rng=np.random.default_rng([seed, number]))
        for channel, stack in site.stacks.items():
            path = folder / _PLATE / f"{well.name}_s{_SITE}_{channel}.tif"
            tifffile.imwrite(path, stack, imagej=True, compression="zlib", metadata={"axes": "ZYX"})
        for kind, labels in (("nuclei", site.nucleus_labels), ("cells", site.cell_labels)):
            path = folder / "truth" / f"{well.name}.{kind}.ome.tif"
            path.parent.mkdir(exist_ok=True)
            write_labels(path, {_SITE: labels.astype(np.uint32)}, pixel_size_um=settings.spacing_um[2])
        cells.append(site.cells.assign(plate=_PLATE, well=well.name, site=_SITE))
        spots.append(site.spots.assign(plate=_PLATE, well=well.name, site=_SITE))
        if report is not None:
            report(f"{well.name}: {len(site.cells)} cells, {len(site.spots)} spots")
    write_table(pd.concat(cells, ignore_index=True), folder / "truth" / "cells.parquet", SMFISH_CELLS)
    write_table(pd.concat(spots, ignore_index=True), folder / "truth" / "spots.parquet", SMFISH_SPOTS)
    if settings.stainings:
        (folder / "truth" / "hard").touch()
    names = [well.name for well in settings.wells]
    sheet = pd.DataFrame({"plate": _PLATE, "well": names, "path": _PLATE})
    sheet.to_csv(folder / "wells.tsv", sep="\t", index=False)


def draw_site(well: SmfishWell, *, settings: SmfishSettings, rng: np.random.Generator) -> SmfishSite:
    """Draw one field: elliptic nuclei, cells around them that share the area, spots spread over each cell.

    Spots of a cell are Poisson in number and uniform over its area; those of a focus are close together in the
    nucleus. Camera: Poisson light, gain 2, offset 100, read noise 3.

    Raises
    ------
    ValueError
        When the cells do not fit into the field.
    """
    centres = _centres(well, settings=settings, rng=rng)
    staining = settings.stainings.get(well.name, Stainings())
    nuclei, cells, distance = _outlines(centres, settings=settings, reach=staining.reach, rng=rng)
    spots = _drawn_spots(well, nuclei, cells, settings=settings, rng=rng)
    numbers = np.arange(1, len(centres) + 1)
    truth = pd.DataFrame(
        {
            "cell": numbers,
            "y_px": centres[:, 0],
            "x_px": centres[:, 1],
            "n_spots": np.bincount(spots["cell"].to_numpy(dtype=np.int64), minlength=len(centres) + 1)[1:],
        }
    )
    stacks = {
        "DAPI": _stained(nuclei > 0, settings=settings, light=400.0, rng=rng),
        "CELL": _cell_stain(cells, distance, staining=staining, settings=settings, rng=rng),
        "RNA": _rna(cells > 0, spots, settings=settings, rng=rng),
    }
    return SmfishSite(stacks, truth, spots, nuclei, cells)


def _centres(well: SmfishWell, *, settings: SmfishSettings, rng: np.random.Generator) -> NDArray[np.float64]:
    """(n_cells, 2) places by rejection: no two closer than allowed."""
    size, margin = np.array(settings.shape[1:]), _MARGIN * settings.nucleus_px
    found: list[NDArray[np.float64]] = []
    for _ in range(2000 * well.n_cells):
        place = rng.uniform(margin, size - 1 - margin)
        if all(np.hypot(*(place - other)) >= _APART * settings.nucleus_px for other in found):
            found.append(place)
        if len(found) == well.n_cells:
            break
    if len(found) < well.n_cells:
        raise InputError(f"well {well.name}: {well.n_cells} cells do not fit into {settings.shape[1:]} px. Draw fewer.")
    return np.array(found).reshape(-1, 2)


def _outlines(
    centres: NDArray[np.float64], *, settings: SmfishSettings, reach: float, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """(Y, X) numbers of nuclei and of cells, 0 = background, and the distance from the centre in radii of the nucleus.

    A cell ends where the next nucleus is as near.
    """
    y, x = np.mgrid[: settings.shape[1], : settings.shape[2]]
    nearest = np.full(settings.shape[1:], np.inf)
    owner = np.zeros(settings.shape[1:], dtype=np.int64)
    for number, (row, column) in enumerate(centres, start=1):
        angle, stretch = rng.uniform(0, np.pi), rng.uniform(1.0, 1.3)
        along = (y - row) * np.sin(angle) + (x - column) * np.cos(angle)
        across = (y - row) * np.cos(angle) - (x - column) * np.sin(angle)
        distance = np.hypot(along / stretch**0.5, across * stretch**0.5) / (settings.nucleus_px / 2)
        closer = distance < nearest
        nearest[closer], owner[closer] = distance[closer], number
    return np.where(nearest < 1, owner, 0), np.where(nearest < reach, owner, 0), nearest


def _drawn_spots(
    well: SmfishWell,
    nuclei: NDArray[np.int64],
    cells: NDArray[np.int64],
    *,
    settings: SmfishSettings,
    rng: np.random.Generator,
) -> pd.DataFrame:
    depth = settings.shape[0]
    rows = []
    for cell in range(1, int(cells.max(initial=0)) + 1):
        pixels = np.argwhere(cells == cell)
        plane = pixels[rng.integers(0, len(pixels), rng.poisson(well.spots_per_cell))] + 0.0
        plane += rng.uniform(-0.5, 0.5, plane.shape)
        z = rng.uniform(1.5, depth - 2.5, len(plane))
        rows.append(
            pd.DataFrame({"cell": cell, "z_px": z, "y_px": plane[:, 0], "x_px": plane[:, 1], "is_focus": False})
        )
        if well.spots_per_cell > 0 and rng.uniform() < settings.focus_share:
            inside = np.argwhere(nuclei == cell)
            centre = np.array([depth / 2, *inside[rng.integers(0, len(inside))]])
            places = centre + rng.normal(0, [0.4, 1.0, 1.0], (8, 3))
            placed = dict(zip(("z_px", "y_px", "x_px"), places.T, strict=True))
            rows.append(pd.DataFrame({"cell": cell, **placed, "is_focus": True}))
    columns = [column.name for column in SMFISH_SPOTS.columns if column.name not in ("plate", "well", "site")]
    spots = pd.concat([empty_table(SMFISH_SPOTS), *rows], ignore_index=True)[columns]
    return spots.astype({c.name: c.dtype for c in SMFISH_SPOTS.columns if c.name in columns})


def _profile(settings: SmfishSettings) -> NDArray[np.float64]:
    """(Z, 1, 1): stain over the planes of a flat cell, brightest in the middle."""
    z = np.linspace(-1, 1, settings.shape[0])
    return np.exp(-(z**2))[:, None, None]


def _cell_stain(
    cells: NDArray[np.int64],
    distance: NDArray[np.float64],
    *,
    staining: Stainings,
    settings: SmfishSettings,
    rng: np.random.Generator,
) -> NDArray[np.uint16]:
    """The stack of the cell stain; with the default staining, what `_stained` makes of the cells."""
    light = 150.0
    if staining == Stainings():
        return _stained(cells > 0, settings=settings, light=light, rng=rng)
    levels = np.exp(staining.brightness_sd * rng.standard_normal(int(cells.max(initial=0)) + 1))
    levels[0] = 0.0
    depth = np.clip((distance - 1) / (staining.reach - 1), 0, 1)
    plane = levels[cells] * (1 - (1 - staining.flat_share) * depth) * staining.inside
    if staining.membrane > 0:
        near = ndimage.minimum_filter(cells, 5) != ndimage.maximum_filter(cells, 5)
        plane = np.where(near, staining.membrane * levels[cells], plane)
    plane = ndimage.gaussian_filter(plane, 2.0)
    plane += staining.halo * ndimage.gaussian_filter(plane, settings.nucleus_px / 2)
    texture = 1 + 0.15 * ndimage.gaussian_filter(rng.standard_normal(cells.shape), 4.0) * 14
    return _camera(20.0 + light * plane * np.clip(texture, 0.5, 1.5) * _profile(settings), rng=rng)


def _stained(
    mask: NDArray[np.bool_], *, settings: SmfishSettings, light: float, rng: np.random.Generator
) -> NDArray[np.uint16]:
    edge = ndimage.gaussian_filter(mask.astype(np.float64), 2.0)
    texture = 1 + 0.15 * ndimage.gaussian_filter(rng.standard_normal(mask.shape), 4.0) * 14
    return _camera(20.0 + light * edge * np.clip(texture, 0.5, 1.5) * _profile(settings), rng=rng)


def _rna(
    mask: NDArray[np.bool_], spots: pd.DataFrame, *, settings: SmfishSettings, rng: np.random.Generator
) -> NDArray[np.uint16]:
    background, cytoplasm = 60.0, 30.0
    edge = ndimage.gaussian_filter(mask.astype(np.float64), 4.0)
    light = (background + cytoplasm * edge * _profile(settings)).astype(np.float32)
    amplitude = settings.snr * np.sqrt(background) * np.clip(1 + 0.15 * rng.standard_normal(len(spots)), 0.3, None)
    places = spots[["z_px", "y_px", "x_px"]].to_numpy(dtype=np.float64)
    add_spots(light, places, amplitude, sigma_px=settings.sigma_px)
    return _camera(light, rng=rng)


def _camera(light: NDArray[np.floating], *, rng: np.random.Generator) -> NDArray[np.uint16]:
    counts = 100 + 2.0 * rng.poisson(light) + 3.0 * rng.standard_normal(light.shape)
    return np.clip(np.rint(counts), 0, 65_535).astype(np.uint16)
