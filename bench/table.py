"""One row per figure, and the table that shows them."""

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Row", "print_table"]

_HEADER = ("benchmark", "what", "value", "ratio", "target", "met")


@dataclass(frozen=True)
class Row:
    """One measured figure.

    Attributes
    ----------
    benchmark : str
        Module that measured it.
    what : str
        What was measured.
    value : float
        The figure, in `unit`.
    unit : str
    ratio_to : str
        What `ratio` compares with; empty when it compares with nothing.
    ratio : float or None
    target : str
        What was asked for, in words; empty when nothing was.
    met : bool or None
        Whether the target was met; None without a target.
    """

    benchmark: str
    what: str
    value: float
    unit: str
    ratio_to: str
    ratio: float | None
    target: str
    met: bool | None


def print_table(rows: Iterable[Row]) -> None:
    """Print the rows as one aligned text table."""
    cells = [_HEADER, *(_cells(row) for row in rows)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(_HEADER))]
    for number, row in enumerate(cells):
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
        if number == 0:
            print("  ".join("-" * width for width in widths))


def _cells(row: Row) -> tuple[str, ...]:
    ratio = "" if row.ratio is None else f"{row.ratio:.3g} x {row.ratio_to}"
    met = "" if row.met is None else ("yes" if row.met else "NO")
    value = f"{row.value:.0f}" if float(row.value).is_integer() else f"{row.value:.4g}"
    return row.benchmark, row.what, f"{value} {row.unit}", ratio, row.target, met
