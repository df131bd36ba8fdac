"""Channels under other names than those in the files."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from wellspring.errors import InputError
from wellspring.raw.describe import describe_well
from wellspring.raw.images import read_sites
from wellspring.raw.stage import STAGE

RAW: dict[str, Any] = {
    "format": "tiff",
    "pattern": "{well}_{channel}.tif",
    "channels": None,
    "pixel_size_um": None,
    "rename": {0: "RNA", "1": "DAPI"},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A well of two channels, 0 and 1, whose intensities are 10 and 11."""
    for channel in (0, 1):
        tifffile.imwrite(tmp_path / f"A01_{channel}.tif", np.full((4, 5), 10 + channel, np.uint16))
    return tmp_path


def test_channels_have_their_new_names_and_sorted_by_them(folder: Path) -> None:
    index = describe_well(folder, plate="P", well="A01", raw=RAW)
    assert index.channels == ("DAPI", "RNA")
    (site,) = read_sites(index, projection="max", wanted=["RNA", "DAPI"])
    assert site.image[:, 0, 0].tolist() == [10, 11]


def test_channels_that_are_asked_for_are_the_new_ones(folder: Path) -> None:
    index = describe_well(folder, plate="P", well="A01", raw={**RAW, "channels": ["RNA", "DAPI"]})
    assert index.channels == ("RNA", "DAPI")


def test_a_channel_that_is_not_there(folder: Path) -> None:
    with pytest.raises(InputError, match=r"raw\.rename: expected channels of .*, 0, 1; got 9"):
        describe_well(folder, plate="P", well="A01", raw={**RAW, "rename": {"9": "DAPI"}})


def test_one_name_for_two_channels_is_a_mistake() -> None:
    (line,) = STAGE.mistakes({"raw": {**RAW, "rename": {"0": "DAPI", "1": "DAPI"}}})
    assert line == "raw.rename: DAPI would be the name of several channels; give each a name of its own"
