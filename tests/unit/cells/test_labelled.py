"""Labels laid over site images: pixels, ids and annotations by hand."""

from typing import Any

import numpy as np
import pytest

from wellspring.cells.labelled import pixels_of_labels
from wellspring.raw.images import SiteImage
from wellspring.raw.pixels import PixelTable


def _site(name: str, *, channels: tuple[str, ...] = ("DAPI", "RFP"), size: float | None = 0.5) -> SiteImage:
    image = np.arange(12, dtype=np.uint16).reshape(3, 4)
    return SiteImage(name, channels, np.stack([image + 100 * (1 + i) for i in range(len(channels))]), size)


def _labels(rows: list[list[int]]) -> Any:
    return np.array(rows, dtype=np.uint32)


def _pixels(sites: list[SiteImage], labels: dict[str, Any], **settings: Any) -> PixelTable:
    return pixels_of_labels(sites, labels, channels=("DAPI", "RFP"), **settings)


FIRST = _labels([[0, 0, 0, 0], [0, 1, 1, 0], [0, 0, 0, 2]])
SECOND = _labels([[0, 0, 0, 0], [0, 0, 3, 0], [0, 0, 0, 0]])


def test_pixels_and_ids_of_two_sites() -> None:
    table = _pixels([_site("a"), _site("b")], {"b": SECOND, "a": FIRST}, background={"RFP": 7.5})
    assert table.pixels.dtype == np.uint16
    assert table.pixels.tolist() == [[105, 205], [106, 206], [111, 211], [106, 206]]
    assert table.y.tolist() == [1, 1, 2, 1]
    assert table.x.tolist() == [1, 2, 3, 2]
    # The second site's label 3 follows the first site's largest id, 2.
    assert table.object_id.tolist() == [1, 1, 2, 5]
    assert table.channels == ("DAPI", "RFP")
    assert table.background.tolist() == [0.0, 7.5]


def test_annotations() -> None:
    objects = _pixels([_site("a"), _site("b")], {"a": FIRST, "b": SECOND}, background={}).objects
    assert objects.to_dict("list") == {
        "object_id": [1, 2, 5],
        "site": ["a", "a", "b"],
        "label_in_site": [1, 2, 3],
        "is_border_nucleus": [0, 1, 0],
        "is_border_cell": [0, 1, 0],
        "centroid_y_px": [1.0, 2.0, 1.0],
        "centroid_x_px": [1.5, 3.0, 2.0],
        "pixel_size_um": [0.5, 0.5, 0.5],
    }
    assert objects["object_id"].dtype == np.int64
    assert objects["is_border_nucleus"].dtype == np.int64


def test_a_cell_may_touch_the_edge_where_its_nucleus_does_not() -> None:
    cells = FIRST.copy()
    cells[0, 1] = 1
    objects = _pixels([_site("a")], {"a": FIRST}, background={}, others={"a": cells}).objects
    assert objects["is_border_nucleus"].tolist() == [0, 1]
    assert objects["is_border_cell"].tolist() == [1, 1]
    assert objects["is_border_cell"].dtype == np.int64


def test_a_pixel_size_that_is_not_known_is_missing() -> None:
    sites = [_site("a"), _site("b", size=None)]
    table = _pixels(sites, {"a": FIRST, "b": SECOND}, background={})
    assert table.objects["pixel_size_um"].tolist() == pytest.approx([0.5, 0.5, np.nan], nan_ok=True)


def test_sites_without_objects() -> None:
    none = np.zeros((3, 4), dtype=np.uint32)
    table = _pixels([_site("a"), _site("b")], {"a": none, "b": SECOND}, background={})
    assert table.object_id.tolist() == [3]
    empty = _pixels([_site("a")], {"a": none}, background={})
    assert empty.pixels.shape == (0, 2)
    assert empty.objects.shape == (0, 8)
    assert empty.objects["object_id"].dtype == np.int64


def test_a_well_of_which_every_site_was_left_out() -> None:
    empty = _pixels([], {}, background={"RFP": 7.5})
    assert (empty.pixels.shape, empty.channels) == ((0, 2), ("DAPI", "RFP"))
    assert empty.objects.shape == (0, 8)
    assert empty.background.tolist() == [0.0, 7.5]


def test_memory_is_not_the_images() -> None:
    site = _site("a")
    table = _pixels([site], {"a": FIRST}, background={})
    assert not np.shares_memory(table.pixels, site.image)
    assert table.pixels.flags.c_contiguous


@pytest.mark.parametrize(
    ("sites", "labels", "background", "message"),
    [
        ([_site("a")], {"b": FIRST}, {}, r"W: site a has no labels; there are labels of \['b'\]"),
        ([_site("a")], {"a": FIRST[:2]}, {}, r"W: site a is \(3, 4\) px, but its labels are \(2, 4\)"),
        ([_site("a"), _site("b", channels=("DAPI",))], {"a": FIRST, "b": SECOND}, {}, "W: site b has the channels"),
        ([_site("a")], {"a": FIRST}, {"GFP": 1.0}, r"raw.background: names \['GFP'\], but W has only"),
    ],
)
def test_bad_input(sites: list[SiteImage], labels: dict[str, Any], background: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        _pixels(sites, labels, background=background, source="W")
