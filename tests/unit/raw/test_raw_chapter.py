"""The chapter on wells and channels: what is stored, and where wells differ."""

from pathlib import Path

from wellspring.raw.index import RawFile, WellIndex
from wellspring.raw.report.chapter import raw_chapter
from wellspring.raw.report.wells import differing_wells, plates_table, wells_table, wells_warnings
from wellspring.raw.tables import WELLS
from wellspring.report.chapter import PageTable, read_chapter, write_chapter
from wellspring.tables import check_table

FILES = {"wells": Path("out/report/wells.csv"), "channels": Path("out/raw/channels.csv")}


def _images(well: str, *, plate: str = "p1", n_sites: int = 9, planes: int = 1, size: float | None = 0.1) -> WellIndex:
    return WellIndex(
        plate=plate,
        well=well,
        format="tiff",
        path="plate",
        channels=("DAPI", "RNA"),
        n_values=1,
        n_files=2,
        files=(RawFile("a", 600, 1), RawFile("b", 400, 1)),
        n_sites=n_sites,
        n_planes={"DAPI": (1,), "RNA": (planes,)},
        pixel_size_um=size,
    )


def _pixels(well: str, n_px: int) -> WellIndex:
    kind = {"plate": "p1", "well": well, "format": "mpm", "path": "plate", "channels": ("DAPI",)}
    return WellIndex(**kind, n_values=n_px, n_files=0, files=(), n_px=n_px)


def _chapter(*indexes: WellIndex, **settings: object):
    return raw_chapter(indexes, wells_table(indexes), files=FILES, captions={"wells": "Said."}, settings=settings)


def test_a_row_per_well() -> None:
    table = check_table(wells_table([_images("A1"), _images("A2", planes=17)]), WELLS, source="test")
    assert table["n_bytes"].tolist() == [1000, 1000]
    assert table["n_planes"].tolist() == ["1", "DAPI 1, RNA 17"]
    pixels = check_table(wells_table([_pixels("A1", 12)]), WELLS, source="test")
    assert (pixels["n_px"].tolist(), pixels["n_sites"].isna().all()) == ([12], True)


def test_a_plate_spans_what_its_wells_differ_in() -> None:
    wells = [_images("A1"), _images("A2", n_sites=8, size=0.2), _images("A1", plate="p2", size=None)]
    first, second = plates_table(wells_table(wells)).to_dict("records")
    assert (first["plate"], first["wells"], first["sites"], first["files"]) == ("p1", "2", "8 to 9", "2")
    assert first["pixel_size"] == "0.1 to 0.2"
    assert (second["sites"], second["pixel_size"], second["px"]) == ("9", "", "")


def test_wells_that_are_alike_raise_no_warning() -> None:
    assert wells_warnings(wells_table([_images("A1"), _images("A2", size=0.10000001)])) == []
    assert wells_warnings(wells_table([_images("A1", size=None), _images("A2", size=None)])) == []
    assert wells_warnings(wells_table([_pixels("A1", 3), _pixels("A2", 30)])) == []


def test_wells_whose_files_differ_from_those_of_their_plate() -> None:
    alike = [_images(f"A{n}") for n in range(1, 4)]
    other = _images("A4", n_sites=8, size=0.2)
    small = [_images("B1", plate="p2", size=0.2), _images("B2", plate="p2", size=0.3)]
    table = wells_table([*alike, other, *small])
    assert differing_wells(table) == {("p1", "A4"): "another number of sites; another side of a pixel"}
    # A plate of two halves has no usual well, and a well that was left out is none.
    assert differing_wells(table.assign(left_out="x")) == {}


def test_wells_that_differ_are_named() -> None:
    wells = [_images("A1"), _images("A2"), _images("A3", n_sites=8, planes=17, size=0.2), _images("A4", size=None)]
    sites, planes, unknown, sizes = wells_warnings(wells_table(wells))
    assert "sites differs between wells: 9 in 3 of 4 wells, 8 in 1 well: p1 / A3" in sites
    assert "planes of a site differs" in planes
    assert "Not known of 1 well: p1 / A4" in unknown
    assert "(0.1 to 0.2 µm)" in sizes
    (empty,) = wells_warnings(wells_table([_pixels("A1", 3), _pixels("A2", 0)]))
    assert empty == "No pixels of cells are stored for 1 well: p1 / A2."


def test_the_chapter_shows_plates_channels_and_wells(tmp_path: Path) -> None:
    chapter = _chapter(_images("A1", planes=17), _images("A2", planes=17), projection="max", background={"RNA": 100.0})
    assert chapter.stage == "raw"
    settings = dict(chapter.settings)
    assert settings["Wells"] == "2, in the format tiff"
    assert settings["Channels"] == "2: DAPI, RNA"
    assert settings["Planes become one image by"] == "max"
    assert settings["Background subtracted"] == "RNA 100"
    (section,) = chapter.sections
    tables = {part.title: part for part in section.parts if isinstance(part, PageTable)}
    assert tables["Plates"].rows == [("p1", "2", "2", "9", "DAPI 1, RNA 17", "0.1", "2", "2e-06")]
    assert tables["Channels"].rows == [("0", "DAPI"), ("1", "RNA")]
    assert tables["Channels"].file == "out/raw/channels.csv"
    assert "Measured pixels" not in tables["Wells"].head
    assert tables["Wells"].note == "Said."
    write_chapter(chapter, tmp_path / "raw.json")
    assert read_chapter(tmp_path / "raw.json").title == "Wells and channels"


def test_a_run_without_stacks_says_nothing_of_their_projection() -> None:
    settings = dict(_chapter(_images("A1"), projection="max", background={}).settings)
    assert "Planes become one image by" not in settings
    assert "Background subtracted" not in settings
    assert dict(_chapter(_pixels("A1", 4), mosaic_shape_px=None).settings)["Wells"] == "1, in the format mpm"
