"""What the sheet says of the wells of a study, checked before anything is measured: genes, molecules, times."""

import math
import re
from collections.abc import Iterable, Sequence

import pandas as pd

from wellspring.errors import InputError
from wellspring.interaction.groups import group_warnings
from wellspring.interaction.settings import SummarySettings
from wellspring.interaction.spelling import alike, did_you_mean, named_wells, sheet_warnings

__all__ = ["NO_TIME", "annotated_wells", "checked_sheet"]

NO_TIME = "0"
"""Time of all wells of a study without a column of times."""

_MOLECULES = ("mrna", "protein")
_MOST = 10


def annotated_wells(
    annotations: pd.DataFrame, settings: SummarySettings, *, molecules: Iterable[str] | None
) -> pd.DataFrame:
    """Gene, molecule, time and condition of each well.

    Parameters
    ----------
    annotations
        A row per well: plate, well and the columns that `settings` names.
    molecules
        What every well shows, where channels of images say so; None: the sheet says it.

    Returns
    -------
    DataFrame
        Text: plate, well, condition (empty without one), time (``0`` without times; 2 for 2.0, as numbers are equal),
        gene, and molecule unless `molecules` are given.

    Raises
    ------
    ValueError
        When a column is missing from the sheet, a well lacks a value, a molecule is neither mrna nor protein, a time is
        no number where mRNA and protein are compared in time, no well has the reference gene or the control's
        condition, or a well has it in another spelling.
    """
    named = {"gene": settings.gene}
    if molecules is None:
        named["molecule"] = settings.molecule
    if settings.time is not None:
        named["time"] = settings.time
    if settings.condition is not None:
        named["condition"] = settings.condition
    missing = [f"interaction.{key}: {column}" for key, column in named.items() if column not in annotations]
    if missing:
        raise InputError(f"the sheet lacks columns that the config names: {', '.join(missing)}. Add them, or rename.")
    wells = annotations[["plate", "well"]].assign(condition="", time=NO_TIME)
    for key, column in named.items():
        empty = annotations.loc[annotations[column].isna(), "well"].tolist()
        if empty:
            raise InputError(f"the sheet: expected a {column} for every well, but {empty[:5]} have none. Fill it in.")
        wells[key] = annotations[column].astype(str).str.strip()
    unknown = sorted(set(wells.get("molecule", ())) - set(_MOLECULES))
    if unknown:
        raise InputError(f"the sheet, column {settings.molecule}: expected mrna or protein, got {unknown}. Correct it.")
    wells["time"] = _checked_times(wells, settings, molecules=molecules)
    _check_name(wells, "gene", column=settings.gene, key="reference", name=settings.reference)
    if settings.condition is not None:
        _check_name(wells, "condition", column=settings.condition, key="control", name=settings.control)
    return wells


def checked_sheet(
    annotations: pd.DataFrame, settings: SummarySettings, *, molecules: Sequence[str] | None
) -> list[str]:
    """What may be a mistake in the sheet, a line each.

    Arguments and `Raises` as of `annotated_wells`; where the sheet says the molecule, `annotations` have the wells'
    paths too, with which `group_warnings` compares it.
    """
    wells = annotated_wells(annotations, settings, molecules=molecules)
    lines = [] if molecules is not None else group_warnings(wells, annotations["path"].tolist())
    if molecules is not None:
        wells = pd.concat([wells.assign(molecule=name) for name in molecules], ignore_index=True)
    return [*lines, *sheet_warnings(wells, reference=str(settings.reference))]


def _checked_times(
    wells: pd.DataFrame, settings: SummarySettings, *, molecules: Iterable[str] | None
) -> "pd.Series[str]":
    """Equal numbers in one form; text stays as it is where no gene has both molecules."""
    shown = wells.get("molecule", pd.Series(["+".join(sorted(molecules or ()))] * len(wells), index=wells.index))
    kinds = shown.groupby(wells["gene"]).agg(["min", "max"])
    has_both = bool(((kinds["min"] != kinds["max"]) | kinds["min"].str.contains("+", regex=False)).any())
    wrong = [not _is_number(one) for one in wells["time"]]
    if has_both and any(wrong):
        raise InputError(
            f"the sheet, column {settings.time}: expected numbers such as 2 or 3.5, without a unit, got "
            f"{wells.loc[wrong, 'time'].iloc[0]!r} ({named_wells(wells[wrong])}). Correct it."
        )
    return wells["time"].map(_number_text)


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _number_text(text: str) -> str:
    return re.sub(r"^-0$", "0", f"{float(text):.15g}") if _is_number(text) else text


def _check_name(wells: pd.DataFrame, kind: str, *, column: str, key: str, name: str | None) -> None:
    """Raise unless wells have this name of a gene or condition, and all of them in the spelling of the config."""
    if name is None:
        return
    known: Sequence[str] = sorted(set(wells[kind]))
    if name not in known:
        more = f" and {len(known) - _MOST} more" if len(known) > _MOST else ""
        raise InputError(
            f"interaction.{key}: no well of the sheet has the {kind} {name}; its column {column} has "
            f"{', '.join(known[:_MOST])}{more}. Add the wells of {name} to the sheet, or name another {kind} in the "
            f"config{did_you_mean(name, known)}."
        )
    others = [one for one in known if one != name and alike(one, name)]
    if others:
        raise InputError(
            f"the sheet, column {column}: {others[0]!r} ({named_wells(wells[wells[kind] == others[0]])}) differs from "
            f"interaction.{key}, {name}, in case, blanks or hyphens alone. Write {name}, or a name that differs in "
            "more."
        )
