"""What the reader of the chapter on mRNA and protein must know first: missing numbers, likely mistakes, few wells."""

from collections.abc import Iterator

import pandas as pd

from wellspring.interaction.spelling import sheet_warnings

__all__ = ["interaction_warnings", "n_cells_of"]

_FEW_WELLS = 3
_CELL = ["plate", "well", "image"]
_MOLECULES = {"mrna": "mRNA", "protein": "protein"}


def interaction_warnings(
    images: pd.DataFrame, summary: pd.DataFrame, *, reference: str, positions: tuple[str, int] | None = None
) -> list[str]:
    """Cells without numbers, names in the sheet that may be mistakes, few wells, statistics without any p-value.

    Parameters
    ----------
    images, summary, reference
        As of `interaction_chapter`; a cell with an image of its mRNA and one of its protein counts once.
    positions
        Name of the table of MTOCs, and how many it has in wells with cells.
    """
    found = list(_remarks(images))
    if positions is not None:
        found += _positions(images, *positions)
    kinds = ["plate", "well", "gene", "molecule", "time", "condition"]
    found += [
        f"{line[0].upper()}{line[1:]}." for line in sheet_warnings(images[kinds].drop_duplicates(), reference=reference)
    ]
    wells = images.groupby(["gene", "molecule", "condition", "time"])["well"].nunique()
    few = wells[wells < _FEW_WELLS]
    if len(few):
        several = images["time"].nunique() > 1
        advice = "at single times hardly any p-value can be small. Read those over all times." if several else ""
        found.append(
            f"{len(few)} of {len(wells)} groups of wells (gene, molecule, condition, time) have fewer than "
            f"{_FEW_WELLS} wells: {advice or 'hardly any p-value can be small. Add wells.'}"
        )
    if summary["p_value"].isna().all():
        found.append("No statistic has a p-value: there is one well of each kind. Add wells.")
    return found


def _remarks(images: pd.DataFrame) -> Iterator[str]:
    """A line per remark; one per molecule where cells have it for one molecule and not for the other."""
    molecules = sorted(images["molecule"].unique())
    has_both = bool(images[_CELL].duplicated().any())
    for remark, rows in images[images["remark"] != "none"].groupby("remark"):
        cells = {name: _cells_of(rows[rows["molecule"] == name]) for name in molecules}
        parts = {"": set().union(*cells.values())}
        if has_both and len({frozenset(one) for one in cells.values()}) > 1:
            parts = {f" ({_MOLECULES.get(name, name)})": one for name, one in cells.items() if one}
        for kind, found in parts.items():
            yield (f"{len(found)} of {n_cells_of(images)} cells: {remark}{kind}. They are left out of what needs it.")


def _cells_of(images: pd.DataFrame) -> set[tuple[str, ...]]:
    return set(images[_CELL].itertuples(index=False, name=None))


def n_cells_of(images: pd.DataFrame) -> int:
    """Cells; one that shows both molecules is one."""
    return len(_cells_of(images))


def _positions(images: pd.DataFrame, name: str, n_positions: int) -> list[str]:
    given = images[images["mtoc_confidence"] == 1]
    n_found = n_cells_of(given)
    if not n_found:
        return [
            f"None of the {n_positions} MTOCs in {name} is that of a cell, or two are in each: nothing can be said of "
            "the MTOC. Compare their sites, y_px and x_px (0 at the first pixel) and labels with the label images."
        ]
    if n_found < n_positions:
        return [
            f"{n_positions - n_found} of {n_positions} MTOCs in {name} belong to no cell: outside of all cells, of an "
            "unknown site or label, or two in one cell."
        ]
    return []
