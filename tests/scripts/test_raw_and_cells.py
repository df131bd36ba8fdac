"""The scripts of the stages raw and cells, called as their rules call them, on a tiny MPM well and a tiny TIFF well."""

import json
import runpy
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tifffile

from wellspring.cells.shards import Shard
from wellspring.cells.tables import CELLS, LABEL_COLUMNS
from wellspring.raw.formats import format_named
from wellspring.report.chapter import read_chapter
from wellspring.segmentation.labels import write_labels
from wellspring.tables import read_table

SCRIPTS = Path(__file__).resolve().parents[2] / "workflow" / "scripts"
CAPTIONS = sorted((SCRIPTS.parent / "report" / "raw").glob("*.rst"))
MPM = {
    "format": "mpm",
    "rename": {},
    "mosaic_shape_px": [10, 10],
    "cell_cycle_table": None,
    "wells_table": None,
    "background_table": None,
    "background_rows": {},
}
TIFF = {
    "format": "tiff",
    "rename": {},
    "pattern": "{well}_{site}_{channel}.tif",
    "channels": None,
    "projection": "max",
    "pixel_size_um": 0.5,
    "background": {"EU": 10.0},
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


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Two sites of 4 x 4 px; a cell of 2 px in each: DAPI 1, EU 30 and 50."""
    folder = tmp_path / "images"
    folder.mkdir()
    for site, value in (("1", 30), ("2", 50)):
        tifffile.imwrite(folder / f"A1_{site}_DAPI.tif", np.ones((4, 4), dtype=np.uint16))
        tifffile.imwrite(folder / f"A1_{site}_EU.tif", np.full((4, 4), value, dtype=np.uint16))
    return folder


def described(path: Path, *, raw: dict[str, Any], plate: str = "P", well: str = "I09") -> Path:
    index = path.parent / "raw" / plate / f"{well}.json"
    settings = format_named(raw["format"]).settings_of_index(raw)
    main_of("raw_describe")(path=path, plate=plate, well=well, raw=settings, expected=None, index=index)
    return index


def crop(
    index: Path, output: Path, *, raw: dict[str, Any], left_out: Sequence[str] = (), **inputs: Path | None
) -> pd.DataFrame:
    settings = format_named(raw["format"]).settings_of_pixels(raw)
    given = {"labels": None, "others": None, "correction": None, "left_out": left_out, **inputs}
    cells, crops = output / "w.parquet", output / "w.arrow"
    main_of("cells_crop")(index=index, **given, raw=settings, image_size=8, cells=cells, crops=crops)
    return read_table(cells, CELLS)


def test_a_well_of_pixels_becomes_a_table_and_a_shard(well: Path, tmp_path: Path) -> None:
    cells = crop(described(well, raw=MPM), tmp_path, raw=MPM)
    assert cells["object_id"].tolist() == [7, 9]
    assert cells["mean_EU"].tolist() == [20.0, 50.0]
    assert cells["duration"].tolist() == [30, 30]
    shard = Shard(tmp_path / "w.arrow")
    assert [shard.read(row).object_id for row in range(2)] == [7, 9]
    assert (shard.header.plate, shard.header.well, shard.header.channels) == ("P", "I09", ("DAPI", "EU"))


def test_images_are_cut_by_their_labels(images: Path, tmp_path: Path) -> None:
    labels = np.zeros((4, 4), dtype=np.uint32)
    labels[1, 1:3] = 1
    write_labels(tmp_path / "labels.ome.tif", [("1", labels), ("2", labels)], pixel_size_um=0.5)
    index = described(images, raw=TIFF, well="A1")
    cells = crop(index, tmp_path, raw=TIFF, labels=tmp_path / "labels.ome.tif")
    assert cells["mean_EU"].tolist() == [20.0, 40.0]
    assert cells["pixel_size_um"].tolist() == [0.5, 0.5]
    assert set(LABEL_COLUMNS) <= set(cells.columns)


def test_flagged_sites_are_left_out(images: Path, tmp_path: Path) -> None:
    labels = np.zeros((4, 4), dtype=np.uint32)
    labels[1, 1:3] = 1
    write_labels(tmp_path / "labels.ome.tif", [("2", labels)], pixel_size_um=0.5)
    index = described(images, raw=TIFF, well="A1")
    cells = crop(index, tmp_path, raw=TIFF, labels=tmp_path / "labels.ome.tif", left_out=["1"])
    assert cells["mean_EU"].tolist() == [40.0]


def test_wells_are_described_and_their_channels_compared(well: Path, tmp_path: Path) -> None:
    index, channels = described(well, raw=MPM), tmp_path / "channels.csv"
    found = json.loads(index.read_text(encoding="utf-8"))
    counts = {"n_px": 3, "n_sites": None, "n_values": 6, "n_files": 6, "dtype": "uint16", "n_planes": {}}
    assert counts.items() <= found.items()
    assert (found["plate"], found["well"], found["format"], found["channels"]) == ("P", "I09", "mpm", ["DAPI", "EU"])
    named = {"dataset.target_channel": ["EU"]}
    compare = main_of("raw_channels")
    compare(indexes=[index], named=named, optional=[], config={}, channels=channels)
    assert channels.read_text(encoding="utf-8") == "id,channel\n0,DAPI\n1,EU\n"
    config = {"dataset": {"input_channels": None}, "attribution": {"validation": {"roar": {"channels": [1]}}}}
    with pytest.raises(ValueError, match=r"roar\.channels: expected numbers below 1"):
        compare(indexes=[index], named=named, optional=[], config=config, channels=channels)


def test_an_unknown_channel_leaves_no_channel_table(well: Path, tmp_path: Path) -> None:
    index = described(well, raw=MPM)
    with pytest.raises(ValueError, match=r"dataset\.target_channel: 'PML'"):
        main_of("raw_channels")(
            indexes=[index],
            named={"dataset.target_channel": ["PML"]},
            optional=[],
            config={},
            channels=tmp_path / "channels.csv",
        )
    assert not (tmp_path / "channels.csv").exists()


def test_the_chapter_on_wells_is_written_beside_its_table(well: Path, tmp_path: Path) -> None:
    main_of("raw_chapter")(
        indexes=[described(well, raw=MPM)],
        channels=tmp_path / "channels.csv",
        plates=[],
        captions=CAPTIONS,
        settings=format_named("mpm").settings_of_pixels(MPM),
        table=tmp_path / "wells.csv",
        chapter=tmp_path / "raw.json",
    )
    assert read_chapter(tmp_path / "raw.json").sections[0].text[0].startswith("1 well on 1 plate, each with the same 2")
    assert (tmp_path / "wells.csv").read_text(encoding="utf-8").splitlines()[1].startswith("P,I09,2,")
