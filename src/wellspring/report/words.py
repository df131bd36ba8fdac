"""Lists of names in sentences."""

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # The page, which needs no table, starts without it.
    import pandas as pd

__all__ = ["MOST_NAMED", "listed", "named_wells", "shortened", "unbroken"]

# As many wells are named in a sentence; the others are counted.
MOST_NAMED = 10


def listed(names: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``; empty for no name."""
    return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)


def named_wells(rows: "pd.DataFrame | Iterable[tuple[str, str]]") -> str:
    """How many wells, and which: ``2 wells: p1 / B02, p1 / B03``. Each is named once, in the order given.

    Parameters
    ----------
    rows
        A frame with the columns `plate` and `well`, or pairs of both.
    """
    import pandas as pd

    pairs = zip(rows["plate"], rows["well"], strict=True) if isinstance(rows, pd.DataFrame) else rows
    names = list(dict.fromkeys(f"{plate} / {well}" for plate, well in pairs))
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    if not names:
        return "0 wells"
    return f"{len(names)} well{'s' if len(names) > 1 else ''}: {', '.join(names[:MOST_NAMED])}{more}"


def shortened(name: str, *, longest: int) -> str:
    """`name`, or its first and last letters around an ellipsis where it has more than `longest`."""
    if len(name) <= longest:
        return name
    half = (longest - 1) // 2
    return f"{name[:half]}…{name[-half:]}"


def unbroken(text: str) -> str:
    """`text` whose numbers stay on one line with their percent sign, and values of R² with their name."""
    return re.sub(r"(?<=\d) (?=%)|(?<=R²) (?=[-−\d])", "\u00a0", text)
