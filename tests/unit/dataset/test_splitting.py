import itertools
from collections import Counter
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from wellspring.dataset.splitting import split_cells, systematic_split

Cells = Callable[..., pd.DataFrame]
SHARES = {"train": 0.8, "validation": 0.1}


def keyed(cells: pd.DataFrame, split: np.ndarray) -> dict[tuple[object, ...], str]:
    return dict(zip(cells[["plate", "well", "object_id"]].itertuples(index=False, name=None), split, strict=True))


def drawn_well(rng: np.random.Generator, n: int, **names: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "plate": names.get("plate", "P"),
            "well": names.get("well", "A01"),
            "object_id": rng.permutation(10 * n)[:n],
            "cell_cycle": rng.choice(["G1", "S", "G2"], n, p=[0.55, 0.3, 0.15]),
            "perturbation": "normal",
        }
    )


def test_systematic_split_by_hand() -> None:
    # Positions (i + 0.5) / 10 are 0.05 to 0.95; eight lie below 0.8, one in [0.8, 0.9), one above.
    assert systematic_split(10, offset=0.5, **SHARES).tolist() == ["train"] * 8 + ["validation", "test"]
    # One cell at 0.85.
    assert systematic_split(1, offset=0.85, **SHARES).tolist() == ["validation"]
    # Three cells at 0.3, 0.63, 0.97.
    assert systematic_split(3, offset=0.9, **SHARES).tolist() == ["train", "train", "test"]
    assert systematic_split(0, offset=0.5, **SHARES).tolist() == []


@pytest.mark.parametrize("n", range(1, 13))
def test_every_cell_has_exactly_its_share_of_each_split(n: int) -> None:
    """The mean over all offsets and over the cell's rank, which the hash makes uniform, is computed without error."""
    # A rank's outcome changes only where (rank + offset) / n crosses 4/5 or 9/10, which is at multiples of 1/10 of
    # the offset: ten midpoints stand for the whole range.
    chances: Counter[str] = Counter()
    for step in range(10):
        for split in systematic_split(n, offset=(step + 0.5) / 10, **SHARES).tolist():
            chances[split] += Fraction(1, 10 * n)
    assert chances == {"train": Fraction(4, 5), "validation": Fraction(1, 10), "test": Fraction(1, 10)}


@pytest.mark.slow
@pytest.mark.parametrize("n", [1, 7])
def test_small_strata_are_unbiased_over_seeds(make_cells: Cells, n: int) -> None:
    cells = make_cells(n)
    drawn = np.array([split_cells(cells, seed=seed, **SHARES) for seed in range(1500)])
    for split, share in {**SHARES, "test": 0.1}.items():
        # Five standard deviations of a mean of 1500 independent draws.
        tolerance = 5 * np.sqrt(share * (1 - share) / 1500)
        np.testing.assert_allclose((drawn == split).mean(axis=0), share, atol=tolerance)


def test_each_well_and_stratum_has_its_share_within_one_cell() -> None:
    rng = np.random.default_rng(0)
    for n, well in itertools.product((1, 5, 37, 400), ("A01", "B02")):
        cells = drawn_well(rng, n, well=well)
        cells["split"] = split_cells(cells, seed=123, stratify=["cell_cycle", "perturbation"], **SHARES)
        for _, stratum in cells.groupby("cell_cycle"):
            for split, share in {**SHARES, "test": 0.1}.items():
                assert abs((stratum["split"] == split).sum() - share * len(stratum)) < 1


def test_adding_or_rerunning_a_well_moves_no_other_cell() -> None:
    rng = np.random.default_rng(1)
    options = {"seed": 123, "stratify": ["cell_cycle"], **SHARES}
    one, other = drawn_well(rng, 200, well="A01"), drawn_well(rng, 150, well="A02")
    rerun = drawn_well(rng, 170, well="A02")
    alone = keyed(one, split_cells(one, **options))
    for second in (other, rerun):
        both = pd.concat([second, one], ignore_index=True)
        together = keyed(both, split_cells(both, **options))
        assert {key: together[key] for key in alone} == alone
        assert {key: s for key, s in together.items() if key not in alone} == keyed(
            second, split_cells(second, **options)
        )


def test_order_of_the_rows_does_not_matter() -> None:
    cells = drawn_well(np.random.default_rng(2), 100)
    mixed = cells.sample(frac=1, random_state=0)
    options = {"seed": 5, "stratify": ["cell_cycle"], **SHARES}
    assert keyed(mixed, split_cells(mixed, **options)) == keyed(cells, split_cells(cells, **options))


def test_seed_plate_and_well_each_change_the_split(make_cells: Cells) -> None:
    first = split_cells(make_cells(50), seed=1, **SHARES).tolist()
    assert split_cells(make_cells(50), seed=1, **SHARES).tolist() == first
    assert split_cells(make_cells(50), seed=2, **SHARES).tolist() != first
    assert split_cells(make_cells(50, plate="Q"), seed=1, **SHARES).tolist() != first
    assert split_cells(make_cells(50, well="A02"), seed=1, **SHARES).tolist() != first


def test_split_is_the_same_on_every_machine(make_cells: Cells) -> None:
    # Written down once: a change of the hash would move cells of datasets made before.
    assert (
        "".join(split_cells(make_cells(20), seed=123, train=0.5, validation=0.25).astype("U1"))
        == "tvttttvvtvtttttttvtt"
    )


def test_missing_stratum_is_a_stratum(make_cells: Cells) -> None:
    cells = make_cells(20, phase=[None] * 10 + ["G1"] * 10)
    split = split_cells(cells, seed=3, stratify=["phase"], **SHARES)
    assert Counter(split[:10].tolist())["train"] == 8
    assert Counter(split[10:].tolist())["train"] == 8


def test_a_well_without_cells_is_split_into_nothing(make_cells: Cells) -> None:
    assert split_cells(make_cells(0), seed=3, stratify=["phase"], **SHARES).tolist() == []
    assert split_cells(make_cells(0), seed=3, group="replicate", **SHARES).tolist() == []


@pytest.mark.parametrize("group", ["replicate", "plate", "well"])
def test_a_group_is_never_on_both_sides(group: str) -> None:
    rng = np.random.default_rng(4)
    wells = [
        drawn_well(rng, 10, plate=plate, well=well).assign(replicate=f"r{rng.integers(8)}")
        for plate in ("P1", "P2", "P3")
        for well in (f"A{number:02d}" for number in range(1, 9))
    ]
    cells = pd.concat(wells, ignore_index=True)
    cells["split"] = np.concatenate([split_cells(well, seed=7, group=group, **SHARES) for well in wells])
    keys = ["plate", "well"] if group == "well" else [group]
    assert (cells.groupby(keys)["split"].nunique() == 1).all()
    # Well by well and all at once is the same.
    assert split_cells(cells, seed=7, group=group, **SHARES).tolist() == cells["split"].tolist()
    assert cells["split"].nunique() > 1 or group == "plate"


def test_wells_of_the_same_name_on_two_plates_are_two_groups() -> None:
    rng = np.random.default_rng(5)
    cells = pd.concat([drawn_well(rng, 1, plate=f"P{n}", well="A01") for n in range(200)], ignore_index=True)
    assert set(split_cells(cells, seed=7, group="well", **SHARES)) == {"train", "validation", "test"}


def test_groups_have_their_share_in_expectation(make_cells: Cells) -> None:
    cells = make_cells(4000, replicate=[f"r{n}" for n in range(4000)])
    counts = Counter(split_cells(cells, seed=1, group="replicate", **SHARES).tolist())
    for split, share in {**SHARES, "test": 0.1}.items():
        assert abs(counts[split] / 4000 - share) < 5 * np.sqrt(share * (1 - share) / 4000)


def test_groups_are_compared_by_meaning(make_cells: Cells) -> None:
    texts, numbers = make_cells(50, replicate=[str(n) for n in range(50)]), make_cells(50, replicate=np.arange(50.0))
    one, other = (split_cells(cells, seed=1, group="replicate", **SHARES) for cells in (texts, numbers))
    assert one.tolist() == other.tolist()


def test_a_cell_without_group_is_an_error(make_cells: Cells) -> None:
    with pytest.raises(ValueError, match=r"dataset\.split\.group: .*'replicate'.*but 2 have none.*Fill"):
        split_cells(make_cells(3, replicate=["a", None, None]), seed=1, group="replicate", **SHARES)


@pytest.mark.parametrize(("options", "key"), [({"stratify": ["phase"]}, "stratify"), ({"group": "phase"}, "group")])
def test_unknown_column_is_named(make_cells: Cells, options: dict[str, object], key: str) -> None:
    with pytest.raises(ValueError, match=rf"dataset\.split\.{key}: .*'phase'.*'object_id'"):
        split_cells(make_cells(3), seed=1, **SHARES, **options)
