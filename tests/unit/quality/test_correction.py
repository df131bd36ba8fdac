"""Flagged sites left out and illumination evened on reading."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from wellspring.quality.correction import Correction, corrected, read_correction
from wellspring.quality.images import Illumination, write_illumination
from wellspring.quality.tables import KEPT_SITES
from wellspring.raw.images import SiteImage, SiteStacks
from wellspring.tables import write_table

TWICE = np.full((4, 5), 2.0, dtype=np.float32)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Illumination of three channels, one of them from too few images; sites of two wells, one of them left out."""
    one = np.ones((4, 5), dtype=np.float32)
    channels = {
        "actin": Illumination(TWICE, 12, is_applied=True),
        "nuclei": Illumination(one, 5, is_applied=False),
    }
    write_illumination(tmp_path / "illumination.npz", channels)
    rows = [("p1", "A01", "1", False, True), ("p1", "A01", "2", True, False), ("p1", "A02", "1", True, False)]
    sites = pd.DataFrame([(*row, "none") for row in rows], columns=KEPT_SITES.names)
    write_table(sites, tmp_path / "sites.parquet", KEPT_SITES)
    return tmp_path / "illumination.npz", tmp_path / "sites.parquet"


def _image(site: str) -> SiteImage:
    image = np.stack([np.full((40, 50), 300), np.full((40, 50), 70)]).astype(np.uint16)
    return SiteImage(site, ("actin", "nuclei"), image, 0.5)


def test_the_correction_of_a_well_is_that_of_its_plate(files: tuple[Path, Path]) -> None:
    found = read_correction(*files, plate="p1", well="A01")
    assert list(found.functions) == ["actin"]
    assert np.array_equal(found.functions["actin"], TWICE)
    assert found.left_out == {"2"}
    assert read_correction(None, None, plate="p1", well="A01") == Correction()


def test_flagged_sites_are_left_out_and_channels_evened(files: tuple[Path, Path]) -> None:
    correction = read_correction(*files, plate="p1", well="A01")
    (done,) = corrected([_image("1"), _image("2")], correction, background={"actin": 100})
    assert done.site == "1"
    assert done.pixel_size_um == 0.5
    assert done.image.dtype == np.uint16
    assert set(done.image[0].ravel()) == {2 * (300 - 100) + 100}
    assert set(done.image[1].ravel()) == {70}
    assert list(corrected([_image("1")], read_correction(*files, plate="p1", well="A02"))) == []


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


def test_files_that_do_not_hold_the_well(files: tuple[Path, Path], tmp_path: Path) -> None:
    unknown = read_correction(*files, plate="p1", well="B01")
    with pytest.raises(ValueError, match=r"sites.parquet: expected sites of p1 / B01, got none"):
        list(corrected([_image("1")], unknown))
    # A well that was left out has no sites, and none is asked for.
    assert list(corrected([], unknown)) == []
    with pytest.raises(FileNotFoundError, match="expected illumination functions"):
        read_correction(tmp_path / "absent.npz", None, plate="p1", well="A01")
    (tmp_path / "other.parquet").write_bytes(b"PAR1")
    with pytest.raises(ValueError, match="expected table 'kept_sites'"):
        read_correction(None, tmp_path / "other.parquet", plate="p1", well="A01")
