"""The truth about a simulated plate: latent levels of every cell, causal channels, attainable R²."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.files import as_readable, replaced_when_whole
from wellspring.simulation.intensities import formula_terms
from wellspring.simulation.panel import Marker
from wellspring.simulation.settings import Formula, PlateSettings
from wellspring.simulation.tables import TRUTH
from wellspring.tables import empty_table, write_table
from wellspring.truth import Causes

__all__ = [
    "AttainableR2",
    "Truth",
    "attainable_r2",
    "causes_of",
    "read_truth",
    "truth_table",
    "write_truth",
]

_CONTROLS = ("normal", "DMSO")


@dataclass(frozen=True)
class AttainableR2:
    """R² on control cells that pass the quality filter, for who knows the terms of the formula; NaN below 2 cells.

    `total`: structure and activity known; `structure`, `activity`: that term alone.
    """

    total: float
    structure: float
    activity: float
    n_cells: int


@dataclass(frozen=True)
class Truth:
    """What `truth.json` says."""

    plate: str
    seed: int
    formula: Formula
    causes: Causes
    attainable: AttainableR2


def causes_of(markers: Sequence[Marker]) -> Causes:
    """The causal ones among the markers: both speckle and both PML markers, and those that carry the activity."""
    return Causes(
        structure=tuple(m.identifier for m in markers if m.kind in ("speckle", "pml_body")),
        intensity=tuple(m.identifier for m in markers if m.activity),
    )


def truth_table(
    latents: pd.DataFrame, nuclei: pd.DataFrame, *, plate: str, well: str, perturbation: str, formula: Formula
) -> pd.DataFrame:
    """Table `TRUTH` of one well, from its cells' `latents` (with object_id) and `nuclei`, row by row."""
    terms = formula_terms(latents, formula=formula).add_suffix("_term")
    shared = nuclei[["phase", "is_border", "is_polynucleated", "n_px"]]
    table = pd.concat([latents.drop(columns=["noise", "effect"]), shared, terms], axis=1)
    table = table.assign(plate=plate, well=well, perturbation=perturbation)
    return table[TRUTH.names].astype({column.name: column.dtype for column in TRUTH.columns})


def attainable_r2(cells: pd.DataFrame, *, formula: Formula) -> AttainableR2:
    """The best R² on the control cells of a truth table that the workflow's default filter and selection keep."""
    used = cells[
        cells["perturbation"].isin(_CONTROLS)
        & ~cells["is_border"]
        & ~cells["is_polynucleated"]
        & (cells["phase"] != "M")
    ]
    eu = used["eu"].to_numpy()
    structure, activity = (used[f"{name}_term"].to_numpy() for name in ("structure", "activity"))
    return AttainableR2(
        total=_r2(eu, formula.base + structure + activity),
        structure=_r2(eu, formula.base + structure),
        activity=_r2(eu, formula.base + activity),
        n_cells=len(used),
    )


def _r2(true: NDArray[np.float64], predicted: NDArray[np.float64]) -> float:
    spread = float(((true - true.mean()) ** 2).sum()) if len(true) > 1 else 0.0
    return 1 - float(((true - predicted) ** 2).sum()) / spread if spread > 0 else float("nan")


def write_truth(folder: Path, tables: Sequence[pd.DataFrame], *, settings: PlateSettings, seed: int) -> Truth:
    """Write ``cells.parquet`` and ``truth.json`` to `folder`; return what the latter says."""
    tables = [table for table in tables if len(table)]
    cells = pd.concat(tables, ignore_index=True) if tables else empty_table(TRUTH)
    truth = Truth(
        settings.plate,
        seed,
        settings.formula,
        causes_of(settings.markers),
        attainable_r2(cells, formula=settings.formula),
    )
    write_table(cells, folder / "cells.parquet", TRUTH)
    with replaced_when_whole(folder / "truth.json") as temporary:
        # NaN is not JSON.
        words = json.dumps(_without_nan(asdict(truth)), indent=2)
        temporary.write_text(words + "\n", encoding="utf-8")
    return truth


def read_truth(folder: Path) -> Truth:
    """Read the ``truth.json`` of a simulated plate's folder.

    Raises
    ------
    FileNotFoundError, ValueError
        When it is missing or was not written by `write_truth`.
    """
    path = Path(folder) / "truth" / "truth.json"
    with as_readable(path, expected="the truth of a simulated plate"):
        values = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(values, dict):
            raise InputError(f"a {type(values).__name__} instead of an object")
        attainable = {name: float("nan") if value is None else value for name, value in values["attainable"].items()}
        return Truth(
            plate=values["plate"],
            seed=values["seed"],
            formula=Formula(**_named(values["formula"], Formula)),
            causes=Causes(**{name: tuple(value) for name, value in _named(values["causes"], Causes).items()}),
            attainable=AttainableR2(**_named(attainable, AttainableR2)),
        )


def _named(values: Mapping[str, Any], kind: type[Any]) -> dict[str, Any]:
    """The fields of a dataclass; KeyError where one is missing."""
    return {field.name: values[field.name] for field in fields(kind)}


def _without_nan(values: Mapping[str, Any]) -> dict[str, Any]:
    known: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            known[name] = _without_nan(value)
        else:
            known[name] = None if isinstance(value, float) and np.isnan(value) else value
    return known
