"""Integrated Gradients: a prediction's rise over a baseline, shared out over the pixels of the image."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wellspring.attribution.paths import Gradients, Path, summed_paths, trapezoid

__all__ = ["PathIntegral", "baseline_image", "integrated_gradients", "measured_noise", "path_integral"]


@dataclass(frozen=True)
class PathIntegral:
    """Integrated Gradients of one image, or of several with one more axis in front of every array.

    Attributes
    ----------
    attribution : (..., S, S, C) float32
        Signed share of each value in f(image) - f(baseline), in the unit of f. 0 where image and baseline agree.
    values : (..., steps + 1) float64
        f along the path, from the baseline to the image.
    cumulative : (..., steps + 1) float64
        Sum of the integrated gradients up to each point of the path, in the unit of f; starts at 0.
    """

    attribution: NDArray[np.float32]
    values: NDArray[np.float64]
    cumulative: NDArray[np.float64]

    @property
    def alpha(self) -> NDArray[np.float64]:
        """(steps + 1,) float64: the path's points, 0 = baseline, 1 = image."""
        return trapezoid(self.values.shape[-1] - 1)[0]

    @property
    def prediction(self) -> NDArray[np.float64]:
        """(...) float64: f(image)."""
        return self.values[..., -1]

    @property
    def baseline_prediction(self) -> NDArray[np.float64]:
        """(...) float64: f(baseline)."""
        return self.values[..., 0]

    @property
    def total(self) -> NDArray[np.float64]:
        """(...) float64: sum of the attribution over pixels and channels."""
        return np.asarray(self.attribution.sum(axis=(-3, -2, -1), dtype=np.float64))

    @property
    def error(self) -> NDArray[np.float64]:
        """(...) float64: total - (f(image) - f(baseline)); 0 for enough steps (completeness)."""
        return np.asarray(self.total - (self.prediction - self.baseline_prediction))


def baseline_image(image: NDArray[np.float32], *, kind: str, rng: np.random.Generator) -> NDArray[np.float32]:
    """The image without information that the path to `image` starts from.

    Parameters
    ----------
    image : (S, S, C) float32
        Normalised channels, 0 where nothing was measured; the last channel is the mask.
    kind
        ``black``: zeros. ``noise``: standard normal values on the measured pixels, zeros elsewhere.
    rng
        Source of the noise; ``black`` draws nothing.

    Returns
    -------
    (S, S, C) float32
        The mask is that of the image: it is no input to the models (their channel filter drops it), and so its
        attribution is 0.

    Raises
    ------
    ValueError
        When `kind` is another word.

    Notes
    -----
    Becker (2021), section 4.3 and table A.6. There the noise fills the whole image; here it stays on the measured
    pixels, because outside of them a model only ever sees zeros, and so that unmeasured pixels get no attribution.
    """
    baseline = np.zeros_like(image)
    baseline[..., -1] = image[..., -1]
    if kind == "noise":
        baseline[..., :-1] = measured_noise(image, sd=1.0, rng=rng)
    elif kind != "black":
        raise ValueError(f"attribution.baseline: expected 'black' or 'noise', got {kind!r}. Correct the config.")
    return baseline


def measured_noise(image: NDArray[np.float32], *, sd: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """(S, S, C - 1) float32: normal values with standard deviation `sd` where the mask (last channel) is set, else 0.

    Each channel of each measured pixel has its own draw. A mask without any pixel gives zeros.
    """
    mask = image[..., -1] > 0
    noise = np.zeros((*mask.shape, image.shape[-1] - 1), dtype=np.float32)
    noise[mask] = np.float32(sd) * rng.standard_normal((int(mask.sum()), noise.shape[-1]), dtype=np.float32)
    return noise


def integrated_gradients(
    images: NDArray[np.float32],
    *,
    baseline: NDArray[np.float32],
    gradients: Gradients,
    steps: int,
    batch_size: int,
) -> PathIntegral:
    """Integrated Gradients of several images, by the trapezoid rule over ``steps + 1`` points.

    Parameters
    ----------
    images : (B, S, S, C) float32
    baseline : (B, S, S, C) float32
        Where each image's path starts.
    gradients
        Gives f and its gradient for a batch of images.
    steps
        Steps of the integral (thesis: m = 70, so 71 points).
    batch_size
        Images per gradient call. A call holds points of several images; only the last one is smaller.

    Returns
    -------
    PathIntegral
        With B in front of every array. For no images B is 0.

    Raises
    ------
    ValueError
        When shapes do not fit, `steps` or `batch_size` is below 1, or the callback's answer has another shape or is
        not finite.

    Notes
    -----
    Sundararajan, Taly and Yan (2017); Becker (2021), equations 2.13 to 2.16. Equation 2.16 is a right Riemann sum,
    while that work's own code takes the trapezoid rule, as here: its error falls with 1/steps², the other's with
    1/steps. The PAIR saliency library averages over points that include both ends, which counts one end too many.
    """
    if images.ndim != 4 or images.shape != baseline.shape:
        raise ValueError(
            f"images, baseline: expected one shape (B, S, S, C), got {images.shape} and {baseline.shape}. "
            "Give each image its baseline."
        )
    paths = (Path(image, start, steps=steps) for image, start in zip(images, baseline, strict=True))
    found = [path_integral(path) for path in summed_paths(paths, gradients=gradients, batch_size=batch_size)]
    if not found:
        none = np.empty((0, steps + 1))
        return PathIntegral(attribution=np.zeros_like(images), values=none, cumulative=none)
    return PathIntegral(
        attribution=np.stack([one.attribution for one in found]),
        values=np.stack([one.values for one in found]),
        cumulative=np.stack([one.cumulative for one in found]),
    )


def path_integral(path: Path) -> PathIntegral:
    """Integrated Gradients of one image, from its summed-up path (whose slopes were asked for)."""
    parts = (path.slopes[1:] + path.slopes[:-1]) / 2 / path.steps
    cumulative = np.concatenate([[0.0], np.cumsum(parts)])
    return PathIntegral(attribution=path.attribution(), values=path.values, cumulative=cumulative)
