"""What a field's predicted stain says, and how far that is from the measured one."""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from wellspring.labelling.agreement import agreement_of_pixels, correlation
from wellspring.labelling.light import relative_light
from wellspring.labelling.objects import agreement_of_objects, field_numbers
from wellspring.labelling.registration import distance_between
from wellspring.labelling.scaling import StainScale
from wellspring.labelling.tables import LABELLING_FIELDS, MEASURES
from wellspring.segmentation.nuclei import segment_nuclei

__all__ = ["ceiling", "count_of_light", "measures_of_field"]

_WINDOW_PX = 65
_BLUR_PX = 2.0
# Kernel whose response to noise of variance 1 has variance 36 and which is 0 on planes (Immerkaer 1996).
_NOISE_KERNEL = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]]) / 6


def measures_of_field(
    predicted: NDArray[np.number],
    measured: NDArray[np.number] | None,
    planes: NDArray[np.number],
    *,
    scale: StainScale,
    threshold: float,
    brightest: float,
    other: NDArray[np.number] | None = None,
) -> dict[str, float]:
    """One row of `LABELLING_FIELDS`, without its names.

    Nuclei are found by the same function, with the same settings, in both images.

    Parameters
    ----------
    predicted, measured : (Y, X)
        Camera counts; None for a field without a stain, whose numbers are NaN.
    planes : (P, Y, X)
        The light.
    scale, threshold, brightest
        Of the training fields: background and softness, Otsu's threshold and the 99.9 % quantile, camera counts.
    other : (Y, X) or None
        Measured stain of another field of the same well.
    """
    found: dict[str, float] = {name: math.nan for name in LABELLING_FIELDS.names if name in _MEASURED}
    labels = segment_nuclei(predicted)
    numbers = field_numbers(labels, predicted, background=scale.background)
    found |= {f"predicted_{name}": numbers[name] for name in MEASURES}
    found["count_of_light"] = count_of_light(planes)
    if measured is None:
        return found
    true = segment_nuclei(measured)
    numbers = field_numbers(true, measured, background=scale.background)
    found |= {f"measured_{name}": numbers[name] for name in MEASURES}
    found["mean_in_measured"] = field_numbers(true, predicted, background=scale.background)["mean"]
    pixels = agreement_of_pixels(predicted, measured, threshold=threshold, value_range=(scale.background, brightest))
    found |= vars(pixels)
    objects = agreement_of_objects(labels, true)
    found |= {name: float(value) for name, value in vars(objects).items() if name in found}
    found["f1"] = objects.f1
    found["r_ceiling"] = ceiling(measured)
    if other is not None and other.shape == predicted.shape:
        found["r_shuffled"] = correlation(np.log1p(predicted.astype(float)), np.log1p(other.astype(float)))
    found["shift_px"] = _shift(predicted, measured, scale=scale)
    return found


_MEASURED: Mapping[str, None] = dict.fromkeys(
    one.name for one in LABELLING_FIELDS.columns if one.dtype == "float64" and one.name != "pixel_size_um"
)


def count_of_light(planes: NDArray[np.number]) -> float:
    """Nuclei counted without any stain: blobs of local contrast of the first plane. The baseline of a user without a
    network: contrast is high inside a cell, in whatever kind of transmitted light.
    """
    relative = relative_light(planes[:1], window_px=_WINDOW_PX)[0].astype(np.float64)
    mean = ndimage.gaussian_filter(relative, _BLUR_PX)
    spread = np.sqrt(np.maximum(ndimage.gaussian_filter((relative - mean) ** 2, _BLUR_PX), 0))
    return float(segment_nuclei(spread.astype(np.float32)).max())


def ceiling(image: NDArray[np.number]) -> float:
    """The largest correlation of log intensities that a noiseless prediction can have with this image.

    sqrt(1 - noise / variance): the noise of a pixel is seen in second differences, which stained structures of several
    pixels hardly have (Immerkaer 1996).
    """
    log = np.log1p(image.astype(np.float64))
    if np.ptp(log) == 0 or min(log.shape) < 3:
        return math.nan
    noise = ndimage.convolve(log, _NOISE_KERNEL, mode="mirror").var()
    return math.sqrt(max(1 - noise / log.var(), 0.0))


def _shift(predicted: NDArray[np.number], measured: NDArray[np.number], *, scale: StainScale) -> float:
    """Distance between the two, px; NaN where one shows nothing."""
    return float(np.hypot(*distance_between(scale.value(predicted), scale.value(measured))))
