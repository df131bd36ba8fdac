"""Groups of DypFISH's files that wells are read from, compared with what the sheet says of the wells."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from wellspring.errors import InputError
from wellspring.interaction.spelling import named_wells
from wellspring.raw.dypfish import split_path

__all__ = ["group_warnings"]

_MOLECULES = ("mrna", "protein")


def group_warnings(wells: pd.DataFrame, paths: Sequence[str]) -> list[str]:
    """Genes and times of which one group's name has several in the sheet, a line each.

    Parameters
    ----------
    wells
        As of `annotated_wells`, with molecules.
    paths
        Of the wells: a file and a group ``mrna/gapdh/2h``; groups of other depth say nothing.

    Raises
    ------
    FileNotFoundError, ValueError
        When no part of a path is a file; when the group is of the mRNA and the sheet says protein, or the other way.
    """
    parts = [split_path(Path(path))[1].strip("/").split("/") for path in paths]
    named = pd.DataFrame(
        [one if len(one) == 3 and one[0] in _MOLECULES else [None] * 3 for one in parts],
        columns=["of_molecule", "of_gene", "of_time"],
        index=wells.index,
    )
    known = wells.join(named).dropna(subset="of_molecule")
    wrong = known[known["molecule"] != known["of_molecule"]]
    if len(wrong):
        first = wrong.iloc[0]
        raise InputError(
            f"the sheet: {named_wells(wrong)}: the molecule is {first['molecule']}, but the path ends in "
            f"{first['of_molecule']}/{first['of_gene']}/{first['of_time']}. Correct one of them."
        )
    return [*_several(known, "gene"), *_several(known, "time")]


def _several(known: pd.DataFrame, kind: str) -> Iterator[str]:
    for group, rows in known.groupby(f"of_{kind}", sort=True):
        counts = rows[kind].value_counts(sort=True)
        if len(counts) > 1:
            most, rare = counts.index[0], counts.index[-1]
            yield (
                f"the sheet: of wells whose path has the {kind} {group}, {counts.iloc[0]} have {most!r} and "
                f"{named_wells(rows[rows[kind] == rare])} {rare!r}; is it right?"
            )
