"""The scripts of the stages raw and cells, called as their rules call them, on a tiny MPM well."""

import json
import runpy
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from wellspring.cells.shards import Shard
from wellspring.cells.tables import CELLS
from wellspring.tables import read_table

SCRIPTS = Path(__file__).resolve().parents[2] / "workflow" / "scripts"
RAW = {
    "format": "mpm",
    "mosaic_shape_px": [10, 10],
    "cell_cycle_table": None,
    "wells_table": None,
    "background_table": None,
    "background_rows": {},
}


def main_of(name: str) -> Callable[..., None]:
    main: Callable[..., None] = runpy.run_path(str(SCRIPTS / f"{name}.py"), run_name="job")["main"]
    return main


@pytest.fixture
def well(tmp_path: Path) -> Path:
    folder = tmp_path / "I09"
    folder.mkdir()
    np.save(folder / "mpp.npy", np.array([[1, 10], [3, 30], [5, 50]], dtype=np.uint16))
    for name, values in (("y", [1, 1, 4]), ("x", [2, 3, 4]), ("mapobject_ids", [7, 7, 9])):
        np.save(folder / f"{name}.npy", np.array(values))
    (folder / "metadata.csv").write_text("mapobject_id,duration\n7,30\n9,30\n", encoding="utf-8")
    (folder / "channels.csv").write_text("0,DAPI\n1,EU\n", encoding="utf-8")
    return folder


def crop(well: Path, output: Path, **annotations: str) -> None:
    main_of("cells_crop")(
        path=well,
        labels=None,
        key=("P", "I09"),
        annotations=annotations,
        raw=RAW,
        image_size=8,
        output=(output / "w.parquet", output / "w.arrow"),
    )


def test_a_well_becomes_a_table_and_a_shard(well: Path, tmp_path: Path) -> None:
    crop(well, tmp_path, gene="SBF2", duration="30")
    cells = read_table(tmp_path / "w.parquet", CELLS)
    assert cells["object_id"].tolist() == [7, 9]
    assert cells["mean_EU"].tolist() == [20.0, 50.0]
    assert cells["gene"].tolist() == ["SBF2", "SBF2"]
    assert cells["duration"].tolist() == [30, 30]
    shard = Shard(tmp_path / "w.arrow")
    assert [shard.read(row).object_id for row in range(2)] == [7, 9]


def test_a_sheet_that_contradicts_the_metadata_leaves_no_output(well: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="the sheet says duration = 60"):
        crop(well, tmp_path, duration="60")
    assert [p.name for p in tmp_path.iterdir()] == ["I09"]


def test_wells_are_described_and_their_channels_compared(well: Path, tmp_path: Path) -> None:
    description, channels = tmp_path / "P" / "I09.json", tmp_path / "channels.csv"
    main_of("raw_describe")(path=well, plate="P", well="I09", raw=RAW, description=description)
    assert json.loads(description.read_text(encoding="utf-8")) == {
        "plate": "P",
        "well": "I09",
        "format": "mpm",
        "channels": ["DAPI", "EU"],
        "n_px": 3,
        "n_sites": None,
        "n_values": 6,
        "n_files": 6,
        "dtype": "uint16",
        "n_planes": {},
    }
    compare = main_of("raw_channels")
    job = {"descriptions": [description], "named": {"dataset.target_channel": ["EU"]}, "per_axis": {}}
    compare(**job, removed=[], channels=channels)
    assert channels.read_text(encoding="utf-8") == "id,channel\n0,DAPI\n1,EU\n"
    with pytest.raises(ValueError, match=r"roar\.channels: expected numbers below 1"):
        compare(**job, removed=[1], channels=channels)


def test_an_unknown_channel_leaves_no_channel_table(well: Path, tmp_path: Path) -> None:
    description = tmp_path / "I09.json"
    main_of("raw_describe")(path=well, plate="P", well="I09", raw=RAW, description=description)
    with pytest.raises(ValueError, match=r"dataset\.target_channel: 'PML'"):
        main_of("raw_channels")(
            descriptions=[description],
            named={"dataset.target_channel": ["PML"]},
            per_axis={},
            removed=[],
            channels=tmp_path / "channels.csv",
        )
    assert not (tmp_path / "channels.csv").exists()
