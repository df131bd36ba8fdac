"""Features of all objects at once, against scikit-image's of one object after the other."""

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from skimage.feature import graycomatrix, graycoprops
from skimage.measure import regionprops_table

from wellspring.cells.features.intensity import light_of
from wellspring.cells.features.objects import objects_of
from wellspring.cells.features.site import BackgroundRing, Labels, features_of_site
from wellspring.cells.features.texture import DISTANCE_PX, N_LEVELS, grey_levels

SIDE = 150
CHANNELS = ("A", "B")
_PROPERTIES = {
    "area": "AreaShape_Area_px",
    "centroid-0": "AreaShape_Center_Y_px",
    "centroid-1": "AreaShape_Center_X_px",
    "perimeter": "AreaShape_Perimeter_px",
    "equivalent_diameter_area": "AreaShape_EquivalentDiameter_px",
    "axis_major_length": "AreaShape_MajorAxisLength_px",
    "axis_minor_length": "AreaShape_MinorAxisLength_px",
    "eccentricity": "AreaShape_Eccentricity",
    "extent": "AreaShape_Extent",
    "solidity": "AreaShape_Solidity",
    "euler_number": "AreaShape_EulerNumber",
    "bbox-0": "AreaShape_BoundingBoxMinimum_Y_px",
    "bbox-1": "AreaShape_BoundingBoxMinimum_X_px",
    "intensity_mean-0": "Intensity_Mean_A",
    "intensity_mean-1": "Intensity_Mean_B",
    "intensity_max-1": "Intensity_Max_B",
    "intensity_min-0": "Intensity_Min_A",
    "intensity_std-1": "Intensity_Std_B",
}


def _drawn(rng: np.random.Generator) -> tuple[NDArray[np.int32], NDArray[np.uint16]]:
    """Ellipses, a ring, a U, pieces, a line and a pixel, some touching each other or the edge; two noisy channels."""
    labels = np.zeros((SIDE, SIDE), dtype=np.int32)
    y, x = np.mgrid[:SIDE, :SIDE]
    for number in range(30):
        cy, cx = rng.uniform(0, SIDE, 2)
        long, short, turn = rng.uniform(6, 14), rng.uniform(3, 8), rng.uniform(0, np.pi)
        along, across = (
            (x - cx) * np.cos(turn) + (y - cy) * np.sin(turn),
            (y - cy) * np.cos(turn) - (x - cx) * np.sin(turn),
        )
        labels[(along / long) ** 2 + (across / short) ** 2 <= 1] = 3 * number + 2
    distance = np.hypot(y - 40, x - 40)
    labels[(distance < 12) & (distance > 7)] = 200
    labels[100:120, 100:120] = 201
    labels[100:115, 105:115] = 0
    labels[5:8, 60:64] = labels[11:13, 70:72] = 202
    labels[140, 20:45] = 203
    labels[145, 145] = 204
    image = rng.poisson(40 + 3 * (labels % 50), (2, SIDE, SIDE)).astype(np.uint16)
    return labels, image


@pytest.fixture(scope="module")
def drawn() -> tuple[NDArray[np.int32], NDArray[np.uint16]]:
    """The drawn objects."""
    return _drawn(np.random.default_rng(3))


@pytest.fixture(scope="module")
def found(drawn: tuple[NDArray[np.int32], NDArray[np.uint16]]) -> pd.DataFrame:
    """Their features."""
    labels, image = drawn
    return features_of_site(
        image,
        Labels(labels, None),
        channels=CHANNELS,
        families=["shape", "intensity", "texture"],
        background=BackgroundRing(gap_px=1, width_px=3),
        pixel_size_um=0.5,
    )


@pytest.fixture(scope="module")
def expected(drawn: tuple[NDArray[np.int32], NDArray[np.uint16]]) -> pd.DataFrame:
    """What scikit-image has."""
    labels, image = drawn
    names = sorted({name.split("-")[0] for name in _PROPERTIES} | {"label", "orientation", "centroid_weighted"})
    quantiles = (_lower_quartile, _median, _deviation)
    table = regionprops_table(labels, np.moveaxis(image, 0, -1), properties=names, extra_properties=quantiles)
    return pd.DataFrame(table)


def _lower_quartile(mask: NDArray[np.bool_], image: NDArray[np.uint16]) -> float:
    return float(np.quantile(image[mask], 0.25))


def _median(mask: NDArray[np.bool_], image: NDArray[np.uint16]) -> float:
    return float(np.median(image[mask]))


def _deviation(mask: NDArray[np.bool_], image: NDArray[np.uint16]) -> float:
    return float(np.median(np.abs(image[mask] - np.median(image[mask]))))


@pytest.mark.parametrize(("name", "column"), _PROPERTIES.items())
def test_a_feature_that_scikit_image_has_is_its(
    found: pd.DataFrame, expected: pd.DataFrame, name: str, column: str
) -> None:
    assert found.index.tolist() == expected["label"].tolist()
    np.testing.assert_allclose(found[f"Nuclei_{column}"], expected[name], rtol=1e-9, atol=1e-9)


def test_orientation_is_that_of_scikit_image(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    is_long = found["Nuclei_AreaShape_Eccentricity"] > 0.3
    angle = found["Nuclei_AreaShape_Orientation_rad"][is_long].to_numpy()
    assert is_long.sum() > 20
    # An axis has no direction: angles half a turn apart are one.
    turned = angle - expected["orientation"][is_long.to_numpy()].to_numpy()
    np.testing.assert_allclose(np.sin(turned), 0, atol=1e-9)


def test_quantiles_are_those_of_numpy(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    np.testing.assert_allclose(found["Nuclei_Intensity_LowerQuartile_A"], expected["_lower_quartile-0"])
    np.testing.assert_allclose(found["Nuclei_Intensity_Median_B"], expected["_median-1"])
    for place, channel in enumerate(CHANNELS):
        np.testing.assert_allclose(found[f"Nuclei_Intensity_MAD_{channel}"], expected[f"_deviation-{place}"])


@pytest.mark.parametrize("n_px", [1, 2, 3, 4, 5, 8, 101])
@pytest.mark.parametrize("largest", [2, 65535])
def test_quantiles_and_deviations_of_few_and_of_equal_values(n_px: int, largest: int) -> None:
    values = np.random.default_rng(n_px).integers(0, largest + 1, (40, n_px)).astype(np.uint16)
    labels = np.repeat(np.arange(1, 41), n_px).reshape(40, n_px)
    columns = features_of_site(
        values[None], Labels(labels, None), channels=["A"], families=["intensity"], background={}, pixel_size_um=None
    )
    exact = values.astype(np.float64)
    median = np.median(exact, axis=1)
    np.testing.assert_array_equal(columns["Nuclei_Intensity_Median_A"], median)
    deviations = np.median(np.abs(exact - median[:, None]), axis=1)
    np.testing.assert_array_equal(columns["Nuclei_Intensity_MAD_A"], deviations)
    np.testing.assert_allclose(columns["Nuclei_Intensity_Quantile95_A"], np.quantile(exact, 0.95, axis=1))
    np.testing.assert_allclose(columns["Nuclei_Intensity_Std_A"], exact.std(axis=1), atol=1e-9)


def test_the_displacement_is_from_the_weighted_centre(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    off = np.hypot(
        expected["centroid_weighted-0-0"] - expected["centroid-0"],
        expected["centroid_weighted-1-0"] - expected["centroid-1"],
    )
    np.testing.assert_allclose(found["Nuclei_Intensity_MassDisplacement_A_px"], off, rtol=1e-6, atol=1e-9)


def test_texture_is_that_of_scikit_image_s_cooccurrences(
    drawn: tuple[NDArray[np.int32], NDArray[np.uint16]], found: pd.DataFrame
) -> None:
    labels, image = drawn
    objects = objects_of(labels)
    levels = np.zeros(labels.shape, dtype=np.uint8)
    light = light_of(image[0], objects, np.zeros(len(objects)))
    levels.ravel()[objects.at] = grey_levels(light, objects) + 1
    names = {
        "ASM": "AngularSecondMoment",
        "contrast": "Contrast",
        "correlation": "Correlation",
        "homogeneity": "InverseDifferenceMoment",
        "entropy": "Entropy",
    }
    for label in (2, 20, 200, 201):
        own = np.pad(np.where(labels == label, levels, 0), DISTANCE_PX)
        matrix = np.concatenate(
            [_cooccurrences(own, turn) for turn in (0, np.pi / 4, np.pi / 2, 3 * np.pi / 4)], axis=3
        )[1:, 1:].astype(np.float64)
        matrix /= matrix.sum(axis=(0, 1), keepdims=True)
        for theirs, ours in names.items():
            value = graycoprops(matrix, theirs).mean()
            if theirs == "entropy":
                value /= np.log(2)
            column = f"Nuclei_Texture_{ours}_A_{DISTANCE_PX}px"
            np.testing.assert_allclose(found.loc[label, column], value, rtol=1e-6, err_msg=f"{label} {theirs}")


def _cooccurrences(image: NDArray[np.uint8], turn: float) -> NDArray[np.uint32]:
    """Pairs 3 px along an axis, or 3 px along both; scikit-image takes the length of the step."""
    length = DISTANCE_PX * (np.sqrt(2) if turn % (np.pi / 2) else 1)
    found: NDArray[np.uint32] = graycomatrix(image, [length], [turn], N_LEVELS + 1, symmetric=True)
    return found
