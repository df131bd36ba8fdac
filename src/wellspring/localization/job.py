"""The localization job of one well: spots and labels -> features, patterns and tests of every gene in every cell."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.localization.cells import matched_cells
from wellspring.localization.classifier.calibration import UNDECIDED
from wellspring.localization.classifier.model import RANDOM, Classifier
from wellspring.localization.classify import pattern_table
from wellspring.localization.features import grouped, measure
from wellspring.localization.measuring import (
    CellMolecules,
    MoleculeReport,
    PairTable,
    cells_with_molecules,
    measured_cell,
    molecules_of_cell,
)
from wellspring.localization.nulls import TESTED, null_model, pair_tests
from wellspring.localization.outlines import CELL, NUCLEUS, Outline, label_outlines
from wellspring.localization.points import Points
from wellspring.localization.settings import LocalizationSettings
from wellspring.localization.sprawl import SPRAWL_COLUMNS, cell_scores
from wellspring.localization.tables import LOCALIZED, LOCALIZED_MOLECULES, PROBABILITY
from wellspring.segmentation.labels import touches_border
from wellspring.tables import empty_table

__all__ = [
    "LocalizedCell",
    "SiteInput",
    "WellLocalization",
    "cell_seed",
    "localized_cell",
    "molecule_rows",
    "pair_rows",
    "run",
    "site_outlines",
]

_Labels = NDArray[np.integer]


@dataclass(frozen=True)
class SiteInput:
    """One site.

    Attributes
    ----------
    site : str
    spots : DataFrame
        Rows of ``WELL_SPOTS`` of the site.
    cells : DataFrame
        Rows of ``WELL_SPOTS_PER_CELL`` of the site: which cells there are.
    cell_labels, nucleus_labels : (Y, X) int
    pixel_um, plane_um : float
        Side of a pixel, and distance of planes (of stacks).
    """

    site: str
    spots: pd.DataFrame
    cells: pd.DataFrame
    cell_labels: _Labels
    nucleus_labels: _Labels
    pixel_um: float
    plane_um: float


@dataclass(frozen=True)
class WellLocalization:
    """Tables `LOCALIZED` and `LOCALIZED_MOLECULES` of a well, and sentences on what was wrong."""

    pairs: pd.DataFrame
    molecules: pd.DataFrame
    notes: list[str]


def site_outlines(cell_labels: _Labels, nucleus_labels: _Labels, *, pixel_um: float) -> list[Outline]:
    """Outlines of the cells and nuclei of a site's label images (Y, X), in µm."""
    found = []
    for kind, labels in ((CELL, cell_labels), (NUCLEUS, nucleus_labels)):
        for one in label_outlines(labels, kind=kind):
            found.append(replace(one, rings=tuple(ring * pixel_um for ring in one.rings)))
    return found


def run(
    sites: Iterator[SiteInput], *, classifier: Classifier, settings: LocalizationSettings, key: tuple[str, str]
) -> WellLocalization:
    """Localize the molecules of the settings' channels in all sites of a well.

    A row for each cell and channel, also where it has no molecules. Every cell has a seed of its own, from the
    settings' seed, the well and the cell, so that results do not depend on other wells.

    Parameters
    ----------
    key
        plate, well.
    """
    pairs, molecules, notes = [], [], []
    for site in sites:
        own_pairs, own_molecules, own_notes = _of_site(site, classifier=classifier, settings=settings, key=key)
        pairs.append(own_pairs)
        molecules.append(own_molecules)
        notes += [f"site {site.site}: {line}" for line in own_notes]
    plate, well = key
    names = [f"{PROBABILITY}{name}" for name in classifier.patterns]
    empty = empty_table(LOCALIZED).assign(**{name: pd.Series(dtype="float64") for name in names})
    whole = pd.concat(pairs, ignore_index=True) if pairs else empty
    seen = pd.concat(molecules, ignore_index=True) if molecules else empty_table(LOCALIZED_MOLECULES)
    return WellLocalization(_joined(whole, {"plate": plate, "well": well}), seen.assign(plate=plate, well=well), notes)


def _of_site(
    site: SiteInput, *, classifier: Classifier, settings: LocalizationSettings, key: tuple[str, str]
) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    table = _points(site, settings.channels)
    every = site.cells[site.cells["channel"].isin(settings.channels)][["label_in_site", "object_id", "channel"]]
    if not len(every):
        return empty_table(LOCALIZED), empty_table(LOCALIZED_MOLECULES), []
    low, high = settings.area_um2
    outlines = site_outlines(site.cell_labels, site.nucleus_labels, pixel_um=site.pixel_um)
    cells, shapes = matched_cells(outlines, smallest_um2=low, largest_um2=high)
    report = MoleculeReport()
    found = [
        localized_cell(cell, settings=settings, rng=cell_seed(settings.seed, key, int(cell.grid.name)))
        for cell in cells_with_molecules(Points(table, 0, False, True), cells, report=report)
    ]
    pairs = pair_rows(found, every, classifier=classifier)
    cut = set(np.flatnonzero(touches_border(site.cell_labels)) + 1)
    odd = {int(name) for name in shapes.implausible_area}
    flags = {"is_border_cell": pairs["label_in_site"].isin(cut), "is_area_out": pairs["label_in_site"].isin(odd)}
    seen = [one.molecules for one in found]
    molecules = pd.concat(seen, ignore_index=True) if seen else pd.DataFrame(columns=["cell"])
    return (
        _joined(pairs, {"site": site.site, **flags}),
        molecule_rows(molecules, every).assign(site=site.site),
        [*shapes.lines(), *report.lines()],
    )


def cell_seed(seed: int, key: tuple[str, str], number: int) -> np.random.Generator:
    """The random numbers of one cell of a well, plate and well."""
    return np.random.default_rng([seed, *"/".join(key).encode(), number])


def _points(site: SiteInput, channels: Sequence[str]) -> pd.DataFrame:
    """The molecules of the channels that are in cells, as a table of `Points`."""
    own = site.spots[site.spots["channel"].isin(channels) & (site.spots["label_in_site"] > 0)]
    table = pd.DataFrame(
        {
            "cell": own["label_in_site"].astype(np.int64).astype(str),
            "gene": own["channel"].astype(str),
            "x": own["x_px"] * site.pixel_um,
            "y": own["y_px"] * site.pixel_um,
        }
    )
    if "z_px" in own and own["z_px"].notna().all() and len(own):
        table["z"] = own["z_px"] * site.plane_um
    return table.reset_index(drop=True)


@dataclass(frozen=True)
class LocalizedCell:
    """What was measured of one cell: its rows, effects of its genes, those of draws from the null, and molecules."""

    rows: pd.DataFrame
    effects: Mapping[str, NDArray[np.float32]]
    null_effects: list[Mapping[str, NDArray[np.floating]]]
    molecules: pd.DataFrame


def localized_cell(cell: CellMolecules, *, settings: LocalizationSettings, rng: np.random.Generator) -> LocalizedCell:
    """Features, effects and tests of all genes of one cell."""
    rows, effects = measured_cell(cell)
    about = {"cell_um2": cell.grid.area_um2, "nucleus_um2": cell.grid.nucleus_area_um2, "null": "none"}
    rows = _joined(rows, {**about, **{name: np.full(len(rows), np.nan) for name in SPRAWL_COLUMNS}})
    drawn: list[Mapping[str, NDArray[np.floating]]] = []
    n = len(cell.groups.counts)
    parts = ("observed", "expected", "p", "swapped_p")
    gaps = {f"{part}_{name}": np.full(len(rows), np.nan) for name in TESTED for part in parts}
    if n:
        test = pair_tests(
            cell, kind=settings.null_model, n_draws=settings.draws, rng=rng, by_cluster=settings.by_cluster
        )
        for k, name in enumerate(TESTED):
            gaps[f"observed_{name}"][:n] = test.statistic[:, k]
            gaps[f"expected_{name}"][:n] = test.expected[:, k]
            gaps[f"p_{name}"][:n] = test.p_value[:, k]
        if n > 1:
            other = replace(cell, **_swapped(cell, rng))
            p = pair_tests(
                other, kind=settings.null_model, n_draws=settings.draws, rng=rng, by_cluster=settings.by_cluster
            )
            for k, name in enumerate(TESTED):
                gaps[f"swapped_p_{name}"][:n] = p.p_value[:, k]
        rows.loc[: n - 1, "null"] = test.kind
        for name, values in _sprawl(cell, n_shuffles=settings.draws, rng=rng).items():
            rows.loc[: n - 1, name] = values
        drawn = [_null_effects(cell, kind=settings.null_model, rng=rng) for _ in range(settings.score_draws)]
    return LocalizedCell(_joined(rows, gaps), effects, drawn, molecules_of_cell(cell))


def _sprawl(cell: CellMolecules, *, n_shuffles: int, rng: np.random.Generator) -> dict[str, NDArray[np.float64]]:
    genes = np.repeat(cell.genes, cell.groups.counts)
    membrane = cell.grid.between(cell.grid.membrane, cell.points).astype(np.float64)
    centre = cell.grid.centroid
    return cell_scores(cell.points, genes, membrane=membrane, centre=centre, n_shuffles=n_shuffles, rng=rng)


def _swapped(cell: CellMolecules, rng: np.random.Generator) -> dict[str, Any]:
    """The places of the cell's molecules, with their genes swapped at random."""
    order = rng.permutation(len(cell.points))
    return {"points": cell.points[order], "z": None if cell.z is None else cell.z[order]}


def _null_effects(cell: CellMolecules, *, kind: str, rng: np.random.Generator) -> Mapping[str, NDArray[np.floating]]:
    """Effects of as many molecules as each gene has, in the places that the null gives them."""
    model = null_model(cell, kind=kind)
    parts = [model.draw(group, int(n), rng) for group, n in enumerate(cell.groups.counts)]
    groups = grouped(np.repeat(np.arange(len(parts)), cell.groups.counts))
    return measure(cell.grid, cell.reference, np.concatenate(parts), groups).effects


def pair_rows(found: Sequence[LocalizedCell], every: pd.DataFrame, *, classifier: Classifier) -> pd.DataFrame:
    """Rows of `LOCALIZED` of a site, without plate, well and site: a row of `every`, object_id, label_in_site, channel.

    `label_in_site` is the name of the cell, a number.
    """
    names = list(classifier.patterns)
    known = [one for one in found if one.effects]
    if known:
        rows = pd.concat([one.rows for one in known], ignore_index=True)
        effects = {name: np.concatenate([one.effects[name] for one in known]) for name in known[0].effects}
        called = pattern_table(PairTable(rows, effects, pd.DataFrame()), classifier)
        score = 1 - called[RANDOM].to_numpy()
        more = {
            "pattern": called["pattern"].to_numpy(),
            "pattern_score": score,
            "null_score": _null_scores(known, classifier=classifier),
            "label_in_site": rows["cell"].astype(np.int64),
            **{f"{PROBABILITY}{name}": called[name].to_numpy() for name in names},
        }
        rows = _joined(rows, more).rename(columns={"gene": "channel"})
        merged = every.merge(rows.drop(columns="cell"), on=["label_in_site", "channel"], how="left", validate="1:1")
    else:
        columns = [one for one in LOCALIZED.names if one not in ("plate", "well", "site", *every.columns)]
        merged = every.reindex(columns=[*every.columns, *columns, *(f"{PROBABILITY}{name}" for name in names)])
    words = {"pattern": UNDECIDED, "missing": "no molecules", "null": "none", "n_molecules": 0}
    merged = merged.astype(dict.fromkeys(words, object)).fillna(words)
    numbers = [c for c in merged.columns if c not in (*words, "channel", "label_in_site", "object_id")]
    types = {**dict.fromkeys(numbers, "float64"), **dict.fromkeys(("pattern", "missing", "null"), "str")}
    return merged.astype({**types, "n_molecules": "int64"})


def _joined(frame: pd.DataFrame, columns: Mapping[str, Any]) -> pd.DataFrame:
    """The frame with further columns, all joined at once."""
    return pd.concat([frame, pd.DataFrame(dict(columns), index=frame.index)], axis=1)


def _null_scores(known: Sequence[LocalizedCell], *, classifier: Classifier) -> NDArray[np.float64]:
    """Mean score of the draws from the null; NaN of a gene without molecules."""
    place = classifier.patterns.index(RANDOM)
    columns = known[0].effects
    parts = []
    for one in known:
        n = len(next(iter(one.null_effects[0].values()))) if one.null_effects else 0
        counts = one.rows["n_molecules"].to_numpy()[:n]
        scores = [1 - classifier.probabilities({k: d[k] for k in columns}, counts)[:, place] for d in one.null_effects]
        own = np.full(len(one.rows), np.nan)
        if scores:
            own[:n] = np.mean(scores, axis=0)
        parts.append(own)
    return np.concatenate(parts)


def molecule_rows(molecules: pd.DataFrame, every: pd.DataFrame) -> pd.DataFrame:
    """Rows of `LOCALIZED_MOLECULES`, without plate, well and site, of the cells and channels in `every`."""
    if not len(molecules):
        return empty_table(LOCALIZED_MOLECULES)
    table = molecules.assign(label_in_site=molecules["cell"].astype(np.int64), x_um=molecules["x"], y_um=molecules["y"])
    table = table.rename(columns={"gene": "channel"})
    table = table.merge(every, on=["label_in_site", "channel"], how="left", validate="m:1")
    kept = [name for name in LOCALIZED_MOLECULES.names if name not in ("plate", "well", "site")]
    return table[kept].astype({"membrane_um": "float64", "nucleus_um": "float64", "compartment": "str"})
