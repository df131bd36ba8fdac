"""The truth about a plate: causes, and the pixels of their structures."""

import json

import numpy as np
import pandas as pd
import pytest

from wellspring.truth import Causes, read_causes, structures_of, write_structures


def test_structures_of_cells_come_in_the_order_of_the_cells(tmp_path):
    """Two wells, whose cells' pixels are mixed; a well that was not simulated is reported."""
    inside = {"A01": [True, False, True, False], "B02": [False, True, True, True]}
    object_id = np.array([7, 3, 7, 3])
    for well, pixels in inside.items():
        kinds, shown_by = {"speckle": np.array(pixels)}, {"c1": "speckle", "c2": "speckle"}
        write_structures(tmp_path / "truth", kinds, shown_by=shown_by, object_id=object_id, plate="p", well=well)
    cells = pd.DataFrame({"plate": "p", "well": ["B02", "A01", "B02"], "object_id": [3, 7, 7]})
    found = structures_of(tmp_path, cells)
    for one, expected in zip(found, ([True, True], [True, True], [False, True]), strict=True):
        assert {name: pixels.tolist() for name, pixels in one.items()} == dict.fromkeys(("c1", "c2"), expected)
    with pytest.raises(FileNotFoundError, match=r"C03\.npz: expected the structures of a simulated plate"):
        structures_of(tmp_path, cells.assign(well="C03"))


def test_a_model_of_the_regime_structure_sees_no_intensity():
    causes = Causes(structure=("a", "b"), intensity=("b", "c"))
    assert causes.seen_in("structure") == ("a", "b")
    assert causes.seen_in("color-structure") == ("a", "b", "c")


def test_causes_are_read_from_the_file_of_the_truth(tmp_path):
    (tmp_path / "truth").mkdir()
    file = tmp_path / "truth" / "truth.json"
    file.write_text(json.dumps({"plate": "p", "causes": {"structure": ["a"], "intensity": []}}))
    assert read_causes(tmp_path) == Causes(structure=("a",), intensity=())
    for text in ("[]", "{}", "no json"):
        file.write_text(text)
        with pytest.raises(ValueError, match=r"truth\.json: expected the truth about a plate"):
            read_causes(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"truth\.json: expected the truth about a plate"):
        read_causes(tmp_path / "elsewhere")
