"""Features by hand arithmetic; and what is missing of one pixel, a constant or dark channel, no nucleus, no objects."""

import math

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from wellspring.cells.features.families import FAMILIES, feature_columns
from wellspring.cells.features.missing import REASONS, reasons_missing
from wellspring.cells.features.site import BackgroundRing, Labels, features_of_site
from wellspring.errors import InputError

ALL = list(FAMILIES)
RING = BackgroundRing(gap_px=0, width_px=1)


def measured(
    image: NDArray[np.integer],
    nuclei: NDArray[np.integer] | None,
    cells: NDArray[np.integer] | None = None,
    *,
    families: list[str] = ALL,
    background: BackgroundRing | dict[str, float] = RING,
    size_um: float | None = 0.5,
) -> pd.DataFrame:
    """Features of planes called A, B, ..."""
    return features_of_site(
        image.astype(np.uint16),
        Labels(nuclei, cells),
        channels=tuple("ABC"[: len(image)]),
        families=families,
        background=background,
        pixel_size_um=size_um,
    )


def _square(side: int, *, first: int, last: int, label: int = 1) -> NDArray[np.int32]:
    labels = np.zeros((side, side), dtype=np.int32)
    labels[first : last + 1, first : last + 1] = label
    return labels


def test_a_square_has_the_size_shape_and_position_of_a_square() -> None:
    found = measured(np.zeros((1, 9, 9)), _square(9, first=2, last=4), families=["shape"]).loc[1]
    expected = {
        "Area_px": 9.0,
        "Area_um2": 2.25,
        "Center_Y_px": 3.0,
        "Center_Y_um": 1.5,
        "Perimeter_px": 8.0,
        "BoundingBoxMinimum_X_px": 2.0,
        "BoundingBoxWidth_px": 3.0,
        "Extent": 1.0,
        "Solidity": 1.0,
        "EulerNumber": 1.0,
        "Eccentricity": 0.0,
        # Variance of -1, 0, 1 is 2/3.
        "MajorAxisLength_px": 4 * math.sqrt(2 / 3),
        "FormFactor": 4 * math.pi * 9 / 64,
        # From the middle of the upper left pixel's upper edge to that of the lower right pixel's lower edge.
        "MaxFeretDiameter_px": math.hypot(3, 2),
    }
    for name, value in expected.items():
        assert found[f"Nuclei_AreaShape_{name}"] == pytest.approx(value), name


def test_intensities_are_given_as_they_are_and_less_the_ring() -> None:
    labels = _square(9, first=3, last=5)
    image = np.full((9, 9), 10)
    image[labels > 0] = [20, 30, 40, 50, 60, 70, 80, 90, 100]
    image[0, 0] = 5000
    ring = BackgroundRing(gap_px=0, width_px=2)
    found = measured(image[None], labels, families=["intensity"], background=ring).loc[1]
    expected = {
        "Background_Local_A": 10.0,
        # One step to four neighbours, then one to eight: 12 pixels, and those around them.
        "Background_RingArea_px": 12.0 + 24.0 + 4.0 - 4.0,
        "Intensity_Mean_A": 60.0,
        "Intensity_MeanLessBackground_A": 50.0,
        "Intensity_Integrated_A": 540.0,
        "Intensity_IntegratedLessBackground_A": 450.0,
        "Intensity_Median_A": 60.0,
        "Intensity_LowerQuartile_A": 40.0,
        "Intensity_MAD_A": 20.0,
        "Intensity_Min_A": 20.0,
        "Intensity_Max_A": 100.0,
        # All but the pixel in the middle.
        "Intensity_MeanEdge_A": 60.0,
        "Intensity_Std_A": math.sqrt(6000 / 9),
    }
    for name, value in expected.items():
        assert found[f"Nuclei_{name}"] == pytest.approx(value), name


def test_an_object_without_free_pixels_around_it_has_the_background_of_its_site() -> None:
    labels = np.zeros((20, 40), dtype=np.int32)
    labels[5:15, 5:15] = 1
    labels[:, 22:] = 2
    labels[8:12, 28:32] = 3
    image = np.full((1, 20, 40), 7)
    image[0, :, 19:22] = 9
    ring = BackgroundRing(gap_px=1, width_px=2)
    found = measured(image, labels, families=["intensity"], background=ring)
    assert found.loc[3, "Nuclei_Background_RingArea_px"] == 0
    assert found["Nuclei_Background_Local_A"].tolist() == [7.0, 9.0, 7.0]


def test_a_dark_level_is_subtracted_where_it_is_given() -> None:
    image = np.stack([np.full((9, 9), 12), np.full((9, 9), 5)])
    found = measured(image, _square(9, first=3, last=5), families=["intensity"], background={"A": 2.5}).loc[1]
    assert found["Nuclei_Intensity_MeanLessBackground_A"] == 9.5
    assert found["Nuclei_Intensity_MeanLessBackground_B"] == 5.0
    assert found["Nuclei_Background_RingArea_px"] == 0


def test_light_in_the_middle_and_at_the_edge_is_in_these_rings() -> None:
    labels = _square(21, first=2, last=18)
    depth = np.minimum.reduce([*(np.abs(np.indices((21, 21)) - end) for end in (1, 19))]).min(axis=0) * (labels > 0)
    inner, outer = (100 * (depth > 6), 100 * (depth == 1))
    found = measured(np.stack([inner, outer]) * (labels > 0), labels, families=["radial"], background={}).loc[1]
    shares = {
        one: [found[f"Nuclei_RadialDistribution_FracAtD_{one}_{ring}of4"] for ring in (1, 2, 3, 4)] for one in "AB"
    }
    assert sum(shares["A"]) == sum(shares["B"]) == pytest.approx(1)
    assert shares["A"][0] + shares["A"][1] == 1.0
    assert shares["B"][3] > 0.9
    assert found["Nuclei_RadialDistribution_MeanFrac_B_4of4"] > 1


def test_light_on_one_side_is_uneven_around_the_ring_and_even_light_is_not() -> None:
    labels = _square(21, first=2, last=18)
    half = np.zeros((21, 21))
    half[:, :10] = 100
    found = measured(np.stack([half, np.full((21, 21), 9)]), labels, families=["radial"], background={}).loc[1]
    assert found["Nuclei_RadialDistribution_RadialCV_A_4of4"] > 0.5
    assert found["Nuclei_RadialDistribution_RadialCV_B_4of4"] == 0.0


def test_grains_are_in_the_part_of_the_spectrum_of_their_size() -> None:
    labels = _square(60, first=5, last=54)
    small, large = np.full((60, 60), 10), np.full((60, 60), 10)
    small[10:50:6, 10:50:6] = 1000
    for corner in (12, 32):
        large[corner : corner + 7, corner : corner + 7] = 1000
    found = measured(np.stack([small, large]), labels, families=["granularity"], background={"A": 10, "B": 10}).loc[1]
    assert found["Nuclei_Granularity_Spectrum_A_1px"] == pytest.approx(100)
    assert found["Nuclei_Granularity_Spectrum_A_2px"] == 0
    assert found["Nuclei_Granularity_Spectrum_B_2px"] == 0
    assert found["Nuclei_Granularity_Spectrum_B_4px"] == pytest.approx(100)


def test_channels_correlate_overlap_and_share_pixels() -> None:
    labels = np.array([[1, 1, 1, 1]])
    first, second = [0, 0, 100, 100], [10, 20, 30, 40]
    found = measured(np.array([[first], [second], [second]]), labels, families=["correlation"], background={}).loc[1]
    name = "Nuclei_Correlation_{}".format
    assert found[name("Correlation_B_C")] == pytest.approx(1)
    assert found[name("Correlation_A_B")] == pytest.approx(np.corrcoef(first, second)[0, 1])
    assert found[name("Overlap_A_B")] == pytest.approx(7000 / math.sqrt(20000 * 3000))
    # B counts as stained from 6 on, everywhere; A from 15 on, in the last two.
    assert found[name("Manders_A_B")] == 1.0
    assert found[name("Manders_B_A")] == 0.7


def test_neighbours_touch_and_have_distances() -> None:
    labels = np.zeros((30, 30), dtype=np.int32)
    labels[4:7, 4:7], labels[4:7, 7:10], labels[20:23, 4:7] = 1, 2, 3
    found = measured(np.zeros((1, 30, 30)), labels, families=["neighbors"])
    assert found["Nuclei_Neighbors_NumberTouching"].tolist() == [1, 1, 0]
    # Three of eight pixels of the outline.
    assert found["Nuclei_Neighbors_ShareTouching"].tolist() == [3 / 8, 3 / 8, 0]
    assert found["Nuclei_Neighbors_FirstClosestDistance_px"].tolist() == [3, 3, 16]
    assert found["Nuclei_Neighbors_SecondClosestDistance_um"].tolist() == [
        8,
        math.hypot(16, 3) / 2,
        math.hypot(16, 3) / 2,
    ]
    assert found["Nuclei_Neighbors_LocalDensity_per_mm2"].isna().all()


def test_the_density_is_that_of_a_grid() -> None:
    y, x = np.mgrid[:150, :150]
    labels = np.where((y % 10 == 5) & (x % 10 == 5), y // 10 * 15 + x // 10 + 1, 0)
    found = measured(np.zeros((1, 150, 150)), labels, families=["neighbors"], size_um=1.0)
    # The fifth nearest is a diagonal away, 14.1 µm.
    assert found.loc[113, "Nuclei_Neighbors_LocalDensity_per_mm2"] == pytest.approx(5 / (math.pi * 200e-6))


def test_the_cytoplasm_is_the_cell_without_its_nucleus() -> None:
    cells, nuclei = _square(11, first=2, last=8), _square(11, first=4, last=6)
    image = np.where(nuclei > 0, 50, 20)[None]
    found = measured(image, nuclei, cells, families=["shape", "intensity"]).loc[1]
    areas = [found[f"{name}_AreaShape_Area_px"] for name in ("Nuclei", "Cells", "Cytoplasm")]
    assert areas == [9, 49, 40]
    means = [found[f"{name}_Intensity_Mean_A"] for name in ("Nuclei", "Cells", "Cytoplasm")]
    assert means == pytest.approx([50, (9 * 50 + 40 * 20) / 49, 20])
    # The ring is around the cell, for all three.
    assert found["Cells_Background_Local_A"] == 20
    assert found["Nuclei_Intensity_MeanLessBackground_A"] == 30


def test_columns_are_those_that_are_declared_whatever_is_in_the_image() -> None:
    cells, nuclei = _square(11, first=2, last=8), _square(11, first=4, last=6)
    expected = [one.name for one in feature_columns(ALL, channels=("A", "B"), has_nuclei=True, has_cells=True)]
    assert len(set(expected)) == len(expected) > 300
    for own in (cells, 0 * cells):
        found = measured(np.ones((2, 11, 11)), nuclei * (own > 0), own)
        assert list(found.columns) == expected
        assert len(found) == int(own.any())
    assert all(
        one.unit and one.meaning and one.formula
        for one in feature_columns(ALL, channels=("A",), has_nuclei=True, has_cells=True)
    )


def _reasons(found: pd.DataFrame, *, size_um: float | None = 0.5, **n_px: list[int]) -> list[str]:
    given = {name: np.array(values) for name, values in n_px.items()}
    return list(reasons_missing(found, n_px=given, pixel_size_um=size_um))


def test_one_pixel_has_no_outline_no_texture_and_says_so() -> None:
    labels = np.zeros((9, 9), dtype=np.int32)
    labels[4, 4] = 1
    image = np.full((1, 9, 9), 10)
    image[0, 4, 4] = 30
    found = measured(image, labels)
    row = found.loc[1]
    assert row["Nuclei_AreaShape_Solidity"] == 1
    assert row["Nuclei_AreaShape_Perimeter_px"] == row["Nuclei_Intensity_Std_A"] == 0
    assert row["Nuclei_Intensity_MeanLessBackground_A"] == 20
    assert row[["Nuclei_AreaShape_FormFactor", "Nuclei_Texture_Contrast_A_3px"]].isna().all()
    reasons = _reasons(found, Nuclei=[1])[0].split(", ")
    assert reasons == ["one pixel", "texture: constant or small", "rings: dark or small", "alone"]
    assert set(reasons) <= set(REASONS)


def test_a_constant_and_a_dark_channel_have_no_texture_and_no_correlation() -> None:
    labels = _square(15, first=4, last=10)
    noise = np.random.default_rng(0).integers(50, 100, (15, 15))
    found = measured(np.stack([np.full((15, 15), 10), np.zeros((15, 15)), noise]), labels, background={})
    row = found.loc[1]
    assert row[[f"Nuclei_Texture_Entropy_{one}_3px" for one in "AB"]].isna().all()
    assert row["Nuclei_Texture_Entropy_C_3px"] > 0
    assert row[["Nuclei_Correlation_Correlation_A_C", "Nuclei_Correlation_Overlap_B_C"]].isna().all()
    assert math.isnan(row["Nuclei_Intensity_MassDisplacement_B_px"])
    assert row["Nuclei_Intensity_MassDisplacement_A_px"] == 0
    assert row["Nuclei_Intensity_Std_A"] == 0
    assert "texture: constant or small" in _reasons(found, Nuclei=[49])[0]


def test_a_cell_without_nucleus_and_a_nucleus_that_fills_its_cell_are_missing_these_compartments() -> None:
    cells = _square(20, first=2, last=6) + _square(20, first=10, last=16, label=2)
    nuclei = _square(20, first=10, last=16, label=2)
    found = measured(np.ones((1, 20, 20)), nuclei, cells, families=["shape"])
    assert found.loc[1, "Cells_AreaShape_Area_px"] == 25
    assert found.loc[1].filter(like="Nuclei_").isna().all()
    # Where the nucleus is, is not known, so what is cytoplasm is not known either.
    assert found.filter(like="Cytoplasm_").isna().all(axis=None)
    n_px = {"Nuclei": [0, 49], "Cells": [25, 49], "Cytoplasm": [0, 0]}
    assert _reasons(found, **n_px) == ["no nucleus, no cytoplasm", "no cytoplasm"]


def test_without_the_size_of_a_pixel_what_is_in_micrometres_is_missing_and_the_rest_is_not() -> None:
    found = measured(np.ones((1, 9, 9)), _square(9, first=2, last=5), families=["shape"], size_um=None)
    missing = [name for name in found if found[name].isna().any()]
    assert missing == [name for name in found if name.endswith(("_um", "_um2"))] != []
    assert _reasons(found, size_um=None, Nuclei=[16]) == ["no pixel size"]


def test_other_shapes_and_other_numbers_are_refused() -> None:
    with pytest.raises(InputError, match=r"labels: expected the shape of the image, \(9, 9\)"):
        measured(np.ones((1, 9, 9)), _square(8, first=2, last=5))
    with pytest.raises(InputError, match=r"image: expected 1 planes of uint16"):
        features_of_site(
            np.ones((1, 9, 9)), Labels(None, None), channels="A", families=ALL, background={}, pixel_size_um=1
        )
    with pytest.raises(InputError, match="labels: expected nuclei or cells"):
        measured(np.ones((1, 9, 9)), None)
