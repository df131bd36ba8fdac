"""A small plate whose genes have known localization patterns: stacks of nuclei, cell stain and an RNA channel per
gene."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import tifffile
from numpy.typing import NDArray
from scipy import ndimage

from wellspring.errors import InputError
from wellspring.files import new_folder
from wellspring.localization.cells import CellShape
from wellspring.localization.polygons import filled
from wellspring.localization.simulated.drawing import source
from wellspring.localization.simulated.landscapes import Landscape, Thickness, drawn_shape, landscape_of
from wellspring.localization.simulated.patterns import Degree
from wellspring.simulation.smfish import add_spots
from wellspring.simulation.tables import LOCALIZED_GENES, LOCALIZED_TRUTH
from wellspring.tables import write_table

__all__ = ["LocalizationPlate", "simulate_localization_plate"]

_PLATE, _SITE = "localization01", "1"
_Stack = NDArray[np.uint16]


@dataclass(frozen=True)
class LocalizationPlate:
    """What the plate shows.

    Attributes
    ----------
    wells : tuple of str
    patterns : dict of str to str
        Gene, which is the name of its channel, to its pattern.
    n_columns : int
        Cells along each side of the field, one in each tile.
    molecules : (float, float)
        Fewest and most of a gene in a cell, uniform in the logarithm.
    share : float
        Of the molecules of a gene, how many follow its pattern.
    tile_px : int
        Side of a tile.
    spacing_um : (float, float, float)
        Size of a voxel, z, y, x.
    n_planes : int
    sigma_px : (float, float, float)
        Standard deviation of the point spread function.
    snr : float
        Of a spot, over the noise outside of cells.
    """

    wells: tuple[str, ...] = ("B02", "B03", "B04", "B05", "C02", "C03", "C04", "C05")
    patterns: Mapping[str, str] = field(
        default_factory=partial(dict, G1="random", G2="intranuclear", G3="cell_edge", G4="polarized")
    )
    n_columns: int = 3
    molecules: tuple[float, float] = (25.0, 70.0)
    share: float = 0.9
    tile_px: int = 150
    spacing_um: tuple[float, float, float] = (0.35, 0.2, 0.2)
    n_planes: int = 13
    sigma_px: tuple[float, float, float] = (1.1, 1.2, 1.2)
    snr: float = 12.0


def simulate_localization_plate(
    folder: Path,
    *,
    settings: LocalizationPlate,
    seed: int,
    is_null: bool = False,
    report: Callable[[str], None] | None = None,
) -> Path:
    """Write the plate to `folder`, complete or not at all; return the path of its sheet, ``wells.tsv``.

    In `folder` then lie the sheet, ``<plate>/<well>_s1_<channel>.tif`` for DAPI, CELL and each gene,
    ``truth/genes.parquet`` (pattern of each gene) and ``truth/molecules.parquet``, which the workflow never reads. A
    well depends on `seed` and its place in the plan alone.

    Parameters
    ----------
    is_null
        Every gene is random in every cell.

    Raises
    ------
    FileExistsError
        When `folder` is there and not empty.
    ValueError
        When no cell of the drawn ones fits into a tile.
    """
    patterns = {gene: "random" if is_null else pattern for gene, pattern in settings.patterns.items()}
    with new_folder(folder) as building:
        _write_plate(building, settings=settings, patterns=patterns, seed=seed, report=report)
    return Path(folder) / "wells.tsv"


def _write_plate(
    folder: Path,
    *,
    settings: LocalizationPlate,
    patterns: Mapping[str, str],
    seed: int,
    report: Callable[[str], None] | None,
) -> None:
    (folder / _PLATE).mkdir(parents=True)
    (folder / "truth").mkdir()
    parts = []
    for number, well in enumerate(settings.wells):
        stacks, molecules = _drawn_well(settings, patterns=patterns, rng=np.random.default_rng([seed, number]))
        for channel, stack in stacks.items():
            path = folder / _PLATE / f"{well}_s{_SITE}_{channel}.tif"
            tifffile.imwrite(path, stack, imagej=True, compression="zlib", metadata={"axes": "ZYX"})
        parts.append(molecules.assign(plate=_PLATE, well=well, site=_SITE))
        if report is not None:
            report(f"{well}: {settings.n_columns**2} cells, {len(molecules)} molecules")
    write_table(pd.concat(parts, ignore_index=True), folder / "truth" / "molecules.parquet", LOCALIZED_TRUTH)
    genes = pd.DataFrame({"gene": list(patterns), "pattern": list(patterns.values())})
    write_table(genes, folder / "truth" / "genes.parquet", LOCALIZED_GENES)
    sheet = pd.DataFrame({"plate": _PLATE, "well": list(settings.wells), "path": _PLATE})
    sheet.to_csv(folder / "wells.tsv", sep="\t", index=False)


def _drawn_well(
    settings: LocalizationPlate, *, patterns: Mapping[str, str], rng: np.random.Generator
) -> tuple[dict[str, _Stack], pd.DataFrame]:
    """Stacks by channel, and rows of `LOCALIZED_TRUTH`."""
    side = settings.n_columns * settings.tile_px
    spacing = settings.spacing_um[2]
    shape = (side, side)
    height = np.zeros((2, *shape))
    light = {gene: np.zeros((settings.n_planes, *shape), np.float32) for gene in patterns}
    rows = []
    for number in range(settings.n_columns**2):
        corner = np.array(divmod(number, settings.n_columns)[::-1], dtype=np.float64) * settings.tile_px * spacing
        cell = _placed(settings, corner=corner, number=number + 1, rng=rng)
        for k, rings in enumerate((cell.shape.rings, cell.shape.nuclei[0])):
            height[k] += filled(rings, origin=np.zeros(2), spacing=spacing, shape=shape)
        for gene, pattern in patterns.items():
            n = round(float(np.exp(rng.uniform(*np.log(settings.molecules)))))
            origin = source(cell, pattern=pattern, degree=Degree(share=settings.share), rng=rng)
            places = origin.draw(rng, n=n, share=settings.share)[:, ::-1] / np.array(settings.spacing_um)
            places[:, 0] += 1.0
            amplitude = settings.snr * np.sqrt(60.0) * np.clip(1 + 0.1 * rng.standard_normal(n), 0.5, None)
            add_spots(light[gene], places, amplitude, sigma_px=settings.sigma_px)
            named = dict(zip(("z_px", "y_px", "x_px"), places.T, strict=True))
            rows.append(pd.DataFrame({"cell": number + 1, "gene": gene, **named}))
    planes = np.exp(-(np.linspace(-1, 1, settings.n_planes) ** 2))[:, None, None]
    cells, nuclei = (ndimage.gaussian_filter(one, 1.2) for one in height)
    stacks = {"DAPI": _camera(20 + 300 * nuclei * planes, rng=rng), "CELL": _camera(20 + 150 * cells * planes, rng=rng)}
    stacks |= {gene: _camera(60 + 15 * cells * planes + own, rng=rng) for gene, own in light.items()}
    return stacks, pd.concat(rows, ignore_index=True)


def _placed(
    settings: LocalizationPlate, *, corner: NDArray[np.float64], number: int, rng: np.random.Generator
) -> Landscape:
    """A drawn cell in the tile whose first pixel is at `corner` (x, y, µm), a micrometre or more from its edges."""
    side = settings.tile_px * settings.spacing_um[2]
    for _ in range(60):
        shape = drawn_shape(rng, area_um2=float(rng.uniform(220, 330)), name=str(number))
        low, high = shape.box
        if (high - low < side - 2).all():
            shift = corner + (side - low - high) / 2
            nuclei = tuple(tuple(ring + shift for ring in rings) for rings in shape.nuclei)
            moved = CellShape(shape.name, tuple(ring + shift for ring in shape.rings), nuclei)
            depth = (settings.n_planes - 3) * settings.spacing_um[0]
            thickness = Thickness(highest_um=depth, flatness=0.3, exponent=0.6, bump=0.3, nucleus_share=0.9)
            return landscape_of(moved, thickness=thickness)
    raise InputError(
        f"tile_px: no cell fits into {settings.tile_px} px of {settings.spacing_um[2]} µm. Make it larger."
    )


def _camera(light: NDArray[np.floating], *, rng: np.random.Generator) -> _Stack:
    counts = 100 + 2.0 * rng.poisson(light) + 3.0 * rng.standard_normal(light.shape)
    return np.clip(np.rint(counts), 0, 65_535).astype(np.uint16)
