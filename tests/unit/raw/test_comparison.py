"""Wells compared with each other and with the config."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from wellspring.errors import InputError
from wellspring.raw.comparison import check_config_in_wells, check_files, compare_channels, planes_notes
from wellspring.raw.index import ImageHeader, RawFile, WellIndex
from wellspring.stage import Stage, stages


def test_wells_with_the_same_channels_share_them() -> None:
    wells = {("p", "A1"): ["DAPI", "EU"], ("p", "A2"): ["DAPI", "EU"]}
    assert compare_channels(wells, named={"dataset.target_channel": ["EU"]}) == ("DAPI", "EU")


def test_wells_whose_channels_differ_are_named_with_what_differs() -> None:
    wells = {("p", f"A{k}"): ["DAPI", "EU"] for k in range(3)}
    wells |= {("p", "B1"): ["DAPI", "PML"], ("q", "B2"): ["EU", "DAPI"]}
    with pytest.raises(ValueError) as error:
        compare_channels(wells, named={})
    words = str(error.value)
    assert "2 of 5 wells differ from the other 3" in words
    assert "p/B1: missing ['EU'], further ['PML']" in words
    assert "q/B2: has the same channels in another order" in words
    assert "A0" not in words


def test_many_differing_wells_are_counted_not_listed() -> None:
    wells = {("p", f"A{k}"): ["DAPI"] for k in range(8)} | {("p", f"B{k}"): ["EU"] for k in range(7)}
    with pytest.raises(ValueError, match=r"\(\+2 more\)"):
        compare_channels(wells, named={})


def test_a_channel_that_no_well_has_is_reported_with_its_key_and_what_is_close() -> None:
    wells = {("p", "A1"): ["00_DAPI", "00_EU", "01_PML"]}
    named = {"dataset.target_channel": ["EU"], "dataset.input_channels": ["00_dapi", "01_PML", "COIL"]}
    with pytest.raises(ValueError) as error:
        compare_channels(wells, named=named)
    words = str(error.value)
    assert "3 channel(s) that no well has" in words
    assert "dataset.target_channel: 'EU' (did you mean 00_EU?)" in words
    assert "dataset.input_channels: '00_dapi' (did you mean 00_DAPI?)" in words
    assert "dataset.input_channels: 'COIL'\n" in words
    assert "Known channels: 00_DAPI, 00_EU, 01_PML" in words


def _index(well: str, *, channels: tuple[str, ...] = ("DAPI", "RNA"), n_planes: int = 1) -> WellIndex:
    return WellIndex(
        plate="p",
        well=well,
        format="tiff",
        path="p",
        channels=channels,
        n_values=1,
        n_files=0,
        files=(),
        n_planes=dict.fromkeys(channels, (n_planes,)),
    )


def _too_few(config: Mapping[str, Any], wells: Sequence[Mapping[str, Any]]) -> list[str]:
    return [f"toy.least: expected {config['toy']['least']} wells, got {len(wells)}"] if len(wells) < 3 else []


def test_every_stage_says_what_does_not_fit_the_wells() -> None:
    toys = [Stage(name="toy", summary="", mistakes_in_wells=_too_few), Stage(name="quiet", summary="")]
    config = {"toy": {"least": 3}}
    check_config_in_wells(config, [_index("A1"), _index("A2"), _index("A3")], stages=toys)
    with pytest.raises(
        InputError, match=r"1 mistake\(s\) that the wells show:\n  - toy.least: expected 3 wells, got 2"
    ):
        check_config_in_wells(config, [_index("A1"), _index("A2")], stages=toys)


def test_mistakes_of_all_stages_come_in_one_message() -> None:
    config = {
        "spots": {"channels": ["RNA"], "sigma_px": [1.5, 1.5], "spacing_um": None},
        "dataset": {"input_channels": None},
        "attribution": {"validation": {"roar": {"channels": [1, 2]}}},
    }
    asked = [one for one in stages() if one.name in ("spots", "attribution")]
    with pytest.raises(InputError) as error:
        check_config_in_wells(config, [_index("A1", n_planes=9)], stages=asked)
    words = str(error.value)
    assert "3 mistake(s)" in words
    assert "spots.sigma_px: expected 3 numbers, [z, y, x], since RNA of p/A1 has stacks of 9 planes" in words
    assert "spots.spacing_um: expected 3 numbers" in words
    assert "roar.channels: expected numbers below 1, the number of channels that a model sees, got [1, 2]" in words


def _images(well: str, *paths: Path, n_planes: tuple[int, ...] = (3,)) -> WellIndex:
    files = tuple(RawFile(str(path), 1, 1) for path in paths)
    headers = tuple(
        ImageHeader(number, 0, "YX", (4, 4), str(number), "", ("RNA",), None) for number in range(len(paths))
    )
    return WellIndex(
        plate="q",
        well=well,
        format="tiff",
        path="q",
        channels=("RNA",),
        n_values=16,
        n_files=len(files),
        files=files,
        headers=headers,
        n_planes={"RNA": n_planes},
    )


@pytest.mark.parametrize("kind", ["symbolic", "hard"])
def test_two_wells_of_one_file_are_reported_whatever_its_name(tmp_path: Path, kind: str) -> None:
    (tmp_path / "a.tif").write_bytes(b"")
    (tmp_path / "b.tif").write_bytes(b"")
    if kind == "hard":
        (tmp_path / "link.tif").hardlink_to(tmp_path / "a.tif")
    else:
        (tmp_path / "link.tif").symlink_to("a.tif")
    check_files([_images("C1", tmp_path / "a.tif"), _images("C2", tmp_path / "b.tif")])
    with pytest.raises(InputError, match=r"link.tif: expected images of one well, but wells q/C1 and q/C2 are both"):
        check_files([_images("C1", tmp_path / "a.tif"), _images("C2", tmp_path / "b.tif", tmp_path / "link.tif")])


def test_wells_may_share_a_file_but_no_image_of_it(tmp_path: Path) -> None:
    (tmp_path / "plate.czi").write_bytes(b"")
    first, second = (_images(well, tmp_path / "plate.czi") for well in ("C1", "C2"))
    check_files([first, replace(second, headers=(replace(second.headers[0], number=1),))])
    with pytest.raises(InputError, match=r"plate.czi: expected images of one well"):
        check_files([first, second])


def test_two_wells_of_one_folder_of_pixels_are_reported(tmp_path: Path) -> None:
    wells = [_images("C1"), _images("C2")]
    with pytest.raises(InputError, match="q: expected images of one well"):
        check_files(wells)


def test_numbers_of_planes_that_differ_are_said(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    assert planes_notes([_images("C1", path), _images("C2", path)]) == []
    (note,) = planes_notes([_images("C1", path), _images("C2", path), _images("C3", path, n_planes=(2, 3))])
    assert note == "channel RNA: most sites have 3 planes, but others 2, in q/C3; look whether files are missing"


def test_wells_may_be_without_channels_that_are_optional() -> None:
    wells = {("p", "A01"): ("DIC", "er", "nucleus"), ("p", "A02"): ("DIC",)}
    named = {"labelling.light": ["DIC"], "labelling.stains": ["nucleus"]}
    assert compare_channels(wells, named=named, optional=["nucleus"]) == ("DIC", "nucleus")
    with pytest.raises(InputError, match="expected the same channels"):
        compare_channels(wells, named=named)
    with pytest.raises(InputError, match="1 channel"):
        compare_channels(wells, named={"labelling.stains": ["golgi"]}, optional=["golgi"])
