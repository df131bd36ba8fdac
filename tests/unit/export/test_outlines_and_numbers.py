"""GeoJSON of cells, tables for MultiQC, the chapter and its README."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from wellspring.export.geojson import cell_features, write_geojson
from wellspring.export.geoparquet import write_outlines
from wellspring.export.multiqc import heatmap_rows, write_heatmap, write_wells
from wellspring.export.openers import OPENERS, readme
from wellspring.export.report.chapter import export_chapter
from wellspring.localization.outlines import read_outlines


def _cells(labels: list[int]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "plate": "p",
            "well": "A01",
            "object_id": [10 + one for one in labels],
            "label_in_site": labels,
            "Cells_AreaShape_Area_px": [4.0 * one for one in labels],
            "Cells_Intensity_Mean_RNA": np.nan,
            "Cells_Texture_Contrast": 1.0,
        }
    )


def _area(ring: list[list[float]]) -> float:
    x, y = np.array(ring).T
    return abs(float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]))) / 2


def test_a_cell_is_a_polygon_around_its_pixels() -> None:
    labels = np.zeros((9, 9), np.uint32)
    labels[2:6, 3:8] = 1
    nuclei = np.where(np.indices((9, 9)).sum(0) == 7, labels, 0)
    (found,) = cell_features(_cells([1, 2]), labels=labels, nuclei=nuclei)
    assert found["properties"] == {
        "objectType": "cell",
        "name": "p/A01/11",
        "measurements": {"Cells_AreaShape_Area_px": 4.0},
    }
    assert found["geometry"]["type"] == "Polygon"
    (ring,) = found["geometry"]["coordinates"]
    assert ring[0] == ring[-1]
    x, y = np.array(ring).T
    # Pixels 3 to 7 and 2 to 5, whose corners are 3 to 8 and 2 to 6; the four corners are cut by an eighth each.
    assert (x.min(), x.max(), y.min(), y.max()) == (3, 8, 2, 6)
    assert _area(ring) == pytest.approx(20 - 4 / 8, abs=0.05)
    assert found["nucleusGeometry"]["type"] == "MultiPolygon"


def test_holes_and_pieces_are_kept() -> None:
    labels = np.zeros((12, 20), np.uint32)
    labels[1:8, 1:8] = 1
    labels[3:5, 3:5] = 0
    labels[9:11, 12:18] = 1
    (found,) = cell_features(_cells([1]), labels=labels, nuclei=None)
    assert found["properties"]["objectType"] == "detection"
    polygons = found["geometry"]["coordinates"]
    assert sorted(len(one) for one in polygons) == [1, 2]
    with_hole = max(polygons, key=len)
    assert _area(with_hole[0]) > 40 > 5 > _area(with_hole[1])


def test_a_site_without_cells_is_an_empty_collection(tmp_path: Path) -> None:
    assert cell_features(_cells([]), labels=np.zeros((4, 4), np.uint32), nuclei=None) == []
    write_geojson(tmp_path / "1.geojson", [])
    assert json.loads((tmp_path / "1.geojson").read_text()) == {"type": "FeatureCollection", "features": []}


@pytest.mark.parametrize(("pixel_size_um", "unit"), [(0.5, "µm"), (None, "px")])
def test_a_well_is_a_geoparquet_of_cells_and_nuclei(tmp_path: Path, pixel_size_um: float | None, unit: str) -> None:
    labels = np.zeros((12, 20), np.uint32)
    labels[1:8, 1:8] = 1
    labels[3:5, 3:5] = 0
    labels[9:11, 12:18] = 2
    nuclei = np.where(np.indices(labels.shape)[0] == 6, labels, 0)
    cells = pd.concat([_cells([1, 2]).assign(site="1"), _cells([1, 9]).assign(site="2")])
    path = tmp_path / "A01.parquet"
    inner = {"1": nuclei, "2": np.zeros_like(nuclei)}
    write_outlines(path, cells, labels={"1": labels, "2": labels}, nuclei=inner, pixel_size_um=pixel_size_um)
    table = pd.read_parquet(path)
    # Of label 9 there are no pixels; only label 1 of site 1 has a nucleus.
    assert list(zip(table["site"], table["shape"], table["object_id"], strict=True)) == [
        ("1", "cell", 11),
        ("1", "cell", 12),
        ("1", "nucleus", 11),
        ("2", "cell", 11),
    ]
    assert set(table["unit"]) == {unit}
    first = read_outlines(path, pixel_size_um=1.0)[0]
    assert (first.name, first.kind, len(first.rings)) == ("p/A01/11", "cell", 2)
    size = pixel_size_um or 1.0
    assert first.rings[0].min(axis=0) == pytest.approx([0.5 * size, 0.5 * size])
    assert first.rings[0].max(axis=0) == pytest.approx([7.5 * size, 7.5 * size])


def _wells() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "plate": ["p", "p", "q"],
            "well": ["B02", "H12", "P24"],
            "n_sites": 4,
            "n_left_out": 0,
            "doubtful_share": [0.0, 0.5, 0.0],
            "is_odd": [False, True, False],
            "reasons": ["none", "=cmd", "none"],
            "nuclei_per_site": [12.5, np.nan, 3.0],
        }
    )


def test_wells_are_a_table_of_multiqc(tmp_path: Path) -> None:
    write_wells(tmp_path / "wells_mqc.tsv", _wells())
    lines = (tmp_path / "wells_mqc.tsv").read_text().splitlines()
    head = dict(line.removeprefix("# ").split(": ", 1) for line in lines if line.startswith("#"))
    assert json.loads(head["plot_type"]) == "table"
    assert json.loads(head["headers"])["nuclei_per_site"] == {"title": "Nuclei per site"}
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    assert rows[0] == ["Sample", "nuclei_per_site", "doubtful_share", "n_sites", "in_doubt", "reasons"]
    assert rows[1:3] == [["p/B02", "12.5", "0", "4", "no", "none"], ["p/H12", "", "0.5", "4", "yes", "'=cmd"]]


def test_a_plate_is_a_heat_map_of_all_its_places(tmp_path: Path) -> None:
    rows = heatmap_rows(_wells()[:2], column="nuclei_per_site")
    assert (len(rows), len(rows[0])) == (9, 13)
    assert rows[2][:3] == ["B", "", "12.5"]
    large = heatmap_rows(_wells()[2:], column="nuclei_per_site")
    assert (len(large), len(large[0]), large[-1][0], large[-1][-1]) == (17, 25, "P", "3")
    unknown = _wells()[:1].assign(well="control")
    assert heatmap_rows(unknown, column="nuclei_per_site") == [[""]]
    write_heatmap(tmp_path / "p_mqc.tsv", _wells(), plate="p")
    text = (tmp_path / "p_mqc.tsv").read_text()
    assert '# plot_type: "heatmap"' in text
    assert text.splitlines()[7].startswith("B\t\t12.5")


@pytest.mark.parametrize("name", OPENERS)
def test_the_docs_have_the_lines_that_open_each_format(name: str) -> None:
    page = (Path(__file__).parents[3] / "docs" / "outputs.md").read_text(encoding="utf-8")
    # Where Python is shown, a line after the imports is left free.
    assert OPENERS[name].lines in page.replace("\n\n", "\n")
    assert f"| {name} |" in page


def test_the_chapter_and_the_readme_say_how_each_file_is_opened(tmp_path: Path) -> None:
    (tmp_path / "A01").mkdir()
    (tmp_path / "A01" / "1.geojson").write_bytes(b"0" * 2_000_000)
    chapter = export_chapter({"geojson": [tmp_path / "A01"]})
    (table, how) = chapter.sections[0].parts
    assert table.rows == [["Outlines", "QuPath", str(tmp_path / "A01"), "1", "2.0"]]
    assert OPENERS["geojson"].lines in how.text
    text = readme(["anndata", "geojson"])
    assert all(len(one.lines.splitlines()) == 3 for one in OPENERS.values())
    assert OPENERS["anndata"].lines in text
    assert OPENERS["multiqc"].lines not in text
