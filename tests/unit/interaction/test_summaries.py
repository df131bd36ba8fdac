"""Statistics over wells from tables of cells that were drawn."""

import dataclasses
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from wellspring.interaction.report.chapter import interaction_chapter, interaction_findings
from wellspring.interaction.report.enough import cells_that_suffice
from wellspring.interaction.report.figures import correlations_figure, overview_figure, profiles_figure
from wellspring.interaction.report.warnings import interaction_warnings
from wellspring.interaction.settings import SummarySettings
from wellspring.interaction.summaries import annotated_images, summary_table
from wellspring.interaction.tables import INTERACTION_SUMMARY
from wellspring.tables import check_table

SETTINGS = SummarySettings(
    gene="gene",
    molecule="molecule",
    time="time",
    condition=None,
    control=None,
    reference="ref",
    n_permutations=199,
    n_stripes=1,
    seed=1,
)


def _cells(rng: np.random.Generator, *, n_wells: int = 3, n_cells: int = 6, effect: float = 0.0) -> pd.DataFrame:
    """Two genes, both molecules, two times; `effect` makes the periphery of gene x denser, in all its cells."""
    rows = []
    for gene in ("ref", "x"):
        for molecule in ("mrna", "protein"):
            for time in ("2", "3"):
                for replicate in range(n_wells):
                    well = f"{gene}{molecule}{time}{replicate}"
                    shift = 0.1 * rng.normal()
                    for number in range(n_cells):
                        values = 1 + shift + 0.1 * rng.normal(size=24)
                        row = {
                            "plate": "p",
                            "well": well,
                            "image": str(number),
                            "remark": "none",
                            "n_molecules": 100 * (1 + shift),
                            "volume": 10.0,
                            "centrality": 0.5,
                            "spread": 1 + shift,
                            "periphery": 2 ** (shift + effect * (gene == "x") + 0.1 * rng.normal()),
                            "clustering": 1.0,
                            "best_expected": 1.1,
                        }
                        row |= {f"quadrant_{k}": v for k, v in enumerate(values[:4], start=1)}
                        row |= {f"best_{k}": v for k, v in enumerate(values[4:8], start=1)}
                        row |= {f"segment_{k}": v for k, v in enumerate(values[8:16], start=1)}
                        row |= {f"enrichment_{k}": v for k, v in enumerate(np.resize(values[16:], 100), start=1)}
                        rows.append(row | {"gene": gene, "molecule": molecule, "time": time, "condition": ""})
    return pd.DataFrame(rows)


def _row(table: pd.DataFrame, statistic: str, *, gene: str = "x", time: str = "all") -> pd.Series:
    (index,) = table.index[(table["statistic"] == statistic) & (table["gene"] == gene) & (table["time"] == time)]
    return table.loc[index]


@pytest.mark.slow
def test_an_enriched_gene_is_found_with_its_size() -> None:
    cells = _cells(np.random.default_rng(1), effect=1.0)
    table = check_table(summary_table(cells, SETTINGS), INTERACTION_SUMMARY, source="test")
    found = _row(table, "mrna_peripheral_enrichment")
    assert found["estimate"] == pytest.approx(1.0, abs=0.25)
    assert found["low"] < 1.0 < found["high"]
    # Of 20 arrangements at each time the data and its mirror image are as far: 2 / 400.
    assert found["p_value"] == pytest.approx(2 / 400)
    assert _row(table, "mrna_peripheral_enrichment", time="2")["p_value"] == pytest.approx(2 / 20)
    assert found["n_wells"] == 6
    assert set(table.loc[table["time"] != "all", "time"]) == {"2", "3"}
    # The reference is compared with nothing, and has what needs no comparison.
    assert "mrna_peripheral_enrichment" not in set(table.loc[table["gene"] == "ref", "statistic"])
    assert _row(table, "mrna_cytoplasmic_total", gene="ref", time="2")["n_wells"] == 3


@pytest.mark.slow
def test_equal_cells_make_equal_statistics_whatever_their_order() -> None:
    cells = _cells(np.random.default_rng(2))
    mixed = cells.sample(frac=1, random_state=3)
    pd.testing.assert_frame_equal(summary_table(cells, SETTINGS), summary_table(mixed, SETTINGS))


@pytest.mark.slow
def test_a_missing_reference_or_one_well_leaves_no_p_value_and_says_why() -> None:
    cells = _cells(np.random.default_rng(3), n_wells=1)
    table = summary_table(cells, SETTINGS)
    alone = _row(table, "mrna_peripheral_enrichment", time="2")
    assert np.isfinite(alone["estimate"])
    assert np.isnan(alone["low"])
    without = summary_table(cells[~((cells["gene"] == "ref") & (cells["time"] == "2"))], SETTINGS)
    lost = _row(without, "mrna_peripheral_enrichment", time="2")
    assert np.isnan(lost["estimate"])
    assert lost["remark"] == "no reference at 2"
    assert _row(without, "mrna_peripheral_enrichment")["remark"] == "no reference at 2"


@pytest.mark.slow
def test_scores_in_time_are_missing_where_a_molecule_is() -> None:
    cells = _cells(np.random.default_rng(4))
    table = summary_table(cells[cells["molecule"] == "mrna"], SETTINGS)
    assert "temporal_interaction" not in set(table["statistic"])
    both = summary_table(cells, SETTINGS)
    assert 0 <= _row(both, "temporal_interaction")["estimate"] <= 1
    assert _row(both, "temporal_interaction")["n_wells"] == 12


def test_one_cell_per_time_leaves_estimates_and_no_interval() -> None:
    cells = _cells(np.random.default_rng(9), n_wells=1, n_cells=1)
    table = check_table(summary_table(cells, SETTINGS), INTERACTION_SUMMARY, source="test")
    at_time = _row(table, "mrna_peripheral_enrichment", time="2")
    assert np.isfinite(at_time["estimate"])
    assert np.isnan(at_time["low"])
    # Two arrangements at each of two times: the data and its mirror image are as far.
    assert _row(table, "mrna_peripheral_enrichment")["p_value"] == pytest.approx(2 / 4)
    assert np.isnan(_row(table, "mrna_volume_corrected_noise")["estimate"])
    assert 0 <= _row(table, "temporal_interaction")["estimate"] <= 1


@pytest.mark.slow
def test_missing_times_are_left_out_of_what_compares_times() -> None:
    cells = _cells(np.random.default_rng(10))
    no_protein = cells[~((cells["molecule"] == "protein") & (cells["time"] == "3") & (cells["gene"] == "x"))]
    table = summary_table(no_protein, SETTINGS)
    # Protein at 2 h alone is later than no mRNA: there is no order to find.
    lost = _row(table, "temporal_interaction")
    assert np.isnan(lost["estimate"])
    assert lost["remark"] == "no time of the protein is later than one of the mRNA"
    assert np.isfinite(_row(table, "protein_peripheral_enrichment", time="2")["estimate"])
    assert not ((table["statistic"] == "protein_peripheral_enrichment") & (table["time"] == "3")).any()
    assert np.isfinite(_row(table, "protein_peripheral_enrichment")["estimate"])
    assert np.isfinite(_row(table, "temporal_interaction", gene="ref")["estimate"])


@pytest.mark.slow
def test_a_condition_without_the_reference_or_a_molecule_has_rows_that_say_so() -> None:
    rng = np.random.default_rng(12)
    drug = _cells(rng, n_wells=2).assign(condition="drug", plate="q")
    drug = drug[(drug["gene"] == "x") & (drug["molecule"] == "mrna")]
    cells = pd.concat([_cells(rng, n_wells=2).assign(condition="none"), drug], ignore_index=True)
    table = summary_table(cells, dataclasses.replace(SETTINGS, condition="condition", control="none"))
    rows = table[table["condition"] == "drug"].set_index(["statistic", "time"])
    for time in ("2", "3", "all"):
        lost = rows.loc[("mrna_peripheral_enrichment", time)]
        assert np.isnan(lost["estimate"])
        assert np.isnan(lost["p_value"])
        assert (lost["remark"], lost["n_wells"]) == ("no mRNA of the reference in drug", 0)
    for name in ("temporal_interaction", "colocalization_change"):
        assert rows.loc[(name, "all"), "remark"] == "no protein with segments in drug"
    assert np.isfinite(rows.loc[("mrna_mtoc_enrichment", "all"), "estimate"])
    assert table.loc[table["condition"] == "none", "remark"].eq("none").sum() > 40
    assert len(overview_figure(table).axes[0].patches) == 1


@pytest.mark.slow
def test_the_page_has_the_rows_with_numbers_and_says_how_many_have_none(tmp_path: Path) -> None:
    cells = _cells(np.random.default_rng(12), n_wells=2)
    # Wells of both molecules, so that scores in time have a remark; the reference has no protein.
    cells["well"] = cells["well"].str.replace("mrna|protein", "", regex=True)
    cells = cells[~((cells["gene"] == "ref") & (cells["molecule"] == "protein"))]
    table = summary_table(cells, SETTINGS)
    files = {name: tmp_path / f"{name}.svg" for name in ("table", "overview", "profiles", "correlations")}
    for path in files.values():
        path.write_text('<svg xmlns="http://www.w3.org/2000/svg" width="1pt" height="1pt"></svg>', encoding="utf-8")
    captions = {f"interaction_{name}": "A caption." for name in files}
    chapter = interaction_chapter(cells, table, reference="ref", files=files, captions=captions)
    (page,) = (one for one in chapter.sections[0].parts if one.title == "All statistics over all times")
    rows = table[table["time"] == "all"]
    assert len(page.rows) == rows["estimate"].notna().sum()
    assert page.note.startswith(f"{rows['estimate'].isna().sum()} more have no number")
    assert page.head[3] == "Remark"
    remarks = {row[3] for row in page.rows}
    assert any(one.startswith("wells show both molecules") for one in remarks)
    assert "none" not in remarks
    assert ("Cells", "48") in [(key, str(value)) for key, value in chapter.settings]


def test_a_study_without_times_has_one_row_each_and_counts_a_cell_once() -> None:
    cells = _cells(np.random.default_rng(13)).query("time == '2'").assign(time="0")
    # As of images of fields: both molecules of a cell have one well and one image.
    cells["well"] = cells["well"].str.replace("mrna|protein", "", regex=True)
    cells.loc[(cells["image"] == "0") & (cells["molecule"] == "mrna"), "remark"] = "few molecules"
    cells.loc[cells["image"] == "1", "remark"] = "no MTOC"
    no_reference = ~((cells["gene"] == "ref") & (cells["molecule"] == "protein"))
    table = summary_table(cells[no_reference], dataclasses.replace(SETTINGS, time=None))
    assert set(table["time"]) == {"all"}
    assert not table.duplicated(["statistic", "gene"]).any()
    assert _row(table, "mrna_cytoplasmic_total")["n_wells"] == 3
    assert _row(table, "temporal_interaction")["remark"] == "the study has no times"
    assert _row(table, "protein_spread_difference")["remark"] == "no protein of the reference"
    warnings = interaction_warnings(cells, table, reference="ref")
    assert warnings[:2] == [
        "6 of 36 cells: few molecules (mRNA). They are left out of what needs it.",
        "6 of 36 cells: no MTOC. They are left out of what needs it.",
    ]
    few = interaction_warnings(cells[cells["well"].str.endswith("0")], table, reference="ref")
    assert few[-1].endswith("fewer than 3 wells: hardly any p-value can be small. Add wells.")


def test_mtocs_of_a_table_that_belong_to_no_cell_are_counted() -> None:
    cells = _cells(np.random.default_rng(14), n_wells=1).assign(mtoc_confidence=np.nan)
    table = pd.DataFrame({"p_value": [0.5]})
    (none, *_) = interaction_warnings(cells, table, reference="ref", positions=("m.csv", 7))
    assert none.startswith("None of the 7 MTOCs in m.csv is that of a cell")
    cells.loc[cells["image"].isin(["0", "1"]) & (cells["well"] == "xmrna20"), "mtoc_confidence"] = 1.0
    (some, *_) = interaction_warnings(cells, table, reference="ref", positions=("m.csv", 7))
    assert some.startswith("5 of 7 MTOCs in m.csv belong to no cell")
    (others, *_) = interaction_warnings(cells, table, reference="ref", positions=("m.csv", 2))
    assert "m.csv" not in others


def test_noise_needs_cells_and_is_that_within_times() -> None:
    cells = _cells(np.random.default_rng(15), n_wells=3, n_cells=9)
    counts = np.random.default_rng(16).poisson(100, len(cells)) * 1.0
    # Ten times as many molecules at 3 h.
    later = cells["time"] == "3"
    cells["n_molecules"] = np.where(later, 10, 1) * counts
    table = summary_table(cells[cells["gene"] == "ref"], SETTINGS)
    for time in ("2", "3", "all"):
        row = _row(table, "mrna_volume_corrected_noise", gene="ref", time=time)
        # Of Poisson counts 1 / mean, within what 27 cells may be off by.
        assert 0.005 < row["estimate"] < 0.017
        assert row["remark"] == "none"
    few = summary_table(cells[(cells["gene"] == "ref") & ~cells["well"].str.endswith("2")], SETTINGS)
    lost = _row(few, "mrna_volume_corrected_noise", gene="ref", time="2")
    assert np.isnan(lost["estimate"])
    assert lost["remark"] == "fewer than 25 cells: off by more than a factor of 2"
    assert _row(few, "mrna_volume_corrected_noise", gene="ref")["remark"] == "none"


def test_cells_that_name_their_molecule_and_a_study_without_times() -> None:
    wells = pd.DataFrame({"plate": ["p"], "well": ["a"], "gene": ["ref"]})
    cells = pd.DataFrame({"plate": ["p"] * 2, "well": ["a"] * 2, "molecule": ["mrna", "protein"]})
    found = annotated_images(cells, wells, dataclasses.replace(SETTINGS, time=None))
    assert found[["gene", "molecule", "time", "condition"]].to_numpy().tolist() == [
        ["ref", "mrna", "0", ""],
        ["ref", "protein", "0", ""],
    ]


@pytest.mark.slow
def test_conditions_are_compared_with_the_control() -> None:
    rng = np.random.default_rng(5)
    cells = pd.concat(
        [_cells(rng).assign(condition="control"), _cells(rng).assign(condition="drug", plate="q")], ignore_index=True
    )
    settings = dataclasses.replace(SETTINGS, condition="condition", control="control")
    table = summary_table(cells, settings)
    (change,) = table[(table["statistic"] == "temporal_interaction_change") & (table["gene"] == "x")].itertuples()
    scores = table[(table["statistic"] == "temporal_interaction") & (table["gene"] == "x")].set_index("condition")
    assert change.condition == "drug"
    assert change.estimate == pytest.approx(scores["estimate"]["drug"] - scores["estimate"]["control"])
    assert 1 / 200 <= change.p_value <= 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"gene": None}, "lacks columns that the config names: interaction.gene: gene"),
        ({"molecule": "rna"}, "expected mrna or protein, got"),
        ({"gene": "other"}, "interaction.reference: no well of the sheet has the gene ref; its column gene has other"),
        ({"time": pd.NA}, "expected a time for every well"),
    ],
)
def test_sheets_that_do_not_fit(change: dict, message: str) -> None:
    (column, value), *_ = change.items()
    wells = pd.DataFrame({"plate": ["p"], "well": ["a"], "gene": ["ref"], "molecule": ["mrna"], "time": ["2"]})
    wells = wells.drop(columns=column) if value is None else wells.assign(**{column: [value]})
    cells = pd.DataFrame({"plate": ["p"], "well": ["a"]})
    with pytest.raises(ValueError, match=message):
        annotated_images(cells, wells, SETTINGS)


def test_a_well_that_shows_both_molecules_is_one_well_and_times_of_one_condition_are_named() -> None:
    rng = np.random.default_rng(11)
    cells = pd.concat([_cells(rng, n_wells=2), _cells(rng, n_wells=2).replace({"time": {"2": "5", "3": "7"}})])
    cells["well"] = cells["well"].str.replace("mrna|protein", "", regex=True) + cells["time"]
    drug = cells[~((cells["molecule"] == "protein") & (cells["time"] == "7"))].assign(condition="drug", plate="q")
    both = pd.concat([cells.assign(condition="none"), drug], ignore_index=True)
    table = summary_table(both, dataclasses.replace(SETTINGS, condition="condition", control="none"))
    scores = table[(table["statistic"] == "temporal_interaction") & (table["condition"] == "none")]
    assert scores["n_wells"].tolist() == [8, 8]
    assert scores["remark"].str.match(r"wells show both molecules: without order the score is 0\.\d\d$").all()
    changes = table[table["statistic"] == "temporal_interaction_change"]
    assert changes["estimate"].notna().all()
    assert changes["remark"].tolist() == ["times that only one of the conditions has are left out"] * 2


def test_a_control_that_no_well_has_is_one_message() -> None:
    wells = pd.DataFrame({"plate": ["p"], "well": ["a"], "gene": ["ref"], "time": ["2"], "drug": ["none"]})
    cells = pd.DataFrame({"plate": ["p"], "well": ["a"], "molecule": ["mrna"]})
    given = dataclasses.replace(SETTINGS, condition="drug", control="no")
    with pytest.raises(
        ValueError, match=r"interaction.control: no well of the sheet has the condition no; its column drug has none"
    ):
        annotated_images(cells, wells, given)
    known = annotated_images(cells, wells, dataclasses.replace(given, control="none"))
    assert known["condition"].tolist() == ["none"]


@pytest.mark.slow
def test_times_must_be_numbers() -> None:
    cells = _cells(np.random.default_rng(6)).assign(time="2h")
    with pytest.raises(ValueError, match="expected numbers such as 2"):
        summary_table(cells, SETTINGS)


@pytest.mark.slow
def test_findings_warnings_and_figures() -> None:
    cells = _cells(np.random.default_rng(7), effect=1.0)
    cells.loc[cells.index[:5], "remark"] = "few molecules"
    table = summary_table(cells, SETTINGS)
    findings = interaction_findings(table)
    (estimate,) = re.findall(r"^mRNA at the membrane more than the reference's: x \(log2 (.*), q", findings[0])
    assert float(estimate) == pytest.approx(1.0, abs=0.25)
    assert any(line == "mRNA in the quadrant of the MTOC: no gene." for line in findings)
    warnings = interaction_warnings(cells, table, reference="ref")
    assert warnings[0].startswith(f"5 of {len(cells)} cells: few molecules.")
    assert not any("fewer than" in line for line in warnings)
    assert [axes.get_title(loc="left")[:1] for axes in overview_figure(table).axes] == ["a", "b", "c"]
    assert len(profiles_figure(cells, reference="ref", peripheral_isoline=30).axes) == 2
    # A panel for each gene, and the colour bar.
    assert len(correlations_figure(cells).axes) == 3
    few = interaction_warnings(_cells(np.random.default_rng(8), n_wells=2), table, reference="ref")
    assert any("have fewer than 3 wells" in line for line in few)


def test_cells_suffice_once_more_of_them_change_the_mean_little() -> None:
    many = cells_that_suffice(_cells(np.random.default_rng(2), n_wells=8, n_cells=6))
    assert list(many["gene"]) == ["ref", "ref", "x", "x"]
    assert set(many["n_cells"]) == {48}
    # Of independent cells the deviation falls as sqrt(1 + 1 / k): within a twentieth of its limit from about ten on.
    assert many["enough"].between(4, 20).all()
    few = cells_that_suffice(_cells(np.random.default_rng(2), n_wells=1, n_cells=3))
    assert few["enough"].isna().all()
    alike = _cells(np.random.default_rng(2), n_wells=2, n_cells=4)
    alike.loc[:, [name for name in alike.columns if name.startswith("segment_")]] = 1.0
    assert set(cells_that_suffice(alike)["enough"]) == {1}
