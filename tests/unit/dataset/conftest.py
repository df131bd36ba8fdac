"""Small wells, drawn by hand or at random, as the cells stage leaves them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
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
