"""Cells cut out of a drawn field: molecules, heights, MTOCs, and what is missing."""

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from wellspring.interaction.cells import CUT, SiteCells, background_level, cell_images
from wellspring.interaction.job import measured_images
from wellspring.interaction.positions import Position, positions_of_sheet, positions_of_table
from wellspring.interaction.settings import MeasureSettings, MtocSettings
from wellspring.interaction.stage import STAGE
from wellspring.interaction.tables import INTERACTION
from wellspring.tables import check_table

SETTINGS = MeasureSettings(
    peripheral_isoline=30, n_sectors=8, n_stripes=3, slice_px=1, n_radii=10, n_simulations=2, min_molecules=10, seed=1
)
Y, X = np.mgrid[:100, :220]


def _field() -> SiteCells:
    """Two round cells, the second without a nucleus of its own, and a third that is cut by the edge."""
    cells, nuclei = np.zeros(Y.shape, np.int32), np.zeros(Y.shape, np.int32)
    for label, x in ((1, 50), (3, 130), (4, 219)):
        cells[np.hypot(Y - 50, X - x) <= 35] = label
    nuclei[np.hypot(Y - 50, X - 50) <= 12] = 9
    nuclei[np.hypot(Y - 50, X - 90) <= 4] = 2
    rng = np.random.default_rng(1)
    rows, columns = np.nonzero(cells)
    chosen = rng.integers(0, len(rows), 900)
    spots = pd.DataFrame(
        {"y_px": rows[chosen] * 1.0, "x_px": columns[chosen] * 1.0, "label_in_site": cells[rows, columns][chosen]}
    )
    light = np.where(cells > 0, 40, 0).astype(np.float32)
    return SiteCells("s", cells, nuclei, spots, light, None, None)


def _table(site: SiteCells, mtoc: MtocSettings | None = None) -> pd.DataFrame:
    images = list(cell_images(site, mtoc=mtoc or MtocSettings()))
    table = measured_images(images, SETTINGS, plate="p", well="w", has_molecules=True)
    return check_table(table, INTERACTION, source="test").set_index(["image", "molecule"])


def test_each_cell_has_a_row_for_its_mrna_and_one_for_its_protein() -> None:
    site = _field()
    table = _table(site)
    assert list(table.index) == [(f"s-{n}", kind) for n in (1, 3, 4) for kind in ("mrna", "protein")]
    assert table.loc["s-1", "remark"].tolist() == ["no MTOC", "no MTOC"]
    assert table.loc["s-3", "remark"].tolist() == ["no nucleus in the cell"] * 2
    assert table.loc["s-4", "remark"].tolist() == [f"{CUT}, no nucleus in the cell"] * 2
    in_cytoplasm = (site.cells == 1) & (site.nuclei == 0)
    inside = in_cytoplasm[site.spots["y_px"].astype(int), site.spots["x_px"].astype(int)]
    assert table.loc[("s-1", "mrna"), "n_molecules"] == inside.sum()
    assert table.loc[("s-1", "protein"), "n_molecules"] == 40 * in_cytoplasm.sum()
    assert table.loc[("s-1", "protein"), "periphery"] == pytest.approx(1)
    assert table.loc[("s-1", "mrna"), "periphery"] == pytest.approx(1, abs=0.25)
    assert table.loc[["s-3", "s-4"], "periphery"].isna().all()


def test_a_given_mtoc_belongs_to_the_cell_it_lies_in_or_that_is_named() -> None:
    inside = Position("s", 0, 50.0, 66.0)
    named = Position("s", 1, 50.0, 400.0)
    for one in (inside, named):
        table = _table(dataclasses.replace(_field(), positions=(one,)))
        assert table.loc[("s-1", "mrna"), "remark"] == "none"
        assert table.loc[("s-1", "mrna"), "mtoc_confidence"] == 1
        # Cut out with a margin of 2 px, the first cell starts at row 13 and column 13.
        assert table.loc[("s-1", "mrna"), ["mtoc_y_px", "mtoc_x_px"]].tolist() == [37, one.x_px - 13]
        assert table.loc[("s-1", "protein"), "quadrant_1"] == pytest.approx(1, abs=0.02)
    two = _table(dataclasses.replace(_field(), positions=(inside, Position(None, 0, 40.0, 60.0))))
    assert two.loc[("s-1", "mrna"), "remark"] == "no MTOC"
    none = _table(dataclasses.replace(_field(), positions=(Position("s", 0, 2.0, 2.0), Position("s", 0, -9.0, 900.0))))
    assert none.loc[("s-1", "mrna"), "remark"] == "no MTOC"


def test_an_mtoc_is_found_in_its_channel_or_its_confidence_is_given() -> None:
    light = np.random.default_rng(2).poisson(50 + 300 * np.exp(-((Y - 60) ** 2 + (X - 66) ** 2) / 8)).astype(np.uint16)
    site = dataclasses.replace(_field(), mtoc_image=light, pixel_um=0.2)
    row = _table(site).loc[("s-1", "mrna")]
    assert [row["mtoc_y_px"] + 13, row["mtoc_x_px"] + 13] == pytest.approx([60, 66], abs=1)
    assert row["mtoc_confidence"] > 0.5
    even = dataclasses.replace(site, mtoc_image=np.full(Y.shape, 50, np.uint16))
    row = _table(even).loc[("s-1", "mrna")]
    assert row["remark"] == "no MTOC"
    assert row["mtoc_confidence"] == 0


def test_a_stack_gives_heights_and_depths_in_slices() -> None:
    site = _field()
    planes = np.arange(8)[:, None, None]
    stack = np.where((site.cells > 0) & (planes >= 2) & (planes < 6), 900, 100).astype(np.uint16)
    spots = site.spots.assign(z_px=np.random.default_rng(3).integers(2, 6, len(site.spots)) * 1.0)
    row = _table(dataclasses.replace(site, spots=spots, height_stack=stack)).loc[("s-1", "mrna")]
    flat = _table(site).loc[("s-1", "mrna")]
    assert row["volume"] == pytest.approx(4 * flat["volume"], rel=0.1)
    # All slices of a slab are the cell itself, so that depths are those of the projection.
    assert row["centrality_3d"] == pytest.approx(flat["centrality"], abs=0.05)
    assert np.isnan(flat["centrality_3d"])


def test_the_background_is_that_away_from_cells() -> None:
    image = np.where(_field().cells > 0, 900, 120)
    assert background_level(image, _field().cells) == 120
    assert background_level(image, np.ones(Y.shape, int)) is None


def test_tables_of_mtocs(tmp_path: Path) -> None:
    path = tmp_path / "mtocs.csv"
    path.write_text("plate,well,site,y_px,x_px,label\np,A1,s,3,4,\np,A1,t,5.5,6,7\np,B1,s,x,1,\n", encoding="utf-8")
    assert positions_of_table(path, plate="p", well="A1") == (Position("s", 0, 3, 4), Position("t", 7, 5.5, 6))
    assert positions_of_table(path, plate="q", well="A1") == ()
    with pytest.raises(ValueError, match=r"a row of well p/B1 has no numbers"):
        positions_of_table(path, plate="p", well="B1")
    path.write_text("plate,well,y_px,x_px\n", encoding="utf-8")
    with pytest.raises(ValueError, match="no column site"):
        positions_of_table(path, plate="p", well="A1")


def test_positions_in_the_sheet() -> None:
    columns = ["my", "mx"]
    assert positions_of_sheet(["3", 4.5], columns=columns, well="p/A1") == (Position(None, 0, 3.0, 4.5),)
    assert positions_of_sheet(["", None], columns=columns, well="p/A1") == ()
    for values in (["3", ""], ["a", "4"]):
        with pytest.raises(ValueError, match=r"well p/A1: expected y and x of the MTOC in px in my and mx"):
            positions_of_sheet(values, columns=columns, well="p/A1")


MTOC = {"channel": None, "table": None, "columns": None}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"raw": {"format": "mpm"}}, "needs cells, raw.format tiff or dypfish"),
        ({"raw": {"format": "dypfish"}, "interaction.mtoc": {**MTOC, "channel": "M"}}, "are in the files"),
        ({"interaction.channels": {"mrna": None, "protein": None, "height": "C"}}, "of mrna, of protein, or of both"),
        ({"spots": {"channels": [], "spacing_um": None}}, "RNA is not in spots.channels"),
        ({"segmentation": {"cells": None}}, "needs outlines of cells"),
        ({"interaction.mtoc": {"channel": "M", "table": "t", "columns": None}}, "got channel and table; keep one"),
    ],
)
def test_mistakes_in_the_config(changes: dict, message: str) -> None:
    config = {
        "raw": {"format": "tiff"},
        "spots": {"channels": ["RNA"], "spacing_um": None},
        "segmentation": {"cells": {"channel": "C"}},
        "interaction": {
            "reference": "r",
            "channels": {"mrna": "RNA", "protein": None, "height": None},
            "mtoc": dict(MTOC),
        },
    }
    assert STAGE.mistakes(config) == []
    for key, value in changes.items():
        block, _, inner = key.partition(".")
        if inner:
            config[block][inner] = value
        else:
            config[block] = value
    (found,) = STAGE.mistakes(config)
    assert message in found


def test_a_searched_mtoc_needs_the_size_of_a_pixel() -> None:
    block = {"reference": "r", "channels": {}, "mtoc": {**MTOC, "channel": "M"}}
    config = {"interaction": block, "spots": {"spacing_um": None}, "raw": {"format": "tiff"}}
    wells = [{"plate": "p", "well": "A1", "site_sizes_um": [None]}]
    assert STAGE.mistakes_in_wells(config, wells) == [
        "interaction.mtoc: the pixel size of p/A1 is not known; set raw.pixel_size_um"
    ]
    assert STAGE.mistakes_in_wells({**config, "spots": {"spacing_um": 0.1}}, wells) == []
    assert STAGE.named_channels(config) == {"interaction.mtoc.channel": ["M"]}
