"""VarGrad: how much the attribution of a pixel varies when noise is added to the image."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from wellspring.attribution.integrated import PathIntegral, measured_noise, path_integral
from wellspring.attribution.paths import Gradients, Path, summed_paths

__all__ = ["Explanation", "RunningStd", "vargrad"]


@dataclass(frozen=True)
class Explanation:
    """What one image's prediction rests on.

    Attributes
    ----------
    integral : PathIntegral
        Integrated Gradients of the image itself, without noise.
    score : (S, S, C) float32
        VarGrad score map: population standard deviation over the noisy copies of their integrated gradients, in the
        unit of the prediction. 0 or more; 0 on unmeasured pixels and for channels that the model does not use.
    """

    integral: PathIntegral
    score: NDArray[np.float32]


class RunningStd:
    """Population standard deviation of a stream of equal-shaped arrays, in the memory of two of them (float64).

    Welford's update: no difference of large sums, so a small spread beside a large mean keeps its digits.
    """

    def __init__(self) -> None:
        self._n = 0
        self._mean: NDArray[np.float64] = np.zeros(())
        self._squares: NDArray[np.float64] = np.zeros(())

    def add(self, values: NDArray[np.float32]) -> None:
        """Take one more array."""
        self._n += 1
        if self._n == 1:
            self._mean, self._squares = values.astype(np.float64), np.zeros(values.shape)
            return
        difference = values - self._mean
        self._mean += difference / self._n
        difference *= difference
        difference *= (self._n - 1) / self._n
        self._squares += difference

    def result(self) -> NDArray[np.float64]:
        """The standard deviation (ddof 0) of the arrays so far: 0 for one of them.

        Raises
        ------
        ValueError
            When there was none.
        """
        if self._n == 0:
            raise ValueError("standard deviation: expected one array or more, got none. Call `add` first.")
        return np.asarray(np.sqrt(self._squares / self._n))


def vargrad(
    pairs: Iterable[tuple[NDArray[np.float32], NDArray[np.float32]]],
    *,
    gradients: Gradients,
    steps: int,
    batch_size: int,
    samples: int,
    noise_sd: float,
    rng: np.random.Generator,
) -> Iterator[Explanation]:
    """VarGrad score map and Integrated Gradients of a stream of images.

    Parameters
    ----------
    pairs
        (image, baseline), each (S, S, C) float32 with the mask as the last channel. A noisy copy keeps the baseline of
        its image, so its integrated gradients are those of (image + noise - baseline).
    gradients, steps, batch_size
        As in `integrated_gradients`. The copies of one image, and one image and the next, share batches.
    samples
        Noisy copies per image, 2 or more (thesis: 50).
    noise_sd
        Standard deviation of the noise, in the unit of the image (thesis: 1). Noise falls on measured pixels only.
    rng
        Each image draws from its own child, in order: its noise depends neither on `batch_size` nor on the images
        after it.

    Yields
    ------
    Explanation
        One per image, in order. Memory does not grow with the number of images or samples.

    Raises
    ------
    ValueError
        When `samples` is below 2 or `noise_sd` not above 0; else as `integrated_gradients`.

    Notes
    -----
    Adebayo et al. (2018); Becker (2021), section 2.3.2. The name and equation 2.18 say variance; the code behind the
    thesis' figures, and this one, take the standard deviation with ddof 0, which has the unit of the prediction.
    """
    if samples < 2:
        raise ValueError(f"attribution.samples: expected 2 or more, got {samples}. Correct the config.")
    if not noise_sd > 0:
        raise ValueError(f"attribution.noise_sd: expected above 0, got {noise_sd}. Correct the config.")
    paths = (
        path
        for image, baseline in pairs
        for path in _paths(image, baseline, steps=steps, samples=samples, noise_sd=noise_sd, rng=rng.spawn(1)[0])
    )
    summed = summed_paths(paths, gradients=gradients, batch_size=batch_size)
    for clean in summed:
        spread = RunningStd()
        for noisy in islice(summed, samples):
            spread.add(noisy.attribution())
        yield Explanation(integral=path_integral(clean), score=spread.result().astype(np.float32))


def _paths(
    image: NDArray[np.float32],
    baseline: NDArray[np.float32],
    *,
    steps: int,
    samples: int,
    noise_sd: float,
    rng: np.random.Generator,
) -> Iterator[Path]:
    """The path to the image, then those to its noisy copies."""
    yield Path(image, baseline, steps=steps)
    for _ in range(samples):
        copy = image.copy()
        copy[..., :-1] += measured_noise(image, sd=noise_sd, rng=rng)
        yield Path(copy, baseline, steps=steps, has_slopes=False)
