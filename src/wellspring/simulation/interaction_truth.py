"""Statistics of mRNA and protein against the truth of the simulated study: which findings came out."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from wellspring.files import as_readable
from wellspring.interaction.tables import INTERACTION_SUMMARY
from wellspring.tables import read_table

__all__ = ["InteractionComparison", "compare_interaction", "interaction_text"]

_LEVEL = 0.05
_FINDINGS = (
    ("mrna_peripheral_enrichment", "peripheral", "mRNA enriched at the membrane"),
    ("mrna_mtoc_enrichment", "at_mtoc", "mRNA enriched at the MTOC"),
    ("temporal_interaction", "followers", "protein follows mRNA (control)"),
    ("temporal_interaction_change", "followers", "the treatment removes the delay"),
)


@dataclass(frozen=True)
class InteractionComparison:
    """What came out.

    Attributes
    ----------
    findings : DataFrame
        finding, gene, condition, estimate, p_value, is_true (as simulated), is_found (p below 0.05 in that direction).
    share_below : float
        Of the p-values over all times of genes of which nothing is true, the share below 0.05.
    n_null : int
        Number of these p-values.
    mistakes : tuple of str
        Findings that did not come out, and true ones of genes that have no result.
    """

    findings: pd.DataFrame
    share_below: float
    n_null: int
    mistakes: tuple[str, ...]


def compare_interaction(plate: Path, results: Path) -> InteractionComparison:
    """Compare ``results/report/interaction.csv`` with the truth of the simulated study.

    A finding comes out when its p-value over all times is below 0.05 in the direction simulated, for each gene of which
    it is true. Of the others some p-values lie below 0.05 by chance; their share is given and is no mistake.

    Raises
    ------
    FileNotFoundError, ValueError
        When the truth or the table is missing or broken.
    """
    path = plate / "truth" / "interaction.json"
    with as_readable(path, expected="the truth of a simulated study of mRNA and protein"):
        truth = json.loads(path.read_text(encoding="utf-8"))
    table = read_table(results / "report" / "interaction.csv", INTERACTION_SUMMARY)
    table = table[table["time"] == "all"]
    rows, mistakes = [], []
    for statistic, key, title in _FINDINGS:
        is_change = statistic.endswith("_change")
        own = table[table["statistic"] == statistic]
        if statistic == "temporal_interaction":
            own = own[own["condition"] == "control"]
        mistakes += [f"{title}: no result for {gene}" for gene in truth[key] if gene not in set(own["gene"])]
        # Where the reference is missing, nothing is compared, and there is no finding that could be wrong.
        own = own[own["p_value"].notna() | own["gene"].isin(truth[key])]
        for row in own.itertuples():
            is_true = row.gene in truth[key]
            is_found = bool(row.p_value < _LEVEL and (row.estimate < 0 if is_change else row.estimate > 0))
            rows.append((title, row.gene, row.condition, row.estimate, row.p_value, is_true, is_found))
            if is_true and not is_found:
                mistakes.append(f"{title}: {row.gene} (p {row.p_value:.3g})")
    columns = ["finding", "gene", "condition", "estimate", "p_value", "is_true", "is_found"]
    null = _null(table, true_genes=[*truth["followers"], *truth["at_mtoc"], *truth["peripheral"]])
    return InteractionComparison(
        pd.DataFrame(rows, columns=columns), float((null < _LEVEL).mean()), len(null), tuple(mistakes)
    )


def _null(table: pd.DataFrame, *, true_genes: Sequence[str]) -> pd.Series:
    return table.loc[~table["gene"].isin(list(true_genes)), "p_value"].dropna()


def interaction_text(comparison: InteractionComparison) -> str:
    """The findings as lines of text."""
    lines = [
        f"{row.finding:32} {row.gene:8} {row.condition:11} {row.estimate:7.3f}  p {row.p_value:.4f}  "
        f"{'true' if row.is_true else 'not so':7} {'found' if row.is_found else 'not found'}"
        for row in comparison.findings.itertuples()
    ]
    share = "There is no p-value of a gene of which nothing is true."
    if comparison.n_null:
        percent = 100 * comparison.share_below
        share = f"Of {comparison.n_null} p-values where nothing is true {percent:.0f} % are below 0.05."
    return "\n".join([*lines, share])
