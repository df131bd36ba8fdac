"""Which wells a page shows: those in doubt first, and typical ones to compare them with."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ChosenWell", "chosen_wells", "compared_wells"]

_NO_DOUBT = "none"


@dataclass(frozen=True)
class ChosenWell:
    """A well to show: its key, the site to show (None: the first one), and its doubts (none of a typical one)."""

    plate: str
    well: str
    site: str | None = None
    doubts: Sequence[str] = ()


def chosen_wells(wells: Sequence[tuple[str, str]], sites: "pd.DataFrame", *, number: int) -> list[ChosenWell]:
    """Up to `number` wells: half of them in doubt, each kind of doubt before a second well of one; then typical ones.

    Parameters
    ----------
    wells
        (plate, well) of all wells, in the order of the sheet.
    sites
        A row per site: plate, well, site and doubts (words joined by ", ", or none). The first site of a well that has
        a doubt is the one to show.
    number
        1 or more. Typical wells are evenly spaced among those without doubt; they fill up where few are in doubt, and
        so do wells in doubt where few are typical.

    Returns
    -------
    list
        Wells in doubt first, those with most doubts before others; else in the order of the sheet.
    """
    doubtful = sites[sites["doubts"] != _NO_DOUBT]
    found: dict[tuple[str, str], ChosenWell] = {}
    for row in doubtful.itertuples():
        key = str(row.plate), str(row.well)
        known = found.get(key, ChosenWell(*key, site=str(row.site)))
        words = dict.fromkeys([*known.doubts, *str(row.doubts).split(", ")])
        found[key] = ChosenWell(*key, site=known.site, doubts=list(words))
    odd = sorted((found[key] for key in wells if key in found), key=_fewness)
    typical = [ChosenWell(*key) for key in wells if key not in found]
    n_odd = min(len(odd), max((number + 1) // 2, number - len(typical)))
    kinds = dict.fromkeys(kind for one in odd for kind in one.doubts)
    firsts = [next(place for place, one in enumerate(odd) if kind in one.doubts) for kind in kinds]
    places = sorted(list(dict.fromkeys([*firsts, *range(len(odd))]))[:n_odd])
    n_typical = min(number - n_odd, len(typical))
    return [*(odd[place] for place in places), *(typical[n * len(typical) // n_typical] for n in range(n_typical))]


def compared_wells(
    wells: Sequence[tuple[str, str]], sites: "pd.DataFrame", *, shown: Sequence[ChosenWell], per_plate: int = 12
) -> list[ChosenWell]:
    """Wells that say what a plate looks like and are not shown: up to `per_plate` of each plate of the shown ones.

    They are evenly spaced among those without doubt.

    Parameters
    ----------
    wells, sites
        As of `chosen_wells`.
    shown
        From `chosen_wells`.
    """
    known = {(str(row.plate), str(row.well)) for row in sites[sites["doubts"] != _NO_DOUBT].itertuples()}
    known |= {(one.plate, one.well) for one in shown}
    found = []
    for plate in dict.fromkeys(one.plate for one in shown):
        own = [key for key in wells if key[0] == plate and key not in known]
        number = min(per_plate, len(own))
        found += [ChosenWell(*own[n * len(own) // number]) for n in range(number)]
    return found


def _fewness(one: ChosenWell) -> int:
    return -len(one.doubts)
