"""A simulated study of patients' plasma: two plates of monolayers, donors, objectives, planted bad images."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import tifffile

from wellspring.files import new_folder
from wellspring.simulation.monolayer import CHANNELS, Optics, draw_monolayer
from wellspring.simulation.tables import MONOLAYER_SITES
from wellspring.tables import write_table

__all__ = ["Donor", "MonolayerSettings", "demo_donors", "simulate_monolayer_plates"]

_DEFECTS = ("defocus", "debris")


@dataclass(frozen=True)
class Donor:
    """One person: name, diagnosis (control or patient), severity 0 to 1."""

    name: str
    diagnosis: str
    severity: float


@dataclass(frozen=True)
class MonolayerSettings:
    """What the study has.

    Attributes
    ----------
    donors : tuple of Donor
        Each has one well on every plate.
    n_sites : int
        Fields of a well.
    size_px : int
        Side of a field.
    n_bad : int
        Sites of each plate with a defect.
    optics : tuple of Optics
        The objective of each plate.
    """

    donors: tuple[Donor, ...]
    n_sites: int = 4
    size_px: int = 256
    n_bad: int = 3
    optics: tuple[Optics, ...] = (Optics(220.0, 0.8, 0.35), Optics(110.0, 1.1, 0.45))


def demo_donors(*, effect: float = 1.0) -> tuple[Donor, ...]:
    """Six controls, three patients with a weak effect, three with a strong one; `effect` 0: no patient differs."""
    controls = [Donor(f"HC{n}", "control", 0.0) for n in range(1, 7)]
    weak = [Donor(f"SSC{n}", "patient", 0.2 * effect) for n in range(1, 4)]
    strong = [Donor(f"SSCHL{n}", "patient", 0.7 * effect) for n in range(1, 4)]
    return (*controls, *weak, *strong)


def simulate_monolayer_plates(
    folder: Path, *, settings: MonolayerSettings, seed: int, report: Callable[[str], None] | None = None
) -> Path:
    """Write the study to `folder`, complete or not at all; return the path of its sheet, ``wells.tsv``.

    In `folder` then lie the sheet (plate, well, path, donor, diagnosis, objective),
    ``<plate>/<well>_s<site>_<channel>.tif``, and ``truth/sites.parquet``, which the workflow never reads. A well rests
    on `seed` and its place alone.

    Raises
    ------
    FileExistsError
        When `folder` is there and not empty.
    """
    with new_folder(folder) as building:
        _write(building, settings=settings, seed=seed, report=report)
    return Path(folder) / "wells.tsv"


def _write(folder: Path, *, settings: MonolayerSettings, seed: int, report: Callable[[str], None] | None) -> None:
    truth, sheet = [], []
    for number, optics in enumerate(settings.optics):
        plate = f"plasma{number + 1:02d}"
        (folder / plate).mkdir(parents=True)
        rng = np.random.default_rng([seed, number])
        order = rng.permutation(len(settings.donors))
        n_all = len(order) * settings.n_sites
        bad = dict(zip(rng.permutation(n_all)[: settings.n_bad].tolist(), _DEFECTS * n_all, strict=False))
        for place, which in enumerate(order):
            donor, well = settings.donors[which], f"{'BCDEFG'[place // 10]}{place % 10 + 2:02d}"
            # Donors differ a little apart from their severity.
            severity = float(np.clip(donor.severity + np.random.default_rng([seed, which]).normal(0, 0.03), 0, 1))
            objective = f"objective {number + 1}"
            row = {"plate": plate, "well": well, "path": plate, "donor": donor.name, "diagnosis": donor.diagnosis}
            sheet.append({**row, "objective": objective})
            for site in range(settings.n_sites):
                defect = bad.get(place * settings.n_sites + site, "none")
                own = np.random.default_rng([seed, number, place, site])
                image = draw_monolayer(settings.size_px, severity=severity, optics=optics, defect=defect, rng=own)
                for channel, plane in zip(CHANNELS, image, strict=True):
                    tifffile.imwrite(folder / plate / f"{well}_s{site + 1}_{channel}.tif", plane, compression="zlib")
                known = {"site": str(site + 1), "severity": severity, "defect": defect}
                truth.append({k: v for k, v in row.items() if k != "path"} | known)
        if report is not None:
            report(f"{plate}: {len(order)} wells, {len(bad)} bad sites")
    write_table(pd.DataFrame(truth), folder / "truth" / "sites.parquet", MONOLAYER_SITES)
    pd.DataFrame(sheet).to_csv(folder / "wells.tsv", sep="\t", index=False)
