"""The chapter on plates: where in a plate numbers are high or low, and which wells to look at."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from wellspring.plates.report.methods import methods_text
from wellspring.plates.wells import label_of, mapped_columns
from wellspring.report.chapter import MOST_FINDINGS, Chapter, Section, illustration
from wellspring.report.plate_map import MappedNumber, plate_maps_figure
from wellspring.report.tables import PageColumn, count, page_table, value
from wellspring.report.words import named_wells

__all__ = ["maps_figure", "odd_findings", "plates_chapter"]

_LEAD = "Which wells differ from their plate, and does a number follow rows, columns or the edge?"
_TEXT = (
    "A well is outlined if half of its sites or more are in doubt, flagged or left out, if it has no nuclei, or if its "
    "images differ from those of its plate in size or number. "
    "A number that follows rows, columns or the edge of a plate is likely to come from dispensing, staining or drying, "
    "not from what the wells were treated with."
)


def maps_figure(table: pd.DataFrame) -> Figure:
    """Small maps of all numbers of a table `PLATE_WELLS`, odd wells outlined."""
    odd = table[table["is_odd"].astype(bool)]
    numbers = [
        MappedNumber(name, label_of(name, table), (0.0, 1.0) if name == "doubtful_share" else None)
        for name in mapped_columns(table)
    ]
    outlined = list(zip(odd["plate"], odd["well"], strict=True))
    return plate_maps_figure(table, numbers=numbers, doubtful=outlined, doubtful_means="look at this well first")


def plates_chapter(table: pd.DataFrame, *, captions: Mapping[str, str], files: Mapping[str, Path]) -> Chapter:
    """The chapter.

    Parameters
    ----------
    table
        Table `PLATE_WELLS`, at least one row.
    captions
        ``plates`` and ``plate_sites``.
    files
        ``table`` and the SVG files ``maps`` and, where wells have several sites, ``sites``.
    """
    picture = illustration(files["maps"], title="Plates", caption=captions["plates"])
    numbers = [PageColumn(name, label_of(name, table), value) for name in mapped_columns(table)]
    columns = [
        *(PageColumn("plate", "Plate"), PageColumn("well", "Well"), PageColumn("reasons", "Reasons to look at it")),
        *(PageColumn("n_sites", "Sites", count), *numbers),
    ]
    odd = table[table["is_odd"].astype(bool)]
    file = str(files["table"])
    parts = [page_table(odd, columns, title="Wells to look at first", file=file)] if len(odd) else []
    grids = []
    if "sites" in files:
        grids.append(illustration(files["sites"], title="Sites of the wells", caption=captions["plate_sites"]))
    every = page_table(table, columns, title=f"All wells ({len(table):,})", file=file, folded=True)
    return Chapter(
        stage="plates",
        title="Plates",
        lead=_LEAD,
        picture=picture,
        findings=odd_findings(table),
        opens_page=True,
        sections=[Section(title="", text=[_TEXT], parts=[picture, *parts, *grids, every])],
        methods=methods_text(),
    )


def odd_findings(table: pd.DataFrame) -> list[str]:
    """How many wells are odd, and which, a sentence for each reason; the most frequent first."""
    odd = table[table["is_odd"].astype(bool)]
    if odd.empty:
        return [f"No well of {len(table):,} is in doubt."]
    found = [f"Of {len(table):,} wells, look first at {named_wells(odd)}."]
    reasons = odd["reasons"].str.split("; ")
    counts = reasons.explode().value_counts(sort=True)
    for reason in counts.index[: MOST_FINDINGS - 1]:
        own = odd[[reason in words for words in reasons]]
        found.append(f"{reason[:1].upper()}{reason[1:]}: {named_wells(own)}.")
    return found
