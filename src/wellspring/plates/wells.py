"""One row per well, from the tables of other stages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from wellspring.plates.tables import PLATE_WELLS

__all__ = ["WellSources", "label_of", "mapped_columns", "plate_sites", "plate_wells"]

_WELL = ["plate", "well"]
_NO_DOUBT = "none"
# Of a well without sites, where others have some: see raw.bad_wells.
_LEFT_OUT = "left out"
_LABELS = {
    "nuclei_per_site": "Nuclei per site",
    "cells_per_site": "Cells per site",
    "spots_per_cell_": "Spots per cell, ",
    "spots_per_site_": "Spots per site, ",
    "spot_size_": "Size of spots (px), ",
    "brightness_": "Brightness (median), ",
    "focus_": "Focus (slope), ",
}


@dataclass(frozen=True, kw_only=True)
class WellSources:
    """Tables of all wells; any may have no rows.

    Attributes
    ----------
    nuclei : pandas.DataFrame
        Table `SITE_NUCLEI`, compared, with cells (`with_cells`).
    cells, thresholds : pandas.DataFrame
        Tables `WELL_SPOTS_PER_CELL` and `WELL_SPOT_THRESHOLDS`, compared.
    images : pandas.DataFrame
        Table `FLAGGED_IMAGES`.
    sites : pandas.DataFrame
        Table `KEPT_SITES`.
    differing : dict of (str, str) to str
        Of wells whose files differ from those of their plate, in what; see `differing_wells`.
    """

    nuclei: pd.DataFrame
    cells: pd.DataFrame
    thresholds: pd.DataFrame
    images: pd.DataFrame
    sites: pd.DataFrame
    differing: Mapping[tuple[str, str], str] = field(default_factory=dict)


def plate_wells(wells: Sequence[tuple[str, str]], sources: WellSources) -> pd.DataFrame:
    """Table `PLATE_WELLS`, a row for each of `wells` (plate, well), in their order.

    A well is odd if half of its sites or more are in doubt by the stages segmentation or spots, flagged or left out, if
    it has no nuclei (or no cells, where there are to be some), was left out, or its files differ from those of its
    plate. A number of which nothing is known is missing.
    """
    index = pd.MultiIndex.from_tuples(list(wells), names=_WELL)
    table = pd.DataFrame(index=index)
    for name, values in _numbers(sources).items():
        table[name] = values.reindex(index).astype(np.float64)
    of_sites = _sites(sources)
    groups = of_sites.groupby(_WELL)
    table.insert(0, "n_sites", groups.size().reindex(index, fill_value=0).astype(np.int64))
    left_out = sources.sites[~sources.sites["is_kept"].astype(bool)].groupby(_WELL).size()
    table.insert(1, "n_left_out", left_out.reindex(index, fill_value=0).astype(np.int64))
    table.insert(2, "doubtful_share", groups["is_doubtful"].mean().reindex(index).astype(np.float64))
    reasons = groups["doubts"].agg(_joined).reindex(index, fill_value=_NO_DOUBT)
    is_empty = pd.Series(False, index=index)
    for name in ("nuclei_per_site", "cells_per_site"):
        counts = table.get(name, pd.Series(np.nan, index=index))
        # Where no well has any, they were not to be found.
        is_without = (counts == 0) & (counts > 0).any() & ~is_empty
        reasons = reasons.where(~is_without, [_with(f"no {name.split('_')[0]}", one) for one in reasons])
        is_empty |= is_without
    is_out = (table["n_sites"] == 0) & (table["n_sites"] > 0).any()
    reasons = reasons.where(~is_out, _LEFT_OUT)
    differing = pd.Series([sources.differing.get(key, "") for key in index], index=index, dtype=object)
    pairs = zip(differing, reasons, strict=True)
    reasons = pd.Series([_and(one, words) if words else one for words, one in pairs], index=index)
    is_odd = (table["doubtful_share"] >= 0.5) | is_empty | is_out | (differing != "")
    table.insert(3, "is_odd", is_odd.astype(bool))
    table.insert(4, "reasons", reasons.astype(str))
    found = table.reset_index()
    return found[[*PLATE_WELLS.names, *[name for name in found.columns if name not in PLATE_WELLS.names]]]


def plate_sites(sources: WellSources) -> tuple[pd.DataFrame, str]:
    """A row per site: plate, well, site, value, is_doubtful; and what the value is in words.

    The value is the number of spots per cell, of nuclei alone per nucleus, of the first channel of spots, else of
    nuclei.
    """
    sites = _sites(sources)
    channels = list(dict.fromkeys(sources.cells["channel"]))
    key = [*_WELL, "site"]
    if channels:
        values = sources.cells[sources.cells["channel"] == channels[0]].groupby(key)["n_spots"].mean()
        is_of_nuclei = not sources.nuclei["n_cells"].notna().any() and sources.nuclei["n_nuclei"].notna().any()
        label = f"Spots per {'nucleus' if is_of_nuclei else 'cell'}, {channels[0]}"
    else:
        name = "n_nuclei" if sources.nuclei["n_nuclei"].notna().any() else "n_cells"
        values, label = sources.nuclei.groupby(key)[name].mean(), name.removeprefix("n_").capitalize()
    index = pd.MultiIndex.from_frame(sites[key])
    return sites.assign(value=values.reindex(index).to_numpy(dtype=np.float64)), label


def mapped_columns(table: pd.DataFrame) -> list[str]:
    """Columns of a table `PLATE_WELLS` to draw: numbers that any well has, counts first, then the share of sites in
    doubt, if there are any."""
    order = list(_LABELS)
    starts = {name: start for name in table.columns for start in order if name.startswith(start)}
    names = sorted(starts, key=lambda name: order.index(starts[name]))
    known = [name for name in names if table[name].notna().any() and name not in _saying_nothing(table)]
    return [*known, *(["doubtful_share"] if (table["doubtful_share"] > 0).any() else [])]


def _saying_nothing(table: pd.DataFrame) -> list[str]:
    """Counts of 0 alone, and of cells where each has its nucleus and the other way round."""
    nuclei, cells = (table.get(name) for name in ("nuclei_per_site", "cells_per_site"))
    nothing = [str(one.name) for one in (nuclei, cells) if one is not None and not (one > 0).any()]
    is_same = nuclei is not None and cells is not None and nuclei.equals(cells)
    return [*nothing, "cells_per_site"] if is_same else nothing


def label_of(name: str, table: pd.DataFrame) -> str:
    """A number of a table `PLATE_WELLS` in words; empty for a column that is none. Of nuclei alone spots are theirs."""
    if name == "doubtful_share":
        return "Sites in doubt (share)"
    start = next((one for one in _LABELS if name.startswith(one)), None)
    words = f"{_LABELS[start]}{name.removeprefix(start)}" if start else ""
    is_of_nuclei = "nuclei_per_site" in table and "cells_per_site" not in table
    return words.replace("per cell", "per nucleus") if is_of_nuclei else words


def _numbers(sources: WellSources) -> dict[str, "pd.Series[float]"]:
    found: dict[str, pd.Series[float]] = {}
    if len(sources.nuclei):
        for name in ("nuclei", "cells"):
            counts = sources.nuclei[f"n_{name}"]
            if counts.notna().any():
                found[f"{name}_per_site"] = sources.nuclei.groupby(_WELL)[f"n_{name}"].mean()
    for channel, rows in sources.thresholds.groupby("channel", sort=False):
        cells = sources.cells[sources.cells["channel"] == channel]
        if len(cells):
            found[f"spots_per_cell_{channel}"] = cells.groupby(_WELL)["n_spots"].mean()
        else:
            found[f"spots_per_site_{channel}"] = rows.groupby(_WELL)["n_spots"].mean()
        found[f"spot_size_{channel}"] = rows.groupby(_WELL)["sigma_px_median"].mean()
        found[f"brightness_{channel}"] = rows.groupby(_WELL)["level"].mean()
    for channel, rows in sources.images.groupby("channel", sort=False):
        found[f"brightness_{channel}"] = rows.groupby(_WELL)["median"].mean()
        found[f"focus_{channel}"] = rows.groupby(_WELL)["focus_slope"].mean()
    return found


def _sites(sources: WellSources) -> pd.DataFrame:
    """A row per site: plate, well, site, doubts (words of all stages), is_doubtful."""
    parts = []
    for table, start in ((sources.nuclei, "nuclei: "), (sources.thresholds, "spots: ")):
        words = ["; ".join(_named(one, start)) for one in table["doubts"]]
        parts.append(table[[*_WELL, "site"]].assign(doubts=words))
    flagged = sources.sites["is_flagged"].astype(bool)
    words = ["flagged image" if is_flagged else _NO_DOUBT for is_flagged in flagged]
    parts.append(sources.sites[[*_WELL, "site"]].assign(doubts=words))
    rows = pd.concat([part for part in parts if len(part)], ignore_index=True) if any(map(len, parts)) else parts[0]
    sites = rows.groupby([*_WELL, "site"], sort=False)["doubts"].agg(_joined).reset_index()
    return sites.assign(is_doubtful=sites["doubts"] != _NO_DOUBT)


def _named(doubts: str, start: str) -> list[str]:
    return [word if word == _NO_DOUBT else start + word for word in doubts.split(", ")]


def _joined(doubts: "pd.Series[str]") -> str:
    """Each once, in the order found, joined by semicolons; or none."""
    words = dict.fromkeys(word for one in doubts if one != _NO_DOUBT for word in one.split("; "))
    return "; ".join(words) or _NO_DOUBT


def _and(reasons: str, word: str) -> str:
    return word if reasons == _NO_DOUBT else f"{reasons}; {word}"


def _with(word: str, reasons: str) -> str:
    return word if reasons == _NO_DOUBT else f"{word}; {reasons}"
