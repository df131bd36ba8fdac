"""What counts once in a comparison, and within what groups are compared."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

__all__ = ["Design", "comparison_design"]

_ALL = "all"


@dataclass(frozen=True)
class Design:
    """A comparison of one group with the controls.

    Attributes
    ----------
    wells : pandas.DataFrame
        A row per well that is compared: its position (`row`) in the table given, `is_treated`, `unit` (name of what
        counts once), `block`.
    counted : str
        What a unit is: ``well``, ``replicate`` or ``plate``.
    blocks : str
        What groups are compared within: ``plate``, ``replicate`` or ``none``.
    remarks : tuple of str
        What limits the comparison.
    """

    wells: pd.DataFrame
    counted: str
    blocks: str
    remarks: tuple[str, ...]


def comparison_design(wells: pd.DataFrame, *, treated: str, controls: Sequence[str]) -> Design:
    """Units and blocks of the comparison of the group `treated` with `controls`.

    A unit is what the condition was assigned to, as the sheet shows it:

    - the replicate of a group, if wells have a replicate; else the well;
    - the plate, if each plate has one of the two groups only: its wells then share whatever happened to the plate.

    A block is a replicate, if some replicate has both groups; else a plate, if some plate has both and wells are the
    units. Units of a block that has one of the groups only are left out and counted in a remark. If neither
    is the case, there is one block.

    Parameters
    ----------
    wells
        Columns plate, well, group, replicate (empty for none): text. A replicate is the same one in all plates.
    treated, controls
        Values of `group`; the controls count as one group.
    """
    own = wells.assign(row=np.arange(len(wells)))[wells["group"].isin([treated, *controls])]
    own = own.assign(is_treated=own["group"].to_numpy() == treated)
    has_replicates = bool((own["replicate"] != "").any())
    names = own["plate"] + " / " + own["well"]
    own = own.assign(key=own["replicate"].where(own["replicate"] != "", names) if has_replicates else names)
    remarks = []
    is_shared = own.groupby("plate")["is_treated"].transform("nunique") > 1
    on_own_plates = own["plate"].nunique() > 1 and not is_shared.any()
    if on_own_plates:
        own = own.assign(unit=_joined(own))
        remarks.append("each plate has one of the groups only, so wells of a plate do not count by themselves")
    else:
        own = own.assign(unit=own["key"])
    crossing = own.groupby("key")["is_treated"].transform("nunique") > 1 if has_replicates else own["row"] < 0
    if crossing.any():
        blocks, own = "replicate", own.assign(block=_blocks(own))
    elif is_shared.any() and not has_replicates and own["plate"].nunique() > 1:
        blocks, own = "plate", own.assign(block=own["plate"])
    else:
        blocks, own = "none", own.assign(block=_ALL)
    is_whole = own.groupby("block")["is_treated"].transform("nunique") > 1
    if (~is_whole).any() and is_whole.any():
        n_left = len(own[~is_whole].drop_duplicates(["is_treated", "unit"]))
        remarks.append(f"{n_left} of a {blocks} with one of the groups only left out")
        own = own[is_whole]
    is_merged = on_own_plates and bool((own.groupby(["is_treated", "unit"])["key"].nunique() > 1).any())
    counted = "replicate" if has_replicates and not is_merged else "plate" if on_own_plates else "well"
    return Design(own[["row", "is_treated", "unit", "block"]], counted, blocks, tuple(remarks))


def _joined(wells: pd.DataFrame) -> pd.Series:
    """Name of the plates and keys that are connected, since they share wells, within each of the two groups."""
    names = pd.Series("", index=wells.index)
    for _, own in wells.groupby("is_treated"):
        found = own["plate"].copy()
        while True:
            # The first name of each key, then of each plate, until nothing changes.
            next_names = found.groupby(own["key"]).transform("min").groupby(own["plate"]).transform("min")
            if next_names.equals(found):
                break
            found = next_names
        names.loc[own.index] = found
    return names


def _blocks(wells: pd.DataFrame) -> pd.Series:
    """Replicates that are connected by units that hold several."""
    found = wells["key"].copy()
    while True:
        unit = [wells["is_treated"], wells["unit"]]
        next_names = found.groupby(unit).transform("min").groupby(wells["key"]).transform("min")
        if next_names.equals(found):
            return found
        found = next_names
