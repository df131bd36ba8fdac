"""The simulated study of mRNA and protein: its files, its truth, and findings compared with it."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from wellspring.interaction.tables import INTERACTION_SUMMARY
from wellspring.raw.dypfish import describe_cell_images, read_cell_images
from wellspring.simulation.interaction_plate import (
    InteractionSettings,
    is_interaction_plate,
    simulate_interaction_plate,
)
from wellspring.simulation.interaction_truth import compare_interaction, interaction_text
from wellspring.tables import empty_table, write_table

SMALL = InteractionSettings(n_wells=1, n_images=2)


def _said(text: str) -> None:
    assert "6 genes" in text


@pytest.mark.slow
def test_the_study_has_its_wells_and_is_the_same_for_a_seed(tmp_path: Path) -> None:
    sheets = [simulate_interaction_plate(tmp_path / n, settings=SMALL, seed=5, report=_said) for n in ("a", "b")]
    table = pd.read_csv(sheets[0], sep="\t", dtype=str)
    # Six genes at four times; of four the protein, too; both of the two followers treated.
    assert len(table) == 24 + 16 + 16
    assert table.groupby("molecule")["time"].unique().map(sorted).to_dict() == {
        "mrna": ["2", "3", "4", "5"],
        "protein": ["2", "3", "5", "7"],
    }
    assert is_interaction_plate(tmp_path / "a")
    assert not is_interaction_plate(tmp_path)
    wells = [describe_cell_images(one.parent / table["path"][3], plate="p", well="w") for one in sheets]
    first, second = (list(read_cell_images(well)) for well in wells)
    assert [one.name for one in first] == ["image_01", "image_02"]
    np.testing.assert_array_equal(first[1].spots, second[1].spots)


def test_no_study_is_written_over_another(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("x", encoding="utf-8")
    with pytest.raises(FileExistsError, match="new or empty folder"):
        simulate_interaction_plate(tmp_path, settings=SMALL, seed=1, report=_said)
    with pytest.raises(ValueError, match="1 well and 1 image or more"):
        simulate_interaction_plate(tmp_path / "x", settings=InteractionSettings(n_wells=0), seed=1, report=_said)


def _results(folder: Path, rows: list[tuple[str, str, str, float, float]]) -> Path:
    table = pd.DataFrame(rows, columns=["statistic", "gene", "condition", "estimate", "p_value"])
    table = table.assign(time="all", low=np.nan, high=np.nan, n_wells=4, q_value=np.nan, p_value_of_cells=np.nan)
    table = table.assign(remark="none")[empty_table(INTERACTION_SUMMARY).columns]
    write_table(table, folder / "report" / "interaction.csv", INTERACTION_SUMMARY)
    return folder


@pytest.mark.slow
def test_findings_are_compared_with_the_truth(tmp_path: Path) -> None:
    simulate_interaction_plate(tmp_path / "plate", settings=SMALL, seed=5, report=_said)
    rows = [
        ("mrna_peripheral_enrichment", "gene_d", "control", 1.0, 0.001),
        ("mrna_peripheral_enrichment", "gene_e", "control", 0.1, 0.6),
        ("mrna_mtoc_enrichment", "gene_c", "control", 0.6, 0.2),
        ("temporal_interaction", "gene_a", "control", 0.9, 0.01),
        ("temporal_interaction", "gene_b", "nocodazole", 0.1, 0.9),
        ("temporal_interaction_change", "gene_a", "nocodazole", 0.6, 0.01),
    ]
    found = compare_interaction(tmp_path / "plate", _results(tmp_path / "results", rows))
    # The MTOC's p-value is too large; the change has the wrong sign.
    assert [mistake.split(" (p")[0] for mistake in found.mistakes] == [
        "mRNA enriched at the MTOC: gene_c",
        "protein follows mRNA (control): no result for gene_b",
        "the treatment removes the delay: no result for gene_b",
        "the treatment removes the delay: gene_a",
    ]
    assert (found.n_null, found.share_below) == (1, 0.0)
    assert "not found" in interaction_text(found)
    without = compare_interaction(tmp_path / "plate", _results(tmp_path / "none", rows[1:2]))
    assert [mistake.rpartition(" ")[2] for mistake in without.mistakes] == [
        *("gene_d", "gene_c", "gene_a", "gene_b", "gene_a", "gene_b")
    ]
