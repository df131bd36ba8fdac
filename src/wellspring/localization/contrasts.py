"""Genes between conditions: differences of wells, whatever the null says of each."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from wellspring.errors import InputError
from wellspring.localization.interaction.inference import difference_of_wells
from wellspring.localization.tables import GENE_CONTRASTS
from wellspring.statistics import benjamini_hochberg
from wellspring.tables import empty_table

__all__ = ["gene_contrasts"]

_PERMUTATIONS = 9999


def gene_contrasts(
    cells: pd.DataFrame,
    *,
    conditions: Iterable[tuple[str, str, str]],
    control: str | None,
    statistics: Sequence[str],
    seed: int,
) -> pd.DataFrame:
    """Table `GENE_CONTRASTS`: each condition against the control, gene by gene.

    The mean over the cells of a unit (well or replicate) is one value. Units exchange their conditions for the p-value:
    all arrangements up to 20,000, else random ones.

    Parameters
    ----------
    cells
        From `wellspring.localization.genes.cells_of_genes`.
    conditions
        (plate, well, value); none: an empty table.
    control
        Value that the others are compared with.
    statistics
        Columns of `cells`, differences from the null.

    Raises
    ------
    ValueError
        When no well has the control, or a unit has several conditions: then it is no unit of the comparison.
    """
    named = {(plate, well): value for plate, well, value in conditions}
    if not named:
        return empty_table(GENE_CONTRASTS)
    if control not in named.values():
        raise InputError(
            f"localization.control: expected one of {sorted(set(named.values()))}, got {control}. Correct the config."
        )
    keys = zip(cells["plate"], cells["well"], strict=True)
    known = cells.assign(condition=[named.get(key, "") for key in keys])
    _check_units(known)
    rows = []
    for gene, own in known.groupby("gene", sort=True):
        for condition in sorted(set(own["condition"]) - {control}):
            for name in statistics:
                rows.append(_row(str(gene), own, name, condition=condition, control=str(control), seed=seed))
    table = pd.DataFrame(rows, columns=[one for one in GENE_CONTRASTS.names if one != "q_value"])
    table = table.assign(q_value=benjamini_hochberg(table["p_value"].to_numpy(dtype=np.float64)))
    return table.astype({one.name: one.dtype for one in GENE_CONTRASTS.columns})


def _check_units(cells: pd.DataFrame) -> None:
    several = cells.groupby("unit")["condition"].nunique()
    mixed = several[several > 1]
    if len(mixed):
        raise InputError(
            f"localization.unit_column: {mixed.index[0]} has wells of several conditions, so it cannot be the unit of "
            "their comparison. Leave unit_column or condition_column out."
        )


def _row(
    gene: str, own: pd.DataFrame, name: str, *, condition: str, control: str, seed: int
) -> tuple[str, str, str, str, int, int, float, float, float, float]:
    rows = own[own[name].notna()]
    means = [rows[rows["condition"] == one].groupby("unit", sort=True)[name].mean() for one in (condition, control)]
    sides = [one.to_numpy(dtype=np.float64) for one in means]
    found = difference_of_wells([sides[0]], [sides[1]], n_permutations=_PERMUTATIONS, seed=seed)
    numbers = (found.value, found.low, found.high, found.p_value)
    return (gene, name, condition, control, len(sides[0]), len(sides[1]), *numbers)
