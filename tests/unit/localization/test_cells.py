"""Cells and nuclei that do not match, are invalid, cut or of the wrong size."""

import numpy as np
import pytest

from wellspring.errors import InputError
from wellspring.localization.cells import matched_cells
from wellspring.localization.outlines import CELL, NUCLEUS, Outline


def _square(x: float, y: float, side: float) -> np.ndarray:
    return np.array([[x, y], [x + side, y], [x + side, y + side], [x, y + side]])


def _cell(name: str, x: float, side: float = 10.0) -> Outline:
    return Outline(name, CELL, (_square(x, 0, side),))


def _nucleus(name: str, x: float, y: float = 3.0, side: float = 4.0) -> Outline:
    return Outline(name, NUCLEUS, (_square(x, y, side),))


def test_a_nucleus_finds_its_cell_by_name_or_by_place() -> None:
    cells, report = matched_cells([_cell("1", 0), _cell("2", 20), _nucleus("1", 3), _nucleus("77", 23)])
    assert [(cell.name, len(cell.nuclei)) for cell in cells] == [("1", 1), ("2", 1)]
    assert report.lines() == []


def test_hard_cases_are_reported() -> None:
    outlines = [
        _cell("1", 0),
        _cell("2", 20),
        _cell("3", 40),
        _cell("small", 60, side=2),
        _cell("1", 0),
        Outline("flat", CELL, (np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]]),)),
        _nucleus("1", 1),
        _nucleus("1", 6),
        _nucleus("2", 28),
        _nucleus("far", 100),
    ]
    cells, report = matched_cells(outlines)
    assert [(cell.name, len(cell.nuclei)) for cell in cells] == [("1", 2), ("2", 1), ("3", 0), ("small", 0)]
    assert report.several_nuclei == ["1"]
    assert report.cut_nuclei == ["2"]
    assert report.without_nucleus == ["3", "small"]
    assert report.nuclei_in_no_cell == ["far"]
    assert report.implausible_area == ["small"]
    assert report.repeated == ["1"]
    assert report.left_out == ["flat"]
    assert "1 nuclei reach over the border" in " ".join(report.lines())


def test_a_nucleus_mostly_outside_belongs_to_no_cell_of_another_name() -> None:
    _, report = matched_cells([_cell("1", 0), _nucleus("x", 8)])
    assert report.nuclei_in_no_cell == []
    _, report = matched_cells([_cell("1", 0), _nucleus("x", 8.5)])
    assert report.nuclei_in_no_cell == ["x"]


def test_a_closing_vertex_is_no_repair_and_a_crossing_is() -> None:
    closed = np.vstack([_square(0, 0, 10), [[0.0, 0.0]]])
    crossing = np.array([[20.0, 0.0], [30.0, 10.0], [30.0, 0.0], [20.0, 10.0]])
    cells, report = matched_cells([Outline("1", CELL, (closed,)), Outline("2", CELL, (crossing,))])
    assert report.repaired == ["2"]
    assert [len(cell.rings) for cell in cells] == [1, 2]


def test_holes_count_in_the_area() -> None:
    ring = Outline("1", CELL, (_square(0, 0, 10), _square(1, 1, 8)))
    _, report = matched_cells([ring])
    assert report.implausible_area == ["1"]


def test_without_cells_there_is_nothing() -> None:
    with pytest.raises(InputError, match="none of a cell"):
        matched_cells([_nucleus("1", 3)])
