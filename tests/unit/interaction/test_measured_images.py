"""Numbers of single cells whose molecules were drawn at known positions."""

import numpy as np
import pandas as pd

from wellspring.interaction.job import measured_images
from wellspring.interaction.settings import MeasureSettings
from wellspring.interaction.tables import INTERACTION, columns_of
from wellspring.raw.dypfish import CellImage
from wellspring.simulation.interaction import Placement, draw_cell, draw_image
from wellspring.tables import check_table

SETTINGS = MeasureSettings(
    peripheral_isoline=30, n_sectors=8, n_stripes=3, slice_px=1, n_radii=20, n_simulations=2, min_molecules=10, seed=1
)


def _measured(*images: CellImage, settings: MeasureSettings = SETTINGS) -> pd.DataFrame:
    table = measured_images(images, settings, plate="p", well="w")
    return check_table(table, INTERACTION, source="test")


def _drawn(placement: Placement, *, seed: int = 1, is_mrna: bool = True, n: float = 2000) -> CellImage:
    rng = np.random.default_rng(seed)
    return draw_image(draw_cell(rng), placement, name="1", is_mrna=is_mrna, n_molecules=n, rng=rng)


def test_even_molecules_have_density_one_everywhere() -> None:
    for is_mrna in (True, False):
        row = _measured(_drawn(Placement(), is_mrna=is_mrna)).iloc[0]
        assert row["remark"] == "none"
        assert abs(row["periphery"] - 1) < 0.15
        assert abs(row["quadrant_1"] - 1) < 0.15
        assert abs(row["spread"] - 1) < 0.05
        names = columns_of(row.index.tolist(), "segment")
        assert len(names) == 24
        assert abs(row[names].astype(float).mean() - 1) < 0.1


def test_molecules_at_the_membrane_and_at_the_mtoc_are_found_there() -> None:
    """Density 2.5 and 2 times the rest's, in a share s of the volume: (1 + x) / (1 + s x) of the mean."""
    even = _measured(_drawn(Placement())).iloc[0]
    at_membrane = _measured(_drawn(Placement(periphery=1.5))).iloc[0]
    assert at_membrane["periphery"] > 1.4 * even["periphery"]
    assert at_membrane["centrality"] < even["centrality"] - 0.05
    assert at_membrane["spread"] > even["spread"] + 0.03
    at_mtoc = _measured(_drawn(Placement(mtoc=1.0))).iloc[0]
    assert abs(at_mtoc["quadrant_1"] - 2 / 1.25) < 0.15
    assert at_mtoc["quadrant_3"] < 0.95
    # The best orientation is no worse than the fixed one but for its steps of one degree, and better than chance.
    assert at_mtoc["best_1"] >= at_mtoc["quadrant_1"] - 0.02
    assert at_mtoc["best_1"] > at_mtoc["best_expected"] > 1


def test_measures_do_not_depend_on_the_other_cells_of_a_well() -> None:
    one, two = _drawn(Placement(), seed=1, n=100), _drawn(Placement(), seed=2, n=100)
    named = CellImage("2", two.cell, two.nucleus, two.spots, two.intensity, two.height, two.mtoc)
    together, alone = _measured(one, named).iloc[1:], _measured(named)
    pd.testing.assert_frame_equal(together.reset_index(drop=True), alone)


def test_cells_without_what_is_needed_have_remarks_and_no_numbers() -> None:
    image = _drawn(Placement(), n=100)
    nothing = np.zeros_like(image.cell)
    table = _measured(
        CellImage("no nucleus", image.cell, nothing, spots=image.spots, mtoc=image.mtoc),
        CellImage("outside", image.cell, ~image.cell, spots=image.spots, mtoc=image.mtoc),
        CellImage("none", image.cell, image.nucleus, spots=np.empty((0, 2)), mtoc=image.mtoc),
        CellImage("nine", image.cell, image.nucleus, spots=np.tile([120.0, 80.0], (9, 1)), mtoc=image.mtoc),
        CellImage("no MTOC", image.cell, image.nucleus, spots=image.spots),
        CellImage("dark", image.cell, image.nucleus, intensity=np.zeros(image.cell.shape, np.float32)),
    ).set_index("image")
    assert table["remark"].to_dict() == {
        "no nucleus": "no nucleus in the cell",
        "outside": "no nucleus in the cell",
        "none": "few molecules",
        "nine": "few molecules",
        "no MTOC": "no MTOC",
        "dark": "few molecules",
    }
    assert table["periphery"].notna().tolist() == [False, False, False, False, True, False]
    assert table["quadrant_1"].isna().all()
    assert table["n_molecules"].notna().all()


def test_an_mtoc_outside_of_the_cell_still_gives_a_direction() -> None:
    image = _drawn(Placement(mtoc=1.0))
    rows, columns = np.nonzero(image.nucleus)
    centre = np.array([rows.mean(), columns.mean()])
    far = CellImage("1", image.cell, image.nucleus, image.spots, None, image.height, centre + 9 * (image.mtoc - centre))
    assert _measured(far)["quadrant_1"][0] == _measured(image)["quadrant_1"][0]


def test_a_well_without_cells_is_an_empty_table() -> None:
    table = _measured()
    assert len(table) == 0
    assert "segment_24" in table


def test_points_beyond_the_image_do_not_count() -> None:
    image = _drawn(Placement(), n=100)
    more = np.vstack([image.spots, [[0.0, -50.0, 10.0], [0.0, 1e6, 3.0]]])
    moved = CellImage("1", image.cell, image.nucleus, more, None, image.height, image.mtoc)
    assert _measured(moved)["n_molecules"][0] == _measured(image)["n_molecules"][0]
