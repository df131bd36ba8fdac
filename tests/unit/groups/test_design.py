"""What counts once, on small sheets."""

import pandas as pd

from wellspring.groups.design import Design, comparison_design


def _design(*rows: str, controls: tuple[str, ...] = ("c",)) -> Design:
    """Rows as ``plate well group replicate``; a dash is no replicate."""
    table = pd.DataFrame([row.split() for row in rows], columns=["plate", "well", "group", "replicate"])
    return comparison_design(table.replace("-", ""), treated="t", controls=controls)


def _n_units(design: Design) -> tuple[int, int]:
    units = design.wells.drop_duplicates(["is_treated", "unit"])
    return int(units["is_treated"].sum()), int((~units["is_treated"]).sum())


def test_wells_of_one_plate_count_one_by_one() -> None:
    design = _design("p A1 t -", "p A2 t -", "p A3 c -", "p A4 other -")
    assert (design.counted, design.blocks, design.remarks) == ("well", "none", ())
    assert _n_units(design) == (2, 1)
    assert design.wells["row"].tolist() == [0, 1, 2]


def test_plates_with_both_groups_are_blocks() -> None:
    design = _design("p A1 t -", "p A2 c -", "q A1 t -", "q A2 c -", "r A1 c -")
    assert (design.counted, design.blocks) == ("well", "plate")
    assert design.wells["block"].tolist() == ["p", "p", "q", "q"]
    assert design.remarks == ("1 of a plate with one of the groups only left out",)


def test_plates_count_where_each_has_one_group() -> None:
    design = _design("p A1 t -", "p A2 t -", "q A1 c -", "q A2 c -")
    assert (design.counted, _n_units(design)) == ("plate", (1, 1))
    assert "do not count by themselves" in design.remarks[0]


def test_a_replicate_with_both_groups_is_a_block() -> None:
    design = _design("p A1 t 1", "p A2 t 1", "p A3 c 1", "p B1 t 2", "p B3 c 2")
    assert (design.counted, design.blocks) == ("replicate", "replicate")
    assert _n_units(design) == (2, 2)
    assert design.wells["block"].tolist() == ["1", "1", "1", "2", "2"]


def test_replicates_of_one_group_count_and_are_no_blocks() -> None:
    design = _design(
        "p A1 t mouse1", "p A2 t mouse2", "p A3 c mouse3", "p A4 c mouse3", "q A1 t mouse1", "q A2 c mouse4"
    )
    assert (design.counted, design.blocks) == ("replicate", "none")
    assert _n_units(design) == (2, 2)


def test_a_replicate_whose_groups_have_plates_of_their_own_is_a_block() -> None:
    design = _design("a A1 t 1", "b A1 c 1", "d A1 t 2", "e A1 c 2", "e A2 c 2")
    assert (design.counted, design.blocks) == ("replicate", "replicate")
    assert _n_units(design) == (2, 2)


def test_replicates_that_share_a_plate_of_one_group_count_as_one() -> None:
    design = _design("a A1 t 1", "a A2 t 2", "b A1 c 1", "b A2 c 2")
    assert (design.counted, _n_units(design)) == ("plate", (1, 1))
    assert design.wells["block"].nunique() == 1


def test_several_controls_are_one_group() -> None:
    design = _design("p A1 t -", "p A2 c -", "p A3 d -", controls=("c", "d"))
    assert _n_units(design) == (1, 2)
