"""The index of a well as a file: what is written is read, and what is no index is reported."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from wellspring.errors import InputError
from wellspring.raw.index import ImageHeader, RawFile, WellIndex, read_index, write_index

INDEX = WellIndex(
    plate="p",
    well="A1",
    format="tiff",
    path="plate/A1",
    channels=("DNA", "µ"),
    n_values=40,
    n_files=1,
    files=(RawFile("plate/A1/a.tif", 96, 1_700_000_000_123_456_789),),
    n_sites=1,
    dtype="uint16",
    n_planes={"DNA": (1,), "µ": (1,)},
    pixel_size_um=0.1,
    sites=("1",),
    site_sizes_um=(0.1,),
    headers=(ImageHeader(0, 0, "CYX", (2, 4, 5), "1", "", ("DNA", "µ"), (0.1, 0.1)),),
    tables={"wells_table": "plate/wells.csv"},
)


def test_an_index_comes_back_as_it_was_written(tmp_path: Path) -> None:
    write_index(INDEX, tmp_path / "A1.json")
    found = read_index(tmp_path / "A1.json")
    assert found == INDEX
    assert found.files[0].mtime_ns == 1_700_000_000_123_456_789
    assert found.headers_of_sites() == {"1": [INDEX.headers[0]]}
    assert (found.headers[0].height_width, found.headers[0].n_planes) == ((4, 5), 1)


def test_counts_are_plain_json(tmp_path: Path) -> None:
    write_index(INDEX, tmp_path / "A1.json")
    found = json.loads((tmp_path / "A1.json").read_text(encoding="utf-8"))
    assert (found["n_values"], found["channels"], found["n_planes"]) == (40, ["DNA", "µ"], {"DNA": [1], "µ": [1]})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"plate": "p", "well": "A1", "format": "tiff", "channels": [], "n_values": 1, "n_files": 1}',
        '{"files": [["a.tif", 1]], "headers": [], "channels": [], "n_planes": {}, "sites": [], "site_sizes_um": []}',
    ],
)
def test_what_is_no_index_is_reported(tmp_path: Path, text: str) -> None:
    (tmp_path / "A1.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"A1.json: expected the index of a well, as the rule raw_describe writes it"):
        read_index(tmp_path / "A1.json")


def test_an_index_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"A1.json: expected the index of a well"):
        read_index(tmp_path / "A1.json")


def test_the_index_of_another_well_in_its_place_is_reported(tmp_path: Path) -> None:
    for name in ("A1", "A2"):
        write_index(INDEX, tmp_path / "raw" / "p" / f"{name}.json")
    assert read_index(tmp_path / "raw" / "p" / "A1.json") == INDEX
    with pytest.raises(InputError, match=r"A2.json: expected the index of well p/A2, but it is that of p/A1"):
        read_index(tmp_path / "raw" / "p" / "A2.json")


def test_an_index_of_one_site_has_nothing_of_the_others() -> None:
    other = replace(INDEX.headers[0], site="2")
    two = replace(INDEX, n_sites=2, sites=("1", "2"), site_sizes_um=(0.1, None), headers=(*INDEX.headers, other))
    one = two.of_site("2")
    assert (one.sites, one.site_sizes_um, one.headers, one.n_sites) == (("2",), (None,), (other,), 1)
