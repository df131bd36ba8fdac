"""The chapter on localization: which genes have a pattern, which one, how sure that is."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from wellspring.localization.classifier.model import RANDOM, Classifier
from wellspring.localization.genes import FALSE_DISCOVERIES, Genes, calibration_table, power_table
from wellspring.localization.report.figures import MOST_GENES, WORDS
from wellspring.localization.report.methods import METHODS_REFERENCES, methods_text
from wellspring.report.chapter import MOST_FINDINGS, Chapter, PageTable, Section, illustration
from wellspring.report.methods import cited
from wellspring.report.tables import PageColumn, count, page_table, percent, value

__all__ = [
    "LocalizationResults",
    "localization_chapter",
    "localization_findings",
    "localization_results",
    "localization_warnings",
]

_LEAD = "Where the molecules of each gene are in their cells."
_TEXT = (
    "For each gene in each cell, features of the places of its molecules are compared with those of simulated "
    "molecules whose pattern is known. A gene is called by its wells, not by its cells: its pattern score must exceed "
    "that of molecules without a pattern in the same cells."
)
_POWER_NOTE = (
    "Cells to compare with as many random ones, 5 % significance, 80 % power, for cells with the median number of "
    "molecules. Wells that differ need more. Weak: 35 to 60 % of the molecules follow the pattern; moderate: to 80 %; "
    "strong: to 100 %."
)
_CALIBRATION_NOTE = (
    "Where there is nothing to find, 5 % of p are below 0.05: of genes without a pattern, if the null fits the cells; "
    "with labels swapped, if few genes have patterns as well. With labels swapped, a gene is a sample of the molecules "
    "of all genes, and those of genes with patterns do not fill the cell evenly."
)
_LANDSCAPES = {"drawn": "drawn cells", "own": "own cells", "components": "new cells like the own ones"}
_MOST_BELOW = 0.1
_FEWEST_UNITS = 6


@dataclass(frozen=True)
class LocalizationResults:
    """What the chapter shows.

    Attributes
    ----------
    genes : Genes
    classifier : Classifier
    power, calibration : DataFrame
        From `wellspring.localization.genes`.
    n_pairs, n_left_out, n_without : int
        Rows of all wells; of cells that touch an edge or have an odd area; without molecules.
    nulls : dict of str to int
        Pairs by the null that was used.
    contrasts : DataFrame
        Table `GENE_CONTRASTS`; empty without conditions.
    """

    genes: Genes
    classifier: Classifier
    power: pd.DataFrame
    calibration: pd.DataFrame
    n_pairs: int
    n_left_out: int
    n_without: int
    nulls: Mapping[str, int]
    contrasts: pd.DataFrame


def localization_results(
    pairs: pd.DataFrame, cells: pd.DataFrame, *, genes: Genes, classifier: Classifier, contrasts: pd.DataFrame
) -> LocalizationResults:
    """What the chapter shows, of the table `LOCALIZED` of all wells and `cells` from `cells_of_genes`."""
    usual = float(cells["n_molecules"].median()) if len(cells) else 1.0
    is_odd = pairs["is_border_cell"] | pairs["is_area_out"]
    return LocalizationResults(
        genes=genes,
        classifier=classifier,
        power=power_table(classifier, n_molecules=usual),
        calibration=calibration_table(cells, without_pattern=_without_pattern(genes.patterns)),
        n_pairs=len(pairs),
        n_left_out=int((is_odd & (pairs["n_molecules"] > 0)).sum()),
        n_without=int((pairs["n_molecules"] == 0).sum()),
        nulls=pairs["null"].value_counts().to_dict(),
        contrasts=contrasts,
    )


def localization_chapter(
    results: LocalizationResults,
    *,
    settings: Mapping[str, Any],
    files: Mapping[str, Path],
    captions: Mapping[str, str],
) -> Chapter:
    """The chapter.

    Parameters
    ----------
    settings
        The block ``localization``.
    files
        The tables ``genes``, ``effects`` and ``contrasts``, the figures ``mixes``, ``effects_figure``, ``map`` and
        ``examples``.
    captions
        ``genes``, ``effects``, ``mixes``, ``map``, ``patterns``.
    """
    patterns = results.genes.patterns
    more = (
        f" Drawn are the {MOST_GENES} of {len(patterns):,} genes with the most decided cells."
        if len(patterns) > MOST_GENES
        else ""
    )
    mixes = illustration(files["mixes"], title="Patterns of the genes", caption=captions["mixes"] + more)
    words = captions["effects"] + more
    effects = illustration(files["effects_figure"], title="Differences from the null", caption=words)
    similar = illustration(files["map"], title="Genes in cells by their features", caption=captions["map"])
    examples = illustration(files["examples"], title="What the patterns look like", caption=captions["patterns"])
    findings = localization_findings(results)
    report = results.classifier.report
    known = (
        f"On simulated cells that the classifier had not seen, with 2 to 500 molecules, its macro-F1 is "
        f"{report['macro_f1']:.2f}; its probabilities are off by {100 * report['calibration_error']:.1f} % on average."
    )
    few = results.classifier.calibration.fewest_molecules
    methods = methods_text(settings, macro_f1=report["macro_f1"])
    return Chapter(
        stage="localization",
        title="Localization",
        lead=_LEAD,
        picture=mixes,
        warnings=localization_warnings(results),
        findings=findings[:MOST_FINDINGS],
        settings=_settings(settings),
        sections=[
            Section(
                title="",
                text=[_TEXT, f"{known} With fewer than {few} molecules a cell is undecided."],
                findings=findings[MOST_FINDINGS:],
                parts=[mixes, _gene_table(patterns, file=str(files["genes"])), effects, similar, examples],
            ),
            Section(
                title="Trust",
                parts=[
                    _effect_table(results.genes.effects, file=str(files["effects"])),
                    *_contrast_tables(results.contrasts, file=str(files["contrasts"])),
                    _calibration_table(results.calibration),
                    page_table(results.power, _POWER, title="Cells needed", note=_POWER_NOTE),
                ],
            ),
        ],
        methods=methods,
        references=cited(METHODS_REFERENCES, text=methods),
    )


_GENES = (
    PageColumn("gene", "Gene"),
    PageColumn("call", "Pattern"),
    PageColumn("n_units", "Wells", count),
    PageColumn("n_cells", "Cells", count),
    PageColumn("n_undecided", "Undecided", count),
    PageColumn("median_molecules", "Molecules,\nmedian", value),
    PageColumn("score_effect", "Score above\nthe null", value),
    PageColumn("q_value", "q", value),
)
_EFFECTS = (
    PageColumn("gene", "Gene"),
    PageColumn("statistic", "Statistic"),
    PageColumn("effect", "Difference", value),
    PageColumn("low", "from", value),
    PageColumn("high", "to", value),
    PageColumn("p_value", "p", value),
    PageColumn("q_value", "q", value),
)
_CALIBRATION = (
    PageColumn("statistic", "Statistic"),
    PageColumn("n_pairs", "Genes in cells", count),
    PageColumn("observed", "p < 0.05,\nas measured", percent()),
    PageColumn("random", "p < 0.05, genes\nwithout a pattern", percent()),
    PageColumn("swapped", "p < 0.05,\nlabels swapped", percent()),
)
_POWER = (
    PageColumn("pattern", "Pattern"),
    PageColumn("weak", "Weak", count),
    PageColumn("moderate", "Moderate", count),
    PageColumn("strong", "Strong", count),
)


def _without_pattern(patterns: pd.DataFrame) -> list[str]:
    """Genes that were tested and have no pattern: too few wells are no test."""
    is_tested = patterns["n_units"] >= _FEWEST_UNITS
    return list(patterns.loc[is_tested & (patterns["call"] == RANDOM), "gene"])


def _gene_table(patterns: pd.DataFrame, *, file: str) -> PageTable:
    note = f"Called random unless q is {FALSE_DISCOVERIES:g} or less. The file has the mix of patterns with intervals."
    return page_table(patterns, _GENES, title="Genes", file=file, note=note)


def _calibration_table(calibration: pd.DataFrame) -> PageTable:
    named = calibration.assign(statistic=calibration["statistic"].map(WORDS))
    return page_table(named, _CALIBRATION, title="Calibration", note=_CALIBRATION_NOTE)


def _effect_table(effects: pd.DataFrame, *, file: str) -> PageTable:
    named = effects.assign(statistic=effects["statistic"].map(WORDS))
    return page_table(named, _EFFECTS, title="Differences from the null, over wells", file=file, folded=True)


def _contrast_tables(contrasts: pd.DataFrame, *, file: str) -> list[PageTable]:
    if not len(contrasts):
        return []
    named = contrasts.assign(statistic=contrasts["statistic"].map(WORDS))
    columns = (*_EFFECTS[:2], PageColumn("condition", "Condition"), PageColumn("difference", "Difference", value))
    title = f"Differences from {contrasts['control'].iloc[0]}, over wells"
    return [page_table(named, (*columns, *_EFFECTS[3:]), title=title, file=file, folded=True)]


def _contrast_findings(contrasts: pd.DataFrame) -> list[str]:
    """Genes that differ between conditions, and in which statistics; a sentence for each condition."""
    lines = []
    for condition, own in contrasts.groupby("condition", sort=True):
        sure = own[own["q_value"] <= FALSE_DISCOVERIES]
        genes = [f"{gene} ({', '.join(rows['statistic'].map(WORDS))})" for gene, rows in sure.groupby("gene")]
        lines.append(f"Other than in {own['control'].iloc[0]}, in {condition}: {'; '.join(genes) or 'no gene'}.")
    return lines


def localization_findings(results: LocalizationResults) -> list[str]:
    """Which genes have which pattern, a sentence for each pattern, and how many have none."""
    patterns = results.genes.patterns
    if not len(patterns):
        return ["No cell holds a molecule of these channels."]
    found = patterns[patterns["call"] != RANDOM]
    lines = [
        f"{str(name).replace('_', ' ').capitalize()}: {', '.join(own['gene'])}." for name, own in found.groupby("call")
    ]
    others = len(patterns) - len(found)
    if others:
        lines.append(f"No pattern was found of {others:,} of {len(patterns):,} genes.")
    return [*lines, *_contrast_findings(results.contrasts)]


def localization_warnings(results: LocalizationResults) -> list[str]:
    """What a reader must know before the calls are believed, a sentence for each."""
    lines = []
    patterns = results.genes.patterns
    few = patterns[patterns["n_units"] < _FEWEST_UNITS] if len(patterns) else patterns
    if len(few):
        lines.append(
            f"{len(few)} genes have fewer than {_FEWEST_UNITS} wells: signs of so few cannot give a p below 0.05, so "
            "these genes are called random whatever their cells show. Add wells."
        )
    many = results.calibration[results.calibration[["random", "swapped"]].max(axis=1) > _MOST_BELOW]
    # Genes without a pattern fill their cells as the null says, whatever a mixture with other genes does.
    off = many[~(many["random"] <= _MOST_BELOW)]
    if len(off):
        names = ", ".join(WORDS[name] for name in off["statistic"])
        lines.append(
            f"Too many p are below 0.05 where there is nothing to find ({names}): molecules do not fill the cells as "
            "the null says. Either it does not fit these cells, or many genes have patterns, weak ones included. See "
            "the table Calibration, and read effects of single genes with care."
        )
    if results.nulls.get("area"):
        lines.append(
            f"{results.nulls['area']:,} genes in cells were compared with the area of the cell, since nothing says how "
            "thick it is: molecules above and below the nucleus count as nuclear."
        )
    if results.n_left_out:
        lines.append(
            f"{results.n_left_out:,} of {results.n_pairs:,} genes in cells are left out: the cell touches the edge of "
            "its image, or its area is not plausible."
        )
    return lines


def _settings(settings: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        ("Genes in", ", ".join(settings["channels"]) or "all molecules"),
        ("Patterns", ", ".join(name.replace("_", " ") for name in settings["patterns"])),
        ("Null", f"{settings['null_model']}, {settings['draws']} draws"),
        ("Classifier trained on", _LANDSCAPES[settings["landscapes"]]),
    ]
