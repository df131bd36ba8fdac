"""The whole page from tables and figures: its chapters, captions, warnings, commands."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import yaml

from wellspring.attribution.maps import write_maps
from wellspring.attribution.tables import COMPLETENESS, IMPORTANCE, SANITY, TREND
from wellspring.config import validated_config
from wellspring.dataset.tables import FILTERED, MANIFEST
from wellspring.dataset.tables import NORMALIZATION as NORMALIZATION_TABLE
from wellspring.report.about import config_section, reproduce_section, run_section, software_versions
from wellspring.report.contents import report_page, words_of
from wellspring.report.inputs import Explained, Figures, Results, read_figures, read_results
from wellspring.report.page import Grid, Illustration, Section, render_page
from wellspring.tables import write_table
from wellspring.training.tables import DIFFERENCES, HISTORY, METRICS

FIGURES = [f"{name}_figure" for name in ("importance", "sanity", "panels", "groups", "similar", "matrix")]
ROOT = Path(__file__).resolve().parents[3]
PUBLISHED = ROOT / "resources" / "published" / "becker_2021.csv"


@pytest.fixture
def config():
    schema = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text(encoding="utf-8"))
    given = {
        "wells": "plate/wells.tsv",
        "raw": {"format": "mpm"},
        "dataset": {"target_channel": "00_EU", "select": {}, "split": {"stratify": ["cell_cycle"]}},
        "training": {"models": ["linear", "simple_cnn"], "seeds": [7]},
        "report": {"title": "Wells & <cells>", "marked_channels": ["SON"]},
    }
    return validated_config(given, schema=schema, source="test")


@pytest.fixture
def normalization():
    row = {"channel": "DAPI", "n_px": 1200, "percentile": 98.0, "upper": 1500.0, "mean": 700.0, "std": 80.5}
    return pd.DataFrame([{**row, "clip": 1500.0, "shift": 700.0, "scale": 80.5}])


@pytest.fixture
def results(
    filtered,
    manifest,
    normalization,
    metrics,
    make_differences,
    published,
    make_history,
    importance,
    completeness,
    sanity,
    trend,
    empty_svg,
):
    explained = Explained(
        run=("simple_cnn", "structure", 7),
        importance=importance,
        completeness=completeness,
        sanity=sanity,
        trend=trend,
        **dict.fromkeys(FIGURES, empty_svg),
    )
    return Results(
        filtered=filtered,
        manifest=manifest,
        normalization=normalization,
        metrics=metrics,
        differences=make_differences(metrics),
        published=published,
        histories={
            ("linear", "structure", 7): make_history([3.0]),
            ("simple_cnn", "structure", 7): make_history([2.0]),
        },
        explained=[explained],
    )


@pytest.fixture
def figures(empty_svg):
    models = {"linear": empty_svg, "simple_cnn": empty_svg}
    return Figures(quality=empty_svg, dataset=empty_svg, metrics=empty_svg, histories=empty_svg, predictions=models)


def _captions(page):
    return {p.title: p.caption for s in page.sections for p in s.parts if isinstance(p, Illustration)}


def test_chapters_in_order(results, figures, config):
    page = report_page(results, figures=figures, config=config)
    assert page.title == "Wells & <cells>"
    assert [section.title for section in page.sections] == [
        *(
            "What was found",
            "What was run",
            "Quality",
            "Dataset",
            "Models",
            "Attribution",
            "simple_cnn, structure, seed 7",
        ),
        *("How to reproduce", "Full config"),
    ]
    assert len({section.anchor for section in page.sections}) == len(page.sections)


def test_every_warning_stands_at_the_top(results, figures, config):
    bad = replace(results.explained[0], completeness=results.explained[0].completeness.assign(relative_error=0.5))
    page = report_page(replace(results, explained=[bad]), figures=figures, config=config)
    starts = [text.split(".")[0] for text in page.sections[0].warnings]
    assert [start[:24] for start in starts] == [
        "No cells were found in 1",
        "No cells are left in 1 w",
        "The test set has 2 cells",
        "1 of 10 cells (10",
        "simple_cnn, structure, s",
    ]


def test_findings_of_models_and_channels(results, figures, config):
    findings = report_page(results, figures=figures, config=config).sections[0].findings
    assert any(text.startswith("simple_cnn (structure) explains 46 %") for text in findings)
    assert (
        "simple_cnn, structure, seed 7: ranks of the marked channels: SON 1; 1 of the 1 are among the first 1."
        in findings
    )


def test_of_several_seeds_the_first_is_in_the_summary_and_all_have_a_part(results, figures, config):
    other = replace(results.explained[0], run=("simple_cnn", "structure", 8))
    page = report_page(replace(results, explained=[*results.explained, other]), figures=figures, config=config)
    assert not any("seed 8" in text for text in page.sections[0].findings)
    assert "simple_cnn, structure, seed 8" in [section.title for section in page.sections]


def test_without_explained_models_there_is_no_attribution(results, figures, config):
    page = report_page(replace(results, explained=[]), figures=figures, config=config)
    assert "Attribution" not in [section.title for section in page.sections]
    assert "Integrated gradients" not in render_page(replace(page, sections=page.sections[2:-1]))


def test_captions_carry_the_numbers_of_the_tables(results, figures, config):
    captions = _captions(report_page(results, figures=figures, config=config))
    assert "6 of 14 cells (42.9 %) in 3 wells were kept" in captions["Cells kept and removed"]
    target = captions["Distribution of the target"]
    assert "(n = 10 cells)" in target
    assert "the mean (4.40), the dashed lines stand one standard deviation (2.62)" in target
    assert "Cells at 1.78 or less are called low, at 7.02 or more high" in target
    assert "divide the same cells by cell_cycle." in target
    models = captions["Comparison of the models"]
    assert "100 test cells" in models
    assert "95 % of 2,000 bootstrap resamples" in models
    assert "(mean absolute error 2, R² −0.01)" in models
    assert "2 validation cells after each epoch of 2 training runs" in captions["Training"]
    assert "(2.5). Errors above" in captions["Training"]
    assert "2 test cells, divided by cell_cycle" in captions["Predictions of linear"]
    assert "(4 cells)" in captions["Importance of the channels: simple_cnn, structure, seed 7"]
    assert "each of the 3 channels" in captions["Importance of the channels: simple_cnn, structure, seed 7"]
    assert "in the 3 channels" in captions["Score maps: simple_cnn, structure, seed 7"]
    assert captions["Check of the integral: simple_cnn, structure, seed 7"].startswith("2 cells. ")


def test_completeness_is_stated_with_median_and_worst(results, figures, config):
    page = report_page(results, figures=figures, config=config)
    chapter = next(section for section in page.sections if section.title == "Attribution")
    assert "within 3 % (median of 3 cells; worst cell 8 %)" in chapter.findings[0]
    assert list(chapter.warnings) == []


def test_published_figures_are_marked_as_other_data(results, figures, config):
    html = render_page(report_page(results, figures=figures, config=config))
    assert "Published figures, other data" in html
    assert "of another data set and stand here" in html


def test_the_page_holds_the_config_and_its_title_is_escaped(results, figures, config):
    html = render_page(report_page(results, figures=figures, config=config))
    assert "<title>Wells &amp; &lt;cells&gt;</title>" in html
    assert "target_channel: 00_EU" in html


def test_a_command_for_every_file_once(empty_svg):
    figure = Illustration(title="A", file="results/report/a.svg", svg="", width_px=1, caption="")
    grid = Grid(title="T", file="results/report/a.csv", head=("x",), rows=[])
    no_file = Grid(title="N", file="", head=("x",), rows=[])
    (table,) = reproduce_section([Section(anchor="a", title="A", parts=[figure, grid, grid, no_file])]).parts
    assert list(table.rows) == [
        ("A", "snakemake results/report/a.svg --force"),
        ("T", "snakemake results/report/a.csv --force"),
    ]


def test_what_was_run(config, filtered, manifest):
    table = run_section(config, filtered=filtered, manifest=manifest, versions=[("numpy", "2")]).parts[0]
    rows = dict(table.rows)
    assert (rows["Wells"], rows["Cells found"], rows["Cells in the dataset"]) == ("3, in the format mpm", "14", "10")
    assert rows["Split"] == "80 % train, 10 % validation, 10 % test"
    assert (
        rows["Normalization per channel"]
        == "cut at percentile 98, then mean subtracted, divided by the standard deviation"
    )
    assert rows["Learning rates"] == "linear 0.01, simple_cnn 0.0005"
    assert rows["Explained"] == "simple_cnn"


def test_what_was_run_without_attribution_and_with_other_settings(config, filtered, manifest):
    config["attribution"]["models"] = []
    config["dataset"]["input_channels"] = ["DAPI", "SON"]
    config["dataset"]["split"]["group"] = "well"
    config["dataset"]["normalization"] = {
        "percentile": 99,
        "clip": False,
        "z_score": False,
        "mean_extraction": True,
        "linear_scaling": True,
    }
    rows = dict(run_section(config, filtered=filtered, manifest=manifest, versions=[]).parts[0].rows)
    assert rows["Explained"] == "no model"
    assert rows["Input channels"] == "2: DAPI, SON"
    assert rows["Kept on one side of the split"] == "well"
    assert rows["Normalization per channel"] == "mean subtracted, then divided by percentile 99"


def test_versions_of_what_is_installed_and_of_what_is_not():
    found = dict(software_versions(["numpy", "no-such-package-here"]))
    assert found["numpy"][0].isdigit()
    assert found["python"].startswith("3.")
    assert found["no-such-package-here"].startswith("not in the environment")


def test_config_is_shown_as_yaml(config):
    (details,) = config_section(config).parts
    assert yaml.safe_load(details.text) == config


def test_words_of_the_config(config):
    words = words_of(config)
    assert (words.target_channel, words.columns, words.marked) == ("00_EU", ["cell_cycle"], ["SON"])
    assert (words.image_size, words.bootstrap_samples, words.panel_channels) == (224, 2000, 8)


@pytest.fixture
def stored(tmp_path, results, maps, empty_svg):
    """The tables as the workflow leaves them: files by name, and series of files."""
    one = results.explained[0]
    run = tmp_path / "attribution" / "simple_cnn" / "structure" / "7"
    history = tmp_path / "training" / "linear" / "structure" / "7" / "history.csv"
    names = ("filtered", "manifest", "normalization", "metrics", "differences")
    tables = {name: tmp_path / f"{name}.parquet" for name in names}
    for name, table in zip(names, (FILTERED, MANIFEST, NORMALIZATION_TABLE, METRICS, DIFFERENCES), strict=True):
        write_table(getattr(results, name), tables[name], table)
    write_table(results.histories[("linear", "structure", 7)], history, HISTORY)
    write_table(one.importance, run / "importance.parquet", IMPORTANCE)
    write_table(one.completeness, run / "completeness.parquet", COMPLETENESS)
    write_table(one.sanity, run / "sanity.parquet", SANITY)
    write_table(one.trend, run / "trend.csv", TREND)
    write_maps(maps, run / "maps.npz")
    series = {"trends": [run / "trend.csv"]} | {
        name: [run / f"{name}.parquet"] for name in ("importance", "completeness", "sanity")
    }
    figures = {f"{name}s": [empty_svg] for name in FIGURES}
    return tables, {"histories": [history], **series, **figures}


def test_results_are_read_as_they_were_written(stored, results):
    tables, series = stored
    found = read_results(tables, series=series, published=PUBLISHED)
    pd.testing.assert_frame_equal(found.filtered, results.filtered)
    assert found.histories[("linear", "structure", 7)]["val_mae"].tolist() == [3.0]
    assert found.explained[0].run == ("simple_cnn", "structure", 7)
    assert (
        found.explained[0].importance["importance"].tolist() == results.explained[0].importance["importance"].tolist()
    )


def test_no_explained_run_is_fine(stored):
    tables, series = stored
    none = {name: [] for name in series if name != "histories"}
    assert read_results(tables, series={**none, "histories": series["histories"]}, published=PUBLISHED).explained == []


def test_series_of_different_lengths_are_an_error(stored):
    tables, series = stored
    with pytest.raises(ValueError, match="shorter"):
        read_results(tables, series={**series, "panels_figures": []}, published=PUBLISHED)


def test_figures_of_the_models_are_named_by_their_files():
    names = {name: Path(f"{name}.svg") for name in ("quality", "dataset", "metrics", "histories")}
    found = read_figures(names, predictions=[Path("results/report/predictions_simple_cnn.svg")])
    assert found.quality == Path("quality.svg")
    assert found.predictions == {"simple_cnn": Path("results/report/predictions_simple_cnn.svg")}
