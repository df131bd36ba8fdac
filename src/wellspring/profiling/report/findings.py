"""What came out of the profiles, and what must be known before it is believed."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from wellspring.profiling.confounding import Association
from wellspring.profiling.embeddings import embeddings, title_of

__all__ = ["profile_findings", "profile_warnings"]

_LEVEL = 0.05
# A large effect (Cohen 1988).
_LARGE = 0.5
_TOO_FEW = "too few samples are held out to test a method that was given the classes"


def profile_warnings(
    verdict: pd.DataFrame, *, confounded: Sequence[str], associated: Sequence[Association], label: str
) -> list[str]:
    """Designs in which classes cannot be separated from batches; embeddings of which plates explain more than classes.

    Parameters
    ----------
    verdict
        Table `VERDICT` of all methods.
    confounded
        Columns as of `confounded_with`.
    associated
        As of `class_associations`.
    label
        Name of the class column.
    """
    found = [
        f"{name} is confounded with {label}: each value occurs in one class only, so class differences cannot be "
        f"separated from {name}. Spread the classes over its values."
        for name in confounded
    ]
    found += [
        f"{one.column} is associated with {label} (Cramér's V {one.cramers_v:.2f}, p = {one.p_value:.3f}): class "
        f"differences are partly confounded with {one.column}."
        for one in associated
        if one.column not in confounded and one.cramers_v >= _LARGE and one.p_value <= _LEVEL
    ]
    batch = verdict[verdict["question"] == "batch"].set_index(["method", "metric"])
    for method in dict.fromkeys(verdict["method"]):
        plate, known = (batch["value"].get((method, f"{name} before"), np.nan) for name in ("plate", "label"))
        if plate > known and batch["p_value"].get((method, "plate before"), np.nan) <= _LEVEL:
            found.append(
                f"{_at_start(method)}: plates explain {100 * plate:.0f} % of the embedding's variance, "
                f"classes {100 * known:.0f} %. Look at the clusters with that in mind."
            )
    return found


def profile_findings(verdict: pd.DataFrame) -> list[str]:
    """Whether any embedding classifies unseen samples, then each one's accuracy and clusters, the most accurate first.

    Parameters
    ----------
    verdict
        Table `VERDICT` of all methods.
    """
    unseen = verdict[verdict["scope"] == "unseen"]
    rows = unseen[(unseen["question"] == "classification") & (unseen["metric"] == "accuracy")]
    if not len(rows):
        return ["No sample was left out of any fit, so nothing can be said of unseen samples."]
    rows = rows.sort_values("value", ascending=False, kind="stable")
    agreement = unseen[unseen["metric"] == "kmeans v_measure"].set_index("method")[["value", "p_value"]]
    found = [_of_all(rows)]
    for row in rows.itertuples():
        text = (
            f"{_at_start(row.method)}: {100 * row.value:.0f} % of the wells of unseen samples are classified correctly "
            f"({100 * row.lower:.0f} to {100 * row.upper:.0f} %, {_chance(row.p_value)})"
        )
        if row.method in agreement.index:
            value, p_value = agreement.loc[row.method]
            text += (
                f"; two clusters found without these samples agree with the classes by {value:.2f} (V-measure, 0 not "
                f"at all, 1 fully; {_chance(p_value)})"
            )
        found.append(f"{text}.")
    return found


def _of_all(rows: pd.DataFrame) -> str:
    tested = rows.dropna(subset=["p_value"])
    if not len(tested):
        why = "profiling.n_permutations is 0" if not all(map(_is_informed, rows["method"])) else _TOO_FEW
        return f"Nothing was compared with chance: {why}."
    level = _LEVEL / len(tested)
    better = [title_of(row.method) for row in tested.itertuples() if row.p_value <= level]
    counted = f"p at most {_LEVEL} / {len(tested)} methods"
    untested = ", ".join(title_of(name) for name in rows.loc[rows["p_value"].isna(), "method"])
    more = f" Not covered: {untested}; {_TOO_FEW}." if untested else ""
    if better:
        return f"These embeddings classify unseen samples better than chance: {', '.join(better)} ({counted}).{more}"
    return (
        f"No embedding classifies unseen samples better than chance ({counted}; the smallest p is "
        f"{tested['p_value'].min():.3f}).{more}"
    )


def _is_informed(method: str) -> bool:
    """Whether an embedding of this name is fitted with the classes."""
    known = embeddings()
    return method in known and known[method].needs_classes


def _at_start(method: str) -> str:
    """Title of an embedding at the start of a sentence."""
    title = title_of(method)
    return title[0].upper() + title[1:]


def _chance(p_value: float) -> str:
    return "no p" if np.isnan(p_value) else f"p = {p_value:.3f}"
