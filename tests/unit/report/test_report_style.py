"""The look: sizes in mm, text stays text, equal figures are equal files, no trace in the caller's settings."""

import math
import re
from pathlib import Path

import matplotlib
import pytest

from wellspring.report.style import COLORS, axes_grid, color_of, in_style, letter, new_figure, number, save_figure


def test_size_is_in_mm():
    figure = new_figure(height_mm=50.8, width_mm=25.4)
    assert figure.get_size_inches().tolist() == pytest.approx([1.0, 2.0])


def test_svg_text_is_text_and_its_width_is_in_the_file(tmp_path: Path):
    figure = new_figure(height_mm=30, width_mm=25.4)
    figure.add_subplot().set_title("R² of ŷ")
    save_figure(figure, tmp_path / "a.svg")
    svg = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert ">R² of ŷ</text>" in svg
    assert 'width="72pt"' in svg
    assert "DejaVu Sans" in svg


def test_the_same_figure_is_the_same_file(tmp_path: Path):
    for name in ("a.svg", "b.svg"):
        figure = new_figure(height_mm=30)
        figure.add_subplot().fill_between([0, 1], [0, 1], hatch="/")
        save_figure(figure, tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_a_dollar_in_a_name_is_no_formula(tmp_path: Path):
    figure = new_figure(height_mm=30)
    in_style(figure.add_subplot().set_title)("well $A_1$")
    save_figure(figure, tmp_path / "a.svg")
    assert "well $A_1$" in (tmp_path / "a.svg").read_text(encoding="utf-8")


def test_style_ends_with_the_call():
    before = dict(matplotlib.rcParams)
    seen = in_style(_svg_fonttype)()
    assert seen == "none"
    assert dict(matplotlib.rcParams) == before


def _svg_fonttype() -> str:
    return str(matplotlib.rcParams["svg.fonttype"])


def test_a_failed_save_leaves_nothing(tmp_path: Path):
    with pytest.raises(ValueError, match="nosuch"):
        save_figure(new_figure(height_mm=30), tmp_path / "a.nosuch")
    assert list(tmp_path.iterdir()) == []


def test_letters_come_before_titles():
    axes = axes_grid(new_figure(height_mm=30), n_rows=1, n_columns=2)[0]
    in_style(axes[1].set_title)("Errors", loc="left")
    letter(axes[1], index=1)
    assert re.fullmatch(r"b\s+Errors", axes[1].get_title(loc="left"))


def test_colors_go_round_and_are_different():
    names = [f"m{i}" for i in range(len(COLORS) + 1)]
    assert len(set(COLORS)) == len(COLORS)
    assert color_of("m0", names=names) == color_of(names[-1], names=names) == COLORS[0]
    assert color_of("m2", names=names) == COLORS[2]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1926.4, "1,926"),
        (380.25, "380.2"),
        (33.083, "33.08"),
        (0.46, "0.46"),
        (0.01234, "0.0123"),
        (-0.5, "−0.50"),
        (0.0, "0.00"),
        (-0.00001, "0.0000"),
        (math.nan, "–"),
    ],
)
def test_numbers(value, text):
    assert number(value) == text


def test_numbers_take_their_decimals_from_their_neighbours():
    assert number(0.0593, scale=48.0) == "0.06"
    assert number(-0.001, scale=1.0) == "0.00"
    assert number(12.0, scale=2000.0) == "12"
