"""Cells named in the config are compared with the wells before anything is trained."""

import pytest

from wellspring.attribution.stage import STAGE

WELLS = [{"plate": "q", "well": name, "channels": ("DNA", "RNA", "ER")} for name in ("C07", "C08")]


def mistakes(*names: str) -> list[str]:
    config = {"attribution": {"validation": None, "map_cells": list(names)}, "dataset": {"input_channels": None}}
    return STAGE.mistakes_in_wells(config, WELLS)


@pytest.mark.parametrize("name", ["q/C09/4", "Q/C07/4", "C07/4", "q/C07", "q/C07/four"])
def test_a_cell_of_no_well_is_reported(name: str) -> None:
    (line,) = mistakes("q/C07/12", name)
    assert line.startswith(f"attribution.map_cells: ['{name}'] are no cells of the sheet's wells; expected plate/well/")
    assert line.endswith("such as q/C07/1")


def test_cells_of_the_wells_are_no_mistake() -> None:
    assert mistakes("q/C07/12", "q/C08/1") == []
