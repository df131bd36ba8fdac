"""MPM wells: a tiny plate on disk, read; then spoilt in every way, and told."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from wellspring.raw.joins import same_values
from wellspring.raw.mpm import describe_mpm, read_mpm
from wellspring.raw.pixels import PixelTable

# Object 7 has two pixels, object 9 three; the channels' rows are not in the order of their ids.
PIXELS = np.array([[10, 1], [11, 2], [12, 3], [13, 4], [65535, 0]], dtype=np.uint16)
Y, X, IDS = np.array([1, 1, 2, 2, 3]), np.array([5, 6, 5, 8, 8]), np.array([7, 9, 7, 9, 9])
METADATA = "mapobject_id,mapobject_id_cell,well_name,plate_name,is_border_cell\n"


@pytest.fixture
def well(tmp_path: Path) -> Path:
    folder = tmp_path / "untreated" / "I09"
    folder.mkdir(parents=True)
    for name, values in (("mpp", PIXELS), ("y", Y), ("x", X), ("mapobject_ids", IDS)):
        np.save(folder / f"{name}.npy", values)
    _write(folder / "channels.csv", "channel_name,id\nEU,1\nDAPI,0\n")
    _write(folder / "metadata.csv", f",{METADATA[:-1]}\n0,7,70,I09,P1,0\n1,9,90,I09,P1,1\n")
    _write(tmp_path / "cycle.csv", ",mapobject_id,cell_cycle\n0,70,G1\n1,500,S\n")
    _write(tmp_path / "wells.csv", "plate_name,well_name,perturbation,duration\nP1,I09,,30\nP1,I10,DMSO,30\n")
    _write(
        tmp_path / "background.csv",
        "channel,measurement_type,cell_line,mean_background\n"
        "EU,non-cell,HeLa,1.5\nEU,cell,HeLa,99\nEU,non-cell,184A1,7\nPML,non-cell,HeLa,3\n",
    )
    return folder


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def read(well: Path, **changes: object) -> PixelTable:
    """Read with all three tables, unless `changes` say otherwise."""
    usual = {
        "mosaic_shape_px": (10, 8),
        "cell_cycle_table": "cycle.csv",
        "wells_table": "wells.csv",
        "background_table": "background.csv",
        "background_rows": {"measurement_type": "non-cell", "cell_line": "HeLa"},
    }
    given = {**usual, **changes}
    tables = {key: given.pop(key) for key in ("cell_cycle_table", "wells_table", "background_table")}
    return read_mpm(describe_mpm(well, plate="untreated", well="I09", tables=tables), **given)


def test_pixels_coordinates_and_channels(well: Path) -> None:
    table = read(well)
    np.testing.assert_array_equal(table.pixels, PIXELS)
    assert isinstance(table.pixels, np.memmap)
    np.testing.assert_array_equal(table.y, Y)
    np.testing.assert_array_equal(table.x, X)
    np.testing.assert_array_equal(table.object_id, IDS)
    assert table.channels == ("DAPI", "EU")
    assert table.source == str(well)


def test_objects_carry_what_the_three_tables_say(well: Path) -> None:
    objects = read(well).objects
    assert list(objects.columns) == [
        *("object_id", "mapobject_id_cell", "well_name", "plate_name", "is_border_cell"),
        *("cell_cycle", "perturbation", "duration"),
    ]
    assert objects["object_id"].tolist() == [7, 9]
    assert objects["object_id"].dtype == np.int64
    assert objects["mapobject_id_cell"].tolist() == [70, 90]
    assert objects["is_border_cell"].tolist() == [0, 1]
    # Cell 90 has no entry: mitotic.
    assert objects["cell_cycle"].iloc[0] == "G1"
    assert objects["cell_cycle"].isna().tolist() == [False, True]
    assert objects["perturbation"].tolist() == ["normal", "normal"]
    assert objects["duration"].tolist() == [30, 30]


def test_background_is_that_of_the_matching_rows_and_0_elsewhere(well: Path) -> None:
    table = read(well)
    np.testing.assert_array_equal(table.background, [0.0, 1.5])
    assert table.background.dtype == np.float64


def test_without_tables_the_metadata_s_own_columns_are_used(well: Path) -> None:
    _write(well / "metadata.csv", "mapobject_id,cell_cycle,perturbation\n7,G2,\n9,,DMSO\n")
    table = read(well, cell_cycle_table=None, wells_table=None, background_table=None)
    assert table.objects["perturbation"].tolist() == ["normal", "DMSO"]
    assert table.objects["cell_cycle"].isna().tolist() == [False, True]
    np.testing.assert_array_equal(table.background, [0.0, 0.0])


def test_several_nuclei_of_one_cell_share_its_phase(well: Path) -> None:
    _write(well / "metadata.csv", METADATA + "7,70,I09,P1,0\n9,70,I09,P1,0\n")
    assert read(well).objects["cell_cycle"].tolist() == ["G1", "G1"]


def test_a_nucleus_without_a_cell_has_no_phase(well: Path) -> None:
    _write(well / "metadata.csv", METADATA + "7,,I09,P1,0\n9,90,I09,P1,0\n")
    _write(well.parents[1] / "cycle.csv", "mapobject_id_cell,cell_cycle\n,S\n90,G1\n")
    objects = read(well).objects
    assert objects["cell_cycle"].isna().tolist() == [True, False]
    assert objects["mapobject_id_cell"].isna().tolist() == [True, False]


def test_wells_are_joined_by_name_alone_when_the_table_has_no_plates(well: Path) -> None:
    _write(well.parents[1] / "wells.csv", "well_name,perturbation\nI09,CX5461\n")
    assert read(well).objects["perturbation"].tolist() == ["CX5461", "CX5461"]


def test_columns_of_both_sides_that_agree_are_kept_once(well: Path) -> None:
    _write(well / "metadata.csv", f"{METADATA[:-1]},duration\n7,70,I09,P1,0,30.0\n9,90,I09,P1,1,30.0\n")
    objects = read(well).objects
    assert list(objects.columns).count("duration") == 1
    assert objects["duration"].tolist() == [30.0, 30.0]


def test_whole_floats_are_accepted(well: Path) -> None:
    np.save(well / "x.npy", X.astype(np.float32))
    np.save(well / "mapobject_ids.npy", IDS.astype(np.float64))
    table = read(well)
    np.testing.assert_array_equal(table.x, X)
    assert table.x.dtype == np.int64
    assert table.object_id.dtype == np.int64


@pytest.mark.parametrize("shape", [(3, 8), None])
def test_coordinates_from_0_to_the_size_inclusive_are_accepted(well: Path, shape: tuple[int, int] | None) -> None:
    np.save(well / "x.npy", np.array([0, 6, 5, 8, 8]))
    assert read(well, mosaic_shape_px=shape).x.tolist() == [0, 6, 5, 8, 8]


def test_a_well_without_cells_is_valid_and_empty(well: Path) -> None:
    np.save(well / "mpp.npy", PIXELS[:0])
    for name in ("y", "x", "mapobject_ids"):
        np.save(well / f"{name}.npy", np.zeros(0, dtype=np.int64))
    _write(well / "metadata.csv", METADATA)
    table = read(well)
    assert table.pixels.shape == (0, 2)
    assert len(table.objects) == 0
    assert {"object_id", "cell_cycle", "perturbation"} <= set(table.objects.columns)


def test_bad_rows_of_other_wells_do_not_matter(well: Path) -> None:
    _write(well.parents[1] / "cycle.csv", "mapobject_id,cell_cycle\n70,G1\n500,S\n500,G2\n")
    assert read(well).objects["cell_cycle"].iloc[0] == "G1"


def _array(name: str, values: np.ndarray) -> Callable[[Path], None]:
    def spoil(well: Path) -> None:
        np.save(well / f"{name}.npy", values, allow_pickle=values.dtype == object)

    return spoil


def _text(name: str, text: str, *, above: bool = False) -> Callable[[Path], None]:
    def spoil(well: Path) -> None:
        _write((well.parents[1] if above else well) / name, text)

    return spoil


def _truncate(well: Path) -> None:
    data = (well / "mpp.npy").read_bytes()
    (well / "mpp.npy").write_bytes(data[:-3])


def _archive(well: Path) -> None:
    with (well / "mpp.npy").open("wb") as file:
        np.savez(file, PIXELS)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_truncate, r"mpp\.npy: expected a complete \.npy array of uint16.*cannot be read"),
        (_archive, r"mpp\.npy: expected a complete \.npy array.*cannot be read"),
        (_text("mpp.npy", ""), r"mpp\.npy: expected a complete \.npy array.*cannot be read"),
        (_array("mpp", PIXELS.astype(object)), r"mpp\.npy: .*cannot be read"),
        (_array("x", X.astype(object)), r"x\.npy: expected a complete \.npy array of whole numbers.*cannot be read"),
        (_array("mpp", PIXELS.astype(np.float32)), r"mpp\.npy: expected uint16 .* found float32 in 2"),
        (_array("mpp", PIXELS[:, :, None]), r"mpp\.npy: expected uint16 values in 2 dimensions.*found uint16 in 3"),
        (_array("mpp", PIXELS[:, :1]), r"mpp\.npy: expected 2 columns, as many as .*channels\.csv.*found 1"),
        (_array("y", Y[:-1]), r"y\.npy: expected 5 values, one per row of .*mpp\.npy, but found 4"),
        (_array("mapobject_ids", IDS[:-1]), r"mapobject_ids\.npy: expected 5 values"),
        (_array("y", Y[:, None]), r"y\.npy: expected whole numbers in 1 dimension.*found int64 in 2"),
        (_array("x", X > 0), r"x\.npy: expected whole numbers .*found bool"),
        (_array("x", np.array([5, 6.5, 5, 8, 8])), r"x\.npy: expected whole numbers, but found 6\.5 at row 1"),
        (_array("x", np.array([5, 6, np.nan, 8, 8])), r"x\.npy: expected whole numbers, but found nan at row 2"),
        (_array("x", np.array([5, 6, np.inf, 8, 8])), r"x\.npy: expected whole numbers, but found inf at row 2"),
        (_array("mapobject_ids", IDS + 0.5), r"mapobject_ids\.npy: expected whole numbers, but found 7\.5 at row 0"),
        (_array("y", np.array([1, 1, -2, 2, 3])), r"y\.npy: expected coordinates from 0 to 10.*found -2 at row 2"),
        (_array("y", np.array([1, 1, 2, 2, 11])), r"y\.npy: expected coordinates from 0 to 10.*found 11 at row 4"),
        (_array("x", np.array([5, 9, 5, 8, 8])), r"x\.npy: expected coordinates from 0 to 8.*found 9 at row 1"),
    ],
)
def test_broken_arrays_are_reported(well: Path, spoil: Callable[[Path], None], words: str) -> None:
    spoil(well)
    with pytest.raises(ValueError, match=words):
        read(well)


def test_without_a_mosaic_only_negative_coordinates_are_reported(well: Path) -> None:
    np.save(well / "x.npy", np.array([5, 6, 5, 8, -1]))
    with pytest.raises(ValueError, match=r"x\.npy: expected coordinates from 0 to 2147483647, but found -1 at row 4"):
        read(well, mosaic_shape_px=None)


@pytest.mark.parametrize("name", ["mpp.npy", "y.npy", "mapobject_ids.npy", "metadata.csv"])
def test_a_missing_file_is_reported(well: Path, name: str) -> None:
    (well / name).unlink()
    with pytest.raises(FileNotFoundError, match=name):
        read(well)


TWO = "7,70,I09,P1,0\n9,90,I09,P1,1\n"


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_text("metadata.csv", ""), r"metadata\.csv: expected a comma-separated table"),
        (_text("metadata.csv", "id\n7\n9\n"), r"metadata\.csv: expected the columns \['mapobject_id'\]"),
        (
            _text("metadata.csv", METADATA + "7,70,I09,P1,0\n"),
            r"metadata\.csv: 1 objects of .*mapobject_ids\.npy are missing here; the first ids: \[9\]",
        ),
        (
            _text("metadata.csv", METADATA + TWO + "11,110,I09,P1,0\n"),
            r"mapobject_ids\.npy: 1 objects of .*metadata\.csv are missing here; the first ids: \[11\]",
        ),
        (_text("metadata.csv", METADATA + TWO + "9,91,I09,P1,0\n"), r"one row per mapobject_id, but 1 repeat.*\[9\]"),
        (_text("metadata.csv", METADATA + TWO + ",91,I09,P1,0\n"), r"an id in every row of mapobject_id, but 1 are"),
        (_text("metadata.csv", METADATA + TWO + "x,91,I09,P1,0\n"), r"whole numbers in mapobject_id, but found 'x'"),
        (
            _text("metadata.csv", METADATA + "7,70.5,I09,P1,0\n9,90,I09,P1,0\n"),
            r"in mapobject_id_cell, but found 70\.5",
        ),
        (
            _text("metadata.csv", "mapobject_id,object_id\n7,1\n9,2\n"),
            r"has a column object_id as well as mapobject_id",
        ),
        (_text("metadata.csv", "mapobject_id\n7\n9\n"), r"metadata\.csv: expected the column mapobject_id_cell.*null"),
        (
            _text("metadata.csv", "mapobject_id,mapobject_id_cell\n7,70\n9,90\n"),
            r"metadata\.csv: expected the column well_name.*raw\.wells_table: null",
        ),
        (
            _text("cycle.csv", "mapobject_id,cell_cycle\n70,G1\n90,S\n90,G2\n", above=True),
            r"cycle\.csv: expected one row per mapobject_id_cell, but 1 of those in .*metadata.* first: \[90\]",
        ),
        (_text("cycle.csv", "mapobject_id,phase\n70,G1\n", above=True), r"cycle\.csv: expected the columns"),
        (
            _text("cycle.csv", "cell,cell_cycle\n70,G1\n", above=True),
            r"cycle\.csv: expected a column mapobject_id_cell",
        ),
        (
            _text("metadata.csv", f"{METADATA[:-1]},cell_cycle\n7,70,I09,P1,0,S\n9,90,I09,P1,1,\n"),
            r"cycle\.csv: column 'cell_cycle' is also in .*differ in 1 rows.*'G1' against 'S'.*mapobject_id_cell 70",
        ),
        (
            _text("metadata.csv", f"{METADATA[:-1]},cell_cycle\n7,70,I09,P1,0,G1\n9,90,I09,P1,1,S\n"),
            r"cycle\.csv: column 'cell_cycle'.*differ in 1 rows.*mapobject_id_cell 90",
        ),
        (
            _text("wells.csv", "plate_name,well_name,perturbation\nP1,I10,\n", above=True),
            r"wells\.csv: expected a row for every \(well_name, plate_name\).*first: \[\('I09', 'P1'\)\]",
        ),
        (
            _text("wells.csv", "well_name,perturbation\nI09,\nI09,DMSO\n", above=True),
            r"wells\.csv: expected one row per well_name, .*first: \['I09'\]",
        ),
        (
            _text("background.csv", "channel,measurement_type,cell_line,mean_background\nEU,cell,A,1\n", above=True),
            r"background\.csv: expected rows with .*none is there among the values .*'cell'",
        ),
        (
            _text(
                "background.csv",
                "channel,measurement_type,cell_line,mean_background\nPML,non-cell,HeLa,1\n",
                above=True,
            ),
            r"background\.csv: expected rows with .*none is there with a channel of this well",
        ),
        (
            _text("background.csv", "channel,mean_background\nEU,1\n", above=True),
            r"background\.csv: expected the columns",
        ),
        (
            _text(
                "background.csv",
                "channel,measurement_type,cell_line,mean_background\nEU,non-cell,HeLa,1\nEU,non-cell,HeLa,2\n",
                above=True,
            ),
            r"background\.csv: expected one row per channel .*\['EU'\] have several",
        ),
        (
            _text(
                "background.csv", "channel,measurement_type,cell_line,mean_background\nEU,non-cell,HeLa,\n", above=True
            ),
            r"background\.csv: expected a mean_background of 0 or more .*'EU': nan",
        ),
        (
            _text(
                "background.csv",
                "channel,measurement_type,cell_line,mean_background\nEU,non-cell,HeLa,-1\n",
                above=True,
            ),
            r"background\.csv: expected a mean_background of 0 or more .*'EU': -1",
        ),
    ],
)
def test_tables_that_do_not_fit_are_reported(well: Path, spoil: Callable[[Path], None], words: str) -> None:
    spoil(well)
    with pytest.raises(ValueError, match=words):
        read(well)


@pytest.mark.parametrize("key", ["cell_cycle_table", "wells_table", "background_table"])
def test_a_missing_plate_table_is_reported_with_its_key(well: Path, key: str) -> None:
    with pytest.raises(FileNotFoundError, match=f"other.csv.*raw.{key}: null"):
        read(well, **{key: "other.csv"})


def test_same_values_compares_meaning_not_type() -> None:
    left = pd.Series([30, 30, "a", None, None, "1", "nan"], dtype=object)
    right = pd.Series([30.0, "30", "a", None, 1, "2", None], dtype=object)
    assert same_values(left, right).tolist() == [True, True, True, True, False, False, False]
