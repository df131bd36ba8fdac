"""Which files a well's reading depends on."""

import os
from pathlib import Path

import pytest

from wellspring.errors import InputError
from wellspring.raw.files import files_digest, well_files
from wellspring.raw.mpm_files import mpm_columns, mpm_object_ids, plate_table

ARRAYS_AND_TABLES = ("mpp.npy", "x.npy", "y.npy", "metadata.csv", "channels.csv")
NO_TABLES = {"format": "mpm", "cell_cycle_table": None, "wells_table": None, "background_table": None}


@pytest.fixture
def well(tmp_path: Path) -> Path:
    folder = tmp_path / "plates" / "untreated" / "I09"
    folder.mkdir(parents=True)
    for name in (*ARRAYS_AND_TABLES, "mapobject_ids.npy"):
        (folder / name).touch()
    return folder


def test_an_mpm_well_depends_on_its_six_files(well: Path) -> None:
    found = well_files(well, well="I09", raw=NO_TABLES)
    assert {f.name for f in found} == {*ARRAYS_AND_TABLES, "mapobject_ids.npy"}
    assert {f.parent for f in found} == {well}


def test_the_newer_name_of_the_ids_is_taken_when_the_older_is_not_there(well: Path) -> None:
    (well / "mapobject_ids.npy").rename(well / "obj_ids.npy")
    assert mpm_object_ids(well) == well / "obj_ids.npy"
    assert well / "obj_ids.npy" in well_files(well, well="I09", raw=NO_TABLES)


@pytest.mark.parametrize("name", [*ARRAYS_AND_TABLES, "mapobject_ids.npy"])
def test_a_missing_file_is_named_with_the_remedy(well: Path, name: str) -> None:
    (well / name).unlink()
    with pytest.raises(FileNotFoundError, match=f"{name}: expected the file {name}.*no such file.*Copy it"):
        well_files(well, well="I09", raw=NO_TABLES)


def test_a_path_that_is_no_folder_is_reported(tmp_path: Path) -> None:
    (tmp_path / "I09").touch()
    with pytest.raises(FileNotFoundError, match="not a folder"):
        well_files(tmp_path / "I09", well="I09", raw=NO_TABLES)


def test_plate_tables_come_from_the_nearest_of_two_folders_above(well: Path) -> None:
    upper, nearer = well.parents[1] / "wells.csv", well.parent / "wells.csv"
    upper.touch()
    raw = {**NO_TABLES, "wells_table": "wells.csv"}
    assert well_files(well, well="I09", raw=raw)[-1] == upper
    nearer.touch()
    assert well_files(well, well="I09", raw=raw)[-1] == nearer


def test_an_absolute_plate_table_is_taken_as_it_is(well: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere.csv").touch()
    assert plate_table(well, name=tmp_path / "elsewhere.csv", key="wells_table") == tmp_path / "elsewhere.csv"


def test_a_plate_table_further_up_or_inside_the_well_is_not_looked_at(well: Path) -> None:
    (well.parents[2] / "cycle.csv").touch()
    (well / "cycle.csv").touch()
    with pytest.raises(FileNotFoundError) as error:
        well_files(well, well="I09", raw={**NO_TABLES, "cell_cycle_table": "cycle.csv"})
    words = str(error.value)
    assert str(well.parents[0]) in words
    assert str(well.parents[1]) in words
    assert "raw.cell_cycle_table: null" in words


def test_a_tiff_well_depends_on_the_files_that_its_pattern_finds(tmp_path: Path) -> None:
    for name in ("B7_1_DAPI.tif", "B7_1_GFP.tif", "C7_1_DAPI.tif", "notes.txt"):
        (tmp_path / name).touch()
    raw = {"format": "tiff", "pattern": "{well}_{site}_{channel}.tif"}
    assert [f.name for f in well_files(tmp_path, well="B7", raw=raw)] == ["B7_1_DAPI.tif", "B7_1_GFP.tif"]


def test_a_format_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"raw.format: expected one of \['czi', .*, 'yokogawa'\], got 'oir'"):
        well_files(tmp_path, well="A1", raw={"format": "oir"})


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("E05_{x}.tif", "expected a path without braces"),
        ("E05_a\nb.tif", "expected a path of readable characters"),
        ("E05_\udcff.tif", r"E05_\\udcff.tif': expected a path of readable characters"),
    ],
)
def test_names_that_a_workflow_cannot_carry_are_reported(tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(InputError, match=words):
        well_files(tmp_path, well="E05", raw={"format": "tiff", "pattern": "{well}_{channel}.tif"})


def test_the_digest_of_files_changes_with_a_name_a_size_and_any_time(tmp_path: Path) -> None:
    first, second = tmp_path / "a.tif", tmp_path / "b.tif"
    first.write_bytes(b"one")
    second.write_bytes(b"two")
    for path in (first, second):
        os.utime(path, ns=(10**18, 10**18))
    before = files_digest([first, second])
    assert before == files_digest([first, second])
    found = {before, files_digest([first])}
    # Older than before, too.
    os.utime(first, ns=(10**17, 10**17))
    found.add(files_digest([first, second]))
    first.write_bytes(b"longer")
    os.utime(first, ns=(10**18, 10**18))
    found.add(files_digest([first, second]))
    second.rename(tmp_path / "c.tif")
    found.add(files_digest([first, tmp_path / "c.tif"]))
    assert len(found) == 5
    with pytest.raises(FileNotFoundError):
        files_digest([second])


def _columns(well: Path, **tables: str | None) -> set[str] | None:
    return mpm_columns(well, tables={"cell_cycle_table": None, "wells_table": None, "background_table": None, **tables})


def test_what_an_mpm_well_says_of_its_objects_is_known_from_first_lines(well: Path) -> None:
    (well / "metadata.csv").write_text(",mapobject_id,is_border_cell\n0,7,1\n", encoding="utf-8")
    assert _columns(well) == {"mapobject_id", "is_border_cell"}
    (well.parent / "cycle.csv").write_text("mapobject_id,cell_cycle\n", encoding="utf-8")
    (well.parent / "wells.csv").write_text("\ufeffwell_name,perturbation\nI09,normal\n", encoding="utf-8")
    found = _columns(well, cell_cycle_table="cycle.csv", wells_table="wells.csv", background_table="not there.csv")
    assert found == {"mapobject_id", "is_border_cell", "cell_cycle", "well_name", "perturbation"}


def test_a_well_without_objects_says_nothing_of_columns(well: Path) -> None:
    (well / "metadata.csv").write_text("mapobject_id,is_border_cell\n", encoding="utf-8")
    assert _columns(well) is None
    (well / "metadata.csv").unlink()
    with pytest.raises(FileNotFoundError):
        _columns(well)
