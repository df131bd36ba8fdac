"""Sites as small grids in the places of their wells."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgba

from wellspring.report.plate_map import DOUBTFUL
from wellspring.report.site_map import mapped_sites, site_map_figure


def _table(*rows: tuple[str, float, bool]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["well", "n", "is_doubtful"]).assign(plate="p", site="1")


def test_sites_of_a_well_share_its_place() -> None:
    rows = [("B03", float(n), n == 3) for n in range(4)] + [("A01", np.nan, False)]
    figure = site_map_figure(_table(*rows), column="n", label="Spots per cell")
    axes = figure.axes[0]
    squares, outlined = axes.collections
    corners = [path.vertices.min(axis=0).tolist() for path in squares.get_paths()]
    # A grid of two by two in the third column and the second row.
    assert corners[:4] == [pytest.approx(one) for one in ([2.06, 1.06], [2.5, 1.06], [2.06, 1.5], [2.5, 1.5])]
    assert corners[4] == pytest.approx([0.06, 0.06])
    assert tuple(squares.get_facecolors()[4]) == (1, 1, 1, 1)
    assert len({tuple(face) for face in squares.get_facecolors()[:4]}) == 4
    assert len(outlined.get_paths()) == 1
    assert tuple(outlined.get_edgecolors()[0]) == to_rgba(DOUBTFUL)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["in doubt"]
    assert axes.get_xlim() == (0, 12)


def test_wells_of_one_site_or_without_a_position_have_no_grid() -> None:
    one, named = _table(("A01", 1.0, False)), _table(("x", 1.0, False), ("x", 2.0, False))
    assert not mapped_sites(one)
    assert not mapped_sites(named)
    assert site_map_figure(one, column="n", label="n").texts[0].get_text().startswith("No well has several sites")


@pytest.mark.slow
def test_a_plate_of_384_wells_of_four_sites_is_a_small_file(tmp_path) -> None:  # type: ignore[no-untyped-def]
    from wellspring.report.style import save_figure

    wells = [f"{chr(65 + row)}{column:02d}" for row in range(16) for column in range(1, 25) for _ in range(4)]
    table = _table(*((well, float(n), False) for n, well in enumerate(wells)))
    save_figure(site_map_figure(table, column="n", label="n"), tmp_path / "sites.svg")
    assert (tmp_path / "sites.svg").stat().st_size < 500_000
