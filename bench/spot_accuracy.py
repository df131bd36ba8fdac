"""Accuracy of spot detection, one setting for everything: public images, simulated stacks, clumps.

Spots are matched one to one (Hungarian method); two empty lists agree (F1 1), one empty list scores 0. The public
images are those of `download.py`; ``WELLSPRING_DATA`` names their folder, else they are skipped.
"""

import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from skimage.io import imread

from bench.table import Row
from wellspring.simulation.smfish import FieldSettings, simulate_smfish
from wellspring.spots import detect_spots
from wellspring.spots.clumps import decompose_clumps
from wellspring.spots.evaluation import f1_score, integral_f1, match_spots

# Sizes of the annotated spots, from the set's PROVENANCE.md and the optics of the real field.
SYNTHETIC_SIGMA_PX, REAL_SIGMA_PX = 1.75, 1.3
# The real field's clicks have this constant offset (row, column).
CLICK_OFFSET = np.array([2.5, 1.5])
SIGMA_3D_PX, SHAPE_3D = (1.2, 1.5, 1.5), (32, 512, 512)
# The cell's voxels are 500 x 160 x 160 nm; Cy5 at a numerical aperture of 1.3 gives about 130 nm in the plane and
# 400 nm along z.
CELL_SIGMA_PX = (0.8, 0.85, 0.85)

_Places = NDArray[np.float64]


def run() -> list[Row]:
    """All of them."""
    rows = [*simulated_stacks(), *clumps()]
    folder = os.environ.get("WELLSPRING_DATA")
    if folder is None:
        print("spot_accuracy: public images are skipped, set WELLSPRING_DATA to their folder.", file=sys.stderr)
        return rows
    return [*public_planes(Path(folder)), *public_cell(Path(folder)), *rows]


def public_planes(data: Path) -> list[Row]:
    """The real field and the nine synthetic ones of insta_smfish2d."""
    folder = data / "insta_smfish2d" / "dev"
    scores, splits, integrals, rows = [], [], [], []
    for path in sorted(folder.glob("**/image.png")):
        image = imread(path)
        is_real = image.ndim == 2
        if is_real:
            true = pd.read_csv(path.parent / "spots_expert.csv")[["row", "col"]].to_numpy() - CLICK_OFFSET
            sigma_px = REAL_SIGMA_PX
        else:
            image = image[..., :3].astype(np.float32).mean(axis=-1)
            true = pd.read_csv(path.parent / "spots_true_col_row_snr.csv")[["row", "col"]].to_numpy()
            sigma_px = SYNTHETIC_SIGMA_PX
        spots = detect_spots(image, sigma_px=sigma_px)
        found = _places(spots)
        scores.append(f1_score(found, true))
        integrals.append(integral_f1(found, true))
        rows.append(_row(f"insta {path.parent.name}, {len(true)} true, {len(found)} found, F1@3px", scores[-1]))
        whole = decompose_clumps(image, spots, sigma_px=sigma_px).spots
        split = _places(whole)
        splits.append(f1_score(split, true))
        # The synthetic fields have no clumps; the real one has transcription sites, which were clicked on once.
        target, met = ("", None) if is_real else ("not below", splits[-1] >= scores[-1])
        rows.append(_row(f"insta {path.parent.name}, clumps split, {len(split)}", splits[-1], target=target, met=met))
        if is_real:
            rows += _added_at_clicks(found, split, split[whole["is_added"].to_numpy()], clicks=true)
    mean, least = float(np.mean(scores)), min(scores)
    return [
        *rows,
        _row("insta, mean F1@3px", mean, target="at least 0.87", met=mean >= 0.87),
        _row("insta, least F1@3px", least, target="at least 0.75", met=least >= 0.75),
        _row("insta, clumps split, mean F1@3px", float(np.mean(splits))),
        _row("insta, mean integral F1", float(np.mean(integrals))),
    ]


def _added_at_clicks(found: _Places, split: _Places, added: _Places, *, clicks: _Places) -> list[Row]:
    """How many spots that splitting added are where a person saw light: a site of many molecules has one click."""
    near = int((np.linalg.norm(added[:, None] - clicks, axis=2).min(axis=1) <= 3).sum())
    row = _row(
        "insta real field, added 3 px or less from a click", near, unit="spots", of="added", ratio=near / len(added)
    )
    missed = [len(clicks) - len(match_spots(one, clicks, max_distance=3.0).true) for one in (found, split)]
    before, after = (f"insta real field, clicks without a spot, {name}" for name in ("detected", "clumps split"))
    return [row, _row(before, missed[0], unit="clicks"), _row(after, missed[1], unit="clicks")]


def public_cell(data: Path) -> list[Row]:
    """One cell of munsky_fish_cells3d, compared with the count that was published with it (Big-FISH, threshold 400)."""
    folder = data / "munsky_fish_cells3d"
    rna = np.load(folder / "dev" / "cell_20.npy")[..., 1]
    # Outside the cell the image is 0; there it gets the cell's own level, so that its outline is no edge.
    is_cell = (rna > 0).any(axis=0)
    filled = np.where(is_cell, rna, np.median(rna[:, is_cell], axis=1)[:, None, None])
    spots = detect_spots(filled, sigma_px=CELL_SIGMA_PX)
    inside = spots[is_cell[spots["y_px"].round().astype(int), spots["x_px"].round().astype(int)]]
    split = decompose_clumps(filled, inside, sigma_px=CELL_SIGMA_PX).spots
    table = pd.read_csv(folder / "dataframe_library.csv")
    row = table[table["cell_id"] == 20].iloc[0]
    published, in_sites = int(row["number_of_spots"]), int(row.filter(like="ts_size").sum())
    return [
        _row(f"munsky cell 20, published count (and {in_sites} in transcription sites)", published, unit="spots"),
        _row("munsky cell 20, detected", len(inside), unit="spots", of="published", ratio=len(inside) / published),
        _row("munsky cell 20, clumps split", len(split), unit="spots", of="published", ratio=len(split) / published),
    ]


def simulated_stacks() -> list[Row]:
    """F1 and localisation error at three signal-to-noise ratios and five densities."""
    rows = []
    for snr in (3.0, 5.0, 10.0):
        for n_spots in (50, 200, 500, 1500, 3000):
            settings = FieldSettings(SHAPE_3D, SIGMA_3D_PX, n_spots, snr=snr)
            field = simulate_smfish(settings, rng=np.random.default_rng(n_spots + int(snr)))
            found = _places(detect_spots(field.image, sigma_px=SIGMA_3D_PX))
            matches = match_spots(found, field.places, max_distance=3.0)
            errors = found[matches.found, 1:] - field.places[matches.true, 1:]
            error = float(np.sqrt((errors**2).sum(axis=1)).mean())
            is_bound = snr >= 5
            name = f"stack, SNR {snr:g}, {n_spots} spots"
            target, met = ("at least 0.97", matches.f1 >= 0.97) if is_bound else ("", None)
            rows.append(_row(f"{name}, F1@3px", matches.f1, target=target, met=met))
            target, met = ("at most 0.35", error <= 0.35) if is_bound else ("", None)
            rows.append(_row(f"{name}, error in the plane", error, unit="px", target=target, met=met))
    return rows


def clumps() -> list[Row]:
    """Total count over the true one, 10 clumps of 2 to 50 spots among 100 or 400 free ones, mean of 3 fields."""
    rows = []
    for shape, sigma_px in (((512, 512), (1.5, 1.5)), ((32, 256, 256), SIGMA_3D_PX)):
        for n_free in (100, 400):
            for n_each in (2, 5, 10, 20, 50):
                settings = FieldSettings(
                    shape, sigma_px, n_free, n_clumps=10, spots_per_clump=n_each, clump_radius_px=2.0, margin_px=10.0
                )
                ratio = float(np.mean([_count_ratio(settings, seed=seed) for seed in range(3)]))
                name = f"{len(shape)}D, {n_free} free spots and 10 clumps of {n_each}, count over truth"
                rows.append(_row(name, ratio, target="within 10 %", met=abs(ratio - 1) <= 0.1))
    return rows


def _count_ratio(settings: FieldSettings, *, seed: int) -> float:
    field = simulate_smfish(settings, rng=np.random.default_rng(seed))
    spots = detect_spots(field.image, sigma_px=settings.sigma_px)
    return len(decompose_clumps(field.image, spots, sigma_px=settings.sigma_px).spots) / len(field.spots)


def _places(spots: pd.DataFrame) -> NDArray[np.float64]:
    axes = [name for name in ("z_px", "y_px", "x_px") if name in spots]
    return np.asarray(spots[axes], dtype=np.float64)


def _row(
    what: str,
    value: float,
    *,
    unit: str = "",
    of: str = "",
    ratio: float | None = None,
    target: str = "",
    met: bool | None = None,
) -> Row:
    return Row("spot_accuracy", what, value, unit, of, ratio, target, met)
