"""Names of channels as indexes give them: blanks stripped, never empty, each its own."""

from collections import Counter
from collections.abc import Mapping

__all__ = ["distinct_names", "nanometres"]


def distinct_names(names: Mapping[int, str]) -> dict[int, str]:
    """Number of a channel to its name: blanks around it are stripped, one without a name is ``channel 3``.

    Of several channels of one name each has its number behind it: ``Alexa 488 (2)``.
    """
    stripped = {number: " ".join(name.split()) or f"channel {number}" for number, name in names.items()}
    counts = Counter(stripped.values())
    return {number: name if counts[name] == 1 else f"{name} ({number})" for number, name in stripped.items()}


def nanometres(excitation: object, emission: object) -> str:
    """``488 to 522 nm``; ``740 nm`` where the emission is 0 or not known, as for transmitted light."""
    known = [f"{value:g}" for value in map(_number, (excitation, emission)) if value > 0]
    return f"{' to '.join(known)} nm" if known else ""


def _number(value: object) -> float:
    try:
        return float(str(value))
    except ValueError:
        return 0.0
