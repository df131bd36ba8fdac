"""Small wells, drawn by hand or at random, as the cells stage leaves them."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from numpy.typing import NDArray

from wellspring.cells.shards import Crop, ShardHeader, runs_of, write_shard

CropMaker = Callable[..., Crop]
WellMaker = Callable[..., Path]


def crop_from(mask: NDArray[np.bool_], pixels: NDArray[np.uint16], *, object_id: int = 1) -> Crop:
    run_y, run_x, run_length = runs_of(*np.nonzero(mask))
    height, width = mask.shape
    return Crop(object_id, 0, 0, height, width, run_y, run_x, run_length, pixels)


@pytest.fixture
def make_crop() -> CropMaker:
    """A crop from its mask and its pixels in raster order."""
    return crop_from


@pytest.fixture
def random_crop() -> CropMaker:
    """A crop of random pixels under a random mask that touches the four sides of its box."""

    def make(rng: np.random.Generator, *, object_id: int, shape: tuple[int, int], n_channels: int) -> Crop:
        mask = rng.random(shape) < 0.7
        mask[0, 0] = mask[-1, -1] = True
        pixels = rng.integers(0, 65_536, (int(mask.sum()), n_channels), dtype=np.uint16)
        return crop_from(mask, pixels, object_id=object_id)

    return make


@pytest.fixture
def make_shard(tmp_path: Path) -> WellMaker:
    """Write `crops` as the shard of a well under `tmp_path`; returns the folder of all shards."""

    def make(
        crops: list[Crop],
        *,
        channels: tuple[str, ...],
        background: list[float],
        plate: str = "P",
        well: str = "A01",
    ) -> Path:
        header = ShardHeader(plate, well, channels, np.array(background))
        write_shard(tmp_path / plate / f"{well}.arrow", crops, header=header)
        return tmp_path

    return make


@pytest.fixture
def make_cells() -> Callable[..., pd.DataFrame]:
    """A cell table of `n` cells, object ids from 1, with further columns as given."""

    def make(n: int, *, plate: str = "P", well: str = "A01", **columns: object) -> pd.DataFrame:
        return pd.DataFrame(
            {
                "plate": pd.Series([plate] * n, dtype="str"),
                "well": pd.Series([well] * n, dtype="str"),
                "object_id": np.arange(1, n + 1),
                "n_px": np.full(n, 5),
                "y_min": np.zeros(n, dtype=int),
                "x_min": np.zeros(n, dtype=int),
                "height_px": np.full(n, 3),
                "width_px": np.full(n, 3),
                "cell_size_ratio": np.full(n, 0.6),
                "is_cropped": np.zeros(n, dtype=bool),
            }
        ).assign(**columns)

    return make


def steps(plate: str, well: str, found: int, *removed: tuple[str, int, int]) -> list[tuple[object, ...]]:
    """Rows of table `FILTERED` for one well: cells found, then (criterion, matching, removed)."""
    rows: list[tuple[object, ...]] = [(plate, well, 0, "all cells", 0, 0, found)]
    for index, (criterion, matching, n_removed) in enumerate(removed, start=1):
        found -= n_removed
        rows.append((plate, well, index, criterion, matching, n_removed, found))
    return rows


def filtered_of(rows: Sequence[tuple[object, ...]]) -> pd.DataFrame:
    """Table `FILTERED` from rows."""
    return pd.DataFrame(rows, columns=["plate", "well", "step", "criterion", "n_matching", "n_removed", "n_left"])


@pytest.fixture
def filtered() -> pd.DataFrame:
    """Three wells: 10 cells of which 3 and 1 go; 4 cells of which all go; none at all."""
    return filtered_of(
        [
            *steps("p1", "B02", 10, ("is_border_cell is 1", 3, 3), ("cell_cycle is missing", 2, 1)),
            *steps("p1", "B03", 4, ("is_border_cell is 1", 1, 1), ("cell_cycle is missing", 4, 3)),
            *steps("p1", "A01", 0, ("is_border_cell is 1", 0, 0), ("cell_cycle is missing", 0, 0)),
        ]
    )


@pytest.fixture
def manifest() -> pd.DataFrame:
    """Ten cells: 6 train (targets 1, 2, 3, 4, 5, 9: mean 4), 2 validation (2, 7), 2 test (3, 8)."""
    return pd.DataFrame(
        {
            "plate": "p1",
            "well": "B02",
            "object_id": np.arange(1, 11),
            "row": np.arange(10),
            "split": ["train"] * 6 + ["validation"] * 2 + ["test"] * 2,
            "target": [1.0, 2.0, 3.0, 4.0, 5.0, 9.0, 2.0, 7.0, 3.0, 8.0],
            "cell_size_ratio": 0.5,
            "is_cropped": [True] + [False] * 9,
            "cell_cycle": ["G1", "G1", "G1", "S", "S", None, "G1", "S", "G1", "S"],
        }
    )


@pytest.fixture
def texts() -> Callable[[Figure], list[str]]:
    """All text of a figure that is shown and not empty."""

    def texts_of(figure: Figure) -> list[str]:
        found = figure.findobj(match=Text)
        return [text.get_text() for text in found if text.get_text() and text.get_visible()]

    return texts_of


@pytest.fixture
def make_filtered() -> Callable[..., pd.DataFrame]:
    """Table `FILTERED` from one `steps` call's arguments per well."""

    def make(*wells: tuple[object, ...]) -> pd.DataFrame:
        return filtered_of([row for well in wells for row in steps(*well)])

    return make
