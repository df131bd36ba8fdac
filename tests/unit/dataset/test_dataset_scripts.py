"""The two scripts of the stage, from cell tables and shards to manifest, counts and normalization."""

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from wellspring.cells.shards import Shard
from wellspring.cells.tables import CELLS
from wellspring.dataset.loader import CropLoader
from wellspring.dataset.tables import FILTERED, MANIFEST, NORMALIZATION
from wellspring.tables import read_table, write_table

SCRIPTS = Path(__file__).resolve().parents[3] / "workflow" / "scripts"
CHANNELS = ("DAPI", "EU", "PML")
SPLIT = {"train": 0.5, "validation": 0.25, "stratify": ["cell_cycle"], "group": None, "seed": 1}
NORMALIZATION_SWITCHES = {
    "percentile": 98,
    "clip": True,
    "mean_extraction": False,
    "linear_scaling": False,
    "z_score": True,
}
# Plate, well, background, number of cells: two plates, a well without cells among them.
WELLS = (
    ("P", "A01", [100.5, 20.25, 0.0], 12),
    ("P", "A02", [100.5, 20.25, 0.0], 0),
    ("Q", "A01", [5000.125, 1.0, 33.3], 9),
)


@pytest.fixture
def folder(random_crop, make_shard, make_cells, tmp_path: Path) -> Path:
    """Cell tables and shards of `WELLS`: every third cell is a border cell."""
    rng = np.random.default_rng(0)
    for plate, well, background, n in WELLS:
        crops = [random_crop(rng, object_id=i + 1, shape=(6, 5), n_channels=3) for i in range(n)]
        make_shard(crops, channels=CHANNELS, background=background, plate=plate, well=well)
        means = [np.maximum(crop.pixels - np.array(background), 0).mean(axis=0) for crop in crops]
        columns: dict[str, Any] = dict(
            zip([f"mean_{name}" for name in CHANNELS], np.reshape(means, (n, 3)).T, strict=True)
        )
        columns["is_border_cell"] = [int(i % 3 == 2) for i in range(n)]
        columns["cell_cycle"] = pd.Series((["G1", "G2"] * n)[:n], dtype="str")
        cells = make_cells(n, plate=plate, well=well, **columns)
        write_table(cells, tmp_path / plate / f"{well}.parquet", CELLS)
    return tmp_path


def selected(folder: Path, *, plate: str, well: str, drop: list[dict[str, Any]] | None = None) -> list[Path]:
    main = runpy.run_path(str(SCRIPTS / "dataset_select.py"))["main"]
    out = folder / "dataset" / plate
    outputs = {
        "manifest": out / f"{well}.parquet",
        "filtered": out / f"{well}.filtered.parquet",
        "histogram": out / f"{well}.histogram.npz",
    }
    main(
        cells=folder / plate / f"{well}.parquet",
        crops=folder / plate / f"{well}.arrow",
        annotations={"drug": "DMSO"},
        selection={
            "target_channel": "EU",
            "filter": drop or [{"column": "is_border_cell", "drop": ["1"]}],
            "select": {"cell_cycle": ["G1", "G2"]},
            "split": SPLIT,
        },
        **outputs,
    )
    return list(outputs.values())


def merged(folder: Path, wells: list[list[Path]]) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    main = runpy.run_path(str(SCRIPTS / "dataset_merge.py"))["main"]
    manifests, filtered, histograms = zip(*wells, strict=True)
    paths = [folder / f"{name}.parquet" for name in ("manifest", "filtered", "normalization")]
    main(
        manifests=manifests,
        filtered=filtered,
        histograms=histograms,
        normalization=NORMALIZATION_SWITCHES,
        merged_manifest=paths[0],
        merged_filtered=paths[1],
        normalization_path=paths[2],
    )
    tables = (MANIFEST, FILTERED, NORMALIZATION)
    one, two, three = (read_table(path, table) for path, table in zip(paths, tables, strict=True))
    return one, two, three


def test_wells_become_a_dataset(folder: Path) -> None:
    manifest, filtered, table = merged(folder, [selected(folder, plate=p, well=w) for p, w, _, _ in WELLS])
    assert manifest[["plate", "well", "object_id", "row"]].to_numpy().tolist() == [
        [plate, well, i + 1, i] for plate, well, _, n in WELLS for i in range(n) if i % 3 != 2
    ]
    assert "cell_cycle" in manifest
    assert set(manifest["drug"]) == {"DMSO"}
    assert not [name for name in manifest if name.startswith("mean_")]
    assert filtered.loc[filtered["step"] == 2, ["plate", "well", "n_left"]].to_numpy().tolist() == [
        ["P", "A01", 8], ["P", "A02", 0], ["Q", "A01", 6]
    ]  # fmt: skip

    pixels = []
    for cell in manifest[manifest["split"] == "train"].itertuples():
        shard = Shard(folder / cell.plate / f"{cell.well}.arrow")
        pixels.append(np.maximum(shard.read(cell.row).pixels - shard.header.background, 0))
    every = np.concatenate(pixels)
    clipped = np.minimum(every, np.percentile(every, 98, axis=0))
    assert table["channel"].tolist() == list(CHANNELS)
    assert table["n_px"].tolist() == [len(every)] * 3
    assert table["clip"].tolist() == np.percentile(every, 98, axis=0).tolist()
    np.testing.assert_allclose(table["shift"], clipped.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(table["scale"], clipped.std(axis=0), rtol=1e-12)


def test_batches_of_training_cells_have_mean_0_and_deviation_1(folder: Path) -> None:
    manifest, _, table = merged(folder, [selected(folder, plate=p, well=w) for p, w, _, _ in WELLS])
    training = manifest[manifest["split"] == "train"]
    loader = CropLoader(training, crops_folder=folder, normalization=table, image_size=8, exclude_channel="EU")
    images, targets = loader.batch(range(len(loader)))
    measured = images[images[..., -1] == 1]
    assert loader.channels == ("DAPI", "PML")
    np.testing.assert_allclose(measured.mean(axis=0), [0, 0, 1], atol=1e-5)
    np.testing.assert_allclose(measured.std(axis=0), [1, 1, 0], atol=1e-5)
    assert not images[images[..., -1] == 0].any()
    np.testing.assert_allclose(targets, training["target"], rtol=1e-6)


def test_running_a_well_again_changes_nothing(folder: Path) -> None:
    before = [path.read_bytes() for path in selected(folder, plate="P", well="A01")[:2]]
    assert [path.read_bytes() for path in selected(folder, plate="P", well="A01")[:2]] == before


def test_a_selection_that_leaves_no_cells_ends_in_one_message(folder: Path) -> None:
    drop = [{"column": "cell_cycle", "drop": ["G1", "G2"]}]
    wells = [selected(folder, plate=p, well=w, drop=drop) for p, w, _, _ in WELLS]
    with pytest.raises(ValueError, match=r"left none\. Of 21 cells, 'cell_cycle in \[G1, G2\]' removed 21"):
        merged(folder, wells)
    assert not (folder / "manifest.parquet").exists()
    assert not (folder / "normalization.parquet").exists()
