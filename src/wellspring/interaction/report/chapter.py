"""The chapter on mRNA and protein: which genes are enriched where, and whether protein follows mRNA."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from wellspring.interaction.report.enough import CELLS_THAT_SUFFICE, cells_that_suffice
from wellspring.interaction.report.methods import METHODS_REFERENCES, methods_text
from wellspring.interaction.report.warnings import interaction_warnings, n_cells_of
from wellspring.report.chapter import MOST_FINDINGS, Chapter, Section, illustration
from wellspring.report.methods import cited
from wellspring.report.numbers import number
from wellspring.report.tables import PageColumn, count, page_table, value
from wellspring.report.words import listed

__all__ = ["interaction_chapter", "interaction_findings"]

_ALL = "all"
_SIGNIFICANT = 0.05
_TITLES = {
    "mrna_peripheral_enrichment": "mRNA at the membrane more than the reference's",
    "protein_peripheral_enrichment": "Protein at the membrane more than the reference's",
    "mrna_mtoc_enrichment": "mRNA in the quadrant of the MTOC",
    "protein_mtoc_enrichment": "Protein in the quadrant of the MTOC",
    "temporal_interaction": "Protein that follows its mRNA in time",
    "temporal_interaction_change": "Another temporal interaction than in the control",
}
# How large an estimate is, in words.
_UNITS = {
    "mrna_peripheral_enrichment": "log2 {}",
    "protein_peripheral_enrichment": "log2 {}",
    "mrna_mtoc_enrichment": "{} above the mean density",
    "protein_mtoc_enrichment": "{} above the mean density",
    "temporal_interaction": "score {}",
    "temporal_interaction_change": "score {}",
}
_ENOUGH = [
    *(PageColumn(name, name.capitalize()) for name in ("gene", "molecule", "condition")),
    PageColumn("n_cells", "Cells at the time with fewest", count),
    PageColumn("enough", "Enough", count),
]
_TEXT = (
    "The well is the unit: the median of its cells is one value. A p-value says how often chance alone gives a value "
    "as extreme: the wells exchange what was assigned to them (gene, time or condition), or, for the MTOC, all cells "
    "of a well are turned alike, as if the MTOC were on another side. q is p adjusted for all genes and conditions. "
    "The column p of cells is the test as if each cell were a repeat of its own, as published analyses have it: where "
    "wells differ, it is far too small. docs/interaction.md says of each score how it is read, and its caveats."
)


def interaction_findings(summary: pd.DataFrame) -> list[str]:
    """Which genes have what, by q-values over all times; a sentence for each question."""
    rows = summary[summary["time"] == _ALL]
    found = []
    for name, title in _TITLES.items():
        own = rows[(rows["statistic"] == name) & rows["p_value"].notna()]
        if own.empty:
            continue
        sure = own[own["q_value"] < _SIGNIFICANT]
        if "enrichment" in name:
            sure = sure[sure["estimate"] > 0]
        genes = [
            f"{row.gene}{f' in {row.condition}' if row.condition else ''} "
            f"({_UNITS[name].format(number(row.estimate))}, q {row.q_value:.2g})"
            for row in sure.itertuples()
        ]
        found.append(f"{title}: {listed(genes) if genes else 'no gene'}.")
    return found


def _rows_with_numbers(summary: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Rows over all times that have an estimate, and how many have none."""
    rows = summary[summary["time"] == _ALL]
    known = rows[rows["estimate"].notna()].replace({"remark": {"none": ""}})
    n_without = len(rows) - len(known)
    return known, f"{n_without} more have no number; the file says why, in its column remark." if n_without else ""


def interaction_chapter(
    images: pd.DataFrame,
    summary: pd.DataFrame,
    *,
    reference: str,
    files: Mapping[str, Path],
    captions: Mapping[str, str],
    positions: tuple[str, int] | None = None,
) -> Chapter:
    """The chapter.

    Parameters
    ----------
    images
        Table `INTERACTION` with gene, molecule, time and condition.
    summary
        Table `INTERACTION_SUMMARY`.
    reference
        Gene that others are compared with.
    files
        ``table``, ``overview``, ``profiles`` and ``correlations``.
    captions
        From `read_captions`.
    positions
        As of `interaction_warnings`.
    """
    overview, profiles, correlations = (
        illustration(files[name], title=title, caption=captions[f"interaction_{name}"])
        for name, title in (
            ("overview", "Enrichment and temporal interaction of each gene"),
            ("profiles", "Density from membrane to nucleus"),
            ("correlations", "mRNA and protein at all pairs of times"),
        )
    )
    findings = interaction_findings(summary)
    columns = [
        *(PageColumn(name, name.capitalize()) for name in ("statistic", "gene", "condition")),
        PageColumn("estimate", "Estimate", value),
        PageColumn("low", "Low", value),
        PageColumn("high", "High", value),
        PageColumn("p_value", "p", value),
        PageColumn("q_value", "q", value),
        PageColumn("p_value_of_cells", "p of cells", value),
        PageColumn("n_wells", "Wells", count),
    ]
    rows, note = _rows_with_numbers(summary)
    columns[3:3] = [PageColumn("remark", "Remark")] if (rows["remark"] != "").any() else []
    table = page_table(
        rows, columns, title="All statistics over all times", note=note, file=str(files["table"]), folded=True
    )
    enough = page_table(
        cells_that_suffice(images), _ENOUGH, title="Cells that suffice", note=CELLS_THAT_SUFFICE, folded=True
    )
    methods = methods_text(reference=reference)
    return Chapter(
        stage="interaction",
        title="mRNA and protein",
        lead="Where are mRNA and protein enriched, and does the protein's pattern follow that of its mRNA?",
        picture=overview,
        warnings=interaction_warnings(images, summary, reference=reference, positions=positions),
        findings=findings[:MOST_FINDINGS],
        settings=[
            ("Genes", ", ".join(sorted(images["gene"].unique()))),
            ("Reference gene", reference),
            ("Cells", f"{n_cells_of(images):,}"),
        ],
        sections=[
            Section(
                title="",
                text=[_TEXT],
                findings=findings[MOST_FINDINGS:],
                parts=[overview, profiles, correlations, table, enough],
            )
        ],
        methods=methods,
        references=cited(METHODS_REFERENCES, text=methods),
    )
