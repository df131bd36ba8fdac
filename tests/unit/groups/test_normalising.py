"""Values relative to the controls of the plate, by hand."""

import numpy as np
import pandas as pd
import pytest

from tests.unit.groups.test_comparing import measured
from wellspring.groups.normalising import ALL_WELLS, CONTROLS, normalised_wells


def test_scores_and_ratios_are_those_of_the_controls_of_the_plate() -> None:
    table = measured({"spots": [10, 1, 2, 3, 6]}, list("tcccc"))
    scores, ratios = normalised_wells(table, least_controls=3)
    # Controls 1, 2, 3, 6: median 2.5, deviations 1.5, 0.5, 0.5, 3.5 with median 1.
    assert scores["spots"][0] == pytest.approx(7.5 / 1.4826)
    assert ratios["spots"][0] == pytest.approx(4)
    assert (scores["reference"][0], scores["n_reference"][0]) == (CONTROLS, 4)


def test_a_plate_without_enough_controls_is_relative_to_all_of_its_wells() -> None:
    first = measured({"spots": [10, 1, 2, 3]}, list("tccc"))
    second = first.assign(plate="q", value=first["value"] * 100, group=list("tttc"), is_control=[False] * 3 + [True])
    scores, ratios = normalised_wells(pd.concat([first, second], ignore_index=True), least_controls=3)
    assert scores["reference"].tolist() == [CONTROLS] * 4 + [ALL_WELLS] * 4
    assert ratios["spots"].tolist() == pytest.approx([5, 0.5, 1, 1.5, 4, 0.4, 0.8, 1.2])


def test_a_well_in_doubt_is_no_reference() -> None:
    table = measured({"spots": [10, 1, 2, 3, 500]}, list("tcccc"), doubtful=[4])
    _, ratios = normalised_wells(table, least_controls=3)
    assert ratios["spots"].tolist() == [5, 0.5, 1, 1.5, 250]


def test_what_cannot_be_divided_is_missing() -> None:
    scores, ratios = normalised_wells(
        measured({"a": [1, 0, 0, 0], "b": [1, 7, 7, np.nan]}, list("tccc")), least_controls=3
    )
    assert np.isnan(scores["a"]).all()
    assert np.isnan(ratios["a"]).all()
    # Two wells are too few for a spread.
    assert np.isnan(scores["b"]).all()
    assert ratios["b"][0] == pytest.approx(1 / 7)
