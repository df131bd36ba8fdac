"""Flagged sites left out and illumination evened on reading."""

from pathlib import Path

import numpy as np
import pytest

from wellspring.quality.correction import Correction, corrected, read_correction, write_correction
from wellspring.raw.images import SiteImage, SiteStacks

TWICE = np.full((4, 5), 2.0, dtype=np.float32)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The correction of a plate whose channel actin is evened; its offset is known."""
    write_correction(tmp_path / "correction.npz", Correction({"actin": TWICE}, offsets={"actin": 100.0}))
    return tmp_path / "correction.npz"


def _image(site: str) -> SiteImage:
    image = np.stack([np.full((40, 50), 300), np.full((40, 50), 70)]).astype(np.uint16)
    return SiteImage(site, ("actin", "nuclei"), image, 0.5)


def test_the_correction_of_a_well_is_that_of_its_plate(file: Path) -> None:
    found = read_correction(file, left_out=["2"])
    assert list(found.functions) == ["actin"]
    assert np.array_equal(found.functions["actin"], TWICE)
    assert (found.left_out, found.offsets) == ({"2"}, {"actin": 100.0})
    assert read_correction(None) == Correction()


def test_an_offset_that_is_not_known_is_none(tmp_path: Path) -> None:
    functions = {"b": TWICE, "a": np.ones((2, 2), np.float32)}
    write_correction(tmp_path / "c.npz", Correction(functions, offsets={"b": 7.0}))
    found = read_correction(tmp_path / "c.npz")
    assert found.offsets == {"b": 7.0}
    assert np.array_equal(found.functions["b"], TWICE)
    assert found.functions["a"].shape == (2, 2)


def test_the_same_correction_gives_the_same_bytes(file: Path, tmp_path: Path) -> None:
    before = file.read_bytes()
    write_correction(file, read_correction(file))
    assert file.read_bytes() == before
    write_correction(tmp_path / "none.npz", Correction())
    assert read_correction(tmp_path / "none.npz") == Correction()


def test_flagged_sites_are_left_out_and_channels_evened(file: Path) -> None:
    correction = read_correction(file, left_out=["2"])
    (done,) = corrected([_image("1"), _image("2")], correction, background={"actin": 50})
    assert done.site == "1"
    assert done.pixel_size_um == 0.5
    assert done.image.dtype == np.uint16
    # What the config gives is used, and not the offset that was estimated.
    assert set(done.image[0].ravel()) == {2 * (300 - 50) + 50}
    assert set(done.image[1].ravel()) == {70}
    (done,) = corrected([_image("1")], correction)
    assert set(done.image[0].ravel()) == {2 * (300 - 100) + 100}
    assert list(corrected([_image("1")], read_correction(file, left_out=["1"]))) == []


def test_each_plane_of_a_stack_is_evened() -> None:
    planes = np.stack([np.full((40, 50), 10), np.full((40, 50), 60_000)]).astype(np.uint16)
    stacks = {"actin": planes, "nuclei": planes[0]}
    (done,) = corrected([SiteStacks("1", stacks, None)], Correction({"actin": TWICE}))
    assert done.stacks["actin"].dtype == np.uint16
    assert done.stacks["actin"][:, 0, 0].tolist() == [20, 65_535]
    assert done.stacks["nuclei"] is stacks["nuclei"]


def test_what_is_not_corrected_is_not_copied() -> None:
    site = _image("1")
    (done,) = corrected([site], Correction({"borders": TWICE}))
    assert done is site


def test_files_that_are_no_corrections(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="expected illumination functions"):
        read_correction(tmp_path / "absent.npz")
    (tmp_path / "other.npz").write_bytes(b"PK")
    with pytest.raises(ValueError, match=r"other.npz: expected illumination functions"):
        read_correction(tmp_path / "other.npz")
