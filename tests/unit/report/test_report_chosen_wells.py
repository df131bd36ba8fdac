"""Which wells are shown."""

import pandas as pd

from wellspring.report.chosen_wells import ChosenWell, chosen_wells, compared_wells

WELLS = [("p", f"W{n:02}") for n in range(20)]


def _sites(**doubts: str) -> pd.DataFrame:
    """Two sites of each well; the doubts are those of the second one."""
    rows = [
        ("p", well, site, doubts.get(well, "none") if site == "2" else "none") for _, well in WELLS for site in "12"
    ]
    return pd.DataFrame(rows, columns=["plate", "well", "site", "doubts"])


def test_wells_in_doubt_come_first_and_typical_ones_are_evenly_spaced() -> None:
    found = chosen_wells(WELLS, _sites(W07="a", W03="a, b"), number=5)
    assert [one.well for one in found] == ["W03", "W07", "W00", "W08", "W14"]
    assert [(one.site, list(one.doubts)) for one in found[:3]] == [("2", ["a", "b"]), ("2", ["a"]), (None, [])]


def test_each_kind_of_doubt_has_a_well() -> None:
    doubts = {f"W{n:02}": "a" for n in range(10)} | {"W15": "rare"}
    found = chosen_wells(WELLS, _sites(**doubts), number=4)
    assert [one.well for one in found] == ["W00", "W15", "W10", "W14"]


def test_wells_of_the_other_kind_fill_up() -> None:
    every = {well: "a" for _, well in WELLS}
    assert len(chosen_wells(WELLS, _sites(**every), number=6)) == 6
    assert [one.well for one in chosen_wells(WELLS, _sites(), number=2)] == ["W00", "W10"]
    assert len(chosen_wells(WELLS[:3], _sites(W01="a"), number=8)) == 3
    assert chosen_wells([], _sites().iloc[:0], number=8) == []


def test_a_plate_is_compared_by_its_other_wells_without_doubt() -> None:
    wells = [*WELLS, ("q", "W00"), ("r", "W00")]
    shown = [ChosenWell("p", "W00"), ChosenWell("p", "W07", doubts=["a"]), ChosenWell("q", "W00")]
    found = compared_wells(wells, _sites(W07="a", W02="b"), shown=shown, per_plate=3)
    # Of the 17 others of p; plate q has no other well, and of r none is shown.
    assert [(one.plate, one.well, one.site) for one in found] == [("p", f"W{n}", None) for n in ("01", "08", "14")]
    assert compared_wells(wells, _sites(), shown=[]) == []
