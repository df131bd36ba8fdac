"""Label images: written, read back, and what is refused."""

from pathlib import Path

import numpy as np
import pytest
import tifffile

from wellspring.segmentation.labels import label_writer, read_labels, touches_border, write_labels


def test_touches_border() -> None:
    labels = np.zeros((6, 7), dtype=np.uint32)
    labels[0, 3] = 1
    labels[2, 2] = 2
    labels[3, 6] = 3
    labels[5, 1] = 5
    labels[4, 0] = 6
    assert touches_border(labels).tolist() == [True, False, True, False, True, True]


def test_touches_border_without_labels() -> None:
    assert touches_border(np.zeros((3, 4), dtype=np.uint32)).shape == (0,)
    assert touches_border(np.zeros((0, 4), dtype=np.uint32)).shape == (0,)


def test_round_trip(tmp_path: Path) -> None:
    first = np.arange(12, dtype=np.uint32).reshape(3, 4) * 100_000
    second = np.ones((2, 5), dtype=np.int64)
    path = tmp_path / "P" / "A1.ome.tif"
    write_labels(path, {"10": first, "a <& b": second}, pixel_size_um=0.325)
    labels = read_labels(path)
    assert list(labels) == ["10", "a <& b"]
    assert len(labels) == 2
    assert labels["10"].dtype == np.uint32
    assert labels["10"].tolist() == first.tolist()
    assert labels["a <& b"].tolist() == second.tolist()
    assert "10" in labels
    assert "3" not in labels
    with tifffile.TiffFile(path) as tif:
        assert 'PhysicalSizeX="0.325"' in (tif.ome_metadata or "")
        assert tif.pages[0].compression.name == "ADOBE_DEFLATE"


def test_pairs_one_at_a_time_and_the_same_bytes(tmp_path: Path) -> None:
    image = np.eye(4, dtype=np.uint32)
    path = tmp_path / "A1.ome.tif"
    write_labels(path, ((name, image) for name in "ab"), pixel_size_um=None)
    first = path.read_bytes()
    write_labels(path, {"a": image, "b": image}, pixel_size_um=None)
    assert path.read_bytes() == first


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([("", np.zeros((2, 2)))], r"one \(Y, X\) label image per site, got site ''"),
        ([("1", np.zeros((2, 2))), ("1", np.zeros((2, 2)))], r"one \(Y, X\) label image per site, got site '1'"),
        ([("1", np.zeros((2, 2, 2)))], r"one \(Y, X\) label image per site, got site '1' \(2, 2, 2\)"),
    ],
)
def test_nothing_is_left_of_bad_labels(tmp_path: Path, pairs: list[tuple[str, np.ndarray]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        write_labels(tmp_path / "A1.ome.tif", pairs, pixel_size_um=None)
    assert list(tmp_path.iterdir()) == []


def test_a_well_of_which_every_site_was_left_out(tmp_path: Path) -> None:
    path = tmp_path / "A1.ome.tif"
    write_labels(path, [], pixel_size_um=0.5)
    assert dict(read_labels(path)) == {}
    with tifffile.TiffFile(path) as tif:
        assert tif.is_ome


def test_files_that_are_no_labels(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"absent.ome.tif"):
        read_labels(tmp_path / "absent.ome.tif")
    plain = tmp_path / "plain.tif"
    tifffile.imwrite(plain, np.zeros((3, 4), np.uint32))
    with pytest.raises(ValueError, match=r"plain.tif: .* not an OME-TIFF whose images are named by site"):
        read_labels(plain)
    other = tmp_path / "other.ome.tif"
    tifffile.imwrite(other, np.zeros((3, 4), np.uint8), metadata={"axes": "YX", "Name": "1"})
    with pytest.raises(ValueError, match=r"other.ome.tif: .* \(site '1' holds uint8"):
        read_labels(other)["1"]


def test_labels_of_stacks(tmp_path: Path) -> None:
    path, stack = tmp_path / "A1.volume.ome.tif", np.arange(24, dtype=np.uint32).reshape(2, 3, 4)
    with label_writer(path, pixel_size_um=0.5, z_step_um=2.0) as write:
        write("1", stack)
    assert read_labels(path)["1"].tolist() == stack.tolist()
    with tifffile.TiffFile(path) as tif:
        assert 'PhysicalSizeZ="2.0"' in (tif.ome_metadata or "")
    with (
        pytest.raises(ValueError, match=r"one \(Z, Y, X\) label image per site, got site '1' \(3, 4\)"),
        label_writer(path, pixel_size_um=None, z_step_um=2.0) as write,
    ):
        write("1", stack[0])


@pytest.mark.parametrize("ending", [".ome.tif", ".cells.ome.tif", ".borders.ome.tif"])
def test_labels_of_another_well_in_their_place_are_reported(tmp_path: Path, ending: str) -> None:
    own, other = tmp_path / "P" / f"A1{ending}", tmp_path / "P" / f"A2{ending}"
    write_labels(own, {"1": np.ones((3, 4), dtype=np.uint32)}, pixel_size_um=None)
    assert list(read_labels(own, of_well=True)) == ["1"]
    own.rename(other)
    with pytest.raises(ValueError, match=r"A2.*ome.tif: expected the labels of the well .* but they are those of P/A1"):
        read_labels(other, of_well=True)
    assert list(read_labels(other)) == ["1"]


def test_labels_of_a_well_without_sites_are_known_too(tmp_path: Path) -> None:
    write_labels(tmp_path / "P" / "A1.ome.tif", {}, pixel_size_um=None)
    assert dict(read_labels(tmp_path / "P" / "A1.ome.tif", of_well=True)) == {}
    (tmp_path / "P").rename(tmp_path / "Q")
    with pytest.raises(ValueError, match="they are those of P/A1"):
        read_labels(tmp_path / "Q" / "A1.ome.tif", of_well=True)


def test_label_images_of_other_programs_say_no_well(tmp_path: Path) -> None:
    image = np.ones((3, 4), dtype=np.uint32)
    tifffile.imwrite(tmp_path / "A1.ome.tif", image, ome=True, metadata={"axes": "YX", "Name": "1"})
    assert list(read_labels(tmp_path / "A1.ome.tif", of_well=True)) == ["1"]
