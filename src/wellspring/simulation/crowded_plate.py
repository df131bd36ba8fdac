"""A plate of crowded nuclei, ten of its fields annotated, and its truth: ``wellspring simulate-crowded``."""

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import tifffile

from wellspring.errors import InputError
from wellspring.files import temporary_beside
from wellspring.segmentation.labels import write_labels
from wellspring.simulation.crowded_nuclei import draw_crowded

__all__ = ["CROWDED_PLATE", "CrowdedSettings", "annotated_fields", "is_crowded_plate", "simulate_crowded_plate"]

CROWDED_PLATE = "crowded01"
_PIXEL_UM = 0.65
_TRUTH = Path("truth") / "crowded.json"


@dataclass(frozen=True)
class CrowdedSettings:
    """What the plate has.

    Attributes
    ----------
    n_wells, n_sites : int
        Wells, and fields of each.
    n_annotated_wells, n_annotated_sites : int
        The first wells have labels of their first sites.
    size_px : int
        Side of a field.
    diameter_px : float
        Of a typical nucleus.
    """

    n_wells: int = 6
    n_sites: int = 3
    n_annotated_wells: int = 5
    n_annotated_sites: int = 2
    size_px: int = 256
    diameter_px: float = 22.0


def is_crowded_plate(folder: Path) -> bool:
    """Whether `simulate_crowded_plate` wrote the folder."""
    return (Path(folder) / _TRUTH).is_file()


def annotated_fields(folder: Path) -> set[tuple[str, str]]:
    """(well, site) of the annotated fields of a plate that `simulate_crowded_plate` wrote."""
    known = json.loads((Path(folder) / _TRUTH).read_text(encoding="utf-8"))
    settings = CrowdedSettings(**known["settings"])
    return {
        (_name(well), str(site + 1))
        for well in range(settings.n_annotated_wells)
        for site in range(settings.n_annotated_sites)
    }


def _name(number: int) -> str:
    return f"{'ABCDEFGH'[number // 12]}{1 + number % 12:02d}"


def simulate_crowded_plate(
    folder: Path, *, settings: CrowdedSettings, seed: int, report: Callable[[str], None] | None = None
) -> Path:
    """Write the plate to `folder`, complete or not at all; return the path of the sheet, ``wells.tsv``.

    In `folder` then lie the sheet, ``crowded01/<well>_s<site>_DAPI.tif``, for annotated fields
    ``annotated/<well>_s<site>_nuclei.tif``, and the truth, which the workflow never reads: ``truth/crowded.json`` and
    ``truth/crowded01/<well>.nuclei.ome.tif``. A field depends on `seed` and its place alone.

    Raises
    ------
    FileExistsError
        When `folder` is there and not empty.
    ValueError
        When a number is below 1, there are more than 96 wells, or more are annotated than there are.
    """
    counts = (settings.n_wells, settings.n_sites, settings.n_annotated_wells, settings.n_annotated_sites)
    is_too_many = counts[2] > counts[0] or counts[3] > counts[1] or counts[0] > 96
    if min(*counts, settings.size_px) < 1 or is_too_many:
        raise InputError(
            f"expected 1 to 96 wells, 1 site or more, as many or fewer annotated and 1 px or more, got {settings}."
        )
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FileExistsError(f"{folder}: expected a new or empty folder, but it is in use. Remove it or name another.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    building = temporary_beside(folder)
    try:
        _write(building, settings=settings, seed=seed, report=report)
        building.replace(folder)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return folder / "wells.tsv"


def _write(folder: Path, *, settings: CrowdedSettings, seed: int, report: Callable[[str], None] | None) -> None:
    for part in (CROWDED_PLATE, "annotated", f"truth/{CROWDED_PLATE}"):
        (folder / part).mkdir(parents=True)
    known = {"seed": seed, "settings": asdict(settings)}
    (folder / _TRUTH).write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
    annotated, wells = annotated_fields(folder), [_name(number) for number in range(settings.n_wells)]
    for number, well in enumerate(wells):
        labels = {}
        for site in range(1, settings.n_sites + 1):
            rng = np.random.default_rng([seed, number, site])
            field = draw_crowded(settings.size_px, diameter_px=settings.diameter_px, rng=rng)
            labels[str(site)] = field.labels
            tifffile.imwrite(folder / CROWDED_PLATE / f"{well}_s{site}_DAPI.tif", field.image, compression="zlib")
            if (well, str(site)) in annotated:
                path = folder / "annotated" / f"{well}_s{site}_nuclei.tif"
                tifffile.imwrite(path, field.labels.astype(np.uint16), compression="zlib")
        write_labels(folder / "truth" / CROWDED_PLATE / f"{well}.nuclei.ome.tif", labels, pixel_size_um=_PIXEL_UM)
        if report is not None:
            report(f"{well}: {sum(int(one.max()) for one in labels.values())} nuclei")
    sheet = pd.DataFrame({"plate": CROWDED_PLATE, "well": wells, "path": CROWDED_PLATE})
    sheet.to_csv(folder / "wells.tsv", sep="\t", index=False)
