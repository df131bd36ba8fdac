"""The plate of crowded nuclei: what is drawn, what is written, and what its truth finds."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile

from wellspring.errors import InputError
from wellspring.segmentation.labels import read_labels, write_labels
from wellspring.segmentation.tables import NUCLEUS_SCORES
from wellspring.simulation.crowded_nuclei import draw_crowded
from wellspring.simulation.crowded_plate import (
    CrowdedSettings,
    annotated_fields,
    is_crowded_plate,
    simulate_crowded_plate,
)
from wellspring.simulation.crowded_truth import compare_crowded, crowded_text
from wellspring.tables import write_table

SMALL = CrowdedSettings(n_wells=2, n_sites=2, n_annotated_wells=1, n_annotated_sites=1, size_px=96)


@pytest.fixture(scope="module")
def plate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulate_crowded_plate(tmp_path_factory.mktemp("crowded") / "plate", settings=SMALL, seed=3).parent


def test_nuclei_are_crowded_and_of_a_twenty_fold_range() -> None:
    field = draw_crowded(160, diameter_px=22, rng=np.random.default_rng(1))
    assert field.labels.max() > 25
    assert 0.4 < (field.labels > 0).mean() < 0.8
    light = [np.median(field.image[field.labels == one]) - 100 for one in range(1, int(field.labels.max()) + 1)]
    assert np.quantile(light, 0.95) > 6 * np.quantile(light, 0.05)
    again = draw_crowded(160, diameter_px=22, rng=np.random.default_rng(1))
    np.testing.assert_array_equal(field.image, again.image)
    first = [int(np.flatnonzero(field.labels.ravel() == one)[0]) for one in range(1, 6)]
    assert first == sorted(first)


def test_annotated_fields_have_their_true_labels(plate: Path) -> None:
    assert is_crowded_plate(plate)
    assert annotated_fields(plate) == {("A01", "1")}
    (path,) = (plate / "annotated").iterdir()
    true = read_labels(plate / "truth" / "crowded01" / "A01.nuclei.ome.tif")
    assert path.name == "A01_s1_nuclei.tif"
    np.testing.assert_array_equal(tifffile.imread(path), true["1"])
    with pytest.raises(FileExistsError, match="expected a new or empty folder"):
        simulate_crowded_plate(plate, settings=SMALL, seed=3)


@pytest.mark.parametrize("settings", [CrowdedSettings(n_sites=0), CrowdedSettings(n_wells=2, n_annotated_wells=3)])
def test_numbers_that_cannot_be(tmp_path: Path, settings: CrowdedSettings) -> None:
    with pytest.raises(InputError, match="as many or fewer annotated"):
        simulate_crowded_plate(tmp_path / "plate", settings=settings, seed=1)


@pytest.mark.parametrize(
    ("f1", "n_mistakes"), [((0.5, 0.7, 0.98), 0), ((0.5, 0.97, 0.98), 1), ((0.7, 0.6, 0.7), 2), ((0.9, 0.7, 0.7), 3)]
)
def test_what_falls_short_of_the_truth_is_said(
    plate: Path, tmp_path: Path, f1: tuple[float, float, float], n_mistakes: int
) -> None:
    for well in ("A01", "A02"):
        true = read_labels(plate / "truth" / "crowded01" / f"{well}.nuclei.ome.tif")
        output = tmp_path / "segmentation" / "crowded01" / f"{well}.ome.tif"
        output.parent.mkdir(parents=True, exist_ok=True)
        write_labels(output, true, pixel_size_um=None)
    methods = ("classical", "shipped", "fine-tuned")
    rows = [("crowded01", "A01", "1", method, 0.9, value, value) for method, value in zip(methods, f1, strict=True)]
    scores = pd.DataFrame(rows, columns=NUCLEUS_SCORES.names)
    write_table(scores, tmp_path / "segmentation" / "trained" / "scores.parquet", NUCLEUS_SCORES)
    found = compare_crowded(plate, tmp_path)
    assert found.unseen[["well", "site"]].to_numpy().tolist() == [["A01", "2"], ["A02", "1"], ["A02", "2"]]
    assert (found.unseen["f1"] == 1).all()
    assert (found.unseen["classical"] < 0.9).all()
    assert len(found.mistakes) == n_mistakes, found.mistakes
    assert "3 fields without annotation, fine-tuned: F1 1.000" in crowded_text(found)
