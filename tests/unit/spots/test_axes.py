"""Values per axis compared with the planes that wells have."""

from wellspring.spots.axes import axis_mistakes

STACKS = [
    {"plate": "p", "well": "A1", "n_planes": {"RNA": [17], "DAPI": [1]}},
    {"plate": "p", "well": "A2", "n_planes": {"RNA": [17, 18], "DAPI": [1]}},
]


def test_values_per_axis_fit_stacks_and_one_value_fits_all() -> None:
    assert axis_mistakes(STACKS, channels=["RNA"], per_axis={"spots.sigma_px": [1.2, 1.5, 1.5]}) == []
    assert axis_mistakes(STACKS, channels=["DAPI"], per_axis={"spots.spacing_um": None}) == []
    assert axis_mistakes(STACKS, channels=["RNA", "DAPI"], per_axis={"spots.sigma_px": 1.5}) == []
    assert axis_mistakes(STACKS, channels=["EU"], per_axis={"spots.sigma_px": [1.5, 1.5]}) == []
    assert axis_mistakes(STACKS, channels=[], per_axis={"spots.sigma_px": [1.5, 1.5]}) == []


def test_values_for_another_number_of_axes_are_reported_once_a_key_with_the_first_well() -> None:
    per_axis = {"spots.sigma_px": [1.5, 1.5], "spots.spacing_um": None}
    sigma, spacing = axis_mistakes(STACKS, channels=["RNA"], per_axis=per_axis)
    assert sigma.startswith("spots.sigma_px: expected 3 numbers, [z, y, x], since RNA of p/A1 has stacks of 17 planes")
    assert "got [1.5, 1.5]" in sigma
    assert spacing.startswith("spots.spacing_um: expected 3 numbers, [z, y, x]")
    assert "got null" in spacing
    (line,) = axis_mistakes(STACKS, channels=["DAPI"], per_axis={"spots.spacing_um": (0.3, 0.1, 0.1)})
    assert "expected 2 numbers, [y, x], since DAPI of p/A1 has single planes" in line


def test_stacks_whose_files_say_their_voxels_need_no_spacing() -> None:
    known = [{**one, "pixel_size_um": 0.1, "plane_spacing_um": 0.3} for one in STACKS]
    assert axis_mistakes(known, channels=["RNA"], per_axis={"spots.spacing_um": None}) == []
    without = [{**one, "pixel_size_um": 0.1, "plane_spacing_um": None} for one in STACKS]
    assert len(axis_mistakes(without, channels=["RNA"], per_axis={"spots.spacing_um": None})) == 1
