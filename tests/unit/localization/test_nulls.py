"""Nulls: p-values are uniform where there is nothing, exact where small, and small where there is something."""

import numpy as np
import pandas as pd
import pytest

from tests.unit.localization.drawn import round_cell
from wellspring.localization.measuring import CellMolecules, MoleculeReport, cells_with_molecules
from wellspring.localization.nulls import (
    TESTED,
    null_model,
    one_per_cluster,
    pair_tests,
    rank_p_values,
    thickness,
)
from wellspring.localization.points import Points
from wellspring.localization.positions import VALUES, positions_in, values_at
from wellspring.localization.simulated.drawing import draw_molecules
from wellspring.localization.simulated.landscapes import Landscape, Thickness, landscape_of
from wellspring.localization.simulated.patterns import Degree, Variant

DOMED = Thickness(highest_um=6.0, flatness=0.1, exponent=0.7, bump=0.8)


@pytest.fixture(scope="module")
def landscape() -> Landscape:
    return landscape_of(round_cell(), thickness=DOMED)


def _cell(points: dict[str, np.ndarray], *, with_z: bool) -> CellMolecules:
    """One cell of molecules by gene."""
    parts = [pd.DataFrame(xyz, columns=["x", "y", "z"]).assign(cell="1", gene=gene) for gene, xyz in points.items()]
    table = pd.concat(parts, ignore_index=True)
    table = table if with_z else table.drop(columns="z")
    given = Points(table, 0, False, True)
    return next(iter(cells_with_molecules(given, [round_cell()], report=MoleculeReport())))


def _random(landscape: Landscape, n: int, rng: np.random.Generator) -> np.ndarray:
    return draw_molecules(landscape, pattern="random", n=n, degree=Degree(), rng=rng)


@pytest.mark.slow
@pytest.mark.parametrize("n", [5, 20, 100])
@pytest.mark.parametrize("kind", ["volume", "labels"])
def test_p_values_are_uniform_where_there_is_nothing(kind: str, n: int, landscape: Landscape) -> None:
    """Every gene is random in the volume: 5 % of p below 0.05, as far as so many cells show."""
    rng = np.random.default_rng([3, n])
    found = []
    for _ in range(20):
        genes = {f"g{k}": _random(landscape, n, rng) for k in range(10)} | {"rest": _random(landscape, 400, rng)}
        cell = _cell(genes, with_z=True)
        test = pair_tests(cell, kind=kind, n_draws=79, rng=rng)
        assert test.kind == ("labels" if kind == "labels" else "volume by z")
        found.append(test.p_value[:10, :3])
    p = np.concatenate(found)
    # 200 pairs; three correlated statistics each: the standard error of the share is at most 1.6 %.
    assert (p < 0.05).mean() == pytest.approx(0.05, abs=0.035)
    assert p.mean() == pytest.approx(0.5, abs=0.06)
    assert (p > 0).all()


@pytest.mark.slow
def test_the_area_calls_random_molecules_nuclear(landscape: Landscape, rng: np.random.Generator) -> None:
    """The reason why the volume is the default: a domed cell holds more over its nucleus."""
    cell = _cell({f"g{k}": _random(landscape, 100, rng) for k in range(30)}, with_z=True)
    area = pair_tests(cell, kind="area", n_draws=79, rng=rng)
    volume = pair_tests(cell, kind="volume", n_draws=79, rng=rng)
    nuclear = TESTED.index("in_nucleus")
    assert (area.p_value[:, nuclear] < 0.05).mean() > 0.5
    assert (volume.p_value[:, nuclear] < 0.05).mean() < 0.2
    assert area.expected[0, nuclear] == pytest.approx(0.16, abs=0.005)
    assert volume.expected[0, nuclear] == pytest.approx(volume.statistic[:, nuclear].mean(), abs=0.03)


def test_without_heights_other_genes_give_the_volume(landscape: Landscape, rng: np.random.Generator) -> None:
    cell = _cell({"a": _random(landscape, 20, rng), "b": _random(landscape, 300, rng)}, with_z=False)
    model = null_model(cell, kind="volume")
    assert model.kind == "volume by other genes"
    assert len(model.pool(0)[0]) == 300
    alone = _cell({"a": _random(landscape, 20, rng)}, with_z=False)
    assert null_model(alone, kind="volume").kind == "area"


def test_patterns_are_found(landscape: Landscape, rng: np.random.Generator) -> None:
    genes = {
        name: draw_molecules(landscape, pattern=name, n=30, degree=Degree(), rng=rng)
        for name in ("intranuclear", "cell_edge", "extranuclear")
    }
    cell = _cell(genes | {"rest": _random(landscape, 300, rng)}, with_z=True)
    test = pair_tests(cell, kind="volume", n_draws=199, rng=rng)
    found = dict(zip(cell.genes, test.p_value, strict=True))
    effect = dict(zip(cell.genes, test.statistic - test.expected, strict=True))
    assert found["intranuclear"][0] == found["cell_edge"][1] == 1 / 200
    assert effect["intranuclear"][0] > 0.4 > 0 > effect["extranuclear"][0]
    assert effect["cell_edge"][1] < -0.3


def test_labels_are_swapped_in_all_ways_where_these_are_few() -> None:
    """Three molecules, one of gene a at the edge: of three ways to label them its rank is the most extreme."""
    xyz = {"a": np.array([[9.5, 0, 0]]), "b": np.array([[0.5, 0, 0], [0.0, 1.0, 0]])}
    test = pair_tests(_cell(xyz, with_z=False), kind="labels", n_draws=99, rng=np.random.default_rng(0))
    assert test.p_value[0, TESTED.index("membrane_rank")] == pytest.approx(1 / 3)


def test_p_values_of_ranks_by_hand(rng: np.random.Generator) -> None:
    drawn = np.array([[0.0], [0.1], [-0.1], [0.2], [-0.2]])
    assert rank_p_values(np.array([3.0]), drawn, rng=rng).tolist() == pytest.approx([1 / 6])
    many = [rank_p_values(np.zeros(1), np.zeros((9, 1)), rng=rng)[0] for _ in range(300)]
    assert np.mean(many) == pytest.approx(0.55, abs=0.06)


@pytest.mark.slow
def test_foci_inflate_molecules_and_not_clusters(landscape: Landscape) -> None:
    """Foci anywhere in the cell have no place that they prefer; as molecules they seem to."""
    rng = np.random.default_rng(11)
    variant = Variant(focus_um=(0.2, 0.3))
    by_molecule, by_cluster = [], []
    for _ in range(30):
        foci = draw_molecules(landscape, pattern="foci", n=60, degree=Degree(share=1.0), rng=rng, variant=variant)
        cell = _cell({"a": foci, "rest": _random(landscape, 300, rng)}, with_z=True)
        for into, flag in ((by_molecule, False), (by_cluster, True)):
            test = pair_tests(cell, kind="volume", n_draws=79, rng=rng, by_cluster=flag)
            into.append(test.p_value[list(cell.genes).index("a"), :3])
    assert (np.array(by_molecule) < 0.05).mean() > 0.25
    assert (np.array(by_cluster) < 0.05).mean() == pytest.approx(0.05, abs=0.08)


def test_one_of_each_cluster(rng: np.random.Generator) -> None:
    points = np.array([[0.0, 0], [0.4, 0], [0.8, 0], [5, 5], [9, 9], [9, 9.1]])
    found = one_per_cluster(points, rng=rng)
    assert len(found) == 3
    assert 3 in found


def test_thickness_follows_the_heights(landscape: Landscape, rng: np.random.Generator) -> None:
    cell = _cell({"a": _random(landscape, 3000, rng)}, with_z=True)
    assert cell.z is not None
    found = thickness(cell.grid, cell.points, cell.z)
    assert found is not None
    depth = cell.grid.membrane[cell.grid.inside]
    centre, rim = found[depth > 8].mean(), found[depth < 1.5].mean()
    true = np.bincount(landscape.column, minlength=int(landscape.grid.inside.sum()))
    own = landscape.grid.membrane[landscape.grid.inside]
    assert centre / rim == pytest.approx(true[own > 8].mean() / true[own < 1.5].mean(), rel=0.3)
    assert thickness(cell.grid, cell.points[:20], cell.z[:20]) is None
    assert thickness(cell.grid, cell.points, np.zeros(3000)) is None


def test_a_cell_without_nucleus_has_no_p_of_its_nucleus(rng: np.random.Generator) -> None:
    table = pd.DataFrame({"cell": "1", "gene": "a", "x": rng.normal(size=9), "y": rng.normal(size=9)})
    given = Points(table, 0, False, True)
    cell = next(iter(cells_with_molecules(given, [round_cell(nucleus=0)], report=MoleculeReport())))
    test = pair_tests(cell, kind="area", n_draws=19, rng=rng)
    assert np.isnan(test.p_value[0]).tolist() == [True, False, True, False]


def test_what_is_tested_is_what_is_measured(landscape: Landscape, rng: np.random.Generator) -> None:
    cell = _cell({"a": _random(landscape, 50, rng)}, with_z=True)
    reference = cell.reference
    at = positions_in(cell.grid, cell.points)
    values = values_at(cell.grid, at, sorted_px=reference.sorted_px, deepest=reference.deepest).mean(axis=0)
    test = pair_tests(cell, kind="area", n_draws=9, rng=rng)
    assert test.statistic[0] == pytest.approx(values[[VALUES.index(name) for name in TESTED]], abs=1e-6)
