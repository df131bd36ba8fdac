"""Indexes of plates: what is missing, what is there twice, how they are kept, and names of wells."""

from pathlib import Path

import pandas as pd
import pytest

from wellspring.errors import InputError
from wellspring.raw import plate_readers
from wellspring.raw.formats import formats
from wellspring.raw.plate_index import (
    COLUMNS,
    PlateIndex,
    completed,
    images_table,
    plate_notes,
    read_plate_index,
    write_plate_index,
)
from wellspring.raw.plate_readers import index_of_plate, rows_of_well
from wellspring.raw.well_names import canonical_well, well_name, well_place
from wellspring.simulation.layouts.harmony import write_harmony
from wellspring.simulation.layouts.plates import drawn_plate


def _index(rows: list[tuple[str, str, str, int]], **further: object) -> PlateIndex:
    well, site, channel, z = map(list, zip(*rows, strict=True))
    columns = {"well": well, "site": site, "channel": channel, "z": z, "file": [f"{n}.tif" for n in range(len(rows))]}
    images = images_table(columns, source=Path("index"))
    return PlateIndex(format="harmony", plate="p", root="somewhere", images=images, **further)


def _missing(index: PlateIndex) -> list[tuple[str, str, str, int]]:
    rows = completed(index).images
    return [
        tuple(row) for row in rows.loc[rows["state"] == "not recorded", ["well", "site", "channel", "z"]].to_numpy()
    ]


def test_wells_are_written_in_one_way() -> None:
    assert [canonical_well(name) for name in ("C3", "c03", "r03c03", "C-3", " C03 ")] == ["C03"] * 5
    assert [well_name(*place) for place in ((1, 1), (26, 48), (27, 1), (32, 48))] == ["A01", "Z48", "AA01", "AF48"]
    assert (well_place("AF48"), well_place("AA1")) == ((32, 48), (27, 1))
    assert canonical_well("control_1") == "control_1"
    assert well_place("control_1") is None


def test_what_most_of_the_plate_has_is_missing_elsewhere() -> None:
    full = [(well, site, "RNA", z) for well in ("A01", "A02", "A03") for site in "12" for z in (1, 2)]
    assert _missing(_index(full)) == []
    assert _missing(_index([row for row in full if row != ("A02", "1", "RNA", 2)])) == [("A02", "1", "RNA", 2)]
    assert _missing(_index([row for row in full if row[:2] != ("A03", "2")])) == [
        ("A03", "2", "RNA", 1),
        ("A03", "2", "RNA", 2),
    ]
    # A channel with one plane is no stack with missing ones; a site without it misses one image.
    single = [(well, site, "DAPI", 1) for well, site, _, z in full if z == 1 and (well, site) != ("A01", "1")]
    assert _missing(_index([*full, *single])) == [("A01", "1", "DAPI", 1)]


def test_where_no_majority_is_nothing_is_missing_unless_the_index_says_so() -> None:
    rows = [("A01", "1", "RNA", 1), ("A02", "1", "RNA", 1), ("A02", "2", "RNA", 1)]
    assert _missing(_index(rows)) == []
    assert _missing(_index(rows, planned_sites=("1", "2"))) == [("A01", "2", "RNA", 1)]


def test_rows_are_sorted_by_wells_sites_and_planes() -> None:
    rows = [
        ("B01", "1", "a", 1),
        ("AA01", "1", "a", 1),
        ("A10", "10", "a", 1),
        ("A10", "2", "a", 10),
        ("A10", "2", "a", 9),
    ]
    found = completed(_index(rows)).images
    found = found[found["state"] == ""]
    assert found["well"].tolist() == ["A10", "A10", "A10", "B01", "AA01"]
    assert found["site"].tolist()[:3] == ["2", "2", "10"]
    assert found["z"].tolist()[:2] == [9, 10]


def test_an_image_that_is_there_twice_and_an_empty_index_are_errors() -> None:
    with pytest.raises(
        InputError, match=r"well A01, site 1, channel a, plane 1 is there twice: 0.tif, 1.tif. Put each"
    ):
        completed(_index([("A01", "1", "a", 1), ("A01", "1", "a", 1)]))
    with pytest.raises(InputError, match="expected an index of images, but it lists none"):
        images_table({"well": []}, source=Path("index"))


def test_an_index_is_kept_whole_and_read_well_by_well(tmp_path: Path) -> None:
    index = completed(
        _index([("A01", "1", "a", 1), ("A02", "1", "a", 1)], planned=("A01", "A02", "A03"), wavelengths={"a": "405 nm"})
    )
    write_plate_index(index, tmp_path / "p.parquet")
    found = read_plate_index(tmp_path / "p.parquet")
    pd.testing.assert_frame_equal(found.images, index.images)
    assert {**vars(found), "images": None} == {**vars(index), "images": None}
    assert list(found.images.columns) == list(COLUMNS)
    assert read_plate_index(tmp_path / "p.parquet", well="A02").images["file"].tolist() == ["1.tif"]
    assert plate_notes(found) == ["Plate p: 1 of 3 planned wells have no image: A03."]
    (tmp_path / "other.parquet").write_bytes(b"no table")
    with pytest.raises(InputError, match=r"other.parquet: expected the index of a plate"):
        read_plate_index(tmp_path / "other.parquet")


def test_an_index_is_parsed_once_in_the_folder_of_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images = write_harmony(tmp_path / "plate", drawn_plate())
    reader = formats()["harmony"].reader
    assert reader is not None
    monkeypatch.chdir(tmp_path)
    index_of_plate(reader, images)
    # Outside of a run nothing is left behind.
    assert not (tmp_path / ".snakemake").exists()
    (tmp_path / ".snakemake").mkdir()
    plate_readers._index.cache_clear()
    index_of_plate(reader, images)
    (kept,) = (tmp_path / ".snakemake/wellspring").iterdir()
    stamp = kept.stat().st_mtime_ns
    plate_readers._index.cache_clear()
    plate_readers._by_well.cache_clear()
    _, rows = rows_of_well(reader, images, well="b3")
    assert set(rows["well"]) == {"B03"}
    assert kept.stat().st_mtime_ns == stamp
    # Another index is another file; in a run it is looked at again after some seconds.
    plate_readers._recent.cache_clear()
    (images / "Index.idx.xml").write_text((images / "Index.idx.xml").read_text() + "\n", encoding="utf-8")
    index_of_plate(reader, images)
    assert len(list((tmp_path / ".snakemake/wellspring").iterdir())) == 2
