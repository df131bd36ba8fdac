import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from wellspring.dataset.histograms import Intensities
from wellspring.dataset.merging import merge_filtered, merge_manifests, normalization_table
from wellspring.dataset.selection import make_manifest, select_cells
from wellspring.dataset.tables import FILTERED, MANIFEST, NORMALIZATION
from wellspring.tables import check_table, empty_table, read_table, write_table

Cells = Callable[..., pd.DataFrame]
SWITCHES = {"clip": True, "mean_extraction": False, "linear_scaling": False, "z_score": False}
NOTHING = empty_table(FILTERED)


@pytest.fixture
def make_manifests(make_cells: Cells) -> Callable[..., pd.DataFrame]:
    def make(well: str, splits: str = "", **columns: object) -> pd.DataFrame:
        words = {"t": "train", "v": "validation", "e": "test"}
        cells = make_cells(len(splits), well=well, mean_EU=np.arange(float(len(splits))), **columns)
        split = np.array([words[letter] for letter in splits], dtype=np.str_)
        return make_manifest(cells, rows=np.arange(len(splits)), split=split, target_channel="EU")

    return make


def intensities(*values: float) -> Intensities:
    distinct, counts = np.unique(np.array(values, dtype=float), return_counts=True)
    return Intensities(distinct, counts)


def test_wells_follow_one_another_and_empty_ones_add_nothing(make_manifests) -> None:
    wells = [make_manifests("A01", "tve"), make_manifests("A02"), make_manifests("A03", "t")]
    merged = merge_manifests(wells, filtered=NOTHING)
    assert merged["well"].tolist() == ["A01", "A01", "A01", "A03"]
    assert merged["row"].tolist() == [0, 1, 2, 0]
    assert merged["split"].tolist() == ["train", "validation", "test", "train"]
    assert merged.index.tolist() == [0, 1, 2, 3]
    check_table(merged, MANIFEST, source="test")


def test_annotations_of_unlike_wells_can_be_written_and_read(make_manifests, tmp_path) -> None:
    wells = [
        make_manifests("A01", "tve", replicate=[1.0, 2.5, np.nan], cycle=["G1", None, "S"], dose=[None] * 3),
        make_manifests("A02", "t", replicate=["b"], cycle=[None], dose=[None]),
        make_manifests("A03", "t", cycle=["G2"], is_mitotic=[True]),
    ]
    write_table(merge_manifests(wells, filtered=NOTHING), tmp_path / "m.parquet", MANIFEST)
    merged = read_table(tmp_path / "m.parquet", MANIFEST)
    assert merged["replicate"].fillna("none").tolist() == ["1", "2.5", "none", "b", "none"]
    assert merged["cycle"].fillna("none").tolist() == ["G1", "none", "S", "none", "G2"]
    assert merged["dose"].isna().all()
    assert merged["is_mitotic"].dropna().tolist() == [True]


def test_numbers_of_two_kinds_stay_numbers(make_manifests) -> None:
    wells = [make_manifests("A01", "tve", day=[1, 2, 3]), make_manifests("A02", "t", day=[0.5])]
    assert merge_manifests(wells, filtered=NOTHING)["day"].tolist() == [1.0, 2.0, 3.0, 0.5]


def test_a_cell_that_occurs_twice_is_an_error(make_manifests) -> None:
    with pytest.raises(ValueError, match=r"manifests: expected one row per cell.*\[1, 2, 3\]"):
        merge_manifests([make_manifests("A01", "tve")] * 2, filtered=NOTHING)


def test_no_cells_left_says_which_criterion_removed_how_many(make_cells: Cells, make_manifests) -> None:
    wells = [
        select_cells(
            make_cells(n, is_border_cell=[1] + [0] * (n - 1), perturbation="TSA"),
            plate="P",
            well=well,
            drop=[{"column": "is_border_cell", "drop": [1]}],
            keep={"perturbation": ["DMSO"]},
        ).filtered
        for n, well in ((3, "A01"), (4, "A02"))
    ]
    expected = (
        r"left none. Of 7 cells, 'is_border_cell is 1' removed 2; 'perturbation not in \[DMSO\]' removed 5. Correct"
    )
    with pytest.raises(ValueError, match=expected):
        merge_manifests([make_manifests("A01"), make_manifests("A02")], filtered=merge_filtered(wells))


def test_no_cells_at_all_says_so(make_cells: Cells, make_manifests) -> None:
    filtered = select_cells(make_cells(0), plate="P", well="A01").filtered
    with pytest.raises(ValueError, match=r"left none\. No well has any cells: check"):
        merge_manifests([make_manifests("A01")], filtered=filtered)


@pytest.mark.parametrize(
    ("splits", "found"),
    [
        ("ttt", r"validation and test got none \(train 3, validation 0, test 0\)"),
        ("tv", r"test got none \(train 1, validation 1, test 0\)"),
    ],
)
def test_a_split_without_cells_is_an_error(make_manifests, splits: str, found: str) -> None:
    with pytest.raises(ValueError, match=found + ".*another seed.*more groups"):
        merge_manifests([make_manifests("A01", splits)], filtered=NOTHING)


def test_counts_of_all_wells_are_kept(make_cells: Cells) -> None:
    wells = [select_cells(make_cells(n), plate="P", well=well).filtered for n, well in ((2, "A01"), (0, "A02"))]
    merged = merge_filtered(wells)
    assert merged[["well", "step", "n_left"]].to_numpy().tolist() == [["A01", 0, 2], ["A02", 0, 0]]


@pytest.mark.parametrize(
    ("switches", "clip", "mean", "shift", "scale"),
    [
        ({"clip": True, "z_score": True}, 10.0, 5.0, 5.0, 5.0),
        ({"clip": False, "z_score": True}, math.inf, 7.5, 7.5, math.sqrt(68.75)),
        ({"clip": True, "mean_extraction": True}, 10.0, 5.0, 5.0, 1.0),
        ({"clip": True, "linear_scaling": True}, 10.0, 5.0, 0.0, 10.0),
        ({"clip": True, "mean_extraction": True, "linear_scaling": True}, 10.0, 5.0, 5.0, 10.0),
        ({"clip": True}, 10.0, 5.0, 0.0, 1.0),
        ({"clip": False}, math.inf, 7.5, 0.0, 1.0),
    ],
)
def test_switches(switches: dict[str, bool], clip: float, mean: float, shift: float, scale: float) -> None:
    # Percentile 200/3 of 0, 0, 10, 20 is the third pixel.
    table = normalization_table({"c": intensities(0, 0, 10, 20)}, percentile=200 / 3, **(SWITCHES | switches))
    row = table.iloc[0]
    assert (row["channel"], row["n_px"], row["percentile"]) == ("c", 4, 200 / 3)
    assert row["upper"] == pytest.approx(10.0)
    assert (row["clip"], row["mean"], row["shift"], row["scale"]) == pytest.approx((clip, mean, shift, scale))
    check_table(table, NORMALIZATION, source="test")


def test_a_channel_that_is_constant_but_for_rounding_gets_scale_one() -> None:
    # Two plates whose backgrounds leave 0.3 and 0.1 + 0.2.
    channels = {"EU": intensities(0.3, 0.1 + 0.2), "PML": intensities(0.3, 0.30001)}
    table = normalization_table(channels, percentile=98, **{**SWITCHES, "z_score": True})
    assert table["scale"].iloc[0] == 1.0
    assert 0 < table["scale"].iloc[1] < 1e-5


def test_channels_without_spread_get_scale_one() -> None:
    flat = {"dark": intensities(0, 0, 0), "even": intensities(0.1, 0.1, 0.1), "spiky": intensities(*[0] * 99, 9)}
    table = normalization_table(flat, percentile=98, **(SWITCHES | {"z_score": True}))
    assert table["channel"].tolist() == ["dark", "even", "spiky"]
    assert table["scale"].tolist() == [1.0, 1.0, 1.0]
    assert table["shift"].tolist() == [0.0, 0.1, 0.0]
    assert table["clip"].tolist() == [0.0, 0.1, 0.0]
    table = normalization_table(flat, percentile=98, **(SWITCHES | {"linear_scaling": True}))
    assert table["scale"].tolist() == [1.0, 0.1, 1.0]


@pytest.mark.parametrize("other", ["mean_extraction", "linear_scaling"])
def test_z_score_excludes_the_others(other: str) -> None:
    with pytest.raises(ValueError, match=r"dataset\.normalization: expected z_score alone"):
        normalization_table({"c": intensities(1, 2)}, percentile=98, **(SWITCHES | {"z_score": True, other: True}))
