"""The study of localization as the workflow plans it, and what of it reruns. Nothing runs."""

from itertools import product
from pathlib import Path

import pandas as pd
import pytest
import yaml

from tests.workflow.studies import ROOT, planned

pytestmark = pytest.mark.workflow
CONFIG = ROOT / "config/localization/config.yaml"


def _study(folder: Path) -> Path:
    """Two wells, whose files are there and empty."""
    (folder / "plate").mkdir()
    for well, channel in product(("A01", "A02"), ("DAPI", "CELL", "G1", "G2", "G3", "G4")):
        (folder / f"{well}_s1_{channel}.tif").touch()
    sheet = pd.DataFrame({"plate": "p", "well": ["A01", "A02"], "path": "..", "gene": ["X", "Y"]})
    sheet.to_csv(folder / "plate/wells.tsv", sep="\t", index=False)
    return folder


def test_the_shipped_config_plans_its_stages_and_no_training_of_networks(tmp_path: Path) -> None:
    counts = planned(_study(tmp_path), configfile=CONFIG)
    rules = ("spots_detect", "localization_train", "localization_measure", "localization_chapter", "report_page")
    assert [counts[rule] for rule in rules] == [2, 1, 2, 1, 1]
    assert not [rule for rule in counts if rule.startswith(("dataset", "training", "attribution"))]


@pytest.mark.parametrize("landscapes", ["own", "components"])
def test_own_cells_and_genes_of_the_sheet_are_planned_too(tmp_path: Path, landscapes: str) -> None:
    config = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    config["localization"] |= {"landscapes": landscapes, "gene_column": "gene", "unit_column": "well"}
    path = tmp_path / "own.yaml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    counts = planned(_study(tmp_path), configfile=path)
    assert [counts[rule] for rule in ("localization_train", "localization_measure")] == [1, 2]
