"""Raw formats: each is one module, from which its keys, its files, its index and its pixels follow."""

import pkgutil
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import jsonschema
import numpy as np
import pytest
from numpy.typing import NDArray

from wellspring.config import config_schema
from wellspring.errors import InputError
from wellspring.raw import formats as package
from wellspring.raw.describe import describe_well
from wellspring.raw.files import well_files
from wellspring.raw.formats import RawFormat, format_named, formats
from wellspring.raw.images import read_sites
from wellspring.raw.index import ImageHeader, RawFile, WellIndex
from wellspring.raw.pixels import read_pixels
from wellspring.simulation.layouts.all import LAYOUTS

SCHEMAS = Path(__file__).parents[3] / "workflow" / "schemas"


def _index(format_name: str) -> WellIndex:
    return WellIndex(
        plate="p",
        well="A1",
        format=format_name,
        path="somewhere",
        channels=("DNA",),
        n_values=1,
        n_files=1,
        files=(RawFile("somewhere/a", 1, 1),),
        sites=("1",),
        site_sizes_um=(None,),
        headers=(ImageHeader(0, 0, "YX", (1, 1), "1", "", ("DNA",), None),),
    )


def test_a_format_has_images_or_pixels_of_objects() -> None:
    assert [name for name, one in formats().items() if not one.has_images] == ["dypfish", "mpm", "points"]
    # Those with an index of the plate: all layouts that are simulated, and no others.
    assert {name for name, one in formats().items() if one.reader} == {one.format for one in LAYOUTS.values()}
    without = [name for name, one in formats().items() if one.planes is None and one.pixels is None]
    # Molecules of single cells, that stages read by themselves.
    assert without == ["dypfish", "points"]
    assert not any(one.planes and one.pixels for one in formats().values())


@pytest.mark.parametrize("name", ["mpm", "tiff", "harmony", "ome-zarr"])
def test_every_key_is_of_the_index_or_of_the_pixels(name: str) -> None:
    found = format_named(name)
    raw = {"format": name, **dict.fromkeys(found.settings, "value")}
    index, pixels = found.settings_of_index(raw), found.settings_of_pixels(raw)
    assert set(found.indexed) <= set(found.settings)
    assert {**index, **pixels} == raw
    assert set(index) & set(pixels) == set()


def test_what_is_done_with_intensities_is_no_part_of_the_index() -> None:
    assert set(format_named("tiff").settings) - set(format_named("tiff").indexed) == {"projection", "background"}
    assert set(format_named("mpm").settings) - set(format_named("mpm").indexed) == {
        "mosaic_shape_px",
        "background_rows",
    }


def test_an_unknown_format_is_reported() -> None:
    with pytest.raises(InputError, match=r"raw.format: expected one of \['czi', .*, 'yokogawa'\], got 'oir'"):
        format_named("oir")


def test_images_are_not_read_as_pixels_and_the_other_way_round() -> None:
    with pytest.raises(InputError, match=r"raw.format tiff stores images. Segment them"):
        read_pixels(_index("tiff"), settings={})
    with pytest.raises(InputError, match=r"expected images, but raw.format mpm has none"):
        list(read_sites(_index("mpm"), projection="max"))


def _text_files(path: Path, *, well: str, raw: dict[str, str]) -> list[Path]:
    return [path / f"{well}.{raw['suffix']}"]


def _describe_text(path: Path, *, plate: str, well: str, raw: dict[str, str]) -> WellIndex:
    (file,) = (RawFile.of(one) for one in _text_files(path, well=well, raw=raw))
    shape = np.loadtxt(file.path, ndmin=2).shape
    header = ImageHeader(0, 0, "YX", (shape[0], shape[1]), "1", "", ("DNA",), None)
    return replace(_index("text"), plate=plate, well=well, path=str(path), files=(file,), headers=(header,))


def _text_planes(header: ImageHeader, *, path: Path) -> Iterator[NDArray[np.uint16]]:
    yield np.loadtxt(path, dtype=np.uint16, ndmin=2)[None]


TEXT = RawFormat(
    name="text",
    meaning="numbers as text",
    required=("suffix",),
    settings={"suffix": {"type": "string", "description": "End of the file names."}},
    files=_text_files,
    describe=_describe_text,
    planes=_text_planes,
    indexed=("suffix",),
)


@pytest.fixture
def _text_format(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A format that is a module of its own in the package, and nothing else."""
    module = ModuleType("wellspring.raw.formats.text")
    monkeypatch.setattr(module, "METHOD", TEXT, raising=False)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    usual = pkgutil.iter_modules

    def with_text(path: Iterable[str] | None = None, prefix: str = "") -> Iterator[pkgutil.ModuleInfo]:
        yield from usual(path, prefix)
        if list(path or ()) == list(package.__path__):
            yield from (one._replace(name="text") for one in list(usual(path, prefix))[:1])

    monkeypatch.setattr(pkgutil, "iter_modules", with_text)
    formats.cache_clear()
    yield
    formats.cache_clear()


@pytest.mark.usefixtures("_text_format")
def test_a_new_format_is_its_module_alone(tmp_path: Path) -> None:
    schema = config_schema(SCHEMAS)["properties"]["raw"]
    assert schema["properties"]["format"]["enum"][-2:] == ["yokogawa", "text"]
    raw = {"format": "text", "suffix": "txt"}
    assert jsonschema.Draft202012Validator(schema).is_valid(raw)
    assert not jsonschema.Draft202012Validator(schema).is_valid({"format": "text", "pattern": "{well}.tif"})
    (tmp_path / "A1.txt").write_text("1 2\n3 4\n", encoding="utf-8")
    assert [path.name for path in well_files(tmp_path, well="A1", raw=raw)] == ["A1.txt"]
    (site,) = read_sites(describe_well(tmp_path, plate="p", well="A1", raw=raw), projection="max")
    assert site.image.tolist() == [[[1, 2], [3, 4]]]
