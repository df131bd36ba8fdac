from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from wellspring.dataset.selection import make_manifest, select_cells
from wellspring.dataset.tables import FILTERED, MANIFEST
from wellspring.tables import check_table

Cells = Callable[..., pd.DataFrame]
BORDER = {"column": "is_border_cell", "drop": [1]}
PHASE = {"column": "cell_cycle", "drop": [None]}


def counts(filtered: pd.DataFrame) -> list[tuple[object, ...]]:
    columns = ["step", "criterion", "n_matching", "n_removed", "n_left"]
    return list(filtered[columns].itertuples(index=False, name=None))


def test_each_criterion_counts_what_it_matches_and_what_it_removes(make_cells: Cells) -> None:
    cells = make_cells(
        6,
        is_border_cell=[1.0, 0.0, 0.0, 1.0, 0.0, 0.0],
        cell_cycle=[None, "G1", None, "S", "G2", "M"],
        perturbation=["normal", "normal", "normal", "normal", "TSA", "DMSO"],
    )
    selection = select_cells(
        cells,
        plate="P",
        well="A01",
        drop=[BORDER, PHASE],
        keep={"perturbation": ["normal", "DMSO"], "cell_cycle": ["G1", "S", "G2"]},
    )
    assert selection.rows.tolist() == [1]
    assert counts(selection.filtered) == [
        (0, "all cells", 0, 0, 6),
        (1, "is_border_cell is 1", 2, 2, 4),
        (2, "cell_cycle is missing", 2, 1, 3),
        (3, "perturbation not in [normal, DMSO]", 1, 1, 2),
        (4, "cell_cycle not in [G1, S, G2]", 3, 1, 1),
    ]
    assert set(selection.filtered["plate"]) == {"P"}
    assert set(selection.filtered["well"]) == {"A01"}
    check_table(selection.filtered, FILTERED, source="test")


@pytest.mark.parametrize("stored", [["1", "0", None], [1, 0, None], [1.0, 0.0, np.nan], [True, False, None]])
@pytest.mark.parametrize("dropped", ["1", 1, 1.0, True])
def test_values_are_compared_by_meaning(make_cells: Cells, stored: list[object], dropped: object) -> None:
    cells = make_cells(3, flag=pd.Series(stored))
    drop = [{"column": "flag", "drop": [dropped]}]
    assert select_cells(cells, plate="P", well="A01", drop=drop).rows.tolist() == [1, 2]


def test_several_values_a_missing_one_among_them(make_cells: Cells) -> None:
    selection = select_cells(
        make_cells(4, phase=["M", "G1", None, "S"]),
        plate="P",
        well="A01",
        drop=[{"column": "phase", "drop": ["M", None]}],
    )
    assert selection.rows.tolist() == [1, 3]
    assert selection.filtered["criterion"].tolist()[1] == "phase in [M, missing]"


def test_a_missing_value_is_never_selected(make_cells: Cells) -> None:
    cells = make_cells(2, perturbation=["DMSO", None])
    assert select_cells(cells, plate="P", well="A01", keep={"perturbation": ["DMSO"]}).rows.tolist() == [0]


@pytest.mark.parametrize(
    ("criteria", "parameter"),
    [({"drop": [{"column": "is_bordr", "drop": [1]}]}, "filter"), ({"keep": {"is_bordr": [1]}}, "select")],
)
def test_unknown_column_is_named(make_cells: Cells, criteria: dict[str, object], parameter: str) -> None:
    with pytest.raises(ValueError, match=rf"dataset\.{parameter}: .*'is_bordr'.*'object_id'.*Correct the name"):
        select_cells(make_cells(1), plate="P", well="A01", **criteria)


def test_a_well_without_cells_has_the_same_steps(make_cells: Cells) -> None:
    selection = select_cells(make_cells(0), plate="P", well="A01", drop=[BORDER], keep={"perturbation": ["DMSO"]})
    assert selection.rows.tolist() == []
    assert counts(selection.filtered) == [
        (0, "all cells", 0, 0, 0),
        (1, "is_border_cell is 1", 0, 0, 0),
        (2, "perturbation not in [DMSO]", 0, 0, 0),
    ]


def test_manifest_holds_place_target_and_annotations_but_no_means(make_cells: Cells) -> None:
    cells = make_cells(3, mean_EU=[10.0, 20.0, 30.0], mean_DAPI=[1.0, 2.0, 3.0], cell_cycle=["G1", "S", "G2"])
    manifest = make_manifest(cells, rows=np.array([0, 2]), split=np.array(["train", "test"]), target_channel="EU")
    assert manifest["row"].tolist() == [0, 2]
    assert manifest["object_id"].tolist() == [1, 3]
    assert manifest["target"].tolist() == [10.0, 30.0]
    assert manifest["split"].tolist() == ["train", "test"]
    assert manifest["cell_cycle"].tolist() == ["G1", "G2"]
    assert list(manifest.columns) == [
        *MANIFEST.names, "n_px", "y_min", "x_min", "height_px", "width_px", "cell_cycle"
    ]  # fmt: skip
    check_table(manifest, MANIFEST, source="test")


def test_manifest_without_chosen_cells_has_the_same_columns(make_cells: Cells) -> None:
    cells = make_cells(2, mean_EU=[1.0, 2.0], cell_cycle=["G1", "S"])
    none = make_manifest(cells, rows=np.array([], dtype=int), split=np.array([], dtype=str), target_channel="EU")
    all_ = make_manifest(cells, rows=np.arange(2), split=np.array(["train", "test"]), target_channel="EU")
    assert len(none) == 0
    assert list(none.columns) == list(all_.columns)


def test_manifest_of_a_well_without_cells_needs_no_means(make_cells: Cells) -> None:
    none = make_manifest(
        make_cells(0), rows=np.array([], dtype=int), split=np.array([], dtype=str), target_channel="EU"
    )
    assert list(none.columns)[: len(MANIFEST.names)] == MANIFEST.names


def test_unknown_target_channel_is_named(make_cells: Cells) -> None:
    cells = make_cells(1, mean_DAPI=[1.0], mean_PML=[1.0])
    with pytest.raises(ValueError, match=r"dataset\.target_channel: .*'EU'.*\['DAPI', 'PML'\].*Correct"):
        make_manifest(cells, rows=np.array([0]), split=np.array(["train"]), target_channel="EU")


@pytest.mark.parametrize("target", [np.nan, np.inf])
def test_target_that_is_not_finite_is_named(make_cells: Cells, target: float) -> None:
    cells = make_cells(2, mean_EU=[1.0, target])
    with pytest.raises(ValueError, match=r"mean_EU: .*1 have none.*\('P', 'A01', 2\)"):
        make_manifest(cells, rows=np.arange(2), split=np.array(["train", "test"]), target_channel="EU")


def test_target_that_is_not_finite_does_no_harm_in_a_cell_left_out(make_cells: Cells) -> None:
    cells = make_cells(2, mean_EU=[1.0, np.nan])
    manifest = make_manifest(cells, rows=np.array([0]), split=np.array(["train"]), target_channel="EU")
    assert manifest["target"].tolist() == [1.0]
