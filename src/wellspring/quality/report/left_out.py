"""Which sites other stages did without, for their chapters."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from wellspring.quality.tables import KEPT_SITES
from wellspring.report.chapter import Section
from wellspring.report.tables import PageColumn, page_table
from wellspring.report.words import named_wells
from wellspring.tables import read_tables

__all__ = ["left_out_per_well", "left_out_sections", "left_out_sites", "left_out_warnings"]


def left_out_sites(paths: Sequence[Path]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(sites that are left out, all sites), both table `KEPT_SITES`, from the files of the plates; no files, no sites.

    Raises
    ------
    FileNotFoundError, ValueError
        When a file is missing or is not such a table.
    """
    sites = read_tables(paths, KEPT_SITES, of_plates=True)
    return sites[~sites["is_kept"].astype(bool)], sites


def left_out_per_well(sites: pd.DataFrame, keys: pd.DataFrame) -> "pd.Series[int]":
    """How many of `sites` each row of `keys` (columns plate, well) has; the index is that of `keys`."""
    counts = sites.groupby(["plate", "well"]).size()
    pairs = zip(keys["plate"], keys["well"], strict=True)
    return pd.Series([int(counts.get(pair, 0)) for pair in pairs], index=keys.index, dtype="int64")


def left_out_warnings(sites: pd.DataFrame, *, verb: str) -> list[str]:
    """A sentence on the wells of which no site is left.

    Parameters
    ----------
    sites
        Table `KEPT_SITES` of all sites.
    verb
        What did not happen to them: "segmented", "searched".
    """
    kept = sites.groupby(["plate", "well"], sort=False)["is_kept"].sum()
    lost = [(str(plate), str(well)) for plate, well in kept.index[kept == 0]]
    return [f"Every site is flagged and left out, so nothing was {verb}, in {named_wells(lost)}."] if lost else []


def left_out_sections(sites: pd.DataFrame, *, n_sites: int, file: str) -> list[Section]:
    """The sites that were left out, and why; nothing where none was.

    Parameters
    ----------
    sites
        Table `KEPT_SITES` of the sites that are left out.
    n_sites
        All sites.
    file
        Table that counts them by well.
    """
    if sites.empty:
        return []
    columns = (
        PageColumn("plate", "Plate"),
        PageColumn("well", "Well"),
        PageColumn("site", "Site"),
        PageColumn("reasons", "Flagged by (robust z-score)"),
    )
    table = page_table(sites, columns, title="Sites that were left out", file=file, folded=True)
    text = (
        f"{len(sites):,} of {n_sites:,} sites were left out, since an image of theirs is flagged (chapter on the "
        "images); set quality.use to profiles, or quality.flagged_sites to keep, to use them."
    )
    return [Section(title="Left out", text=[text], parts=[table])]
