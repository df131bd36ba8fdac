"""Numbers as people write them."""

import math

__all__ = ["NONE", "number"]

# Written for a missing value.
NONE = "–"


def number(value: float, *, scale: float | None = None) -> str:
    """`value` as text: a thousands comma, a real minus, a dash for NaN.

    Parameters
    ----------
    value
        To be written.
    scale
        Size of the numbers that it is listed with; None: its own. It sets the decimals: none from 1000 on, one from
        100 on, two from 0.1 on, else four.
    """
    if math.isnan(value):
        return NONE
    size = abs(value) if scale is None else scale
    digits = 0 if size >= 1000 else 1 if size >= 100 else 2 if size >= 0.1 or size == 0 else 4
    text = f"{value:,.{digits}f}"
    return text.replace("-", "−") if float(text.replace(",", "")) != 0 else text.lstrip("-")
