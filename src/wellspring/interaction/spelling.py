"""Names in the sheet that may be one name in two spellings."""

import difflib
from collections.abc import Iterator, Sequence
from itertools import combinations

import pandas as pd

__all__ = ["alike", "did_you_mean", "named_wells", "sheet_warnings"]

_GROUP = ["molecule", "time", "condition"]
# Of shorter names a single letter is most of the name: a, b.
_FEWEST_LETTERS = 4
_RARE = 8
_MOST = 3


def alike(one: str, other: str) -> bool:
    """Whether two names differ in case, blanks, hyphens and underscores alone."""
    return _plain(one) == _plain(other)


def did_you_mean(name: str, known: Sequence[str]) -> str:
    """``(did you mean X?)`` with a blank before it, or nothing."""
    same = [one for one in known if alike(one, name)]
    near = same or difflib.get_close_matches(name, known, n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def named_wells(wells: pd.DataFrame) -> str:
    """``well p/A01``, or ``wells p/A01, p/A02 and 4 more``."""
    names = [f"{plate}/{well}" for plate, well in zip(wells["plate"], wells["well"], strict=True)]
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return f"{'well' if len(names) == 1 else 'wells'} {', '.join(names[:_MOST])}{more}"


def sheet_warnings(wells: pd.DataFrame, *, reference: str) -> list[str]:
    """What may be a mistake in the sheet, a line each: genes and conditions in two spellings, a reference with holes.

    Parameters
    ----------
    wells
        A row per well, and per molecule where one shows several: plate, well, gene, time, condition, molecule.
    reference
        Gene that others are compared with.
    """
    pairs = [pair for pair in combinations(sorted(set(wells["gene"])), 2) if alike(*pair)]
    named = {gene for pair in pairs for gene in pair}
    near = {gene: others for gene, others in _near_genes(wells).items() if gene not in named}
    return [
        *_conditions(wells),
        *(_two(wells, "gene", *pair) for pair in pairs),
        *(_near(wells, gene, others) for gene, others in near.items()),
        *_lone_genes(wells, without=named.union(near, *near.values())),
        *_holes(wells, reference=reference),
    ]


def _conditions(wells: pd.DataFrame) -> Iterator[str]:
    for pair in combinations(sorted(set(wells["condition"])), 2):
        if alike(*pair):
            yield _two(wells, "condition", *pair)


def _two(wells: pd.DataFrame, kind: str, one: str, other: str) -> str:
    named = " and ".join(f"{name!r} ({named_wells(_once(wells[wells[kind] == name]))})" for name in (one, other))
    return (
        f"the sheet: the {kind}s {named} differ in case, blanks or hyphens alone and count as two; if they are one, "
        "write one name"
    )


def _near_genes(wells: pd.DataFrame) -> dict[str, list[str]]:
    """Genes that are like a slip of others, of which they differ in a letter; Rab5 and Rab7 do too, and are no slip.

    Like a slip is one with a single well or time, or an eighth of the other's wells, or without any kind of well
    (molecule, time, condition) that the other has.
    """
    groups, about = _groups_of(wells), _about(wells)
    found: dict[str, list[str]] = {}
    for pair in combinations(groups, 2):
        rare, other = sorted(pair, key=dict(about["well"]).__getitem__)
        if not _one_edit(_plain(rare), _plain(other)):
            continue
        few, many = about.loc[rare], about.loc[other]
        is_few = min(few["well"], few["time"]) == 1 < min(many["well"], many["time"])
        if is_few or _RARE * few["well"] <= many["well"] or not groups[rare] & groups[other]:
            found.setdefault(rare, []).append(other)
    return found


def _near(wells: pd.DataFrame, gene: str, others: Sequence[str]) -> str:
    own = named_wells(_once(wells[wells["gene"] == gene]))
    return (
        f"the sheet: the gene {gene!r} ({own}) differs in one letter from {', '.join(others[:_MOST])} and counts as "
        "another; if they are one, write one name"
    )


def _about(wells: pd.DataFrame) -> pd.DataFrame:
    """Gene to its numbers of wells and times."""
    once = wells.drop_duplicates(["gene", "plate", "well"]).groupby("gene")
    return pd.DataFrame({"well": once["well"].count(), "time": once["time"].nunique()})


def _lone_genes(wells: pd.DataFrame, *, without: set[str]) -> Iterator[str]:
    """Genes with a single well, a single time or no mRNA where most others have more."""
    about, has_mrna = _about(wells), (wells["molecule"] == "mrna").groupby(wells["gene"]).any()
    for gene in about.index.difference(sorted(without)) if len(about) > 1 else ():
        others = about.drop(index=gene)
        few = [name for name in about.columns if about.loc[gene, name] == 1 and others[name].median() >= 2]
        own = named_wells(_once(wells[wells["gene"] == gene]))
        if few:
            yield (
                f"the sheet: the gene {gene!r} ({own}) has only one {few[0]}, other genes have "
                f"{others[few[0]].median():.0f}; is it spelled as elsewhere?"
            )
        elif not has_mrna[gene] and has_mrna.drop(index=gene).mean() > 0.5:
            yield f"the sheet: the gene {gene!r} ({own}) has protein and no mRNA; is it spelled as elsewhere?"


def _holes(wells: pd.DataFrame, *, reference: str) -> Iterator[str]:
    """Conditions, molecules and times that other genes have and the reference has not."""
    groups = _groups_of(wells)
    own = groups.get(reference, set())
    lacking = sorted(set().union(*groups.values()) - own)
    named = list(dict.fromkeys(_hole(one, own) for one in lacking))
    if named:
        more = f" and {len(named) - _MOST} more" if len(named) > _MOST else ""
        yield (
            f"the reference gene {reference} has no well of {'; '.join(named[:_MOST])}{more}: other genes are not "
            "compared with it there"
        )


def _hole(lacking: tuple[str, ...], own: set[tuple[str, ...]]) -> str:
    """The largest part that is missing: the condition, a molecule of it, or a time of that."""
    molecule, time, condition = lacking
    within = f" in {condition}" if condition else ""
    if condition and not any(one[2] == condition for one in own):
        return condition
    if not any(one[0] == molecule and one[2] == condition for one in own):
        return f"{molecule}{within}"
    return f"{molecule} at {time}{within}"


def _groups_of(wells: pd.DataFrame) -> dict[str, set[tuple[str, ...]]]:
    return {
        str(gene): set(rows[_GROUP].itertuples(index=False, name=None))
        for gene, rows in wells.groupby("gene", sort=True)
    }


def _once(wells: pd.DataFrame) -> pd.DataFrame:
    return wells.drop_duplicates(["plate", "well"])


def _plain(name: str) -> str:
    return "".join(letter for letter in name.casefold() if not letter.isspace() and letter not in "-_‐‑–")


def _one_edit(one: str, other: str) -> bool:
    """Whether one letter is another, missing or too much, or two neighbours are exchanged."""
    if min(len(one), len(other)) < _FEWEST_LETTERS:
        return False
    while one and other and one[0] == other[0]:
        one, other = one[1:], other[1:]
    while one and other and one[-1] == other[-1]:
        one, other = one[:-1], other[:-1]
    return max(len(one), len(other)) <= 1 or (len(one) == 2 and one == other[::-1])
