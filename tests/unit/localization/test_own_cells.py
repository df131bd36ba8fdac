"""The study's own cells as landscapes."""

from pathlib import Path

import numpy as np
import pytest

from tests.unit.localization.drawn import ellipse
from wellspring.errors import InputError
from wellspring.localization.own_cells import own_cells
from wellspring.localization.polygons import filled, ring_area
from wellspring.raw.index import WellIndex, write_index
from wellspring.segmentation.labels import write_labels


def _well(folder: Path, *, n_cells: int) -> tuple[Path, Path, Path]:
    """Discs of radius 20 px with a nucleus of 8 px, and one at the edge; a second site is empty."""
    cells, nuclei = (np.zeros((60, 50 * n_cells + 30), np.uint32) for _ in range(2))
    for number in range(n_cells):
        for image, radius in ((cells, 20), (nuclei, 8)):
            ring = ellipse(radius, radius, x=25.0 + 50 * number, y=30.0)
            image[filled([ring], origin=np.zeros(2), spacing=1.0, shape=image.shape)] = number + 1
    cells[:, -10:] = n_cells + 1
    blank = np.zeros((9, 9), np.uint32)
    paths = folder / "w.cells.ome.tif", folder / "w.ome.tif", folder / "w.json"
    for path, image in zip(paths, (cells, nuclei), strict=False):
        write_labels(path, {"1": image, "2": blank}, pixel_size_um=0.5)
    index = WellIndex(
        plate="p", well="w", format="tiff", path="p", channels=("RNA",), n_values=1, n_files=0, files=(),
        sites=("1", "2"), site_sizes_um=(0.5, 0.5),
    )  # fmt: skip
    write_index(index, paths[2])
    return paths


def test_whole_cells_with_a_nucleus_are_taken(tmp_path: Path) -> None:
    cells, nuclei, index = _well(tmp_path, n_cells=12)
    found = own_cells([cells], [nuclei], [index], spacing_um=None, most=100)
    assert [one.name for one in found] == [str(number) for number in range(1, 13)]
    assert abs(ring_area(found[0].rings[0])) == pytest.approx(np.pi * 100, rel=0.02)
    assert len(own_cells([cells], [nuclei], [index], spacing_um=[0.3, 0.5, 0.5], most=5)) == 5


def test_few_cells_are_refused(tmp_path: Path) -> None:
    cells, nuclei, index = _well(tmp_path, n_cells=2)
    with pytest.raises(InputError, match="expected 10 whole cells with a nucleus or more, found 2"):
        own_cells([cells], [nuclei], [index], spacing_um=None, most=100)
