"""What the chapter says and draws of a small drawn study."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.unit.groups.test_comparing import FEW, measured
from wellspring.groups.choosing import choose_features
from wellspring.groups.comparing import compare_groups
from wellspring.groups.job import labels_of
from wellspring.groups.report.chapter import group_findings, group_warnings, groups_chapter
from wellspring.groups.report.drawing import drawn_features, drawn_measures
from wellspring.groups.report.figures import groups_figure
from wellspring.groups.report.words import p_text
from wellspring.report.chapter import Chapter
from wellspring.report.style import save_figure

GROUPS = [*"c" * 4, *"t" * 4, *"u" * 4]
VALUES = [10.0, 11, 12, 13, 31, 32, 33, 90, 10.5, 11.5, 12.5, np.nan]
NAME = "spots_per_cell_RNA"


def _table() -> pd.DataFrame:
    return measured({NAME: VALUES, "Nuclei_Area": [float(n) for n in range(12)]}, GROUPS, doubtful=[7])


def _cells() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    wells = [f"A{number + 1:02d}" for number in range(11) for _ in range(60)]
    counts = rng.poisson(20, size=len(wells))
    return pd.DataFrame({"plate": "p", "well": wells, "channel": "RNA", "n_spots": counts})


def _drawn(path: Path) -> str:
    table = _table()
    contrasts, units = compare_groups(table, controls=("c",), resampling=FEW)
    tables = {"wells": table, "contrasts": contrasts, "units": units}
    labels, counts = labels_of(list(dict.fromkeys(table["measure"])))
    measures = drawn_measures(counts, tables, labels=labels, cells=_cells(), features=[])
    save_figure(groups_figure(measures, groups=["c", "t", "u"], controls=("c",)), path)
    return path.read_text(encoding="utf-8")


def _chapter(folder: Path, table: pd.DataFrame | None = None) -> Chapter:
    _drawn(folder / "groups.svg")
    table = _table() if table is None else table
    contrasts, _ = compare_groups(table, controls=("c",), resampling=FEW)
    labels, counts = labels_of(list(dict.fromkeys(table["measure"])))
    names = ("contrasts", "features", "scores", "ratios", "units")
    return groups_chapter(
        contrasts,
        wells=table,
        features=choose_features(table, max_correlation=0.9, min_replicate_share=0.2),
        labels=labels,
        counts=counts,
        without_group=pd.DataFrame({"plate": ["p"], "well": ["H12"]}),
        by="condition",
        replicate=None,
        controls=("c",),
        are_given=False,
        captions={"groups": "Caption.", "group_features": "Caption."},
        files={"counts": folder / "groups.svg", **{name: folder / f"{name}.csv" for name in names}},
    )


def test_every_well_is_drawn_and_the_text_is_text(tmp_path: Path) -> None:
    text = _drawn(tmp_path / "groups.svg")
    for words in ("control, 4 wells", "Spots per cell, RNA", "in doubt", "3 vs 4 wells", "mean of the units"):
        assert words in text, words
    table = _table()
    contrasts, units = compare_groups(table, controls=("c",), resampling=FEW)
    tables = {"wells": table, "contrasts": contrasts, "units": units}
    measures = drawn_measures([NAME], tables, labels={NAME: NAME}, cells=_cells(), features=[])
    axes = groups_figure(measures, groups=["c", "t", "u"], controls=("c",)).axes[0]
    points = [line for line in axes.lines if line.get_marker() == "o" and line.get_markersize() > 4]
    assert sorted(float(line.get_xdata()[0]) for line in points) == sorted(v for v in VALUES if np.isfinite(v))
    low, high = axes.get_xlim()
    assert low <= 10
    assert high >= 90
    assert len(axes.collections) == 3


def test_the_methods_name_intervals_only_where_there_are_some(tmp_path: Path) -> None:
    assert "with 95 % intervals by Welch's t (Welch 1947) and as Hedges' g" in _chapter(tmp_path).methods
    table = _table()
    first = table[table["group"].isin(["c", "t"])].groupby(["group", "measure"]).head(1)
    methods = _chapter(tmp_path, first).methods
    assert "Differences are given without intervals, for which there were too few units; p-values" in methods
    assert "Welch" not in methods


@pytest.mark.parametrize(("unit", "words"), [("px", "Area px"), ("µm", "Area px, µm"), ("1", "Area px")])
def test_a_unit_that_the_name_has_is_not_said_again(unit: str, words: str) -> None:
    table = _table().assign(unit=unit)
    contrasts, units = compare_groups(table, controls=("c",), resampling=FEW)
    tables = {"wells": table, "contrasts": contrasts, "units": units}
    (found,) = drawn_measures([NAME], tables, labels={NAME: "Area px"}, cells=_cells(), features=[])
    assert found.label == words


def test_the_findings_give_both_numbers() -> None:
    contrasts, _ = compare_groups(_table(), controls=("c",), resampling=FEW)
    labels, counts = labels_of([NAME, "Nuclei_Area"])
    first, second, third = group_findings(contrasts, labels=labels, counts=counts)
    assert first.startswith("Spots per cell, RNA: 32.00 in t, 11.50 in c; difference 20.50 (")
    assert "With 1 well in doubt: difference 35.00" in first
    assert "in u, 11.50 in c; difference 0.00" in second
    assert third == "Features: 0 of 2 comparisons have a q-value of 0.05 or less."


def test_the_warnings_say_what_limits_the_comparison() -> None:
    contrasts, _ = compare_groups(_table(), controls=("c",), resampling=FEW)
    nothing = pd.DataFrame({"plate": [], "well": []})
    found = group_warnings(contrasts, _table(), without_group=nothing, by="condition", are_given=True)
    (line,) = found
    assert line.startswith("Some or all measures have no value in 1 well: p / A12, since too few cells have one")
    uneven = _table().assign(is_doubtful=lambda table: table["group"] == "t")
    found = group_warnings(contrasts, uneven, without_group=nothing, by="condition", are_given=True)
    assert "unevenly spread over the groups (most in t)" in found[-1]


def test_the_chapter_has_tables_files_and_what_is_missing(tmp_path: Path) -> None:
    chapter = _chapter(tmp_path)
    assert "No controls are named, so groups are compared with c" in chapter.warnings[0]
    assert "so in no group: 1 well: p / H12" in chapter.warnings[1]
    assert [section.title for section in chapter.sections] == ["", "Features", "Tables to take away"]
    table = chapter.sections[0].parts[1]
    assert [row[1] for row in table.rows] == ["t", "u"]
    assert table.rows[0][2:7] == ("3", "4", "32.00", "11.50", "20.50")


def test_features_are_drawn_by_their_p_values() -> None:
    contrasts = pd.DataFrame(
        {
            "measure": ["n", "a", "b", "d", "b"],
            "p_value": [0.0, 0.1, 0.01, np.nan, 0.5],
            "hedges_g": [1.0] * 5,
        }
    )
    features = pd.DataFrame({"measure": ["n", "a", "b"], "is_chosen": [True, False, False]})
    assert drawn_features(contrasts, features=features, counts=["n"], number=5) == ["b", "a"]
    assert drawn_features(contrasts, features=features, counts=["n"], number=1) == ["b"]
    # A copy of another feature comes after those that are none.
    features["is_chosen"] = [True, True, False]
    assert drawn_features(contrasts, features=features, counts=["n"], number=5) == ["a", "b"]


def test_a_figure_of_nothing_says_so() -> None:
    figure = groups_figure([], groups=["c"], controls=("c",))
    assert figure.texts[0].get_text() == "There is nothing to draw."


@pytest.mark.parametrize(("value", "words"), [(0.0002, "p < 0.001"), (0.0123, "p = 0.012"), (np.nan, "no p")])
def test_p_values_in_words(value: float, words: str) -> None:
    assert p_text(value) == words
