"""Which measures are drawn, and what is drawn of each."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from wellspring.groups.job import cells_of_measure
from wellspring.groups.report.figures import DrawnMeasure

__all__ = ["drawn_features", "drawn_measures"]


def drawn_features(contrasts: pd.DataFrame, *, features: pd.DataFrame, counts: Sequence[str], number: int) -> list[str]:
    """The `number` features with the lowest p-values in any group; equal ones by the size of Hedges' g.

    Those that were chosen come first: six features of size would all show the same.

    Parameters
    ----------
    contrasts, features
        Tables `CONTRASTS` and `FEATURES`.
    counts
        Measures that are no features.
    """
    own = contrasts[~contrasts["measure"].isin(counts) & contrasts["p_value"].notna()]
    is_chosen = own["measure"].isin(features.loc[features["is_chosen"], "measure"])
    ordered = own.assign(size=own["hedges_g"].abs(), chosen=is_chosen).sort_values(
        ["chosen", "p_value", "size"], ascending=[False, True, False], kind="stable"
    )
    return list(dict.fromkeys(ordered["measure"]))[:number]


def drawn_measures(
    names: Sequence[str],
    tables: Mapping[str, pd.DataFrame],
    *,
    labels: Mapping[str, str],
    cells: pd.DataFrame,
    features: Sequence[Path],
) -> list[DrawnMeasure]:
    """What the figure needs of the measures `names`.

    Parameters
    ----------
    tables
        ``wells``, ``contrasts``, ``units``.
    labels
        Words of each measure.
    cells, features
        As of `cells_of_measure`.
    """
    wells, contrasts, units = (tables[name] for name in ("wells", "contrasts", "units"))
    found = []
    for name in names:
        own = wells[wells["measure"] == name].assign(replicate=wells["replicate"].fillna(""))
        unit = str(own["unit"].iloc[0])
        is_said = unit in ("", "1", "spots", "foci", "nuclei") or labels[name].endswith(f" {unit}")
        found.append(
            DrawnMeasure(
                label=labels[name] if is_said else f"{labels[name]}, {unit}",
                wells=own,
                contrasts=contrasts[contrasts["measure"] == name],
                units=units[units["measure"] == name],
                cells=cells_of_measure(name, cells, features),
            )
        )
    return found
