"""Images as small grey pictures that a page colours, and outlines as paths that it draws."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

__all__ = ["Light", "jpeg", "light_of", "object_paths", "smaller", "usual_light"]

# What a picture holds, in percent of the pixels of a well: a few hot pixels do not take its 256 steps.
_HELD = (0.01, 99.99)
# What is black and white at first.
_SHOWN = (1.0, 99.8)
# Of the wells of a plate; a bright well shall not leave the others dark.
_USUAL = (50.0, 90.0)
_TOLERANCE_PX = 0.7


@dataclass(frozen=True)
class Light:
    """Intensities of a channel in a well: least and most that its pictures hold; what is black and white at first."""

    least: float
    most: float
    black: float
    white: float


def smaller(image: NDArray[np.uint16], *, pixels: int) -> NDArray[np.float32]:
    """The image (Y, X) with at most `pixels` along its longer side, each the mean of those that it covers."""
    factor = max(image.shape) / pixels
    if factor <= 1:
        return image.astype(np.float32)
    height, width = (max(1, round(side / factor)) for side in image.shape)
    return np.asarray(cv2.resize(image.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA))


def light_of(images: Sequence[NDArray[np.float32]]) -> Light:
    """The light of one channel in all sites of a well; of no pixels, or of equal ones, a range of 1."""
    pixels = np.concatenate([image.ravel() for image in images]) if images else np.zeros(0, np.float32)
    if not len(pixels):
        return Light(0.0, 1.0, 0.0, 1.0)
    least, black, white, most = (float(one) for one in np.percentile(pixels, [_HELD[0], *_SHOWN, _HELD[1]]))
    return Light(least, max(most, least + 1), black, max(white, black + 1))


def usual_light(lights: Sequence[Light]) -> tuple[float, float]:
    """What is black and white at first in all wells of a plate, in intensities, so that wells can be compared."""
    black = float(np.percentile([one.black for one in lights], _USUAL[0]))
    white = float(np.percentile([one.white for one in lights], _USUAL[1]))
    return black, max(white, black + 1)


def jpeg(image: NDArray[np.float32], light: Light, *, quality: int) -> str:
    """A grey JPEG file in base64 whose 256 steps go evenly from `light.least` to `light.most`."""
    grey = np.clip((image - light.least) / (light.most - light.least) * 255, 0, 255).round().astype(np.uint8)
    _, data = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return base64.b64encode(data.tobytes()).decode("ascii")


def object_paths(labels: NDArray[np.integer]) -> dict[int, str]:
    """Outline of each object of a label image (Y, X) as an SVG path in pixels, the corner of the first pixel at 0.

    Outlines run through the outer pixels, with fewer vertices where they move by less than 0.7 px; pieces are kept,
    holes are not.
    """
    found = {}
    for label, box in enumerate(ndimage.find_objects(labels), start=1):
        if box is None:
            continue
        own = labels[box] == label
        mask = np.zeros((own.shape[0] + 2, own.shape[1] + 2), np.uint8)
        mask[1:-1, 1:-1] = own
        contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        parts = []
        for contour in contours:
            points = cv2.approxPolyDP(contour, _TOLERANCE_PX, True)[:, 0, :]
            corners = " ".join(f"{x + box[1].start - 0.5:g},{y + box[0].start - 0.5:g}" for x, y in points)
            parts.append(f"M{corners}z")
        found[label] = "".join(parts)
    return found
