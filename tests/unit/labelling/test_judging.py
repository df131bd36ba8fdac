"""Wells judged in, warn or out, with reasons, on embeddings whose drift is known."""

import numpy as np
import pandas as pd
import pytest

from wellspring.labelling.drift.job import model_digest, roles_of_wells
from wellspring.labelling.drift.judging import judge_drift
from wellspring.labelling.drift.tables import LABELLING_DRIFT, LABELLING_DRIFT_PLATES, LABELLING_EMBEDDINGS
from wellspring.tables import check_table


def _fields(*, n_reference: int = 45, shift: float = 0.0, order: float = 0.0) -> tuple[pd.DataFrame, dict]:
    """Ten training wells and reference wells on p1, twelve wells on p2, the last six moved."""
    rng = np.random.default_rng(3)
    mixing = rng.normal(size=(3, 8))
    rows, roles, state = [], {}, np.zeros(3)
    for plate, n in (("p1", 10 + n_reference), ("p2", 12)):
        for number in range(n):
            well = f"{'ABCDEFGH'[number // 12]}{number % 12 + 1:02d}"
            role = "judged" if plate == "p2" else "training" if number < 10 else "reference"
            roles[plate, well] = role
            state = order * state + rng.normal(size=3)
            moved = shift if plate == "p2" and number >= 6 else 0.0
            for site in range(3 if role == "training" else 2):
                hidden = state + 0.3 * rng.normal(size=3) + moved
                scalars = {name: rng.normal() for name in ("median", "contrast")}
                row = {
                    "plate": plate,
                    "well": well,
                    "site": str(site),
                    "focus": -moved + rng.normal(),
                    "saturated": 0.0,
                }
                rows.append(row | scalars | {f"e_{k}": one for k, one in enumerate(hidden @ mixing + 5)})
    return pd.DataFrame(rows)[["plate", "well", "site", "focus", "median", "contrast", "saturated",
                               *[f"e_{k}" for k in range(8)]]], roles  # fmt: skip


def test_a_shift_is_out_with_what_moved_and_the_nearest_wells() -> None:
    fields, roles = _fields(shift=5.0)
    check_table(fields, LABELLING_EMBEDDINGS, source="x")
    found = judge_drift(fields, roles, window=4, expected_run=64, seed=1)
    check_table(found.wells, LABELLING_DRIFT, source="x")
    check_table(found.plates, LABELLING_DRIFT_PLATES, source="x")
    assert found.refused == ""
    verdicts = found.wells.set_index("well")["verdict"]
    assert (verdicts[:6] != "out").all()
    assert (verdicts[7:] == "out").all()
    last = found.wells.iloc[-1]
    assert "focus" in last["moved"]
    assert len(last["nearest"].split(", ")) == 3
    assert set(last["nearest"].split(", ")) <= set(found.reference)
    assert last["focus_sd"] < -2
    assert found.plates["adjusted_p"].tolist() == [pytest.approx(0.001)]
    assert found.run_time is not None
    assert found.run_time.lower < found.run_time.upper


def test_without_a_shift_wells_are_in() -> None:
    fields, roles = _fields()
    found = judge_drift(fields, roles, window=4, expected_run=128, seed=1)
    assert (found.wells["verdict"] != "out").all()
    assert found.plates["p_value"].item() > 0.05


def test_the_alarm_is_refused_with_a_reason_and_charts_are_kept() -> None:
    fields, roles = _fields(n_reference=40, order=0.9)
    found = judge_drift(fields, roles, window=4, expected_run=64, seed=1)
    assert "rows next to each other in the stream without drift are alike" in found.refused
    assert found.wells["statistic"].isna().all()
    assert found.wells["chart"].notna().all()
    small, small_roles = _fields(n_reference=8)
    few = judge_drift(small, small_roles, window=4, expected_run=64, seed=1)
    assert "8 rows are fewer than two windows of 4 and one more" in few.refused
    assert (few.wells["verdict"] == "not known").all()
    check_table(few.wells, LABELLING_DRIFT, source="x")


def test_without_training_wells_nothing_is_known() -> None:
    fields, roles = _fields()
    none = dict.fromkeys(roles, "judged")
    found = judge_drift(fields, none, window=4, expected_run=64, seed=1)
    assert "drift training embeddings: expected 10 rows or more" in found.refused
    assert (found.wells["verdict"] == "not known").all()
    assert len(found.wells) == len(roles)
    check_table(found.wells, LABELLING_DRIFT, source="x")


def test_roles_and_digests(tmp_path) -> None:
    fields = pd.DataFrame({"plate": ["a", "a", "b"], "well": ["1", "2", "1"]})
    splits = pd.DataFrame({"plate": ["a", "a"], "well": ["1", "2"], "split": ["train", "test"]})
    assert roles_of_wells(fields, splits) == {("a", "1"): "training", ("a", "2"): "reference", ("b", "1"): "judged"}
    (tmp_path / "m.keras").write_bytes(b"x")
    assert model_digest(tmp_path / "m.keras") == "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
