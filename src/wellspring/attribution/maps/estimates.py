"""What is computed for one image, as paths to sum up: streams of images share full batches of path points."""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from wellspring.attribution.maps.baselines import measured_noise
from wellspring.attribution.maps.integrated import PathIntegral, mean_integral, points_of
from wellspring.attribution.maps.methods import MapMethod, base_map, base_paths, score_of
from wellspring.attribution.maps.moments import Moments, PairedMoments
from wellspring.attribution.maps.paths import Gradients, Path, Points, offset_points, summed_paths, trapezoid
from wellspring.errors import InputError

__all__ = ["PLAIN_COPIES", "PLAIN_STEPS", "CopiesScore", "Estimate", "Integral", "OffsetScore", "estimated"]

PLAIN_COPIES, PLAIN_STEPS = 50, 70
"""Of the definition, as Becker (2021) has it."""

# How much more uncertain an estimate may be that needs a quarter of the gradients, and copies that say how uncertain.
_WORSE, _LEAST_JUDGED = 1.5, 8

Result = TypeVar("Result", covariant=True)


class Estimate(Protocol, Generic[Result]):
    """Something to be computed from the gradients along some paths."""

    @property
    def is_done(self) -> bool:
        """Whether all paths have come back."""

    def paths(self) -> Iterator[Path]:
        """The paths, made one by one as there is room for their points."""

    def take(self, path: Path) -> None:
        """Take a summed-up path; they come back in their order."""

    def result(self) -> Result:
        """What was to be computed, once it is done."""

    def replacement(self) -> "Estimate[Result] | None":
        """What is to be computed instead, as this one, once done, says that it is not good enough; mostly None."""


def estimated(estimates: Iterable[Estimate[Result]], *, gradients: Gradients, batch_size: int) -> Iterator[Result]:
    """The results of a stream of estimates, in their order. Memory holds those that share a batch.

    Raises
    ------
    ValueError
        As `summed_paths` and `Path.gradient`.
    """
    waiting: deque[Estimate[Result]] = deque()

    def paths() -> Iterator[Path]:
        for estimate in estimates:
            waiting.append(estimate)
            yield from estimate.paths()

    for path in summed_paths(paths(), gradients=gradients, batch_size=batch_size):
        waiting[0].take(path)
        if waiting[0].is_done:
            done = waiting.popleft()
            better = done.replacement()
            if better is None:
                yield done.result()
            else:
                yield from estimated([better], gradients=gradients, batch_size=batch_size)


class Integral:
    """Integrated Gradients of the image itself; see `wellspring.attribution.maps.integrated.integrated_gradients`."""

    def __init__(self, image: NDArray[np.float32], baselines: NDArray[np.float32], *, rule: str, steps: int) -> None:
        self._ends = image, baselines
        self._points, self._steps = points_of(rule, steps=steps), steps
        self._found: list[Path] = []

    @property
    def is_done(self) -> bool:
        """Whether all paths have come back."""
        return len(self._found) == len(self._ends[1])

    def paths(self) -> Iterator[Path]:
        """One per baseline."""
        image, baselines = self._ends
        return (Path(image, start, points=self._points) for start in baselines)

    def take(self, path: Path) -> None:
        """Take one back."""
        self._found.append(path)

    def result(self) -> PathIntegral:
        """The mean over the baselines."""
        return mean_integral(self._found, steps=self._steps)

    def replacement(self) -> None:
        """None: what is not complete is refined by who asked for it."""


class CopiesScore:
    """The score map of a method by its definition: the same points on the path to every noisy copy.

    Parameters
    ----------
    image : (S, S, C) float32
    baselines : (k, S, S, C) float32
        A copy keeps the baselines of its image, so its integrated gradients are those of (image + noise - baseline).
    method, points
        The points are those of the path to each copy (thesis: trapezoid, m = 70).
    samples
        Noisy copies, 2 or more (thesis: 50); without meaning for the copies ``none``.
    noise_sd
        Standard deviation of the noise, in the unit of the image (thesis: 1). Noise falls on measured pixels only.
    rng
        Of this image's noise alone.
    """

    def __init__(
        self,
        image: NDArray[np.float32],
        baselines: NDArray[np.float32],
        *,
        method: MapMethod,
        points: Points,
        samples: int,
        noise_sd: float,
        rng: np.random.Generator,
    ) -> None:
        _check(samples=samples, noise_sd=noise_sd, method=method)
        self._image, self._baselines = image, baselines
        self._method, self._points = method, points
        self._samples = 1 if method.copies == "none" else samples
        self._noise_sd, self._rng = noise_sd, rng
        self._n_paths = len(baselines) if method.has_path else 1
        self._found: list[Path] = []
        self._moments = Moments()

    @property
    def is_done(self) -> bool:
        """Whether all paths have come back."""
        return self._moments.n == self._samples

    def paths(self) -> Iterator[Path]:
        """Those to each copy."""
        for _ in range(self._samples):
            copy = self._image
            if self._method.copies != "none":
                copy = _noisy(self._image, noise=measured_noise(self._image, sd=self._noise_sd, rng=self._rng))
            yield from base_paths(self._method.base, copy, self._baselines, points=self._points)

    def take(self, path: Path) -> None:
        """Take one back."""
        self._found.append(path)
        if len(self._found) == self._n_paths:
            self._moments.add(base_map(self._method.base, self._found, mask=self._image[..., -1]))
            self._found = []

    def result(self) -> NDArray[np.float32]:
        """(S, S, C) float32: the score map."""
        return score_of(self._method.copies, mean=self._moments.mean(), variance=self._moments.variance())

    def replacement(self) -> None:
        """None: the definition itself."""


class OffsetScore:
    """The score map of integrated gradients over noisy copies, from few points on few paths.

    The path to each copy is summed up twice, each time over a few evenly spaced points behind an offset of its own,
    drawn at random. Each of the two is right on average, and their errors know nothing of each other: the covariance
    of the two over the copies has no part of the quadrature's error in it, where the variance of either would have.
    With several baselines, each of the two draws its own.

    Part of what is left is the chance of each pixel's own noise z, whose mean, 0, and variance, sd², are known: the
    map is (x + z - b) G, with G the mean gradient on the path. So the sums over the copies are corrected by what the
    same sums give when G is held at its mean, and their known value is put in its place. For a linear model the map
    is then right from two copies.

    Where the gradient turns several times on the way from baseline to image, few points say little of its mean, and a
    variance that comes out below 0 and is cut there makes the map too large. The estimate therefore measures its own
    error, by the difference of the maps of every other copy; where it is more than half as large again as the chance of
    the copies would leave by the definition, with as many of them or 50, its replacement is the score by the
    definition: the trapezoid rule over 70 steps to each of 50 copies.

    Parameters as of `CopiesScore`; `points` is the number of points per copy, for both sums together: even, 2 or more.

    Raises
    ------
    ValueError
        When `points` is odd or below 2, or the method has no path or no copies; else as `CopiesScore`.

    Notes
    -----
    Random offsets make the points a systematic sample (Cochran, 1977, chapter 8); the correction is that of control
    variates.
    """

    def __init__(
        self,
        image: NDArray[np.float32],
        baselines: NDArray[np.float32],
        *,
        method: MapMethod,
        points: int,
        samples: int,
        noise_sd: float,
        rng: np.random.Generator,
    ) -> None:
        _check(samples=samples, noise_sd=noise_sd, method=method)
        if points < 2 or points % 2:
            raise InputError(
                f"attribution.estimator.points: expected an even number, 2 or more, got {points}. Correct the config."
            )
        if not method.has_path or method.copies == "none":
            raise InputError(
                f"attribution.estimator: 'offset' is for noisy copies of integrated gradients, got {method}. "
                "Choose another estimator."
            )
        self._image, self._baselines, self._method = image, baselines, method
        self._points, self._samples, self._rng = points // 2, samples, rng
        self._noise_sd = noise_sd
        self._noises: deque[NDArray[np.float32]] = deque()
        self._first: Path | None = None
        variance = (image[..., -1:] > 0) * noise_sd**2
        self._halves = PairedMoments(noise_variance=variance), PairedMoments(noise_variance=variance)

    @property
    def is_done(self) -> bool:
        """Whether all paths have come back."""
        return sum(half.n for half in self._halves) == self._samples

    def paths(self) -> Iterator[Path]:
        """Two to each copy."""
        for _ in range(self._samples):
            noise = measured_noise(self._image, sd=self._noise_sd, rng=self._rng)
            self._noises.append(noise)
            copy = _noisy(self._image, noise=noise)
            for _ in range(2):
                start = self._baselines[self._rng.integers(len(self._baselines))]
                points = offset_points(self._points, offset=self._rng.random())
                yield Path(copy, start, points=points, has_slopes=False)

    def take(self, path: Path) -> None:
        """Take one back."""
        if self._first is None:
            self._first = path
            return
        noise = np.zeros(self._image.shape, dtype=np.float32)
        noise[..., :-1] = self._noises.popleft()
        first, second = self._halves
        (first if first.n <= second.n else second).add(self._first, path, noise=noise)
        self._first = None

    def result(self) -> NDArray[np.float32]:
        """(S, S, C) float32: the score map."""
        moments = PairedMoments.of_halves(*self._halves)
        return score_of(self._method.copies, mean=moments.mean(), variance=moments.variance())

    def relative_errors(self) -> tuple[float, float]:
        """Error of the map's mean or variance over its size, and that which chance leaves by the definition.

        By the definition with as many copies, 50 at most. Sizes are root sums of squares over the map. The first is
        half the difference of the two halves of the copies (root 2 for two of them, root 2 for half the copies), over
        the root of their product, which has no error squared in it. For a variance of normal values the second is
        √(2 / (n - 1)); of a mean it is what their variance makes.
        Infinite where the halves have nothing in common; both 0 for a map of zeros.
        """
        moments = PairedMoments.of_halves(*self._halves)
        is_mean = self._method.copies == "smoothgrad"
        one, other = (half.mean() if is_mean else half.variance() for half in self._halves)
        common, apart = float((one * other).sum()), float(np.linalg.norm(one - other)) / 2
        if not apart:
            return 0.0, 0.0
        size = np.sqrt(common) if common > 0 else 0.0
        # Who asks for few copies is content with their chance.
        n_copies = min(PLAIN_COPIES, self._samples)
        expected = np.sqrt(2 / (n_copies - 1))
        if is_mean and size:
            expected = np.sqrt(max(float(moments.variance().sum()), 0.0) / n_copies) / size
        return float(apart / size) if size else float("inf"), float(expected)

    def replacement(self) -> "CopiesScore | None":
        """The score by its definition, where this one is more uncertain than the chance of its copies explains."""
        found, expected = self.relative_errors()
        if self._samples < _LEAST_JUDGED or found <= _WORSE * expected:
            return None
        points = trapezoid(PLAIN_STEPS)
        noise: dict[str, Any] = {"samples": PLAIN_COPIES, "noise_sd": self._noise_sd, "rng": self._rng}
        return CopiesScore(self._image, self._baselines, method=self._method, points=points, **noise)


def _noisy(image: NDArray[np.float32], *, noise: NDArray[np.float32]) -> NDArray[np.float32]:
    copy = image.copy()
    copy[..., :-1] += noise
    return copy


def _check(*, samples: int, noise_sd: float, method: MapMethod) -> None:
    if method.copies == "none":
        return
    if samples < 2:
        raise InputError(f"attribution.estimator.samples: expected 2 or more, got {samples}. Correct the config.")
    if not noise_sd > 0:
        raise InputError(f"attribution.noise_sd: expected above 0, got {noise_sd}. Correct the config.")
