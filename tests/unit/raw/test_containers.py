"""Files of many fields: whose well a field is, what is not stored, and what is said where one cannot be read."""

import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from wellspring.errors import InputError
from wellspring.raw.comparison import check_files
from wellspring.raw.describe import describe_well
from wellspring.raw.detection import found_plates
from wellspring.raw.plate_readers import index_of_plate
from wellspring.raw.vendors import container_index as indexing
from wellspring.raw.vendors.container_index import container_index
from wellspring.raw.vendors.containers import ENDINGS, Container, Scene, container_plane, opened
from wellspring.simulation.layouts.all import LAYOUTS
from wellspring.simulation.layouts.plates import drawn_plate

NAMES = ("CZI", "LIF", "ND2")
RAW = {"channels": None, "rename": {}, "time": None, "pixel_size_um": None}


def _file(name: str, folder: Path, **changes: object) -> Path:
    plate = drawn_plate(**{"wells": ("B02", "B03"), "shape": (6, 8), **changes})  # type: ignore[arg-type]
    return next(LAYOUTS[name].write(folder / "new", plate).iterdir())


@pytest.mark.parametrize(
    ("file", "names", "wells"),
    [
        ("day1.czi", ["D6", "D6", "D7"], ["D06", "D06", "D07"]),
        ("day1.lif", ["Tile/A/1/R1", "Tile/A/12/R1"], ["A01", "A12"]),
        ("day1.nd2", ["A01_0000", "A01-Site_1", "b12 field 3"], ["A01", "A01", "B12"]),
        # Positions that are numbered are no wells, nor are parts of other words; the file's name is asked then.
        ("day1.czi", ["P1", "P2"], ["", ""]),
        ("C04_day1.czi", ["P1", "P2"], ["C04", "C04"]),
        ("day1.czi", ["S01", "S02"], ["", ""]),
        ("day1.lif", ["Image_T2", "Merged C1"], ["", ""]),
        ("day1.lif", ["Project/Well B3", "Project/A1 field 2"], ["B03", "A01"]),
        ("20x_C04.lif", ["Series001", "Image 2"], ["C04", "C04"]),
        ("day1.lif", ["Series001", "FITC488x"], ["", ""]),
        ("day1.czi", ["A1", "A2", "overview"], ["A01", "A02", None]),
        # Two wells in one name are none.
        ("A01_B02.nd2", ["first", "second"], ["", ""]),
        ("day1.nd2", ["P01", "A01"], ["P01", "A01"]),
        ("day1.nd2", ["P1 ", "P2", "S1"], ["", "", ""]),
        ("P1.czi", ["scene 1", "scene 2"], ["", ""]),
        # Folders of row and column are sure.
        ("day1.lif", ["Tile/P/2/R1", "Tile/P/4/R1", "overview"], ["P02", "P04", None]),
    ],
)
def test_the_well_of_a_field_is_in_its_name_or_in_its_files(file: str, names: list[str], wells: list[str]) -> None:
    scenes = [
        Scene(name=name, channels=("a",), n_times=1, n_planes=1, shape=(2, 2), dtype=np.dtype(np.uint16))
        for name in names
    ]
    own = indexing._well_of_file(Path(file))
    assert indexing._wells(Path(file), scenes, own=own, n_files=1) == wells


def test_scenes_without_a_well_of_the_carrier_are_in_none() -> None:
    scenes = [
        Scene(name=name, well=well, channels=("a",), n_times=1, n_planes=1, shape=(2, 2), dtype=np.dtype(np.uint16))
        for name, well in (("P1", "B2"), ("P2", ""), ("P3", ""), ("A1", ""))
    ]
    assert indexing._wells(Path("C05.czi"), scenes, own="C05", n_files=1) == ["B02", None, None, None]


@pytest.mark.parametrize("name", NAMES)
def test_copies_of_one_file_are_no_further_fields(name: str, tmp_path: Path) -> None:
    file = _file(name, tmp_path)
    copy = shutil.copy(file, file.with_name(f"second{file.suffix}"))
    with pytest.raises(InputError, match=rf"second\{file.suffix}: expected images of its own, found the content of"):
        found_plates(file.parent)
    # Nor are they another well.
    wells = [
        describe_well(path, plate="p", well=well, raw={"format": name.lower(), **RAW})
        for path, well in ((file, "B02"), (Path(copy), "B02"))
    ]
    with pytest.raises(InputError, match="expected images of one well, but wells"):
        check_files([wells[0], replace(wells[1], well="B03")])


@pytest.mark.parametrize("name", NAMES)
def test_a_damaged_file_of_one_well_leaves_the_others(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "plate"
    folder.mkdir()
    for well in ("B02", "C11"):
        file = _file(name, tmp_path / well, wells=("P01" if name == "ND2" else well,), seed=int(well[1:]))
        shutil.move(file, folder / f"{well}.{name.lower()}")
    damaged = folder / f"C11.{name.lower()}"
    damaged.write_bytes(damaged.read_bytes()[: damaged.stat().st_size // 3])
    raw = {"format": name.lower(), **RAW}
    assert describe_well(folder, plate="p", well="B02", raw=raw).channels == ("DAPI", "RNA")
    with pytest.raises(InputError, match=r"expected at least one complete site of well C11 .* file is damaged \(C11"):
        describe_well(folder, plate="p", well="C11", raw=raw)


def test_what_names_say_of_wells_is_noted(tmp_path: Path) -> None:
    file = _file("CZI", tmp_path)
    other = file.rename(file.with_name("C05.czi"))
    (found,) = found_plates(other.parent)
    assert found.index.notes == ("C05.czi: its name says well C05, its images say B02, B03",)
    nameless = _file("ND2", tmp_path / "nd2", wells=("P01",))
    assert container_index([nameless], folder=nameless, name="nd2").notes == (
        "plate1.nd2: none of its 2 images names a well; all are one well",
    )


def test_a_number_is_that_of_scene_time_plane_and_channel() -> None:
    first = Scene(name="", channels=("a", "b"), n_times=2, n_planes=3, shape=(2, 2), dtype=np.dtype(np.uint16))
    second = Scene(name="", channels=("a",), n_times=1, n_planes=2, shape=(2, 2), dtype=np.dtype(np.uint16))
    container = Container((first, second), np.zeros)
    assert [container.place(number) for number in (0, 1, 2, 6, 11, 12, 13)] == [
        (0, 0, 0, 0),
        (0, 0, 0, 1),
        (0, 0, 1, 0),
        (0, 1, 0, 0),
        (0, 1, 2, 1),
        (1, 0, 0, 0),
        (1, 0, 1, 0),
    ]
    with pytest.raises(InputError, match="expected plane 15, but the file has 14"):
        container.place(14)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_may_be_a_well(name: str, tmp_path: Path) -> None:
    ending = f".{name.lower()}"
    folder = tmp_path / "plate"
    folder.mkdir()
    for well in ("B02", "C11"):
        file = _file(name, tmp_path / well, wells=("P01" if name == "ND2" else well,), seed=int(well[1:]))
        shutil.move(file, folder / f"{well}_20x{ending}")
    (found,) = found_plates(folder)
    assert found.index.format == name.lower()
    assert sorted(set(found.index.images["well"])) == ["B02", "C11"]
    if name != "ND2":
        # Its images name their wells.
        return
    # Without names each file has a line of its own in the sheet: one well, whatever it is called there.
    for number, file in enumerate(sorted(folder.iterdir())):
        file.rename(folder / f"day{number}{ending}")
    with pytest.raises(
        InputError, match=r"day0\....: expected the name of a well, such as A01, .* Rename the files"
    ) as no:
        found_plates(folder)
    assert "give each its own line" in str(no.value)
    alone = container_index([folder / f"day1{ending}"], folder=folder / f"day1{ending}", name=name.lower())
    assert set(alone.images["well"]) == {""}
    assert sorted(set(alone.images["site"])) == ["1", "2"]


@pytest.mark.parametrize("name", NAMES)
def test_without_the_package_one_message_says_what_to_install(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = _file(name, tmp_path)
    package, extra = ENDINGS[file.suffix]
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(
        InputError, match=rf"raw.format {extra}: .* package {package}, .*pip install 'wellspring\[{extra}\]"
    ):
        container_plane(file, 0)


@pytest.mark.parametrize("name", NAMES)
def test_a_truncated_file_is_one_message(name: str, tmp_path: Path) -> None:
    file = _file(name, tmp_path)
    content = file.read_bytes()
    for length in (0, 20, len(content) // 3, len(content) * 9 // 10):
        file.write_bytes(content[:length])
        with pytest.raises(InputError, match=rf"{file.name}: expected a complete {name} file.* Copy the file again"):
            container_index([file], folder=file, name=name.lower())


def test_a_lif_file_whose_last_bytes_are_gone_is_incomplete(tmp_path: Path) -> None:
    file = _file("LIF", tmp_path)
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(InputError, match="but R2 has 575 of 576 bytes"):
        container_index([file], folder=file, name="lif")


def test_pixels_that_are_not_in_an_nd2_file_are_no_zeros(tmp_path: Path) -> None:
    file = _file("ND2", tmp_path)
    content = file.read_bytes()
    # The map no longer names the frame.
    at = content.rindex(b"ImageDataSeq|0!")
    file.write_bytes(content[:at] + b"ImageDataSeq|9!" + content[at + 15 :])
    with pytest.raises(InputError, match=r"expected pixels in frame 1, found none"):
        container_plane(file, 0)
    assert container_plane(file, 4).any()


def test_pixels_of_an_nd2_file_that_was_not_calibrated_have_no_size(tmp_path: Path) -> None:
    file = _file("ND2", tmp_path)
    assert set(container_index([file], folder=file, name="nd2").images["pixel_size_um"]) == {0.65}
    content, name = file.read_bytes(), "bCalibrated\0".encode("utf-16-le")
    at = content.index(name) + len(name)
    file.write_bytes(content[:at] + b"\0" + content[at + 1 :])
    assert container_index([file], folder=file, name="nd2").images["pixel_size_um"].isna().all()


def test_a_channel_of_a_czi_has_its_own_number_of_planes(tmp_path: Path) -> None:
    file = _file("CZI", tmp_path, planes={"DAPI": 1, "RNA": 3})
    with opened(file) as container:
        assert [sorted(scene.absent) for scene in container.scenes] == [[(0, 1, 0), (0, 2, 0)]] * 4
    images = container_index([file], folder=file, name="czi").images
    assert images.groupby("channel")["z"].nunique().to_dict() == {"DAPI": 1, "RNA": 3}


def test_a_folder_without_such_files_is_one_message(tmp_path: Path) -> None:
    from wellspring.raw.formats import formats

    reader = formats()["nd2"].reader
    assert reader is not None
    with pytest.raises(InputError, match=r"expected \.nd2 files, found none"):
        index_of_plate(reader, tmp_path)
