"""Results against the truth of a simulated localization plate: the pattern of each gene, and of each gene in each
cell."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from wellspring.localization.tables import GENE_PATTERNS, LOCALIZED
from wellspring.simulation.tables import LOCALIZED_GENES
from wellspring.tables import read_table, read_tables

__all__ = ["LocalizationComparison", "compare_localization", "is_localization_plate", "localization_text"]

# Of calls in single cells, at least so many are right, where genes have patterns.
_LEAST_RIGHT = 0.75


@dataclass(frozen=True)
class LocalizationComparison:
    """Results compared with the truth.

    Attributes
    ----------
    genes : DataFrame
        gene, pattern (true), call, n_cells, n_called, right (share of the called cells with the true pattern).
    mistakes : tuple of str
        What falls short; empty when nothing does.
    """

    genes: pd.DataFrame
    mistakes: tuple[str, ...]


def is_localization_plate(plate: Path) -> bool:
    """Whether `simulate_localization_plate` wrote the folder."""
    return (Path(plate) / "truth" / "genes.parquet").is_file()


def compare_localization(plate: Path, results: Path) -> LocalizationComparison:
    """Compare the results of a run with the truth: every gene must be called its pattern.

    Raises
    ------
    FileNotFoundError, ValueError
        When the plate or the results are not there.
    """
    truth = read_table(Path(plate) / "truth" / "genes.parquet", LOCALIZED_GENES)
    calls = read_table(Path(results) / "report" / "localization_genes.csv", GENE_PATTERNS).set_index("gene")
    files = sorted(
        path for path in (Path(results) / "localization").glob("*/*.parquet") if path.suffixes == [".parquet"]
    )
    pairs = read_tables(files, LOCALIZED, of_wells=True)
    rows, mistakes = [], []
    for gene, pattern in zip(truth["gene"], truth["pattern"], strict=True):
        own = pairs[(pairs["channel"] == gene) & (pairs["n_molecules"] > 0)]
        called = own[own["pattern"] != "undecided"]
        right = float((called["pattern"] == pattern).mean()) if len(called) else np.nan
        call = str(calls["call"].get(gene, "none"))
        rows.append((gene, pattern, call, len(own), len(called), right))
        if call != pattern:
            mistakes.append(f"{gene} is called {call}, not {pattern}")
    table = pd.DataFrame(rows, columns=["gene", "pattern", "call", "n_cells", "n_called", "right"])
    share = float((table["right"] * table["n_called"]).sum() / max(table["n_called"].sum(), 1))
    if share < _LEAST_RIGHT and truth["pattern"].nunique() > 1:
        mistakes.append(
            f"{100 * share:.0f} % of the called cells have the true pattern, expected {100 * _LEAST_RIGHT:g} %"
        )
    return LocalizationComparison(table, tuple(mistakes))


def localization_text(comparison: LocalizationComparison) -> str:
    """The comparison as a text table."""
    return str(comparison.genes.to_string(index=False, float_format="{:.2f}".format))
