"""Tables of stability from a measure whose error is known."""

import numpy as np
import pytest

from wellspring.labelling.corruptions.curves import SweptField
from wellspring.labelling.corruptions.kinds import light_of
from wellspring.labelling.corruptions.study import chosen_fields, stability_of
from wellspring.labelling.corruptions.tables import LABELLING_STABILITY, LABELLING_TOLERANCE
from wellspring.labelling.optics import Microscope
from wellspring.tables import check_table


def _field(well: str, site: int) -> SweptField:
    rng = np.random.default_rng([len(well), site])
    return SweptField(f"{well}/{site}", well, (1000 + 100 * rng.normal(size=(1, 32, 32))).astype(np.uint16))


FIELDS = [_field(well, site) for well in ("A01", "A02", "A03") for site in (1, 2)]


def _measure(field: SweptField, planes: np.ndarray) -> dict[str, float]:
    """The count falls with the light; the alarm sounds when it is 0.75 or less."""
    share = float((planes - 100.0).mean() / (field.planes - 100.0).mean())
    return {"count": 100.0 * min(share, 1.0), "area": 50.0, "alarm": float(share <= 0.75)}


def test_tolerances_and_alarms_are_those_of_the_measure() -> None:
    light = light_of(
        np.stack([one.planes for one in FIELDS]), offset=100.0, microscope=Microscope(contrast="dic", pixel_um=1)
    )
    found = stability_of(
        FIELDS, stain="dna", kinds=["exposure", "read_noise"], light=light, measure=_measure, off=0.1, seed=1
    )
    check_table(found.curves, LABELLING_STABILITY, source="x")
    check_table(found.tolerances, LABELLING_TOLERANCE, source="x")
    curve = found.curves[(found.curves["kind"] == "exposure") & (found.curves["measure"] == "count")].set_index("value")
    assert curve.loc[0.5, "change"] == pytest.approx(0.5, abs=0.01)
    assert curve.loc[0.5, "n_wells"] == 3
    limits = found.tolerances.set_index(["kind", "side"])
    darker = limits.loc[("exposure", 1)]
    assert darker["tolerance"] == pytest.approx(0.9, abs=0.01)
    assert darker["alarm_at"] == 0.7
    # The count is 10 % off at 0.9, the alarm comes at 0.7.
    assert darker["alarm_first"] == "no"
    assert limits.loc[("exposure", -1), "alarm_first"] == "neither"
    assert not limits.loc[("read_noise", 1), "reached"]
    area = found.curves[found.curves["measure"] == "area"]
    assert (area["change"] == 0).all()


def test_an_alarm_before_the_wrong_count_is_said() -> None:
    light = light_of(
        np.stack([one.planes for one in FIELDS]), offset=100.0, microscope=Microscope(contrast="dic", pixel_um=1)
    )

    def early(field: SweptField, planes: np.ndarray) -> dict[str, float]:
        return _measure(field, planes) | {
            "alarm": float((planes - 100.0).mean() < 0.95 * (field.planes - 100.0).mean())
        }

    found = stability_of(FIELDS, stain="dna", kinds=["exposure"], light=light, measure=early, off=0.2, seed=1)
    assert found.tolerances.set_index("side").loc[1, "alarm_first"] == "yes"


def test_fields_are_chosen_from_as_many_wells_as_can_be() -> None:
    assert [one.name for one in chosen_fields(FIELDS, n=4)] == ["A01/1", "A02/1", "A03/1", "A01/2"]
    assert len(chosen_fields(FIELDS, n=99)) == 6
