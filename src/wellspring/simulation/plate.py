"""Writing a simulated plate: wells in the raw MPM format, plate-level tables, a sheet, and their truth."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.files import new_folder
from wellspring.simulation.intensities import draw_latents, draw_pixels, plate_background
from wellspring.simulation.nuclei import PHASES, Nuclei, draw_nuclei
from wellspring.simulation.panel import PANEL
from wellspring.simulation.settings import PlateSettings, WellPlan
from wellspring.simulation.structures import causal_pixels, draw_structures
from wellspring.simulation.truth import truth_table, write_truth
from wellspring.truth import write_structures

__all__ = ["SimulatedWell", "simulate_plate", "simulate_well"]

_CELL_LINE = "184A1"
# Ids start high and are the same in every well, as in the data that this imitates.
_FIRST_ID = 1001
_CELLS_PER_WELL_ID = 1_000_000


@dataclass(frozen=True)
class SimulatedWell:
    """One well, before it is written.

    Attributes
    ----------
    nuclei : Nuclei
    latents : DataFrame
        One row per cell: object_id, structures, activity, noise, effect, eu.
    pixels : (n_px, n_channels) uint16
        In the order of the nuclei's pixels.
    structures : dict of (n_px,) bool
        Pixels of the structures that the target depends on, in the same order.
    """

    nuclei: Nuclei
    latents: pd.DataFrame
    pixels: NDArray[np.uint16]
    structures: dict[str, NDArray[np.bool_]]


def simulate_plate(
    folder: Path, *, settings: PlateSettings, seed: int, report: Callable[[str], None] | None = None
) -> Path:
    """Write the plate to `folder`, complete or not at all; return the path of its sheet, ``wells.tsv``.

    In `folder` then lie the sheet; ``<plate>/<well>/`` with ``mpp.npy`` (n_px, n_channels) uint16, ``x.npy``,
    ``y.npy``, ``mapobject_ids.npy`` (n_px,) int32, ``metadata.csv`` and ``channels.csv``; ``<plate>/`` with
    ``cell_cycle_classification.csv``, ``wells_metadata.csv`` and ``secondary_only_relative_normalisation.csv``; and
    ``truth/``, which the workflow reads for the validation of attribution alone. A well depends on `seed` and its place
    in the plan alone. A well without cells has empty arrays. `report` is called with one line per well.

    Raises
    ------
    FileExistsError
        When `folder` is there and not empty.
    """
    with new_folder(folder) as building:
        _write_plate(building, settings=settings, seed=seed, report=report)
    return Path(folder) / "wells.tsv"


def _write_plate(folder: Path, *, settings: PlateSettings, seed: int, report: Callable[[str], None] | None) -> None:
    plate = folder / settings.plate
    plate.mkdir(parents=True)
    background = plate_background(settings, rng=np.random.default_rng([seed, 0]))
    truth, phases = [], []
    for number, plan in enumerate(settings.wells, start=1):
        well = simulate_well(plan, background=background, settings=settings, rng=np.random.default_rng([seed, number]))
        cell_ids = number * _CELLS_PER_WELL_ID + np.arange(plan.n_cells)
        _write_well(plate / plan.name, well, plan=plan, cell_ids=cell_ids, settings=settings)
        write_structures(
            folder / "truth",
            well.structures,
            shown_by={marker.identifier: marker.kind for marker in PANEL if marker.kind in well.structures},
            object_id=well.latents["object_id"].to_numpy()[well.nuclei.nucleus],
            plate=settings.plate,
            well=plan.name,
        )
        phases.append(pd.DataFrame({"mapobject_id": cell_ids, "cell_cycle": well.nuclei.cells["phase"].astype("str")}))
        names = {"plate": settings.plate, "well": plan.name, "perturbation": plan.perturbation}
        truth.append(truth_table(well.latents, well.nuclei.cells, **names, formula=settings.formula))
        if report is not None:
            report(f"{plan.name}: {plan.perturbation}, {plan.n_cells} cells, {len(well.pixels):,} px")
    write_truth(folder / "truth", truth, settings=settings, seed=seed)
    _write_plate_tables(plate, pd.concat(phases) if phases else None, background=background, settings=settings)
    sheet = pd.DataFrame(
        {
            "plate": settings.plate,
            "well": [plan.name for plan in settings.wells],
            "path": [f"{settings.plate}/{plan.name}" for plan in settings.wells],
            "replicate": _replicates(settings.wells),
        }
    )
    sheet.to_csv(folder / "wells.tsv", sep="\t", index=False)


def simulate_well(
    plan: WellPlan, *, background: NDArray[np.float64], settings: PlateSettings, rng: np.random.Generator
) -> SimulatedWell:
    """Draw one well; `background` is (n_channels,) float64, camera counts."""
    nuclei = draw_nuclei(plan.n_cells, settings=settings, rng=rng)
    structures = draw_structures(nuclei, perturbation=plan.perturbation, settings=settings, rng=rng)
    latents = draw_latents(structures.counts, perturbation=plan.perturbation, settings=settings, rng=rng)
    pixels = draw_pixels(
        nuclei,
        structures,
        latents,
        background=background,
        perturbation=plan.perturbation,
        settings=settings,
        rng=rng,
    )
    cells = latents.assign(object_id=_FIRST_ID + np.arange(plan.n_cells))
    return SimulatedWell(nuclei, cells, pixels, causal_pixels(structures))


def _write_well(
    folder: Path, well: SimulatedWell, *, plan: WellPlan, cell_ids: NDArray[np.int64], settings: PlateSettings
) -> None:
    folder.mkdir()
    object_id = well.latents["object_id"].to_numpy()
    np.save(folder / "mpp.npy", well.pixels)
    np.save(folder / "x.npy", well.nuclei.x)
    np.save(folder / "y.npy", well.nuclei.y)
    np.save(folder / "mapobject_ids.npy", object_id[well.nuclei.nucleus].astype(np.int32))
    cells = well.nuclei.cells
    polynucleated = cells["is_polynucleated"].astype("int64")
    metadata = pd.DataFrame(
        {
            "mapobject_id": object_id,
            "plate_name": settings.plate,
            "well_name": plan.name,
            "well_pos_y": ord(plan.name[0]) - ord("A") if plan.name[0].isalpha() else 0,
            "well_pos_x": int(plan.name[1:]) - 1 if plan.name[1:].isdigit() else 0,
            "tpoint": 0,
            "zplane": 0,
            "label": np.arange(1, plan.n_cells + 1),
            "is_border": cells["is_border"].astype("int64"),
            "mapobject_id_cell": cell_ids,
            "is_border_cell": cells["is_border"].astype("int64"),
            "is_mitotic": (cells["phase"] == PHASES[3]).astype("int64"),
            # Two classifiers, one per cell line; the one of the other line misses every third.
            "is_polynuclei_HeLa": polynucleated * (object_id % 3 > 0),
            f"is_polynuclei_{_CELL_LINE}": polynucleated,
        }
    )
    metadata.to_csv(folder / "metadata.csv")
    channels = pd.DataFrame({"name": [marker.identifier for marker in settings.markers]})
    channels.to_csv(folder / "channels.csv", header=False)


def _write_plate_tables(
    folder: Path, phases: pd.DataFrame | None, *, background: NDArray[np.float64], settings: PlateSettings
) -> None:
    if phases is None:
        phases = pd.DataFrame({"mapobject_id": [], "cell_cycle": []})
    # A cell in mitosis has no row.
    phases[phases["cell_cycle"] != PHASES[3]].to_csv(folder / "cell_cycle_classification.csv", index=False)
    perturbations = [plan.perturbation if plan.perturbation != "normal" else "" for plan in settings.wells]
    wells = pd.DataFrame(
        {
            "plate_name": settings.plate,
            "well_name": [plan.name for plan in settings.wells],
            "cell_type": _CELL_LINE,
            "perturbation": perturbations,
            "duration": 30,
        }
    )
    wells.to_csv(folder / "wells_metadata.csv", index=False)
    names = [marker.identifier for marker in settings.markers]
    rows = [
        pd.DataFrame(
            {"channel": names, "measurement_type": kind, "cell_line": line, "mean_background": np.round(values, 2)}
        )
        # Only the first block is what was used; the others are there to be left out.
        for kind, line, values in (
            ("non-cell", "HeLa", background),
            ("cell", "HeLa", background * 1.3),
            ("non-cell", _CELL_LINE, background * 0.9),
        )
    ]
    pd.concat(rows).to_csv(folder / "secondary_only_relative_normalisation.csv", index=False)


def _replicates(wells: tuple[WellPlan, ...]) -> list[int]:
    """1, 2, ... among the wells of the same perturbation."""
    seen: dict[str, int] = {}
    numbers = []
    for plan in wells:
        seen[plan.perturbation] = seen.get(plan.perturbation, 0) + 1
        numbers.append(seen[plan.perturbation])
    return numbers
