"""Real bright field in five planes: does the wave model show what a disk cannot, that contrast changes its sign?"""

import os
from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray
from scipy import ndimage

from bench.table import Row
from wellspring.labelling.corruptions.kinds import disk_kernel
from wellspring.labelling.corruptions.refocusing import refocused
from wellspring.labelling.optics import Microscope, transmitted_image
from wellspring.simulation.labelling_cells import CellLine, draw_scene

__all__ = ["run"]

_FILES = {-24.7: "init_z-024.7", -10.3: "fine_z-010.3", 0.0: "fine_z-000.0", 9.7: "fine_z+009.7", 24.5: "init_z+024.5"}
# The pixel size is the set's; apertures are the defaults, as the set does not state them.
_MICROSCOPE = Microscope(contrast="bright_field", pixel_um=0.2005)
_FLAT_PX = 40.0
_Image = NDArray[np.float64]


def run() -> list[Row]:
    """Correlations with planes that the model was not given; the real planes only where WELLSPRING_DATA has them."""
    return [*_simulated(), *_real()]


def _simulated() -> list[Row]:
    rng = np.random.default_rng(1)
    scene = draw_scene((384, 384), per_mm2=1200.0, pixel_um=0.325, line=CellLine(), rng=rng)
    microscope = Microscope(contrast="bright_field", pixel_um=0.325)
    seen = {
        z: transmitted_image(scene.path_um, scene.absorption, microscope=microscope, z_um=z).astype(float)
        for z in (-10.0, 0.0, 10.0)
    }
    flip = _r(seen[10.0], seen[-10.0])
    rise = float(seen[10.0].std() / seen[0.0].std())
    return [
        _row("simulated cells: correlation of +10 and -10 µm", flip, "below 0", flip < 0),
        _row("simulated cells: contrast at +10 µm, of that in focus", rise, "above 1", rise > 1),
    ]


def _real() -> list[Row]:
    folder = Path(os.environ.get("WELLSPRING_DATA", "")) / "brightfield_defocus" / "dev"
    if not folder.is_dir():
        return []
    planes = {z: _flat(tifffile.imread(folder / f"CELLS_S1_s1_bright_{name}um.tif")) for z, name in _FILES.items()}
    flip, rise = _r(planes[9.7], planes[-10.3]), float(planes[9.7].std() / planes[0.0].std())
    rows = [
        _row("real planes: correlation of +9.7 and -10.3 µm", flip, "", None),
        _row("real planes: contrast at +9.7 µm, of that in focus", rise, "", None),
    ]
    for given, held in (
        ((0.0, 9.7), -10.3),
        ((0.0, -10.3), 9.7),
        ((-10.3, 0.0, 9.7), 24.5),
        ((-10.3, 0.0, 9.7), -24.7),
    ):
        place = given.index(0.0)
        stack = np.stack([planes[z] for z in given])
        model = _r(refocused(stack, planes_um=given, microscope=_MICROSCOPE, by_um=held)[place], planes[held])
        disks = [_r(_blurred(planes[0.0], radius), planes[held]) for radius in (3.0, 6.0, 10.0)]
        names = " and ".join(f"{z:+g}" for z in given)
        rows.append(_row(f"real plane {held:+g} µm, wave model from {names} µm", model, "above 0", model > 0))
        rows.append(_row(f"real plane {held:+g} µm, best of three disks", max(disks), "", None))
    return rows


def _row(what: str, value: float, target: str, met: bool | None) -> Row:
    return Row("labelling_defocus", what, value, "r or ratio", "", None, target, met)


def _r(first: _Image, second: _Image) -> float:
    return float(np.corrcoef(first.ravel(), second.ravel())[0, 1])


def _flat(image: NDArray[np.number]) -> _Image:
    given = image.astype(np.float64)
    return np.asarray(given / ndimage.gaussian_filter(given, _FLAT_PX))


def _blurred(image: _Image, radius_px: float) -> _Image:
    return np.asarray(ndimage.convolve(image, disk_kernel(radius_px), mode="reflect"))
