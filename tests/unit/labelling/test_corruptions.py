"""Corruptions compared with what they are defined to do, and intervals with simulated truth."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
from scipy import ndimage

from wellspring.labelling.corruptions.curves import SweptField, severity_curve, sweep, tolerance
from wellspring.labelling.corruptions.kinds import CORRUPTIONS, corrupted, disk_kernel, light_of, moved_stain
from wellspring.labelling.corruptions.refocusing import refocused
from wellspring.labelling.optics import Microscope, transmitted_image

DIC = Microscope(contrast="dic", pixel_um=0.65)
BRIGHT = Microscope(contrast="bright_field", pixel_um=0.325)


@pytest.fixture(scope="module")
def field() -> np.ndarray:
    noise = ndimage.gaussian_filter(np.random.default_rng(5).normal(size=(1, 96, 96)), (0, 2, 2))
    return (5000 + 800 * noise / noise.std()).round().astype(np.uint16)


@pytest.fixture(scope="module")
def light(field):
    return light_of(field, offset=100.0, microscope=DIC)


@pytest.fixture
def worse(field, light):
    return lambda kind, value: corrupted(field, kind=kind, value=value, light=light, rng=np.random.default_rng(2))


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_the_harmless_value_changes_nothing(field, worse, kind) -> None:
    found = worse(kind, CORRUPTIONS[kind].harmless)
    np.testing.assert_array_equal(found.planes, field)
    assert found.clipped == 0


def test_severities_are_those_of_the_thesis() -> None:
    gain, bias = CORRUPTIONS["gain"].levels(), CORRUPTIONS["bias"].levels()
    assert (gain[-5], gain[-1], gain[0], gain[1], gain[5]) == (3.5, 1.5, 1.0, 0.9, 0.3)
    assert (bias[-5], bias[-4], bias[2], bias[5]) == (-150.0, -135.0, 90.0, 150.0)
    assert CORRUPTIONS["blur"].levels() == {0: 0.0, 1: 0.5, 2: 1.0, 3: 1.5, 4: 2.0, 5: 3.0}


def test_the_disk_of_whole_pixels_is_one_pixel_at_half_a_pixel_and_the_antialiased_one_is_not() -> None:
    sizes = [int((disk_kernel(r, is_antialiased=False) > 0).sum()) for r in (0.5, 1.0, 1.5, 2.0, 3.0)]
    assert sizes == [1, 5, 9, 13, 29]
    # The mean of (1 - |x|)(1 - |y|) over the disk.
    assert disk_kernel(0.5).max() == pytest.approx(1 - 4 / (3 * np.pi) + 0.25 / (2 * np.pi), abs=0.01)
    for radius in (1.0, 3.0):
        kernel = disk_kernel(radius)
        x = np.arange(len(kernel)) - len(kernel) // 2
        assert kernel.sum() == pytest.approx(1)
        # Variance of a disk, and of the interpolation.
        assert (kernel.sum(axis=0) * x**2).sum() == pytest.approx(radius**2 / 4 + 1 / 6, rel=0.05)
    assert disk_kernel(0.0).shape == (1, 1)


def test_gain_and_bias_act_on_the_8_bit_map_of_the_plate(field, light, worse) -> None:
    step = (light.white - light.black) / 255
    pixel = (0, *np.argwhere(np.abs(field[0] - light.black - 60 * step) < step / 2)[0])
    shown = (float(field[pixel]) - light.black) / step
    assert worse("bias", 50.0).planes[pixel] == pytest.approx(light.black + (shown + 50) * step, abs=0.51)
    assert worse("gain", 0.5).planes[pixel] == pytest.approx(light.black + 0.5 * shown * step, abs=0.51)
    assert worse("bias", 150.0).planes.max() == pytest.approx(light.white, abs=0.51)


def test_exposure_contrast_and_saturation(field, light, worse) -> None:
    np.testing.assert_allclose(worse("exposure", 0.5).planes, 100 + 0.5 * (field - 100.0), atol=0.51)
    flat = worse("contrast", 0.3).planes.astype(float)
    assert flat.mean() == pytest.approx(field.mean(), abs=1)
    assert flat.std() == pytest.approx(0.3 * field.std(), rel=0.01)
    bright = corrupted(field, kind="exposure", value=14.0, light=light, rng=np.random.default_rng(0))
    assert bright.clipped == pytest.approx((100 + 14.0 * (field - 100.0) > 65535).mean(), abs=1e-3)


def test_noise_has_the_variance_of_its_photons(field, worse, light) -> None:
    added = worse("photons", 500.0).planes - field.astype(float)
    per_photon = light.background / 500.0
    assert added.mean() == pytest.approx(0, abs=5 * added.std() / added.size**0.5)
    assert added.var() == pytest.approx(per_photon * (field.mean() - 100), rel=0.06)
    assert (worse("read_noise", 30.0).planes - field.astype(float)).std() == pytest.approx(30, rel=0.05)


def test_light_is_changed_by_the_stated_shares(field, worse) -> None:
    ratio = (worse("vignette", 0.4).planes - 100.0) / (field - 100.0)
    assert ratio[0, 0, 0] == pytest.approx(0.6, abs=0.01)
    assert ratio[0, 48, 48] == pytest.approx(1.0, abs=0.01)
    tilt = (worse("tilt", 0.3).planes - 100.0) / (field - 100.0)
    slope_y, slope_x = tilt[0, -1].mean() - tilt[0, 0].mean(), tilt[0, :, -1].mean() - tilt[0, :, 0].mean()
    assert np.hypot(slope_y, slope_x) / 2 == pytest.approx(0.3, rel=0.02)
    flicker = (worse("flicker", 0.2).planes - 100.0) / (field - 100.0)
    assert abs(flicker.mean() - 1) == pytest.approx(0.2, abs=0.01)
    dust = (worse("dust", 10.0).planes - 100.0) / (field - 100.0)
    assert dust.max() < 1.01
    assert 0.05 < dust.min() < 0.96


def test_scale_enlarges_about_the_middle(light) -> None:
    y, x = np.mgrid[:95, :95]
    bump = 1000 + 4000 * np.exp(-((y - 47) ** 2 + (x - 47) ** 2) / (2 * 10.0**2))
    larger = corrupted(bump[None], kind="scale", value=1.3, light=light, rng=np.random.default_rng(0)).planes[0]
    expected = 1000 + 4000 * np.exp(-((y - 47) ** 2 + (x - 47) ** 2) / (2 * 13.0**2))
    np.testing.assert_allclose(larger, expected, atol=4)
    with pytest.raises(ValueError, match="scale: expected a value above 0"):
        corrupted(bump[None], kind="scale", value=0.0, light=light, rng=np.random.default_rng(0))


def test_a_stain_is_moved_by_the_stated_distance() -> None:
    y, x = np.mgrid[:61, :61]
    bump = np.exp(-((y - 30) ** 2 + (x - 30) ** 2) / 18.0)
    moved = moved_stain(bump, by_px=3.0, rng=np.random.default_rng(4))
    centre = np.array([(moved * y).sum(), (moved * x).sum()]) / moved.sum()
    assert np.hypot(*(centre - 30)) == pytest.approx(3.0, abs=0.05)


def test_moving_the_focus_is_what_imaging_out_of_focus_gives() -> None:
    spots = np.zeros((96, 96))
    spots[[30, 50, 66], [34, 62, 30]] = 1
    path = ndimage.gaussian_filter(spots, 3, mode="wrap")
    path *= 0.02 / path.max()
    image = {z: transmitted_image(path, microscope=BRIGHT, z_um=z).astype(float) for z in (-6.0, 0.0, 8.0)}
    planes = np.stack([image[0.0], image[-6.0]])
    moved = refocused(planes, planes_um=(0.0, -6.0), microscope=BRIGHT, by_um=8.0)[0]
    agreement = partial(np.corrcoef, image[8.0].ravel())
    # A disk gives the other sign: in focus there is no phase.
    assert agreement(moved.ravel())[0, 1] > 0.9
    assert moved.std() > 3 * image[0.0].std()


def test_bright_field_in_focus_alone_cannot_be_moved(field, light) -> None:
    with pytest.raises(ValueError, match="bright field in focus shows no phases"):
        refocused(field.astype(float), planes_um=(0.0,), microscope=BRIGHT, by_um=5.0)
    with pytest.raises(ValueError, match=r"expected 2 planes .* shape \(1, 96, 96\)"):
        refocused(field.astype(float), planes_um=(0.0, 1.0), microscope=BRIGHT, by_um=5.0)


def test_unknown_kinds_nan_and_constant_plates_are_refused(field, light) -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="expected one of blur, gain"):
        corrupted(field, kind="fog", value=1.0, light=light, rng=rng)
    with pytest.raises(ValueError, match="expected finite planes"):
        corrupted(np.full((1, 4, 4), np.nan), kind="blur", value=1.0, light=light, rng=rng)
    with pytest.raises(ValueError, match="got none or constant ones"):
        light_of(np.full((1, 1, 4, 4), 7), offset=0.0, microscope=DIC)


def test_a_sweep_measures_every_severity_of_the_same_fields(field, light) -> None:
    fields = [SweptField(name, "A01", field) for name in ("A01/1", "A01/2")]
    found = sweep(fields, kinds=["flicker"], light=light, seed=1, measure=_mean)
    assert len(found) == 2 * 5
    clean = found[found["level"] == 0]["result"].to_numpy()
    np.testing.assert_allclose(clean, field.mean())
    # The same side for all severities of a field: they are paired.
    for _, own in found.groupby("field"):
        assert np.abs(np.diff(np.sign(own["result"].to_numpy()[1:] - field.mean()))).max() == 0


def _mean(field: SweptField, planes: np.ndarray) -> dict[str, float]:
    del field
    return {"mean": float(planes.mean())}


def _swept(rng: np.random.Generator, *, n_wells: int, ratios: dict[int, float]) -> pd.DataFrame:
    """Counts of two fields a well, with effects of the well on how much is lost."""
    rows = []
    for well in range(n_wells):
        own = float(np.exp(0.1 * rng.normal() - 0.005))
        for site in range(2):
            clean = int(rng.poisson(40)) + 1
            rows.append((0, 0.0, f"w{well}", f"w{well}/{site}", clean))
            rows += [
                (k, float(k), f"w{well}", f"w{well}/{site}", rng.poisson(clean * r * own)) for k, r in ratios.items()
            ]
    table = pd.DataFrame(rows, columns=["level", "value", "well", "field", "result"])
    return table.assign(kind="blur", measure="count")


@pytest.mark.slow
@pytest.mark.parametrize("is_ratio", [True, False])
def test_intervals_hold_the_truth_as_often_as_they_say(is_ratio) -> None:
    rng = np.random.default_rng(3)
    truth = 0.8 if is_ratio else -0.2 * 41
    held = []
    for _ in range(100):
        last = severity_curve(_swept(rng, n_wells=10, ratios={1: 0.8}), is_ratio=is_ratio).iloc[-1]
        held.append(last["lower"] <= truth <= last["upper"])
    assert 0.88 <= np.mean(held) <= 0.992


def test_the_tolerance_is_where_the_count_is_off_and_its_interval_holds_the_truth() -> None:
    rng = np.random.default_rng(4)
    held = []
    for _ in range(50):
        found = tolerance(_swept(rng, n_wells=12, ratios={1: 0.95, 2: 0.85, 3: 0.6}), seed=1).iloc[0]
        held.append(found["lower"] <= 1.5 <= found["upper"])
    assert 0.85 <= np.mean(held) <= 1.0


def test_tolerances_by_hand() -> None:
    rows = [(k, float(k), "A01", "A01/1", n) for k, n in zip((-1, 0, 1, 2), (99, 100, 96, 86), strict=True)]
    table = pd.DataFrame(rows, columns=["level", "value", "well", "field", "result"]).assign(kind="x", measure="count")
    found = tolerance(table).set_index("side")
    assert not found.loc[-1, "reached"]
    assert found.loc[-1, "largest"] == -1.0
    assert found.loc[1, "tolerance"] == pytest.approx(1.6)
    assert np.isnan(found.loc[1, "lower"])
    curve = severity_curve(table, is_ratio=True).set_index("level")
    assert curve.loc[2, "change"] == pytest.approx(0.86)
    assert curve["lower"].isna().all()
    none = severity_curve(table.assign(result=0), is_ratio=True)
    assert none["change"].isna().all()
    with pytest.raises(ValueError, match="with level 0 among them"):
        severity_curve(table[table["level"] > 0], is_ratio=True)
    with pytest.raises(ValueError, match="expected a share above 0"):
        tolerance(table, off=0.0)
