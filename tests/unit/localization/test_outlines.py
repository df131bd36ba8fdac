"""Outlines and molecules from files."""

import json
import struct
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tifffile

from wellspring.errors import InputError
from wellspring.localization.cells import matched_cells
from wellspring.localization.geoparquet import write_geoparquet
from wellspring.localization.outlines import CELL, NUCLEUS, read_outlines
from wellspring.localization.points import NO_CELL, read_points
from wellspring.localization.polygons import ring_area

SQUARE = [[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 10.0]]
HOLE = [[2.0, 2.0], [4.0, 2.0], [4.0, 4.0], [2.0, 4.0]]


def _csv(path: Path, rows: list[tuple[object, ...]]) -> Path:
    pd.DataFrame(rows, columns=["cell", "shape", "vertex", "x", "y"]).to_csv(path, index=False)
    return path


def test_a_csv_has_a_ring_for_each_start_of_its_vertices(tmp_path: Path) -> None:
    rows: list[tuple[object, ...]] = [("7", "cell", k, *xy) for k, xy in enumerate(SQUARE)]
    rows += [("7", "cell", k, *xy) for k, xy in enumerate(HOLE)]
    rows += [("7", "nucleus", k, *xy) for k, xy in enumerate(HOLE)]
    cell, nucleus = read_outlines(_csv(tmp_path / "a.csv", rows), pixel_size_um=0.5)
    assert (cell.name, cell.kind, len(cell.rings)) == ("7", CELL, 2)
    assert [ring_area(ring) for ring in cell.rings] == [25, 1]
    assert (nucleus.name, nucleus.kind) == ("7", NUCLEUS)


def test_vertices_are_put_in_order(tmp_path: Path) -> None:
    rows: list[tuple[object, ...]] = [("1", "cell", k, *SQUARE[k]) for k in (0, 2, 1, 3)]
    (cell,) = read_outlines(_csv(tmp_path / "a.csv", rows), pixel_size_um=1)
    assert ring_area(cell.rings[0]) == 100


def test_geojson_with_holes_and_parts(tmp_path: Path) -> None:
    polygon = {"type": "Polygon", "coordinates": [[*SQUARE, SQUARE[0]], [*HOLE, HOLE[0]]]}
    several = {"type": "MultiPolygon", "coordinates": [[SQUARE], [HOLE]]}
    features = [
        {"properties": {"cell": 3}, "geometry": polygon},
        {"id": "n", "properties": {"shape": "nucleus"}, "geometry": several},
    ]
    path = tmp_path / "a.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    cell, nucleus = read_outlines(path, pixel_size_um=1)
    assert (cell.name, cell.kind, len(cell.rings)) == ("3", CELL, 2)
    assert (nucleus.name, nucleus.kind, len(nucleus.rings)) == ("n", NUCLEUS, 2)


def _wkb(ring: list[list[float]], *, order: str = "<", code: int = 3, z: bool = False) -> bytes:
    head = struct.pack(f"{order}BIII", int(order == "<"), code, 1, len(ring))
    return head + b"".join(struct.pack(f"{order}{'ddd' if z else 'dd'}", *xy, *([9.0] if z else [])) for xy in ring)


@pytest.mark.parametrize(
    "geometry",
    [
        _wkb(SQUARE),
        _wkb(SQUARE, order=">"),
        _wkb(SQUARE, code=1003, z=True),
        _wkb(SQUARE, code=0x80000003, z=True),
        struct.pack("<BII", 1, 6, 1) + _wkb(SQUARE),
    ],
)
def test_geoparquet_of_any_byte_order_and_with_z(tmp_path: Path, geometry: bytes) -> None:
    table = pa.table({"cell_id": ["a"], "geometry": [geometry]})
    path = tmp_path / "a.parquet"
    pq.write_table(table.replace_schema_metadata({"geo": '{"primary_column": "geometry"}'}), path)
    (cell,) = read_outlines(path, pixel_size_um=1)
    assert cell.name == "a"
    assert ring_area(cell.rings[0]) == 100


def test_what_is_written_as_geoparquet_is_read_again(tmp_path: Path) -> None:
    far = [[x + 20.0, y] for x, y in SQUARE]
    rows: list[tuple[object, ...]] = [
        ("7", "cell", k, *xy) for ring in (SQUARE, HOLE, far) for k, xy in enumerate(ring)
    ]
    for shift in (5.0, 7.5):
        rows += [("7", "nucleus", k, x / 2 + shift, y / 2 + 5) for k, (x, y) in enumerate(HOLE)]
    rows += [("8", "cell", k, x, y + 30) for k, (x, y) in enumerate(SQUARE)]
    cells, _ = matched_cells(read_outlines(_csv(tmp_path / "a.csv", rows), pixel_size_um=1), smallest_um2=1)
    write_geoparquet(tmp_path / "a.parquet", cells)
    found, report = matched_cells(read_outlines(tmp_path / "a.parquet", pixel_size_um=1), smallest_um2=1)
    assert not report.repaired
    for one, other in zip(cells, found, strict=True):
        assert (one.name, len(one.rings), len(one.nuclei)) == (other.name, len(other.rings), len(other.nuclei))
        own, new = (sorted(abs(ring_area(ring)) for ring in shape.rings) for shape in (one, other))
        assert own == new
    assert [len(cells[0].rings), len(cells[0].nuclei)] == [3, 2]
    geo = json.loads(pq.read_schema(tmp_path / "a.parquet").metadata[b"geo"])
    assert geo["columns"]["geometry"]["geometry_types"] == ["MultiPolygon", "Polygon"]
    assert geo["primary_column"] == "geometry"


def test_a_label_image(tmp_path: Path) -> None:
    labels = np.zeros((20, 30), np.uint16)
    labels[2:12, 3:13] = 4
    tifffile.imwrite(tmp_path / "n.tif", labels)
    (nucleus,) = read_outlines(tmp_path / "n.tif", pixel_size_um=2, kind=NUCLEUS)
    assert (nucleus.name, nucleus.kind) == ("4", NUCLEUS)
    assert nucleus.rings[0].min(axis=0).tolist() == [5, 3]
    assert abs(ring_area(nucleus.rings[0])) == pytest.approx(4 * 99.5)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.txt", "", "ends in one of"),
        ("a.csv", "cell,x,y\n1,2,3\n", "expected the columns cell, shape, vertex, x, y"),
        ("a.csv", "cell,shape,vertex,x,y\n1,membrane,0,2,3\n", "expected the shape cell or nucleus"),
        ("a.csv", "cell,shape,vertex,x,y\n1,cell,0,,3\n", "expected numbers as coordinates of cell 1"),
        ("a.json", "{}", "expected a FeatureCollection"),
        ("a.json", '[{"geometry": {"type": "Point", "coordinates": [1, 2]}}]', "got a Point"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, name: str, text: str, message: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=message):
        read_outlines(tmp_path / name, pixel_size_um=1)


def _points(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_molecules_in_um_and_without_cell(tmp_path: Path) -> None:
    text = "cell,gene,x,y,z\n7,A,1.5,2,3\n0,A,1,1,1\nunassigned,NA,2,2,2\n4294967295,A,3,3,3\n,B,4,4,4\n"
    found = read_points(_points(tmp_path / "p.csv", text), pixel_size_um=0.5, z_step_um=2)
    assert found.table["cell"].tolist() == ["7", NO_CELL, NO_CELL, NO_CELL, NO_CELL]
    assert found.table["gene"].tolist() == ["A", "A", "NA", "A", "B"]
    assert found.table.loc[0, ["x", "y", "z"]].tolist() == [0.75, 1.0, 6.0]


def test_repeated_molecules_are_left_out_unless_they_are_on_pixels(tmp_path: Path) -> None:
    found = read_points(
        _points(tmp_path / "p.csv", "cell,gene,x,y\n1,A,1.5,2\n1,A,1.5,2\n1,B,1.5,2\n"), pixel_size_um=1
    )
    assert (len(found.table), found.n_duplicates, found.is_on_pixels) == (2, 1, False)
    found = read_points(_points(tmp_path / "q.csv", "cell,gene,x,y\n1,A,1,2\n1,A,1,2\n"), pixel_size_um=0.1)
    assert (len(found.table), found.n_duplicates, found.is_on_pixels) == (2, 1, True)


def test_names_of_instruments_and_parquet(tmp_path: Path) -> None:
    rows = pd.DataFrame(
        {"cell_id": [7.0, np.nan], "feature_name": ["A", "B"], "x_location": [1.0, 2], "y_location": [3.0, 4]}
    )
    rows.to_parquet(tmp_path / "p.parquet")
    found = read_points(tmp_path / "p.parquet", pixel_size_um=1)
    assert found.table["cell"].tolist() == ["7", NO_CELL]
    assert found.has_cells


@pytest.mark.parametrize(
    ("text", "message"), [("gene,x\nA,1\n", "no column y"), ("cell,gene,x,y\n1,A,1,b\n", "row 1 of 1 has no numbers")]
)
def test_other_tables_are_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_points(_points(tmp_path / "p.csv", text), pixel_size_um=1)
