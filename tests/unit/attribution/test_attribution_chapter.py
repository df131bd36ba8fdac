"""The chapter on attribution: sentences, tables, and all figures of every run."""

import math
from dataclasses import replace

import pytest

from wellspring.attribution.report.chapter import FIGURES, ExplainedRun, chapter_of
from wellspring.attribution.report.findings import channel_findings, completeness_finding, completeness_warnings
from wellspring.attribution.report.importance import Completeness, ranking_table
from wellspring.attribution.report.page_tables import ranking_rows, trend_rows
from wellspring.report.chapter import MOST_FINDINGS, Illustration, read_chapter, write_chapter
from wellspring.training.runs import Run


def test_top_channels_and_marked_ones(importance):
    texts = channel_findings(ranking_table(importance), marked=["SON", "DAPI", "EU"])
    assert texts == [
        "The highest mean shares of the score belong to SON (50.0 %), PML (30.0 %) and DAPI (20.0 %), of 3 channels; "
        "with equal shares each would have 33.3 %.",
        "Ranks of the marked channels: SON 1 and DAPI 3; 1 of the 2 are among the first 2.",
        "Marked, but not an input of this model: EU.",
    ]


def test_nothing_marked_nothing_said_about_marks(importance):
    assert len(channel_findings(ranking_table(importance), marked=[])) == 1


def test_no_cells_no_channel_findings(importance):
    assert channel_findings(ranking_table(importance.head(0)), marked=["SON"]) == []


def test_completeness_within_5_percent():
    small = Completeness(n_cells=3, median=0.004, worst=0.25)
    assert completeness_finding("linear", small) == (
        "linear: the integrated gradients sum to the change of the prediction within 0.4 % (median of 3 cells; "
        "worst cell 25 %)."
    )
    assert completeness_warnings("linear", small) == []
    assert completeness_warnings("linear", Completeness(n_cells=3, median=0.05, worst=0.05)) == []


def test_completeness_beyond_5_percent_warns():
    (text,) = completeness_warnings("linear", Completeness(n_cells=3, median=0.06, worst=2.0))
    assert "by 6 % in the median cell, more than 5 %. Raise attribution.max_steps" in text


def test_completeness_of_a_constant_model_warns():
    nothing = Completeness(n_cells=0, median=math.nan, worst=math.nan)
    assert "no prediction differs" in completeness_finding("linear", nothing)
    (text,) = completeness_warnings("linear", nothing)
    assert text.endswith("its maps mean nothing.")


def test_ranking_in_percent_with_intervals(importance):
    grid = ranking_rows(ranking_table(importance), file="importance.csv")
    assert [row[:2] for row in grid.rows] == [("1", "SON"), ("2", "PML"), ("3", "DAPI")]
    overall, low, medium, high = grid.rows[0][2:]
    assert overall.split("\n")[0] == "50.00"
    assert low == "50.00\n0.00 to 100.00"
    assert (medium, high) == ("50.00", "50.00")


def test_trends_are_listed_in_the_order_of_their_evidence(trend):
    grid = trend_rows(trend, file="trend.csv")
    assert grid.rows == [("SON", "−0.80", "0.002", "0.004"), ("DAPI", "+0.10", "0.7", "0.7"), ("PML", "–", "–", "–")]
    assert "more than one level: 4, wells: 2." in grid.note


SETTINGS = {
    "models": ["simple_cnn"],
    "split": "test",
    "max_cells": None,
    "method": "integrated_gradients",
    "copies": "vargrad_sd",
    "baseline": {"method": "black"},
    "estimator": {"method": "offset", "points": 8, "samples": 100},
    "noise_sd": 1.0,
    "rule": "trapezoid",
    "steps": 70,
    "tolerance": 0.01,
    "max_steps": 560,
    "panel_channels": 8,
}
CAPTIONS = {name: f"About {name}." for name in FIGURES}


@pytest.fixture
def explained(importance, completeness, sanity, trend, empty_svg):
    figures = dict.fromkeys(FIGURES, empty_svg)
    return ExplainedRun(Run("simple_cnn", "structure", 7), importance, completeness, sanity, trend, figures)


def test_the_chapter_has_a_section_per_run_with_all_its_figures(explained, tmp_path):
    other = replace(explained, run=Run("simple_cnn", "color-structure", 7))
    chapter = chapter_of([explained, other], None, captions=CAPTIONS, settings=SETTINGS, marked=["SON", "PML"])
    write_chapter(chapter, tmp_path / "attribution.json")
    assert read_chapter(tmp_path / "attribution.json").title == "Attribution"
    assert [section.title for section in chapter.sections] == ["", explained.run.name, other.run.name]
    parts = chapter.sections[1].parts
    drawn = [part for part in parts if isinstance(part, Illustration)]
    assert [part.title.split(":")[0] for part in drawn] == [
        "Importance of the channels",
        "Groups of channels",
        "Score maps",
        "What the maps look like",
        "Maps and images by channel",
        "Check of the integral",
    ]
    assert chapter.picture == drawn[0]
    assert drawn[0].caption == "About importance. Here: 4 cells, 3 channels. Marked: PML, SON."
    assert drawn[2].caption == "About panels. Here: 3 channels."
    assert drawn[-1].caption == "About sanity. Here: 2 cells."
    assert [part.title for part in parts if not isinstance(part, Illustration)] == [
        "Importance of all channels",
        "Trend of the importance over the level",
    ]
    assert chapter.sections[1].findings == channel_findings(ranking_table(explained.importance), marked=["SON", "PML"])
    assert len(chapter.findings) == 4
    assert chapter.findings[0].startswith("simple_cnn, structure, seed 7: the highest mean shares")
    assert chapter.findings[1].startswith("simple_cnn, color-structure, seed 7: the highest mean shares")
    assert [line.split(":")[0] for line in chapter.sections[0].findings] == [explained.run.name, other.run.name]
    assert ("Score maps", chapter.settings[2][1]) == chapter.settings[2]
    assert "vargrad_sd, 100 noisy copies (standard deviation 1) with 8 points each (offset)" in chapter.settings[2][1]


@pytest.mark.slow
def test_many_runs_have_the_findings_of_their_first_seeds_and_five_at_most(explained):
    runs = [replace(explained, run=Run(f"m{n}", "structure", seed)) for n in range(7) for seed in (1, 2)]
    chapter = chapter_of(runs, None, captions=CAPTIONS, settings=SETTINGS, marked=["SON"])
    assert len(chapter.findings) == MOST_FINDINGS
    assert [line.split(":")[0] for line in chapter.findings] == [f"m{n}, structure, seed 1" for n in range(5)]
    assert all(section.findings for section in chapter.sections)


def test_a_run_whose_integrals_are_not_complete_is_warned_of(explained):
    wrong = explained.completeness.assign(relative_error=0.5)
    chapter = chapter_of(
        [replace(explained, completeness=wrong)], None, captions=CAPTIONS, settings=SETTINGS, marked=[]
    )
    assert "by 50 % in the median cell" in chapter.warnings[0]
