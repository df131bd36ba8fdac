"""The camera's offset, estimated from noise; illumination that uses it; warnings where it or the cover is in doubt."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from wellspring.quality.illumination import SmallImage, shrunk_image, small_image
from wellspring.quality.images import Illumination, SmallSite, illumination_of_plate, offsets_of_plate
from wellspring.quality.offsets import camera_offset, plate_offset
from wellspring.quality.report.chapter import _illumination_warnings, _offsets

ROWS, COLUMNS = np.mgrid[:192, :192]
VIGNETTE = 0.65 + 0.35 * np.exp(-((ROWS - 96) ** 2 + (COLUMNS - 96) ** 2) / (2 * 100**2))


def _image(
    seed: int, *, n_cells: int = 9, ground: float = 50.0, offset: float = 130.0, gain: float = 1.4
) -> np.ndarray:
    rng = np.random.default_rng(seed)
    light = np.full((192, 192), ground)
    for y, x in rng.uniform(0, 192, (n_cells, 2)):
        light[(ROWS - y) ** 2 + (COLUMNS - x) ** 2 < 12**2] = ground + 250
    light = ndimage.gaussian_filter(light, 1.4) * VIGNETTE
    return np.rint(offset + gain * rng.poisson(light) + rng.normal(0, 2, light.shape)).astype(np.uint16)


def _plate(**drawn: float) -> list[tuple[tuple[str, ...], list[SmallSite]]]:
    images = [_image(seed, **drawn) for seed in range(14)]  # type: ignore[arg-type]
    small = [replace(shrunk_image(one, background=0, bright_sd=3.0), offset=camera_offset(one)) for one in images]
    return [(("DAPI",), [SmallSite(str(k), (one,)) for k, one in enumerate(small)])]


def _function(wells: list, **options: object) -> Illumination:
    return illumination_of_plate(wells, channels=["DAPI"], smoothing_share=0.3, min_images=8, **options)["DAPI"]


def test_the_offset_is_that_of_the_camera_but_for_the_noise_of_reading() -> None:
    offsets = offsets_of_plate(_plate(), given=())
    assert offsets["DAPI"] == pytest.approx(130 - 2**2 / 1.4, abs=8)
    assert offsets_of_plate(_plate(), given=["DAPI"]) == {}


@pytest.mark.slow
def test_illumination_is_right_with_the_estimated_offset_and_not_without() -> None:
    wells, true = _plate(), VIGNETTE[96, 96] / VIGNETTE[0, 0]
    found = _function(wells, offsets=offsets_of_plate(wells, given=()))
    assert found.function[0, 0] / found.function[64, 64] == pytest.approx(true, abs=0.07)
    assert found.offset > 0
    plain = _function(wells)
    assert plain.function[0, 0] / plain.function[64, 64] < true - 0.1


def test_a_background_of_0_is_doubted_where_the_noise_shows_an_offset() -> None:
    with pytest.warns(UserWarning, match=r"a camera's offset of about 100\. .* set raw\.background"):
        found = small_image(_image(0), background=0, bright_sd=3.0)
    assert found.middle == shrunk_image(_image(0), background=0, bright_sd=3.0).middle
    for offset, background in ((130.0, 130.0), (0.0, 0.0)):
        small_image(_image(0, offset=offset), background=background, bright_sd=3.0)


def test_an_offset_that_noise_does_not_show_is_not_known() -> None:
    rng = np.random.default_rng(3)
    even = rng.normal(1000, 9, (192, 192)).astype(np.uint16)
    assert np.isnan(camera_offset(even))
    assert np.isnan(camera_offset(np.full((192, 192), 7, dtype=np.uint16)))
    assert np.isnan(camera_offset(even[:20, :20]))
    assert np.isnan(plate_offset([100.0, 101, 99], middle=300))
    assert np.isnan(plate_offset([100.0, 250, 20, 180, 90, 400], middle=200))
    assert plate_offset([100.0, 101, 99, np.nan, 100], middle=300) == 100
    assert camera_offset(_image(0, offset=0.0)) < 8


@pytest.mark.slow
@pytest.mark.parametrize(("n_cells", "is_covered"), [(0, False), (9, False), (50, True)])
def test_cells_that_cover_much_of_the_field_are_a_warning(n_cells: int, is_covered: bool) -> None:
    found = _function(_plate(n_cells=n_cells, ground=15.0))
    lines = _illumination_warnings({"P": {"DAPI": found}})
    # Of so few images the function follows the cells as much as the light, which its own error shows.
    assert found.is_applied == (not is_covered)
    assert [line.startswith("Illumination was not evened in P / DAPI (14 images") for line in lines] == [
        True
    ] * is_covered
    covered = Illumination(found.function, 60, is_applied=True, cover=0.5, error=0.01)
    (line,) = _illumination_warnings({"P": {"DAPI": covered}})
    assert line.startswith("Cells cover more than 36%")


def test_what_the_chapter_says_about_offsets() -> None:
    even = np.ones((2, 2), dtype=np.float32)
    unknown, known = (Illumination(even, 9, is_applied=True, offset=one) for one in (float("nan"), 101.2))
    (line,) = _illumination_warnings({"P": {"DAPI": unknown, "RNA": known}})
    assert line.startswith("The camera's offset is not known, and could not be estimated from the noise, in P / DAPI:")
    assert "raw.background" in line
    assert _offsets({"P": {"DAPI": unknown}}) == []
    assert _offsets({"P": {"RNA": known}})[0].endswith(": P / RNA 101.")


def test_nothing_is_left_above_a_high_offset() -> None:
    image = SmallImage(np.ones((2, 3), np.float32), np.ones((2, 3), bool), middle=100.0)
    assert np.isnan(image.above(100.0).ratio).all()
    assert image.above(40.0).middle == 60
