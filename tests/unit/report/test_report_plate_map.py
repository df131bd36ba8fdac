"""Plate maps: each well where it is in its plate, in its colour."""

import math
from dataclasses import dataclass

import matplotlib
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import EllipseCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from wellspring.report.plate_map import (
    DOUBTFUL,
    MappedNumber,
    plate_map_figure,
    plate_maps_figure,
    plate_position,
)


def _table(wells: dict[str, float], *, plate: str = "p1") -> pd.DataFrame:
    return pd.DataFrame({"plate": plate, "well": list(wells), "n": list(wells.values())})


def _drawn(table: pd.DataFrame, **options: object) -> Figure:
    return plate_map_figure(table, column="n", label="Spots per cell, µm", **options)


def _panels(figure: Figure) -> list[Axes]:
    return [axes for axes in figure.axes if axes.get_label() != "<colorbar>" and axes.axison]


def _bars(figure: Figure) -> list[Axes]:
    return [axes for axes in figure.axes if axes.get_label() == "<colorbar>"]


@dataclass(frozen=True)
class Disc:
    face: tuple[float, ...]
    edge: tuple[float, ...] | None
    hatch: str | None


def _discs(axes: Axes, *, diameter: float) -> dict[tuple[float, float], Disc]:
    """Discs by their centre (x, y)."""
    found = {}
    for discs in axes.collections:
        if isinstance(discs, EllipseCollection) and discs.get_widths()[0] == pytest.approx(diameter):
            faces, edges = discs.get_facecolors(), discs.get_edgecolors()
            for number, (x, y) in enumerate(discs.get_offsets()):
                edge = tuple(edges[0]) if len(edges) else None
                found[float(x), float(y)] = Disc(tuple(faces[number % len(faces)]), edge, discs.get_hatch())
    return found


def _wells(axes: Axes) -> dict[tuple[float, float], Disc]:
    return _discs(axes, diameter=0.84)


def _empty_places(axes: Axes) -> int:
    return len(_discs(axes, diameter=0.8))


def _written(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


@pytest.mark.parametrize(
    ("name", "position"),
    [
        ("A01", (0, 0)),
        ("a1", (0, 0)),
        ("B02", (1, 1)),
        ("H12", (7, 11)),
        ("P24", (15, 23)),
        ("Q01", (16, 0)),
        ("AF48", (31, 47)),
        ("aa1", (26, 0)),
        ("AG01", None),
        ("BA01", None),
        ("A49", None),
        ("A00", None),
        ("A001", None),
        ("A-1", None),
        ("well 3", None),
        ("", None),
    ],
)
def test_positions(name, position):
    assert plate_position(name) == position


def test_wells_are_where_they_are_in_the_plate_in_their_colours():
    figure = _drawn(_table({"A01": 0.0, "B03": 10.0, "H12": 5.0}))
    (axes,) = _panels(figure)
    wells = _wells(axes)
    assert set(wells) == {(0.5, 0.5), (2.5, 1.5), (11.5, 7.5)}
    colors = matplotlib.colormaps["viridis"]
    assert wells[0.5, 0.5].face == pytest.approx(colors(0.0))
    assert wells[2.5, 1.5].face == pytest.approx(colors(1.0))
    assert wells[11.5, 7.5].face == pytest.approx(colors(0.5))
    assert [label.get_text() for label in axes.get_yticklabels()] == list("ABCDEFGH")
    assert [label.get_text() for label in axes.get_xticklabels()] == [str(n) for n in range(1, 13)]
    # Row A is on top.
    assert axes.get_ylim() == (8, 0)
    assert axes.get_title(loc="left") == "p1"
    assert _written(axes) == ["0.00", "10.00", "5.00"]


def test_places_without_a_known_well_are_pale():
    (axes,) = _panels(_drawn(_table({"A01": 1.0, "A02": 2.0})))
    assert _empty_places(axes) == 94


@pytest.mark.parametrize("well", ["I01", "A13", "P24"])
def test_a_plate_has_384_wells_where_its_names_need_them(well):
    (axes,) = _panels(_drawn(_table({"A01": 1.0, well: 2.0})))
    assert _empty_places(axes) == 382
    assert axes.get_yticklabels()[-1].get_text() == "P"
    assert axes.get_xticklabels()[-1].get_text() == "24"
    # Too small for numbers.
    assert _written(axes) == []


@pytest.mark.parametrize("well", ["Q01", "A25", "AF48"])
def test_a_plate_has_1536_wells_where_its_names_need_them(well):
    (axes,) = _panels(_drawn(_table({"A01": 1.0, well: 2.0})))
    assert _empty_places(axes) == 1534
    assert [label.get_text() for label in axes.get_yticklabels()][-2:] == ["Y", "AC"]
    assert axes.get_xticklabels()[-1].get_text() == "45"


def test_several_numbers_are_small_maps_with_their_own_colours():
    table = pd.concat([_table({"A01": 0.0, "A02": 4.0}), _table({"A01": 8.0}, plate="p2")]).assign(m=1.0)
    numbers = [MappedNumber("n", "Spots per cell"), MappedNumber("m", "Doubts", (0.0, 1.0))]
    figure = plate_maps_figure(table, numbers=numbers, doubtful=[("p2", "A01")], doubtful_means="in doubt")
    panels = _panels(figure)
    titles = [axes.get_title(loc="left") for axes in panels]
    assert titles == ["Spots per cell\np1", "\np2", "Doubts\np1", "\np2"]
    assert [bar.get_xlim() for bar in _bars(figure)] == [(0.0, 8.0)] * 2 + [(0.0, 1.0)] * 2
    assert _wells(panels[1])[0.5, 0.5].face == pytest.approx(matplotlib.colormaps["viridis"](1.0))
    assert [_wells(axes)[0.5, 0.5].edge == to_rgba(DOUBTFUL) for axes in panels] == [False, True, False, True]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["in doubt"]


@pytest.mark.parametrize(
    ("n_plates", "starts"),
    [(1, [(0, 0), (0, 1), (0, 2)]), (2, [(0, 0), (0, 2), (1, 0)]), (3, [(0, 0), (1, 0), (2, 0)])],
)
def test_the_plates_of_a_number_are_next_to_each_other(n_plates, starts):
    table = pd.concat([_table({"A01": 1.0}, plate=f"p{n}") for n in range(n_plates)]).assign(m=1.0, o=1.0)
    figure = plate_maps_figure(table, numbers=[MappedNumber(name, name.upper()) for name in ("n", "m", "o")])
    first = [axes.get_subplotspec() for axes in _panels(figure) if axes.get_title(loc="left")[:1] in ("N", "M", "O")]
    assert [(one.rowspan.start, one.colspan.start) for one in first] == starts


def test_small_maps_of_384_wells_name_every_second_row_and_column():
    (axes,) = _panels(plate_maps_figure(_table({"A01": 1.0, "P24": 2.0}), numbers=[MappedNumber("n", "Spots")]))
    assert [label.get_text() for label in axes.get_xticklabels()] == [str(n) for n in range(1, 25, 2)]
    assert axes.get_yticklabels()[1].get_text() == "C"


def test_small_maps_of_a_well_with_two_rows_are_a_defect():
    table = pd.concat([_table({"A01": 1.0}), _table({"A01": 2.0})])
    with pytest.raises(ValueError, match="one row per well"):
        plate_maps_figure(table, numbers=[MappedNumber("n", "Spots")])


def test_the_colour_bar_has_the_label_with_its_unit():
    (bar,) = _bars(_drawn(_table({"A01": 1.0, "A02": 3.0})))
    assert bar.get_ylabel() == "Spots per cell, µm"
    assert bar.get_ylim() == (1.0, 3.0)


def test_plates_share_the_colours():
    figure = _drawn(pd.concat([_table({"A01": 0.0}), _table({"A01": 4.0}, plate="p2")]))
    first, second = _panels(figure)
    assert [first.get_title(loc="left"), second.get_title(loc="left")] == ["p1", "p2"]
    assert _wells(first)[0.5, 0.5].face == pytest.approx(matplotlib.colormaps["viridis"](0.0))
    assert _wells(second)[0.5, 0.5].face == pytest.approx(matplotlib.colormaps["viridis"](1.0))
    assert len(_bars(figure)) == 1


@pytest.mark.parametrize(("n_plates", "columns"), [(1, 1), (2, 2), (4, 2), (5, 3)])
def test_many_plates_are_in_rows(n_plates, columns):
    figure = _drawn(pd.concat([_table({"A01": float(n)}, plate=f"p{n}") for n in range(n_plates)]))
    panels = _panels(figure)
    assert len(panels) == n_plates
    assert panels[0].get_gridspec().ncols == columns


def test_the_limits_of_the_colours_can_be_given():
    (bar,) = _bars(_drawn(_table({"A01": 1.0, "A02": 3.0}), limits=(0.0, 2.0)))
    assert bar.get_ylim() == (0.0, 2.0)


@pytest.mark.parametrize("value", [0.0, 7.0, -3.0])
def test_one_value_alone_has_the_middle_colour(value):
    figure = _drawn(_table({"A01": value, "A02": value}))
    (axes,) = _panels(figure)
    assert _wells(axes)[0.5, 0.5].face == pytest.approx(matplotlib.colormaps["viridis"](0.5), abs=0.01)
    low, high = _bars(figure)[0].get_ylim()
    assert low < value < high


@pytest.mark.parametrize("missing", [math.nan, math.inf])
def test_wells_without_a_value_are_hatched(missing):
    figure = _drawn(_table({"A01": 1.0, "A02": missing, "A03": 2.0}))
    (axes,) = _panels(figure)
    wells = _wells(axes)
    assert wells[1.5, 0.5].hatch == "////"
    assert wells[1.5, 0.5].face == to_rgba("white")
    assert wells[0.5, 0.5].hatch is None
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["no value"]


def test_without_any_value_there_is_no_colour_bar_and_the_key_names_what_is_missing():
    figure = _drawn(_table({"A01": math.nan}))
    assert _bars(figure) == []
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["no value of: Spots per cell, µm"]


def test_doubtful_wells_are_outlined_and_in_the_key():
    table = _table({"A01": 1.0, "A02": 2.0, "A03": math.nan})
    figure = _drawn(table, doubtful=[("p1", "A02"), ("p1", "A03"), ("p2", "A01")], doubtful_means="unstable")
    wells = _wells(_panels(figure)[0])
    assert {at: disc.edge == to_rgba(DOUBTFUL) for at, disc in wells.items()} == {
        (0.5, 0.5): False,
        (1.5, 0.5): True,
        (2.5, 0.5): True,
    }
    assert wells[2.5, 0.5].hatch == "////"
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["unstable", "no value"]


def test_a_map_without_doubts_and_gaps_has_no_key():
    assert _drawn(_table({"A01": 1.0})).legends == []


def test_wells_whose_names_are_no_positions_are_listed_in_order():
    names = [f"cond {n}" for n in range(8)]
    figure = _drawn(_table({name: float(n) for n, name in enumerate(names)}))
    (axes,) = _panels(figure)
    (tiles,) = axes.collections
    corners = [path.vertices.min(axis=0).tolist() for path in tiles.get_paths()]
    # Six to a row, each twice as wide as high.
    assert corners[:2] == [pytest.approx([0.06, 0.06]), pytest.approx([2.06, 0.06])]
    assert corners[6] == pytest.approx([0.06, 1.06])
    assert _written(axes)[7] == "cond 7\n7.00"
    assert len(axes.get_xticks()) == 0


def test_one_name_that_is_no_position_or_two_that_are_the_same_list_the_plate():
    for wells in ({"A01": 1.0, "blank": 2.0}, {"A01": 1.0, "A1": 2.0}):
        (axes,) = _panels(_drawn(_table(wells)))
        assert [text.split("\n")[0] for text in _written(axes)] == list(wells)


def test_long_names_are_shortened():
    wells = {"184A1_hTERT_unperturbed_17": 1.0}
    (axes,) = _panels(_drawn(_table(wells)))
    assert _written(axes) == ["184A1…ed_17\n1.00"]
    axes, *_ = _panels(_drawn(pd.concat([_table(wells, plate=f"p{n}") for n in range(5)])))
    # Five plates leave no room for numbers.
    assert _written(axes) == ["18…17"]


def test_a_table_without_wells_is_an_empty_figure():
    assert _panels(_drawn(_table({}))) == []


def test_a_well_with_two_rows_is_a_defect():
    with pytest.raises(ValueError, match="one row per well"):
        _drawn(pd.concat([_table({"A01": 1.0}), _table({"A01": 2.0})]))


def test_wells_that_are_all_but_equal_do_not_span_all_colours():
    (bar,) = _bars(_drawn(_table({"A01": 1000.0, "A02": 1001.0})))
    assert bar.get_ylim() == pytest.approx((1000.5 - 25.025, 1000.5 + 25.025))
    assert not bar.yaxis.get_major_formatter().get_useOffset()
    (bar,) = _bars(_drawn(_table({"A01": -2.0, "A02": -1.0})))
    assert bar.get_ylim() == (-2.0, -1.0)
