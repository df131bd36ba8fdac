"""The simulated plate of localization patterns, and the comparison of results with it."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile

from wellspring.__main__ import main
from wellspring.errors import InputError
from wellspring.localization.tables import GENE_PATTERNS, LOCALIZED
from wellspring.simulation.localization_plate import LocalizationPlate, simulate_localization_plate
from wellspring.simulation.localization_truth import compare_localization, is_localization_plate
from wellspring.simulation.tables import LOCALIZED_GENES, LOCALIZED_TRUTH
from wellspring.tables import empty_table, read_table, write_table

TINY = LocalizationPlate(
    wells=("A01", "A02"), patterns={"G1": "random", "G2": "cell_edge"}, n_columns=1, tile_px=150, n_planes=8
)


@pytest.fixture(scope="module")
def plate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("localization") / "plate"
    simulate_localization_plate(folder, settings=TINY, seed=3)
    return folder


def test_a_plate_has_a_stack_per_channel_and_its_truth(plate: Path) -> None:
    assert is_localization_plate(plate)
    assert (plate / "wells.tsv").read_text().splitlines()[1] == "localization01\tA01\tlocalization01"
    for channel in ("DAPI", "CELL", "G1", "G2"):
        stack = tifffile.imread(plate / f"localization01/A01_s1_{channel}.tif")
        assert (stack.shape, stack.dtype) == ((8, 150, 150), np.uint16)
    genes = read_table(plate / "truth/genes.parquet", LOCALIZED_GENES)
    assert dict(zip(genes["gene"], genes["pattern"], strict=True)) == TINY.patterns


def test_spots_are_bright_where_the_truth_has_molecules(plate: Path) -> None:
    molecules = read_table(plate / "truth/molecules.parquet", LOCALIZED_TRUTH)
    own = molecules[(molecules["well"] == "A01") & (molecules["gene"] == "G2")]
    assert 20 <= len(own) <= 75
    stack = tifffile.imread(plate / "localization01/A01_s1_G2.tif").astype(float)
    z, y, x = (
        np.rint(own[name]).astype(int).clip(0, size - 1)
        for name, size in zip(("z_px", "y_px", "x_px"), stack.shape, strict=True)
    )
    assert np.median(stack[z, y, x]) > np.median(stack) + 3 * stack.std()


def test_a_null_plate_has_random_genes_only(tmp_path: Path) -> None:
    simulate_localization_plate(tmp_path / "null", settings=TINY, seed=3, is_null=True)
    genes = read_table(tmp_path / "null/truth/genes.parquet", LOCALIZED_GENES)
    assert set(genes["pattern"]) == {"random"}


def test_a_folder_in_use_and_a_narrow_tile_are_refused(plate: Path, tmp_path: Path) -> None:
    with pytest.raises(FileExistsError, match="expected a new or empty folder"):
        simulate_localization_plate(plate, settings=TINY, seed=1)
    narrow = LocalizationPlate(wells=("A01",), n_columns=1, tile_px=30)
    with pytest.raises(InputError, match="no cell fits into 30 px"):
        simulate_localization_plate(tmp_path / "narrow", settings=narrow, seed=1)
    assert not (tmp_path / "narrow").exists()


def _results(folder: Path, *, call: str, in_cells: str) -> Path:
    """Results in which gene G2 is called so."""
    genes = pd.DataFrame({"gene": ["G1", "G2"], "call": ["random", call]})
    whole = {
        "n_units": 2,
        "n_cells": 1,
        "n_undecided": 0,
        "median_molecules": 9.0,
        "score_effect": 0.5,
        "q_value": 0.01,
    }
    write_table(genes.assign(**whole), folder / "report/localization_genes.csv", GENE_PATTERNS)
    rows = pd.DataFrame({"channel": ["G1", "G2"], "pattern": ["random", in_cells]})
    fixed = {
        "plate": "localization01",
        "well": "A01",
        "site": "1",
        "object_id": 1,
        "label_in_site": 1,
        "n_molecules": 9,
    }
    rows = rows.assign(**fixed, is_border_cell=False, is_area_out=False, null="area", missing="none")
    numbers = [name for name in LOCALIZED.names if name not in rows]
    gaps = pd.DataFrame(np.nan, index=rows.index, columns=numbers)
    table = pd.concat([rows, gaps], axis=1)[list(empty_table(LOCALIZED).columns)]
    write_table(table, folder / "localization/localization01/A01.parquet", LOCALIZED)
    (folder / "localization/localization01/A01.molecules.parquet").write_bytes(b"not read")
    return folder


def test_results_that_agree_and_results_that_do_not(
    plate: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = _results(tmp_path / "good", call="cell_edge", in_cells="cell_edge")
    assert compare_localization(plate, good).mistakes == ()
    assert main(["truth", str(plate), str(good)]) == 0
    assert "Every gene was called the pattern that was simulated" in capsys.readouterr().out
    bad = _results(tmp_path / "bad", call="foci", in_cells="foci")
    found = compare_localization(plate, bad)
    assert found.mistakes == (
        "G2 is called foci, not cell_edge",
        "50 % of the called cells have the true pattern, expected 75 %",
    )
    assert main(["truth", str(plate), str(bad)]) == 1
    assert "the results fall short of the truth" in capsys.readouterr().err


def test_a_seed_below_zero_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate-localization", str(tmp_path / "p"), "--seed", "-1"]) == 1
    assert "--seed: expected 0 or more, got -1" in capsys.readouterr().err
