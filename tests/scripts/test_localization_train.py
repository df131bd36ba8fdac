"""The script of the rule localization_train, called as a function on label images; the training itself is replaced."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.scripts.test_groups_scripts import _script
from tests.unit.localization.test_own_cells import _well
from wellspring.localization.simulated.outline_components import is_valid_shape


@pytest.mark.slow
def test_new_cells_are_drawn_from_the_studys_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = _script("localization_train")
    cells, nuclei, index = _well(tmp_path, n_cells=12)
    used: list[Any] = []
    found = SimpleNamespace(calibration=None, report={})

    def train(patterns: list[str], *, settings: Any, shapes: list[Any]) -> Any:
        used.append(shapes)
        return found

    monkeypatch.setattr(script, "train_classifier", train)
    monkeypatch.setattr(script, "write_classifier", lambda classifier, path: path.touch())
    given = {"cells": [cells], "nuclei": [nuclei], "indexes": [index], "spacing_um": None}
    for is_of_components in (False, True):
        more = {"is_of_components": is_of_components, "patterns": ["random", "foci"], "seed": 1}
        script.main(**given, **more, classifier=tmp_path / "classifier.npz")
    own, new = used
    # As many landscapes as the settings have, of twelve cells.
    assert [len(own), len(new)] == [12, 400]
    assert all(is_valid_shape(one) for one in new)
