"""Fields of cells for labelling: optical paths, stains of nuclei, ER, Golgi and a reporter, and their truth."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import ndimage

__all__ = ["STAINS", "CellLine", "Scene", "draw_scene"]

STAINS = ("nucleus", "er", "golgi", "reporter")
_PATCH = 2.6  # Half side of the square that a cell is drawn in, in radii of its nucleus.
_TRIES = 400


@dataclass(frozen=True)
class CellLine:
    """How cells are built.

    Attributes
    ----------
    nucleus_um, nucleus_cv : float
        Mean diameter of nuclei, and its coefficient of variation.
    nucleus_height_um, cell_height_um : float
        Heights in the middle.
    cell_index, nucleus_index, nucleolus_index : float
        Refractive index above the medium's; of the nucleus above the cytoplasm's; of a nucleolus above the nucleus'.
    lower_share : float
        Share of nuclei whose index is below that of the cytoplasm.
    mitotic_share : float
        Share of rounded cells with a plate of chromosomes.
    touching_share : float
        Share of cells that are put next to another one.
    reporter_cv : float
        Coefficient of variation between cells of the reporter, which transmitted light does not show.
    """

    nucleus_um: float = 12.0
    nucleus_cv: float = 0.1
    nucleus_height_um: float = 5.0
    cell_height_um: float = 5.0
    cell_index: float = 0.03
    nucleus_index: float = 0.012
    nucleolus_index: float = 0.025
    lower_share: float = 0.1
    mitotic_share: float = 0.04
    touching_share: float = 0.25
    reporter_cv: float = 0.7


@dataclass(frozen=True)
class Scene:
    """One field before any microscope.

    Attributes
    ----------
    path_um, absorption : (Y, X) float32
        As of `wellspring.labelling.optics.transmitted_image`.
    stains : dict of str to (Y, X) float32
        Amount of each of `STAINS` in a pixel, about 1 in a mean nucleus.
    labels : (Y, X) int32
        Number of the nucleus (row of `nuclei` + 1), 0 outside.
    nuclei : DataFrame
        A row per nucleus: y_px, x_px (centre), is_mitotic, is_lower.
    """

    path_um: NDArray[np.float32]
    absorption: NDArray[np.float32]
    stains: dict[str, NDArray[np.float32]]
    labels: NDArray[np.int32]
    nuclei: pd.DataFrame


def draw_scene(
    shape: tuple[int, int], *, per_mm2: float, pixel_um: float, line: CellLine, rng: np.random.Generator
) -> Scene:
    """Draw a field of cells.

    Cells are caps of random outline, at each point as thick as the thickest. A nucleus adds its index times its
    thickness; its stain is thickness times concentration, and its index rises with the concentration, so light can
    know both. ER-like networks and Golgi-like clusters next to the nucleus add a little to the path. The level of ER
    (CV 0.3), Golgi (CV 0.2) and reporter between cells shows in no light.

    Parameters
    ----------
    shape
        Of the field, px of side `pixel_um`.
    per_mm2
        Nuclei per mm²: their number is Poisson. Those that find no room are left out.
    """
    number = int(rng.poisson(per_mm2 * shape[0] * shape[1] * pixel_um**2 / 1e6))
    forms = _placed(shape, n=number, pixel_um=pixel_um, line=line, rng=rng)
    path, absorption = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    stains = {name: np.zeros(shape, np.float32) for name in STAINS}
    labels, nearest = np.zeros(shape, np.int32), np.ones(shape, np.float32)
    network = _network(shape, pixel_um=pixel_um, rng=rng)
    bodies = [_drawn(form, shape, pixel_um=pixel_um, line=line, rng=rng) for form in forms]
    thickness = np.zeros(shape, np.float32)
    for body in bodies:
        np.maximum(thickness[body.at], body.cell, out=thickness[body.at])
    path += line.cell_index * thickness * (1 + 0.06 * network)
    for place, body in enumerate(bodies, start=1):
        own = np.where(body.cell >= thickness[body.at], body.cell, 0.0)
        path[body.at] += body.nucleus_path + 0.02 * body.golgi
        absorption[body.at] += 0.004 * body.nucleus + 0.01 * body.golgi
        stains["nucleus"][body.at] += body.concentration * body.nucleus
        cytoplasm = np.maximum(own / line.cell_height_um - 0.9 * body.nucleus, 0.0)
        stains["er"][body.at] += body.levels[0] * cytoplasm * (0.5 + np.clip(network[body.at] + 0.5, 0, 3))
        stains["golgi"][body.at] += body.levels[1] * body.golgi
        stains["reporter"][body.at] += body.levels[2] * (body.nucleus + 0.1 * own / line.cell_height_um)
        is_own = body.depth < nearest[body.at]
        labels[body.at][is_own] = place
        nearest[body.at][is_own] = body.depth[is_own]
    table = pd.DataFrame(
        {
            "y_px": [form.y for form in forms],
            "x_px": [form.x for form in forms],
            "is_mitotic": np.array([form.is_mitotic for form in forms], dtype=bool),
            "is_lower": np.array([form.is_lower for form in forms], dtype=bool),
        },
    )
    return Scene(path, absorption, stains, labels, table)


@dataclass(frozen=True)
class _Form:
    y: float
    x: float
    radius_px: float
    is_mitotic: bool
    is_lower: bool


@dataclass(frozen=True)
class _Body:
    """One drawn cell: its square `at`, thickness of the cell (µm), the nucleus relative to its full height, …"""

    at: tuple[slice, slice]
    cell: NDArray[np.float32]
    nucleus: NDArray[np.float32]
    nucleus_path: NDArray[np.float32]
    golgi: NDArray[np.float32]
    depth: NDArray[np.float32]
    concentration: float
    levels: tuple[float, float, float]


def _placed(
    shape: tuple[int, int], *, n: int, pixel_um: float, line: CellLine, rng: np.random.Generator
) -> list[_Form]:
    found: list[_Form] = []
    for _ in range(n):
        radius = line.nucleus_um / 2 / pixel_um * float(np.exp(line.nucleus_cv * rng.normal()))
        form = _Form(0.0, 0.0, radius, bool(rng.random() < line.mitotic_share), bool(rng.random() < line.lower_share))
        is_touching = bool(found) and rng.random() < line.touching_share
        for _ in range(_TRIES):
            y, x = rng.uniform(0, shape[0]), rng.uniform(0, shape[1])
            if is_touching:
                other = found[int(rng.integers(len(found)))]
                turn, away = rng.uniform(0, 2 * np.pi), 1.08 * (other.radius_px + radius)
                y, x = other.y + away * np.sin(turn), other.x + away * np.cos(turn)
            is_inside = 0 <= y < shape[0] and 0 <= x < shape[1]
            if is_inside and all(np.hypot(y - o.y, x - o.x) >= 1.05 * (o.radius_px + radius) for o in found):
                found.append(replace(form, y=float(y), x=float(x)))
                break
    return found


def _drawn(form: _Form, shape: tuple[int, int], *, pixel_um: float, line: CellLine, rng: np.random.Generator) -> _Body:
    half = int(np.ceil(_PATCH * form.radius_px))
    top, left = max(int(form.y) - half, 0), max(int(form.x) - half, 0)
    at = (slice(top, min(int(form.y) + half + 1, shape[0])), slice(left, min(int(form.x) + half + 1, shape[1])))
    y, x = np.mgrid[at].astype(np.float32)
    dy, dx = y - np.float32(form.y), x - np.float32(form.x)
    angle, aspect = float(rng.uniform(0, np.pi)), float(rng.uniform(1.0, 1.35))
    radius = form.radius_px
    concentration = float(np.exp(0.2 * rng.normal()))
    if form.is_mitotic:
        depth = _depth(dy, dx, radius=0.5 * radius, aspect=3.0, angle=angle, roughness=0.02, rng=rng)
        round_um = 1.25 * radius * pixel_um
        outside = np.hypot(dy, dx) * pixel_um / round_um
        cell = 2 * round_um * np.sqrt(np.maximum(1 - outside**2, 0))
        concentration *= 2.0
    else:
        depth = _depth(dy, dx, radius=radius, aspect=aspect, angle=angle, roughness=0.03, rng=rng)
        reach = _depth(dy, dx, radius=1.9 * radius, aspect=aspect, angle=angle, roughness=0.1, rng=rng)
        cell = line.cell_height_um * float(np.exp(0.1 * rng.normal())) * np.maximum(1 - reach**2, 0)
    height = float(np.exp(0.1 * rng.normal()))
    nucleus = height * np.sqrt(np.maximum(1 - depth**2, 0))
    index = line.nucleus_index * concentration * (-0.7 if form.is_lower else 1.0)
    nucleus_path = index * line.nucleus_height_um * nucleus
    nucleoli = np.zeros_like(nucleus)
    if not form.is_mitotic:
        for _ in range(int(rng.integers(1, 4))):
            turn, far = rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.55) * radius
            nucleoli += _blob(dy - far * np.sin(turn), dx - far * np.cos(turn), sigma=0.9 / pixel_um)
    nucleus_path = nucleus_path + line.nucleolus_index * 1.5 * nucleoli * (depth < 1)
    return _Body(
        at=at,
        cell=np.maximum(cell, (depth < 1) * line.nucleus_height_um * nucleus).astype(np.float32),
        nucleus=(nucleus * (1 - 0.3 * np.minimum(nucleoli, 1))).astype(np.float32),
        nucleus_path=nucleus_path.astype(np.float32),
        golgi=_golgi(dy, dx, radius=radius, pixel_um=pixel_um, rng=rng),
        depth=depth.astype(np.float32),
        concentration=concentration,
        levels=(_level(0.3, rng=rng), _level(0.2, rng=rng), _level(line.reporter_cv, rng=rng)),
    )


def _level(cv: float, *, rng: np.random.Generator) -> float:
    """A log-normal number of mean 1."""
    sigma = float(np.sqrt(np.log1p(cv**2)))
    return float(np.exp(sigma * rng.normal() - sigma**2 / 2))


def _depth(
    dy: NDArray[np.float32],
    dx: NDArray[np.float32],
    *,
    radius: float,
    aspect: float,
    angle: float,
    roughness: float,
    rng: np.random.Generator,
) -> NDArray[np.floating]:
    """Distance from the centre as a share of the outline's; an ellipse of area πr² with low harmonics."""
    along = (dy * np.sin(angle) + dx * np.cos(angle)) / np.sqrt(aspect)
    across = (dy * np.cos(angle) - dx * np.sin(angle)) * np.sqrt(aspect)
    turn = np.arctan2(across, along)
    outline = np.ones_like(turn)
    for k in (2, 3, 4):
        outline += roughness * rng.normal() * np.cos(k * turn + rng.uniform(0, 2 * np.pi))
    return np.asarray(np.hypot(along, across) / (radius * np.maximum(outline, 0.3)))


def _blob(dy: NDArray[np.float32], dx: NDArray[np.float32], *, sigma: float) -> NDArray[np.floating]:
    """A Gaussian; `dy` and `dx` are the offsets of a grid, so it is the product of a column and a row."""
    column, row = dy[:, :1].astype(np.float64), dx[:1].astype(np.float64)
    return np.asarray(np.exp(-(column**2) / (2 * sigma**2)) * np.exp(-(row**2) / (2 * sigma**2)))


def _golgi(
    dy: NDArray[np.float32], dx: NDArray[np.float32], *, radius: float, pixel_um: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """About a dozen blobs in an arc at one side of the nucleus."""
    found = np.zeros_like(dy)
    side = rng.uniform(0, 2 * np.pi)
    for _ in range(int(rng.integers(8, 16))):
        turn, far = side + 0.45 * rng.normal(), radius * rng.uniform(1.1, 1.45)
        sigma = rng.uniform(0.35, 0.7) / pixel_um
        blob = _blob(dy - far * np.sin(turn), dx - far * np.cos(turn), sigma=sigma)
        found += (rng.uniform(0.5, 1.0) * blob).astype(np.float32)
    return found.astype(np.float32)


def _network(shape: tuple[int, int], *, pixel_um: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """A net of ridges, mean 0, sd 1: where smooth noise crosses zero."""
    noise = ndimage.gaussian_filter(rng.standard_normal(shape).astype(np.float32), 0.8 / pixel_um, mode="wrap")
    ridges = np.exp(-((noise / (0.35 * noise.std())) ** 2))
    return np.asarray((ridges - ridges.mean()) / ridges.std(), dtype=np.float32)
