"""A plate's illumination stays while its images say the same within its own error."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from wellspring.quality.correction import write_correction
from wellspring.quality.illumination import SmallImage
from wellspring.quality.images import (
    Illumination,
    SmallSite,
    illumination_of_plate,
    read_illumination,
    relative_difference,
    write_illumination,
)
from wellspring.quality.keeping import (
    change_of_images,
    correction_of,
    illumination_before,
    kept_notes,
    kept_where_alike,
)
from wellspring.quality.report.chapter import _illumination_warnings, _kept
from wellspring.quality.report.figures import drawn

SHAPE = (24, 32)


def light(slope: float) -> Any:
    return 1 + slope * np.linspace(-1, 1, SHAPE[1])[None] * np.ones(SHAPE)


def well(seed: int, *, slope: float = 0.2) -> tuple[tuple[str, ...], Sequence[SmallSite]]:
    """Three sites of one channel under a light with a slope; cells differ."""
    rng = np.random.default_rng(seed)
    sites = []
    for site in range(3):
        ratio = (light(slope) * rng.normal(1, 0.15, SHAPE)).clip(0.2).astype(np.float32)
        sites.append(SmallSite(str(site), (SmallImage(ratio, np.ones(SHAPE, dtype=bool)),)))
    return ("DAPI",), sites


def plate(wells: Sequence[Any]) -> dict[str, Illumination]:
    return illumination_of_plate(wells, channels=["DAPI"], smoothing_share=0.3, min_images=4)


WELLS = [well(seed) for seed in range(12)]


@pytest.fixture(scope="module")
def before() -> dict[str, Illumination]:
    return kept_where_alike(plate(WELLS), {}, settings={"share": 0.3})


def test_the_first_function_is_that_of_the_images_and_has_an_error(before: dict[str, Illumination]) -> None:
    (one,) = before.values()
    assert (one.change, one.n_images, one.is_applied) == (None, 36, True)
    assert len(one.made_with) == 16
    truth = 1 / light(0.2)
    own = float(np.sqrt(np.mean((one.function / truth - 1) ** 2)))
    # The error from two halves is that of the function, within what one draw of it differs.
    assert own / 3 < one.error < own * 3


@pytest.mark.parametrize("place", [0, 5, 11])
def test_one_replaced_well_changes_nothing_in_the_others(before: dict[str, Illumination], place: int) -> None:
    wells = [*WELLS[:place], well(100 + place), *WELLS[place + 1 :]]
    (one,) = kept_where_alike(plate(wells), before, settings={"share": 0.3}).values()
    np.testing.assert_array_equal(one.function, before["DAPI"].function)
    assert one.change is not None
    assert 0 < one.change <= one.error


def test_the_correction_of_a_plate_whose_illumination_is_kept_is_the_same_to_the_byte(
    before: dict[str, Illumination], tmp_path: Path
) -> None:
    now = kept_where_alike(plate([well(100), *WELLS[1:]]), before, settings={"share": 0.3})
    write_correction(tmp_path / "before.npz", correction_of(before))
    write_correction(tmp_path / "now.npz", correction_of(now))
    assert (tmp_path / "now.npz").read_bytes() == (tmp_path / "before.npz").read_bytes()
    (note,) = kept_notes(now, plate="q")
    assert note.startswith("NOTE plate q, channel DAPI: the illumination is kept; that of the images now differs by 0.")
    assert kept_notes(before, plate="q") == []


def _with_offset(offset: float, *, middle: float = 300.0, slope: float = 0.2) -> Illumination:
    function = (1 / light(slope)).astype(np.float32)
    return Illumination(function, 9, is_applied=True, offset=offset, middle=middle, error=0.01)


def test_an_offset_that_moves_counts_by_what_it_changes_in_an_image() -> None:
    # A pixel of 300 above an offset of 100 becomes 100 + 200 f, and 110 + 190 f above one of 110: a difference of
    # 10 (1 - f), relative to 200 f.
    function = _with_offset(0).function.astype(np.float64)
    expected = math.sqrt(np.mean((10 * (1 - function) / (200 * function)) ** 2))
    assert change_of_images(_with_offset(110), _with_offset(100)) == pytest.approx(expected, rel=1e-5)
    assert change_of_images(_with_offset(100), _with_offset(100)) == 0
    # An offset that is not known is none.
    assert change_of_images(_with_offset(math.nan), _with_offset(math.nan)) == 0
    assert change_of_images(_with_offset(math.nan), _with_offset(100)) == math.inf
    assert change_of_images(_with_offset(110, middle=90), _with_offset(100)) == math.inf


def test_function_and_offset_are_kept_together() -> None:
    old = kept_where_alike({"DAPI": _with_offset(100)}, {}, settings={})
    (one,) = kept_where_alike({"DAPI": _with_offset(104)}, old, settings={}).values()
    assert one.offset == 100
    assert one.change is not None
    assert 0 < one.change <= 0.01
    (one,) = kept_where_alike({"DAPI": _with_offset(150)}, old, settings={}).values()
    assert (one.offset, one.change) == (150, None)


def test_what_comes_from_too_few_images_corrects_nothing() -> None:
    few = Illumination(np.ones((2, 2), np.float32), 1, is_applied=False, offset=5.0)
    found = correction_of({"few": few, "many": _with_offset(math.nan)})
    assert list(found.functions) == ["many"]
    assert found.offsets == {}


def test_a_light_that_changed_gives_another_function(before: dict[str, Illumination]) -> None:
    now = plate([well(seed, slope=0.05) for seed in range(12)])
    (one,) = kept_where_alike(now, before, settings={"share": 0.3}).values()
    assert one.change is None
    np.testing.assert_array_equal(one.function, now["DAPI"].function)


@pytest.mark.parametrize("what", ["settings", "size", "few", "first", "same"])
def test_a_function_is_not_kept_where_it_is_not_the_same_thing(before: dict[str, Illumination], what: str) -> None:
    now = plate([well(100), *WELLS[1:]])
    old = dict(before)
    if what == "size":
        old = {
            "DAPI": Illumination(
                np.ones((4, 4), np.float32), 36, is_applied=True, error=0.1, made_with=before["DAPI"].made_with
            )
        }
    elif what == "few":
        old = {
            "DAPI": Illumination(np.ones(SHAPE, np.float32), 2, is_applied=False, made_with=before["DAPI"].made_with)
        }
    elif what == "first":
        old = {}
    elif what == "same":
        now = plate(WELLS)
    (one,) = kept_where_alike(now, old, settings={"share": 0.5 if what == "settings" else 0.3}).values()
    assert one.change is None
    np.testing.assert_array_equal(one.function, now["DAPI"].function)


def test_small_changes_do_not_add_up_unseen(before: dict[str, Illumination]) -> None:
    """Each function is compared with the images as they are, not with the last comparison."""
    wells, known = list(WELLS), dict(before)
    for index in range(12):
        wells[index] = well(200 + index, slope=0.05)
        known = kept_where_alike(plate(wells), known, settings={"share": 0.3})
    truth = 1 / light(0.05)
    own = np.sqrt(np.mean((known["DAPI"].function / truth - 1) ** 2))
    assert own < 4 * known["DAPI"].error


def test_what_is_said_of_a_function_is_written_and_read(tmp_path: Path, before: dict[str, Illumination]) -> None:
    kept = kept_where_alike(plate([well(100), *WELLS[1:]]), before, settings={"share": 0.3})
    few = {"RFP": Illumination(np.ones((2, 2), np.float32), 1, is_applied=False)}
    write_illumination(tmp_path / "i.npz", {**kept, **few})
    found = read_illumination(tmp_path / "i.npz")
    assert (found["DAPI"].change, found["DAPI"].error) == (kept["DAPI"].change, kept["DAPI"].error)
    assert found["DAPI"].made_with == before["DAPI"].made_with
    assert found["RFP"].change is None
    assert math.isnan(found["RFP"].error)
    (sentence,) = _kept({"p": found})
    assert "differs from it by less than its own error" in sentence
    assert "p / DAPI (by 0." in sentence
    assert _kept({"p": few}) == []


@pytest.mark.parametrize(
    ("shape", "size"), [((3, 5), (3, 5)), ((256, 256), (256, 256)), ((513, 600), (171, 200)), ((1, 1000), (1, 250))]
)
def test_a_flagged_image_is_drawn_from_the_means_of_its_pixels(shape: tuple[int, int], size: tuple[int, int]) -> None:
    image = np.arange(shape[0] * shape[1]).reshape(shape).astype(np.uint16)
    found = drawn(image)
    assert found.shape == size
    block = -(-max(shape) // 256)
    assert found[0, 0] == pytest.approx(image[:block, :block].mean())


def test_a_file_of_another_version_is_not_kept(tmp_path: Path, before: dict[str, Illumination]) -> None:
    assert illumination_before(tmp_path / "i.npz") == {}
    (tmp_path / "i.npz").write_bytes(b"PK")
    assert illumination_before(tmp_path / "i.npz") == {}
    write_illumination(tmp_path / "i.npz", before)
    assert list(illumination_before(tmp_path / "i.npz")) == ["DAPI"]


@pytest.mark.parametrize(("slope", "is_applied"), [(0.2, True), (0.002, False)])
def test_a_function_is_applied_where_it_exceeds_its_error(slope: float, is_applied: bool) -> None:
    (one,) = plate([well(seed, slope=slope) for seed in range(40, 44)]).values()
    assert one.is_applied == is_applied
    assert one.n_images == 12
    assert 0 < one.error < 0.1
    assert (one.function == 1).all() == (not is_applied)
    lines = _illumination_warnings({"P": {"DAPI": one}})
    assert any("P / DAPI (12 images" in line and "own error" in line for line in lines) == (not is_applied)


def test_what_is_applied_makes_fields_more_even() -> None:
    left_even, left_corrected = [], []
    for seed in range(24):
        slope = 0.004 * (seed % 6)
        wells = [well(100 * seed + k, slope=slope) for k in range(3)]
        (one,) = plate(wells).values()
        left_even.append(relative_difference(light(slope).astype(np.float32), np.ones(SHAPE, np.float32)))
        product = (light(slope) * one.function).astype(np.float32)
        left_corrected.append(relative_difference(product / product.mean(), np.ones(SHAPE, np.float32)))
    rms = [float(np.sqrt(np.mean(np.square(values)))) for values in (left_corrected, left_even)]
    assert rms[0] < rms[1]
