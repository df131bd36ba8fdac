"""A study of mRNA and protein in time, in DypFISH's layout, with its truth: ``wellspring simulate-interaction``."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from wellspring.errors import InputError
from wellspring.files import replaced_when_whole
from wellspring.raw.dypfish import CellImage, write_cell_images
from wellspring.simulation.interaction import Placement, draw_cell, draw_image, well_placement

__all__ = ["GENES", "InteractionSettings", "is_interaction_plate", "simulate_interaction_plate"]

REFERENCE, FOLLOWERS, POLAR, PERIPHERAL, EVEN = "gene_r", ("gene_a", "gene_b"), "gene_c", "gene_d", "gene_e"
GENES = (REFERENCE, *FOLLOWERS, POLAR, PERIPHERAL, EVEN)
"""The reference, two whose protein follows the mRNA, one at the MTOC, one at the membrane, one without any of this."""

TREATMENT = "nocodazole"
_MRNA_HOURS, _PROTEIN_HOURS = (2.0, 3.0, 4.0, 5.0), (2.0, 3.0, 5.0, 7.0)
_WITH_PROTEIN = (REFERENCE, *FOLLOWERS, EVEN)
# By how many hours a follower's protein shows where its mRNA was, and how far the pattern moves in an hour.
_DELAY_HOURS, _RADIANS_PER_HOUR = 3.0, 0.45
_MOST_COLUMNS = 24


@dataclass(frozen=True)
class InteractionSettings:
    """How large the study is.

    Attributes
    ----------
    n_wells : int
        Wells for each gene, molecule, time and condition.
    n_images : int
        Cells of a well, one an image.
    is_null : bool
        Whether no gene differs from another and nothing depends on time, MTOC or treatment. Wells and cells differ as
        before.
    well_spread : float
        How much wells differ.
    """

    n_wells: int = 2
    n_images: int = 10
    is_null: bool = False
    well_spread: float = 0.15


@dataclass(frozen=True)
class _Well:
    gene: str
    molecule: str
    hours: float
    condition: str
    replicate: int


def simulate_interaction_plate(
    folder: Path, *, settings: InteractionSettings, seed: int, report: Callable[[str], None]
) -> Path:
    """Write the wells (one HDF5 file each), the sheet ``wells.tsv`` and ``truth/interaction.json``.

    Returns
    -------
    Path
        The sheet: plate, well, path, gene, molecule, time (hours), condition, replicate.

    Raises
    ------
    FileExistsError
        When the folder is not empty.
    ValueError
        When a number is below 1.
    """
    if min(settings.n_wells, settings.n_images) < 1:
        raise InputError(
            f"expected 1 well and 1 image or more, got {settings.n_wells} and {settings.n_images}. Choose more."
        )
    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError(f"{folder}: expected a new or empty folder. Choose another one, or empty it.")
    (folder / "wells").mkdir(parents=True, exist_ok=True)
    rows = []
    for number, well in enumerate(_wells(settings)):
        rng = np.random.default_rng([seed, number])
        group = f"{well.molecule}/{well.gene}/{well.hours:g}h"
        name = _name(number)
        write_cell_images(folder / "wells" / f"{name}.h5", {group: _images(well, settings, rng=rng)})
        path = f"wells/{name}.h5/{group}"
        values = (well.gene, well.molecule, f"{well.hours:g}", well.condition, str(well.replicate))
        rows.append(("simulated", name, path, *values))
    columns = ["plate", "well", "path", "gene", "molecule", "time", "condition", "replicate"]
    sheet = folder / "wells.tsv"
    with replaced_when_whole(sheet) as temporary:
        pd.DataFrame(rows, columns=columns).to_csv(temporary, sep="\t", index=False, lineterminator="\n")
    _write_truth(folder / "truth" / "interaction.json", settings, seed=seed)
    report(f"{len(rows)} wells of {settings.n_images} cells: {len(GENES)} genes, {len(_WITH_PROTEIN)} proteins")
    return sheet


def is_interaction_plate(folder: Path) -> bool:
    """Whether `simulate_interaction_plate` wrote the folder."""
    return (folder / "truth" / "interaction.json").is_file()


def _write_truth(path: Path, settings: InteractionSettings, *, seed: int) -> None:
    path.parent.mkdir(exist_ok=True)
    true: Mapping[str, object] = {
        "seed": seed,
        **asdict(settings),
        "reference": REFERENCE,
        "followers": [] if settings.is_null else list(FOLLOWERS),
        "at_mtoc": [] if settings.is_null else [POLAR],
        "peripheral": [] if settings.is_null else [PERIPHERAL],
        "treatment_removes_delay": not settings.is_null,
    }
    with replaced_when_whole(path) as temporary:
        temporary.write_text(json.dumps(true, indent=1) + "\n", encoding="utf-8")


def _wells(settings: InteractionSettings) -> Iterator[_Well]:
    for condition in ("control", TREATMENT):
        for gene in GENES if condition == "control" else FOLLOWERS:
            for molecule, hours in (("mrna", _MRNA_HOURS), ("protein", _PROTEIN_HOURS)):
                if molecule == "protein" and gene not in _WITH_PROTEIN:
                    continue
                for hour in hours:
                    for replicate in range(1, settings.n_wells + 1):
                        yield _Well(gene, molecule, hour, condition, replicate)


def _name(number: int) -> str:
    return f"{chr(ord('A') + number // _MOST_COLUMNS)}{1 + number % _MOST_COLUMNS:02d}"


def _placement(well: _Well, *, is_null: bool) -> Placement:
    if is_null:
        return Placement()
    hours = well.hours
    if well.molecule == "protein" and well.condition == "control":
        hours -= _DELAY_HOURS
    return Placement(
        periphery=1.5 if well.gene == PERIPHERAL else 0.0,
        mtoc=1.0 if well.gene == POLAR else 0.0,
        moving=3.0 if well.gene in FOLLOWERS else 0.0,
        phase=_RADIANS_PER_HOUR * hours,
    )


def _images(well: _Well, settings: InteractionSettings, *, rng: np.random.Generator) -> Iterator[CellImage]:
    placement = well_placement(_placement(well, is_null=settings.is_null), rng=rng, spread=settings.well_spread)
    mean = 180.0 * np.exp(settings.well_spread * rng.normal())
    for number in range(1, settings.n_images + 1):
        form = draw_cell(rng)
        volume = float(form.height.sum())
        n_molecules = mean * volume / 80_000 * np.exp(0.25 * rng.normal())
        yield draw_image(
            form,
            placement,
            name=f"image_{number:02d}",
            is_mrna=well.molecule == "mrna",
            n_molecules=float(n_molecules),
            rng=rng,
        )
