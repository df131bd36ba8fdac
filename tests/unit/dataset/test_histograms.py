import math
import pickle
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from wellspring.cells.shards import ShardHeader
from wellspring.dataset.histograms import (
    N_BINS,
    Histogram,
    Intensities,
    channel_histograms,
    clipped_moments,
    exact_percentile,
    load_histogram,
    merged_intensities,
    save_histogram,
)

NONE = Intensities(np.array([]), np.array([], dtype=np.int64))


def counted(values: list[float]) -> Intensities:
    distinct, counts = np.unique(np.array(values, dtype=float), return_counts=True)
    return Intensities(distinct, counts)


def histogram(pixels: NDArray[np.uint16], *, background: list[float], well: str = "A01") -> Histogram:
    channels = tuple(f"c{n}" for n in range(pixels.shape[1]))
    counts = np.stack([np.bincount(column, minlength=N_BINS) for column in pixels.T])
    return Histogram(ShardHeader("P", well, channels, np.array(background)), counts)


def test_histograms_of_two_crops_by_hand(make_crop) -> None:
    one = make_crop(np.array([[True, True]]), np.array([[0, 7], [3, 65_535]], dtype=np.uint16))
    other = make_crop(np.array([[True]]), np.array([[3, 7]], dtype=np.uint16))
    counts = channel_histograms([one, other], n_channels=2)
    assert counts.shape == (2, 65_536)
    assert counts.dtype == np.int64
    assert [(c, v, n) for c, v in zip(*np.nonzero(counts), strict=True) for n in [counts[c, v]]] == [
        (0, 0, 1),
        (0, 3, 2),
        (1, 7, 2),
        (1, 65_535, 1),
    ]


def test_histograms_of_more_pixels_than_one_block(make_crop) -> None:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 65_536, (9001, 3), dtype=np.uint16)
    counts = channel_histograms([make_crop(np.ones((1, 9001), dtype=bool), pixels)], n_channels=3)
    np.testing.assert_array_equal(counts, [np.bincount(column, minlength=65_536) for column in pixels.T])


def test_no_crops_count_nothing() -> None:
    assert channel_histograms([], n_channels=4).tolist() == np.zeros((4, 65_536)).tolist()


def test_saved_histogram_comes_back_small(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    saved = histogram(rng.integers(0, 65_536, (500, 2), dtype=np.uint16), background=[1.25, 0.0])
    path = tmp_path / "P" / "A01.histogram.npz"
    save_histogram(path, saved)
    loaded = load_histogram(path)
    assert (loaded.header.plate, loaded.header.well, loaded.header.channels) == ("P", "A01", ("c0", "c1"))
    np.testing.assert_array_equal(loaded.header.background, [1.25, 0.0])
    np.testing.assert_array_equal(loaded.counts, saved.counts)
    assert loaded.counts.dtype == np.int64
    assert path.stat().st_size < 20_000
    assert [file.name for file in path.parent.iterdir()] == ["A01.histogram.npz"]


def test_saved_histogram_of_no_pixels_comes_back(tmp_path: Path) -> None:
    save_histogram(tmp_path / "h.npz", histogram(np.empty((0, 2), dtype=np.uint16), background=[1.0, 2.0]))
    assert load_histogram(tmp_path / "h.npz").counts.sum() == 0


def test_missing_histogram_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"h\.npz: expected intensity histograms"):
        load_histogram(tmp_path / "h.npz")


def test_damaged_histogram_is_named(tmp_path: Path) -> None:
    save_histogram(tmp_path / "h.npz", histogram(np.ones((5, 2), dtype=np.uint16), background=[1.0, 2.0]))
    (tmp_path / "h.npz").write_bytes((tmp_path / "h.npz").read_bytes()[:200])
    with pytest.raises(ValueError, match=r"h\.npz: expected intensity histograms"):
        load_histogram(tmp_path / "h.npz")


def test_histogram_that_holds_objects_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "h.npz", well=np.array([{"a": 1}], dtype=object), channels=np.array(["c"]))
    with pytest.raises(ValueError, match=r"h\.npz: expected intensity histograms"):
        load_histogram(tmp_path / "h.npz")
    (tmp_path / "p.npz").write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(ValueError, match=r"p\.npz: expected intensity histograms"):
        load_histogram(tmp_path / "p.npz")


def test_background_is_subtracted_and_floored_when_wells_are_merged() -> None:
    one = histogram(np.array([[1], [2], [5]], dtype=np.uint16), background=[2.5])
    other = histogram(np.array([[5], [7]], dtype=np.uint16), background=[4.5], well="A02")
    # 1 and 2 fall to 0; 5 - 2.5 = 2.5; 5 - 4.5 = 0.5; 7 - 4.5 = 2.5.
    merged = merged_intensities([one, other])["c0"]
    assert merged.values.tolist() == [0.0, 0.5, 2.5]
    assert merged.counts.tolist() == [2, 1, 2]


def test_merging_leaves_the_histograms_as_they_were() -> None:
    wells = [histogram(np.array([[n]], dtype=np.uint16), background=[0.0]) for n in (1, 2)]
    merged_intensities(wells)
    assert [well.counts.sum() for well in wells] == [1, 1]


def test_no_wells_merge_into_nothing() -> None:
    assert merged_intensities([]) == {}


@pytest.mark.parametrize("backgrounds", [(0.0, 0.0), (0.0, 1.5)])
def test_wells_of_other_channels_are_named(backgrounds: tuple[float, float]) -> None:
    one = histogram(np.array([[1, 1]], dtype=np.uint16), background=[0.0, 0.0])
    header = ShardHeader("P", "B07", ("c1", "c0"), np.full(2, backgrounds[1]))
    with pytest.raises(ValueError, match=r"plate P, well B07: expected the channels \['c0', 'c1'\].*\['c1', 'c0'\]"):
        merged_intensities([one, Histogram(header, one.counts)])


@pytest.mark.parametrize("q", [0.0, 1.0, 33.3, 50.0, 98.0, 99.9, 100.0])
@pytest.mark.parametrize("n_px", [1, 2, 3, 10, 999, 5000])
def test_percentile_is_numpys_to_the_last_bit(q: float, n_px: int) -> None:
    rng = np.random.default_rng(n_px)
    values = np.maximum(rng.integers(0, 40, n_px) - 3.7, 0)
    assert exact_percentile(counted(values.tolist()), q) == np.percentile(values, q)


def test_percentile_by_hand() -> None:
    # Four pixels 0, 0, 10, 20: place 0.98 * 3 = 2.94, so 10 + 0.94 * 10.
    assert exact_percentile(counted([0, 0, 10, 20]), 98) == pytest.approx(19.4, abs=1e-12)


def test_moments_by_hand() -> None:
    # 0, 0, 10, 20 cut at 10: mean 5, deviation 5.
    assert clipped_moments(counted([0, 0, 10, 20]), upper=10.0) == (5.0, 5.0)
    assert clipped_moments(counted([1, 3])) == (2.0, 1.0)


def test_a_constant_channel_has_no_deviation_at_all() -> None:
    constant = Intensities(np.array([0.1]), np.array([3_333_333]))
    assert clipped_moments(constant) == (0.1, 0.0)
    assert clipped_moments(counted([0.3, 0.7, 0.9]), upper=0.1) == (0.1, 0.0)


def test_no_pixels_are_an_error() -> None:
    with pytest.raises(ValueError, match="expected measured pixels"):
        exact_percentile(NONE, 98)
    with pytest.raises(ValueError, match="expected measured pixels"):
        clipped_moments(NONE)


def test_statistics_equal_numpy_on_all_pixels_of_two_plates() -> None:
    rng = np.random.default_rng(3)
    backgrounds = ([103.372, 0.0], [97.81, 250.5])
    wells, pixels = [], []
    for number in range(6):
        background = backgrounds[number // 3]
        raw = np.minimum(rng.lognormal(6, 1.2, (4000, 2)), 65_535).astype(np.uint16)
        wells.append(histogram(raw, background=background, well=f"A{number:02d}"))
        pixels.append(np.maximum(raw - np.array(background), 0))
    every = np.concatenate(pixels)
    for merged, column in zip(merged_intensities(iter(wells)).values(), every.T, strict=True):
        assert merged.counts.sum() == len(column)
        for q in (2.0, 50.0, 98.0):
            assert exact_percentile(merged, q) == np.percentile(column, q)
        upper = np.percentile(column, 98.0)
        clipped = np.minimum(column, upper)
        assert clipped_moments(merged, upper=upper) == pytest.approx((clipped.mean(), clipped.std()), rel=1e-12)
        assert clipped_moments(merged, upper=math.inf) == pytest.approx((column.mean(), column.std()), rel=1e-12)
