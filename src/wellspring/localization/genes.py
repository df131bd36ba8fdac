"""From genes in cells to genes: calls, effects over wells, mixes of patterns, power, calibration."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from wellspring.localization.classifier.model import RANDOM, Classifier
from wellspring.localization.inference import gene_effects, mix_intervals
from wellspring.localization.nulls import TESTED

__all__ = [
    "FALSE_DISCOVERIES",
    "SCORE",
    "STATISTICS",
    "Genes",
    "calibration_table",
    "cells_of_genes",
    "confusion_at",
    "gene_mixes",
    "gene_tables",
    "power_table",
]

SCORE = "pattern_score"
STATISTICS = (SCORE, *TESTED)
FALSE_DISCOVERIES = 0.05
STRENGTHS = (("weak", 0.35, 0.6), ("moderate", 0.6, 0.8), ("strong", 0.8, 1.0))
# Held-out examples whose number of molecules is within this factor of the gene's.
_NEAR = 1.7
_FEWEST_EXAMPLES = 20
_Triples = Iterable[tuple[str, str, str]]


@dataclass(frozen=True)
class Genes:
    """Tables `GENE_EFFECTS` and `GENE_PATTERNS`."""

    effects: pd.DataFrame
    patterns: pd.DataFrame


def cells_of_genes(pairs: pd.DataFrame, *, genes: _Triples = (), units: _Triples = ()) -> pd.DataFrame:
    """The rows of table `LOCALIZED` that count, with their gene, unit and differences from the null.

    Left out are cells that touch an edge or whose area is not plausible, and rows without molecules.

    Parameters
    ----------
    genes, units
        (plate, well, value): gene of a well, and its replicate. Where none are given, the channel, and the well.
    """
    used = ~pairs["is_border_cell"] & ~pairs["is_area_out"] & (pairs["n_molecules"] > 0)
    table = pairs[used].reset_index(drop=True)
    keys = list(zip(table["plate"], table["well"], strict=True))
    named, replicate = ({(plate, well): value for plate, well, value in given} for given in (genes, units))
    more = {
        "gene": [named.get(key, channel) for key, channel in zip(keys, table["channel"], strict=True)],
        "unit": [replicate.get(key, "/".join(key)) for key in keys],
        **{name: table[f"observed_{name}"] - table[f"expected_{name}"] for name in TESTED},
    }
    score = table["pattern_score"] - table["null_score"]
    # The difference takes the name of the statistic.
    table = table.drop(columns="pattern_score")
    return pd.concat([table, pd.DataFrame({**more, SCORE: score}, index=table.index)], axis=1)


def confusion_at(classifier: Classifier, n_molecules: NDArray[np.integer]) -> NDArray[np.float64]:
    """(patterns, patterns + 1) share of each call (the last: undecided) of each true pattern, at these numbers of
    molecules.

    From held-out examples, weighted so that their numbers of molecules are as those of the cells, in bins of a factor
    of two; a pattern without examples in these bins has all of its examples.
    """
    seen, n = classifier.held_out, len(classifier.patterns)
    of_cells, of_seen = (np.floor(np.log2(np.maximum(one, 1))).astype(int) for one in (n_molecules, seen.n_molecules))
    top = int(max(of_cells.max(initial=0), of_seen.max(initial=0))) + 1
    wanted = np.bincount(of_cells, minlength=top)
    found = np.zeros((n, n + 1))
    for number in range(n):
        own = seen.truth == number
        there = np.bincount(of_seen[own], minlength=top)
        weights = np.where(there > 0, wanted / np.maximum(there, 1), 0)[of_seen[own]]
        weights = weights if weights.sum() > 0 else np.ones(int(own.sum()))
        found[number] = np.bincount(seen.call[own], weights=weights, minlength=n + 1)
    return np.asarray(found / np.maximum(found.sum(axis=1, keepdims=True), 1e-12))


def gene_tables(cells: pd.DataFrame, *, classifier: Classifier, least_effect: float, seed: int) -> Genes:
    """Effects and patterns of genes.

    A gene is called random unless its score differs from that of the null by more than `least_effect` over wells, at a
    false discovery rate of 5 %; then it is called the pattern, other than random, of the largest share in its mix.

    Parameters
    ----------
    cells
        From `cells_of_genes`.
    """
    effects = gene_effects(cells, statistics=STATISTICS, unit=("unit",), least=least_effect, seed=seed)
    rng = np.random.default_rng(seed)
    names = [*classifier.patterns, "undecided"]
    rows = []
    for gene, own in cells.groupby("gene", sort=True):
        called = pd.Categorical(own["pattern"], categories=names).codes.astype(np.int64)
        confusion = confusion_at(classifier, own["n_molecules"].to_numpy())
        mix, low, high = mix_intervals(called, own["unit"].to_numpy(dtype=str), confusion, rng=rng)
        score = effects[(effects["gene"] == gene) & (effects["statistic"] == SCORE)].iloc[0]
        others = [k for k, name in enumerate(classifier.patterns) if name != RANDOM]
        is_found = score["q_value"] <= FALSE_DISCOVERIES and score["effect"] > least_effect and np.isfinite(mix).all()
        rows.append(
            {
                "gene": gene,
                "n_units": int(score["n_units"]),
                "n_cells": len(own),
                "n_undecided": int((called == len(names) - 1).sum()),
                "median_molecules": float(own["n_molecules"].median()),
                "call": classifier.patterns[max(others, key=mix.__getitem__)] if is_found else RANDOM,
                "score_effect": float(score["effect"]),
                "q_value": float(score["q_value"]),
                **_named("mix", mix, classifier),
                **_named("low", low, classifier),
                **_named("high", high, classifier),
            }
        )
    columns = ["gene", "n_units", "n_cells", "n_undecided", "median_molecules", "call", "score_effect", "q_value"]
    return Genes(effects, pd.DataFrame(rows) if rows else pd.DataFrame(columns=columns))


def gene_mixes(table: pd.DataFrame, *, classifier: Classifier, seed: int) -> pd.DataFrame:
    """Mixes of patterns of the genes of one table of molecules, without wells.

    Parameters
    ----------
    table
        From `wellspring.localization.classify.pattern_table`.

    Returns
    -------
    DataFrame
        gene, n_cells (with molecules), n_undecided, median_molecules, and ``mix_``, ``low_``, ``high_`` of each
        pattern. Intervals are those of resampled cells: they say nothing of other wells or replicates.
    """
    names = [*classifier.patterns, "undecided"]
    rng = np.random.default_rng(seed)
    rows = []
    for gene, own in table[table["n_molecules"] > 0].groupby("gene", sort=True):
        called = pd.Categorical(own["pattern"], categories=names).codes.astype(np.int64)
        confusion = confusion_at(classifier, own["n_molecules"].to_numpy())
        mix, low, high = mix_intervals(called, np.zeros(len(own), np.int64), confusion, rng=rng)
        about = {"gene": gene, "n_cells": len(own), "n_undecided": int((called == len(names) - 1).sum())}
        parts = {"mix": mix, "low": low, "high": high}
        shares = {k: v for part, values in parts.items() for k, v in _named(part, values, classifier).items()}
        rows.append({**about, "median_molecules": float(own["n_molecules"].median()), **shares})
    return pd.DataFrame(rows, columns=None if rows else ["gene", "n_cells", "n_undecided", "median_molecules"])


def _named(part: str, values: NDArray[np.float64], classifier: Classifier) -> Mapping[str, float]:
    ordered = zip(classifier.patterns, values, strict=True)
    return {f"{part}_{name}": float(np.clip(value, 0, 1)) for name, value in ordered}


def power_table(
    classifier: Classifier, *, n_molecules: float, significance: float = 0.05, power: float = 0.8
) -> pd.DataFrame:
    """Cells that are needed to find each pattern at each strength, for a gene with so many molecules in a cell.

    By the scores of held-out examples with about as many molecules (within a factor of 1.7): n cells of the pattern are
    compared with n random ones, n = (z(1 - α/2) + z(power))² (s₁² + s₀²) / (m₁ - m₀)². It takes cells as independent,
    so of wells that differ more are needed.

    Returns
    -------
    DataFrame
        pattern, and a column for each strength; NaN where there are fewer than 20 examples or no difference.
    """
    seen = classifier.held_out
    near = np.abs(np.log(np.maximum(seen.n_molecules, 1) / max(n_molecules, 1))) <= np.log(_NEAR)
    random = seen.score[near & (seen.truth == classifier.patterns.index(RANDOM))]
    factor = float(norm.ppf(1 - significance / 2) + norm.ppf(power)) ** 2
    rows = []
    for number, name in enumerate(classifier.patterns):
        if name == RANDOM:
            continue
        row: dict[str, object] = {"pattern": name}
        for strength, low, high in STRENGTHS:
            own = seen.score[near & (seen.truth == number) & (seen.share >= low) & (seen.share <= high)]
            enough = min(len(own), len(random)) >= _FEWEST_EXAMPLES
            away = float(own.mean() - random.mean()) if enough else 0.0
            spread = float(own.var() + random.var()) if enough else 0.0
            row[strength] = max(np.ceil(factor * spread / away**2), 2.0) if away > 0 else np.nan
        rows.append(row)
    return pd.DataFrame(rows, columns=["pattern", *(one[0] for one in STRENGTHS)])


def calibration_table(pairs: pd.DataFrame, *, without_pattern: Collection[str] = ()) -> pd.DataFrame:
    """Share of p below 0.05 of each statistic: of all genes, of those without a pattern, and with labels swapped.

    With labels swapped, a gene is a sample of the molecules of all genes: these fill the cell as the null says only if
    few of the genes have patterns. A gene without a pattern shows by itself whether the null fits.

    Parameters
    ----------
    pairs
        From `cells_of_genes`.
    without_pattern
        Genes of which none was found.

    Returns
    -------
    DataFrame
        statistic, n_pairs, observed, random (NaN without such genes), swapped (NaN where no cell has several genes).
    """
    rows = []
    is_random = pairs["gene"].isin(without_pattern)
    for name in TESTED:
        p, swapped = (pairs[f"{part}_{name}"] for part in ("p", "swapped_p"))
        shares = [
            float((one < 0.05).mean()) if len(one) else np.nan
            for one in map(pd.Series.dropna, (p, p[is_random], swapped))
        ]
        rows.append((name, int(p.notna().sum()), *shares))
    return pd.DataFrame(rows, columns=["statistic", "n_pairs", "observed", "random", "swapped"])
