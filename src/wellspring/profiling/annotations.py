"""Sample and class of each well, from the sheet."""

from collections.abc import Iterable

import pandas as pd

from wellspring.errors import InputError

__all__ = ["sample_annotations", "with_positions"]


def with_positions(wells: pd.DataFrame) -> pd.DataFrame:
    """`wells` with the columns ``row`` and ``column`` of a well's place on its plate: B and 07 for the well B07.

    Wells of other names have ``unknown``; columns that the table has already stay.
    """
    found = wells["well"].str.extract(r"^(?P<row>[A-Za-z]{1,2})0*(?P<column>\d+)$").fillna("unknown")
    return wells.assign(**{name: found[name] for name in ("row", "column") if name not in wells.columns})


def sample_annotations(
    sheet: pd.DataFrame,
    *,
    sample: str,
    label: str,
    positive: Iterable[str],
    controls: Iterable[str],
    further: Iterable[str],
    source: str,
) -> pd.DataFrame:
    """Plate, well, sample, label (class) and the sheet's annotations of every well; blanks elsewhere are ``missing``.

    Without positive classes nothing is judged: each well is a sample of its own where the sheet has no such column,
    and has the class ``none``.

    Parameters
    ----------
    sheet
        As of `read_sheet`.
    sample, label
        Columns that hold the biological sample and the known class.
    positive, controls
        Classes that must occur.
    further
        Other columns that must be there; ``row`` and ``column`` are those of `with_positions`.
    source
        Named in messages.

    Raises
    ------
    ValueError
        When a column or a class is not there, every class is positive, or a well has no sample or class.
    """
    known = with_positions(sheet.drop(columns="path"))
    positive = list(positive)
    if not positive:
        own = {sample: known["plate"] + "/" + known["well"], label: "none"}
        known = known.assign(**{name: values for name, values in own.items() if name not in known.columns})
        known = known.fillna({label: "none", sample: own[sample]})
    missing = {sample, label, *further} - set(known.columns)
    if missing:
        raise InputError(
            f"{source}: profiling names the columns {sorted(missing)}, but the sheet has {list(sheet.columns)}. "
            "Correct the config or the sheet."
        )
    blank = known[known[[sample, label]].isna().any(axis=1)]
    if len(blank):
        wells = [f"{plate}/{well}" for plate, well in zip(blank["plate"], blank["well"], strict=True)]
        raise InputError(
            f"{source}: expected a value of {sample} and of {label} in every row, but {len(wells)} well(s) have none: "
            f"{wells[:5]}. Fill them in, or take these wells out of the sheet."
        )
    classes = set(known[label])
    unknown = {*positive, *controls} - classes
    if unknown:
        raise InputError(
            f"{source}: profiling.positive and controls name {sorted(unknown)}, but the column {label} has "
            f"{sorted(classes)}. Correct the config or the sheet."
        )
    if classes <= set(positive):
        raise InputError(
            f"{source}: profiling.positive names every class of the column {label}, {sorted(classes)}, so nothing is "
            "negative. Leave one out, or all of them to embed without a verdict."
        )
    return known.fillna("missing").assign(sample=known[sample], label=known[label])
