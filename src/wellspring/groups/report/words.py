"""A comparison in words."""

import math
from typing import Any

import pandas as pd

from wellspring.report.numbers import number

__all__ = ["effect_text", "p_text", "said"]

_TINY = 0.001
_LOW = 0.05


def p_text(value: float, *, name: str = "p") -> str:
    """``p = 0.012``; ``p < 0.001`` below that; ``no p`` for NaN."""
    if math.isnan(value):
        return f"no {name}"
    if value < _TINY:
        return f"{name} < {_TINY:g}"
    return f"{name} = {value:.2g}"


def effect_text(row: Any) -> str:
    """A row of `CONTRASTS` in a line: difference, interval, p, q, units."""
    if math.isnan(row["difference"]):
        return str(row["remarks"])
    sign = "+" if row["difference"] > 0 else ""
    parts = [f"{sign}{_difference(row)}", _p(row)]
    if not math.isnan(row["q_value"]):
        parts.append(p_text(row["q_value"], name="q"))
    parts.append(f"{int(row['n_units'])} vs {int(row['n_units_control'])} {row['counted']}s")
    return ", ".join(parts)


def _difference(row: Any, ending: str = "") -> str:
    """The difference and its interval, with the same decimals."""
    difference, low, high = (row[f"{name}{ending}"] for name in ("difference", "low", "high"))
    if math.isnan(low):
        return number(difference)
    size = max(abs(low), abs(high))
    return f"{number(difference, scale=size)} ({number(low, scale=size)} to {number(high, scale=size)})"


def _p(row: Any, ending: str = "") -> str:
    """The p-value, with that of the t-test where so few units can give no low one."""
    text = p_text(row[f"p_value{ending}"])
    is_few = not row[f"p_lowest{ending}"] <= _LOW
    p_t = row[f"p_t{ending}"]
    return f"{text} ({p_text(p_t, name='t-test')})" if is_few and not math.isnan(p_t) else text


def said(row: pd.Series, *, label: str) -> str:
    """A row of `CONTRASTS` as a sentence, with the number that includes wells in doubt where there are any."""
    if math.isnan(row["difference"]):
        start = f"{label}, {row['group']}: no comparison without wells in doubt ({row['remarks']})"
    else:
        n = f"{int(row['n_units'])} and {int(row['n_units_control'])} {row['counted']}s"
        start = (
            f"{label}: {number(row['mean'])} in {row['group']}, {number(row['mean_control'])} in {row['control']}; "
            f"difference {_difference(row)}, {_p(row)} ({n})"
        )
    n_doubtful = int(row["n_doubtful"] + row["n_doubtful_control"])
    if not n_doubtful:
        return f"{start}."
    wells = f"{n_doubtful} well{'s' if n_doubtful > 1 else ''} in doubt"
    return f"{start}. With {wells}: difference {_difference(row, '_all')}, {_p(row, '_all')}."
