"""Size, shape and position of objects."""

import numpy as np
from numpy.typing import NDArray

from wellspring.cells.features.declared import Feature
from wellspring.cells.features.hulls import convex_areas, hulls_of, largest_diameters
from wellspring.cells.features.objects import Objects
from wellspring.cells.features.outlines import Surroundings, euler_numbers, perimeters

__all__ = ["FEATURES", "shape_of"]

_FAMILY = "AreaShape"
# Name, meaning, formula of what is a length, given in px and in µm.
_LENGTHS = (
    ("Center_Y", "row of the centre, from the middle of the first pixel of the image", "mean of y"),
    ("Center_X", "column of the centre, from the middle of the first pixel of the image", "mean of x"),
    ("Perimeter", "length of the outline", "line through the centres of the outline's pixels, 4 neighbours"),
    ("EquivalentDiameter", "diameter of a disc of the same area", "2 sqrt(area / pi)"),
    ("MajorAxisLength", "longer axis of the ellipse with the same second moments", "4 sqrt(l1), l1 >= l2: see below"),
    ("MinorAxisLength", "shorter axis of that ellipse", "4 sqrt(l2); l1, l2: eigenvalues of the covariance of y and x"),
    ("MaxFeretDiameter", "largest distance across", "between two corners of the convex hull"),
)
_PLAIN = (
    ("BoundingBoxMinimum_Y_px", "px", "first row", "min of y"),
    ("BoundingBoxMinimum_X_px", "px", "first column", "min of x"),
    ("BoundingBoxHeight_px", "px", "rows", "max of y - min of y + 1"),
    ("BoundingBoxWidth_px", "px", "columns", "max of x - min of x + 1"),
)
_RATIOS = (
    ("Eccentricity", "of the ellipse: 0 of a disc, near 1 of a line", "sqrt(1 - l2 / l1)", 0.0, 1.0),
    ("Orientation_rad", "angle of the longer axis to the rows' axis", "0.5 atan2(2 cov, var(y) - var(x))", -1.6, 1.6),
    ("FormFactor", "1 of a disc, less of a ragged or long object", "4 pi area / perimeter^2", 0.0, None),
    ("Extent", "share of the bounding box", "area / (height width)", 0.0, 1.0),
    ("Solidity", "share of the convex hull; low of objects that were not split", "area / convex area", 0.0, 1.0),
    ("EulerNumber", "pieces less holes, 8 neighbours being connected", "corners - edges + pixels", None, None),
)  # fmt: skip
FEATURES = (
    Feature(family=_FAMILY, name="Area_px", unit="px", meaning="area", formula="number of pixels n", minimum=0.0),
    Feature(family=_FAMILY, name="Area_um2", unit="µm²", meaning="area", formula="n (pixel size)^2", minimum=0.0),
    *(
        Feature(family=_FAMILY, name=f"{name}_{unit}", unit=words, meaning=meaning, formula=formula, minimum=0.0)
        for name, meaning, formula in _LENGTHS
        for unit, words in (("px", "px"), ("um", "µm"))
    ),
    *(Feature(family=_FAMILY, name=name, unit=unit, meaning=meaning, formula=f) for name, unit, meaning, f in _PLAIN),
    *(
        Feature(family=_FAMILY, name=name, unit="1", meaning=meaning, formula=f, minimum=low, maximum=high)
        for name, meaning, f, low, high in _RATIOS
    ),
)


def shape_of(objects: Objects, around: Surroundings, *, pixel_size_um: float | None) -> dict[str, NDArray[np.float64]]:
    """The features of the family AreaShape by name, (n_objects,) each.

    As `skimage.measure.regionprops` has them, but for the largest diameter, which is between corners of the hull and
    not between points of the hull's image. Lengths and areas in µm are missing where the pixel's size is not known; the
    form factor of a single pixel, which has no outline, is missing.
    """
    n_px = objects.n_px.astype(np.float64)
    y, x = objects.center
    hulls = hulls_of(objects)
    l1, l2, angle = _ellipses(objects, y, x)
    perimeter = perimeters(objects, around)
    top, left = objects.least(objects.y), objects.least(objects.x)
    height, width = objects.largest(objects.y) - top + 1, objects.largest(objects.x) - left + 1
    size_um = np.nan if pixel_size_um is None else pixel_size_um
    lengths = {
        "Center_Y": y,
        "Center_X": x,
        "Perimeter": perimeter,
        "EquivalentDiameter": 2 * np.sqrt(n_px / np.pi),
        "MajorAxisLength": 4 * np.sqrt(l1),
        "MinorAxisLength": 4 * np.sqrt(l2),
        "MaxFeretDiameter": largest_diameters(objects, hulls),
    }
    with np.errstate(divide="ignore", invalid="ignore"):
        form = np.where(perimeter > 0, 4 * np.pi * n_px / perimeter**2, np.nan)
        flatness = np.where(l1 > 0, np.sqrt(1 - l2 / l1), 0.0)
    return {
        "Area_px": n_px,
        "Area_um2": n_px * size_um**2,
        **{f"{name}_px": values for name, values in lengths.items()},
        **{f"{name}_um": values * size_um for name, values in lengths.items()},
        "BoundingBoxMinimum_Y_px": top,
        "BoundingBoxMinimum_X_px": left,
        "BoundingBoxHeight_px": height,
        "BoundingBoxWidth_px": width,
        "Eccentricity": flatness,
        "Orientation_rad": angle,
        "FormFactor": form,
        "Extent": n_px / (height * width),
        "Solidity": n_px / convex_areas(objects, hulls),
        "EulerNumber": euler_numbers(objects, around),
    }


def _ellipses(
    objects: Objects, y: NDArray[np.float64], x: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Eigenvalues of the covariance of y and x, the larger first, and the angle of its axis."""
    dy, dx = objects.y - y[objects.owner], objects.x - x[objects.owner]
    yy, xx, yx = (objects.sum(values) / objects.n_px for values in (dy * dy, dx * dx, dy * dx))
    middle, half = (yy + xx) / 2, np.hypot((yy - xx) / 2, yx)
    is_even = np.isclose(yy, xx, rtol=0, atol=1e-12 * np.maximum(yy, 1))
    # Without a longer axis, the same convention as scikit-image.
    angle = np.where(is_even, np.where(yx > 0, np.pi / 4, -np.pi / 4), 0.5 * np.arctan2(2 * yx, yy - xx))
    return middle + half, np.maximum(middle - half, 0.0), angle
