"""Wells that are left out, each with its reason, and what is read of them: nothing."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from wellspring.errors import InputError
from wellspring.raw.bad_wells import ExpectedWell, described, expected_well, kept_wells
from wellspring.raw.images import read_sites, read_stacks
from wellspring.raw.index import WellIndex, read_index, write_index
from wellspring.raw.pixels import read_pixels
from wellspring.raw.report.wells import wells_table, wells_warnings

RAW: dict[str, Any] = {
    "format": "tiff",
    "pattern": "{well}_s{site}_{channel}.tif",
    "channels": None,
    "pixel_size_um": None,
}
USUAL = ExpectedWell(("DAPI", "RNA"), (20, 30))


def _write_well(folder: Path, well: str, *, size: tuple[int, int] = (20, 30), channels: str = "DAPI RNA") -> None:
    for site, channel in ((site, channel) for site in (1, 2) for channel in channels.split()):
        image = np.random.default_rng(0).integers(0, 999, size).astype(np.uint16)
        tifffile.imwrite(folder / f"{well}_s{site}_{channel}.tif", image, photometric="minisblack")


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:600])


def _described(folder: Path, well: str, *, expected: ExpectedWell | None = USUAL) -> WellIndex:
    return described(folder, plate="P", well=well, raw=RAW, expected=expected)


def test_a_good_well_is_described_as_ever(tmp_path: Path) -> None:
    _write_well(tmp_path, "A01")
    assert _described(tmp_path, "A01") == _described(tmp_path, "A01", expected=None)
    assert _described(tmp_path, "A01").left_out == ""


def _spoil(folder: Path, kind: str) -> None:
    _write_well(
        folder,
        "A02",
        size=(20, 40) if kind == "size" else (20, 30),
        channels="DAPI GFP" if kind == "channels" else "DAPI RNA",
    )
    if kind == "truncated":
        _truncate(folder / "A02_s2_RNA.tif")
    elif kind == "pixels":
        image = np.random.default_rng(0).integers(0, 999, (20, 30)).astype(np.uint16)
        file = folder / "A02_s2_RNA.tif"
        tifffile.imwrite(file, image, photometric="minisblack", compression="zlib")
        data = bytearray(file.read_bytes())
        data[-400:-300] = bytes(100)
        file.write_bytes(bytes(data))
    elif kind == "site":
        (folder / "A02_s2_RNA.tif").unlink()
    elif kind == "none":
        for file in folder.glob("A02*"):
            file.unlink()


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("truncated", "A02_s2_RNA.tif: .* 600 bytes"),
        ("channels", "expected the channels DAPI, RNA, as other wells have them, found DAPI, GFP"),
        ("site", "site 2 was expected to have the channels .* missing: ..RNA.."),
        ("size", "A02_s1_DAPI.tif: expected 20 x 30 px, as other images are, found 20 x 40"),
        ("none", "no file matches the pattern"),
        ("pixels", "A02_s2_RNA.tif: "),
    ],
)
def test_a_bad_well_is_left_out_with_its_reason(kind: str, words: str, tmp_path: Path) -> None:
    _write_well(tmp_path, "A01")
    _spoil(tmp_path, kind)
    found = _described(tmp_path, "A02")
    assert re.search(words, found.left_out), found.left_out
    assert (found.sites, found.headers, found.n_sites, found.channels) == ((), (), 0, ("DAPI", "RNA"))
    write_index(found, tmp_path / "A02.json")
    assert read_index(tmp_path / "A02.json") == found
    assert list(read_sites(found, projection="max", wanted=["anything"])) == []
    assert list(read_stacks(found, wanted=["RNA"])) == []


def test_where_wells_are_not_left_out_the_mistake_is_raised(tmp_path: Path) -> None:
    _write_well(tmp_path, "A01")
    _truncate(tmp_path / "A01_s1_RNA.tif")
    with pytest.raises(InputError, match=r"A01_s1_RNA\.tif"):
        _described(tmp_path, "A01", expected=None)


def test_another_size_stops_the_well_of_the_site_unless_any_is_fine(tmp_path: Path) -> None:
    _write_well(tmp_path, "A01", size=(20, 40))
    for channel in ("DAPI", "RNA"):
        (tmp_path / f"A01_s1_{channel}.tif").rename(tmp_path / f"A01_s3_{channel}.tif")
        (tmp_path / f"A01_s2_{channel}.tif").rename(tmp_path / f"A01_s4_{channel}.tif")
    _write_well(tmp_path, "A01")
    with pytest.raises(InputError, match=r"s3_DAPI.tif: expected 20 x 30 px, .* found 20 x 40. .*raw.image_sizes: any"):
        _described(tmp_path, "A01", expected=None)
    about: dict[str, Any] = {"plate": "P", "well": "A01", "raw": RAW, "is_any_size": True}
    assert described(tmp_path, expected=None, **about).n_sites == 4
    assert described(tmp_path, expected=USUAL, **about).n_sites == 4
    table = wells_table([described(tmp_path, expected=None, **about)])
    assert table["image_size_px"].tolist() == ["20 x 30 or 20 x 40"]


def test_wells_of_another_size_are_named_in_the_report(tmp_path: Path) -> None:
    for well, size in (("A01", (20, 30)), ("A02", (20, 30)), ("A03", (10, 15))):
        _write_well(tmp_path, well, size=size)
    table = wells_table([_described(tmp_path, well, expected=None) for well in ("A01", "A02", "A03")])
    (warning,) = wells_warnings(table)
    assert "20 x 30 px in 2 of 3 wells, 10 x 15 px in 1 well: P / A03" in warning


def test_what_another_stage_misses_leaves_the_well_out(tmp_path: Path) -> None:
    _write_well(tmp_path, "A01")
    about: dict[str, Any] = {"plate": "P", "well": "A01", "raw": RAW}
    assert described(tmp_path, expected=USUAL, missing="no labels.", **about).left_out == "no labels."


def test_what_most_wells_have_is_expected(tmp_path: Path) -> None:
    _write_well(tmp_path, "A01", channels="DAPI")
    for well in ("A02", "A03"):
        _write_well(tmp_path, well)
    paths = {("P", well): tmp_path for well in ("A01", "A02", "A03")}
    assert expected_well(paths, raw=RAW) == USUAL
    assert USUAL.as_parameter() == {"channels": ["DAPI", "RNA"], "size_px": [20, 30]}


def test_the_first_that_can_be_read_is_expected_where_five_cannot(tmp_path: Path) -> None:
    wells = [f"A{number:02d}" for number in range(1, 11)]
    _write_well(tmp_path, wells[1])
    # Of ten wells every second one is asked, from the first on.
    paths = {("P", well): tmp_path for well in wells}
    assert expected_well(paths, raw=RAW) == USUAL
    for file in tmp_path.glob("*.tif"):
        file.unlink()
    with pytest.raises(InputError, match=r"raw.bad_wells: all 10 wells would be left out. The first: .*no file"):
        expected_well(paths, raw=RAW)


def _left_out(well: str, *, raw_format: str = "tiff") -> WellIndex:
    return WellIndex(
        plate="P",
        well=well,
        format=raw_format,
        path="x",
        channels=("A", "B"),
        n_values=0,
        n_files=0,
        files=(),
        n_px=0 if raw_format == "mpm" else None,
        left_out="gone.",
    )


def test_no_well_left_is_a_mistake() -> None:
    with pytest.raises(InputError, match=r"all 1 wells were left out. The first: gone\."):
        kept_wells([_left_out("A01")])
    assert kept_wells([]) == []


def test_a_well_of_pixels_that_is_left_out_has_none() -> None:
    found = read_pixels(_left_out("A01", raw_format="mpm"), settings={})
    assert found.pixels.shape == (0, 2)
    assert list(found.objects.columns) == ["object_id"]
    assert found.background.tolist() == [0, 0]


def test_the_report_names_it_and_compares_the_others(tmp_path: Path) -> None:
    _write_well(tmp_path, "A01")
    table = wells_table([_described(tmp_path, "A01"), _left_out("A02")])
    assert wells_warnings(table) == ["Well P/A02 was left out: gone."]
