"""Nuclei and cells of given label images: which nucleus is in which cell, and what is to be said of each object."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.segmentation.given.labels import pieces_of_labels
from wellspring.segmentation.tables import MATCHED

__all__ = ["Matched", "best_holders", "describe_given", "match_nuclei", "with_matches"]


@dataclass(frozen=True)
class Matched:
    """Nuclei under the labels of their cells.

    Attributes
    ----------
    nuclei : (Y, X) uint32
        Each nucleus has the id of its cell, so those of one cell have one label; a nucleus in no cell has a number
        after the last id of a cell.
    matches : pandas.DataFrame
        Columns of `MATCHED`, by the nucleus' own id.
    """

    nuclei: NDArray[np.uint32]
    matches: pd.DataFrame


def match_nuclei(nuclei: NDArray[np.integer], cells: NDArray[np.integer] | None) -> Matched:
    """Give each nucleus the label of the cell that holds most of it, if that is at least half of the nucleus.

    Parameters
    ----------
    nuclei : (Y, X) int
        Labels, 0 = background.
    cells : (Y, X) int or None
        Labels of cells that were found without these nuclei. None: cells will grow from the nuclei, which keep their
        ids.

    Returns
    -------
    Matched
        Of two cells that hold as much of a nucleus, it belongs to that of the lower id. No nuclei, no rows.

    Raises
    ------
    InputError
        When the shapes differ.
    """
    if cells is not None and cells.shape != nuclei.shape:
        raise InputError(f"cells: expected the shape of the nuclei, {nuclei.shape}, got {cells.shape}.")
    n_px = np.bincount(nuclei.ravel())
    n_px[:1] = 0
    ids = np.flatnonzero(n_px)
    pieces = pieces_of_labels(nuclei)[ids] if len(ids) else np.zeros(0, dtype=np.int64)
    table = pd.DataFrame({"nucleus_id": ids, "n_px": n_px[ids], "n_pieces": pieces})
    if cells is None:
        table = table.assign(label_in_site=ids, n_in_cell_px=0)
        return Matched(nuclei.astype(np.uint32), table[MATCHED_OF_SITE].astype("int64"))
    best = best_holders(nuclei, cells).reindex(ids, fill_value=0)
    table = table.assign(label_in_site=best["holder"].to_numpy(), n_in_cell_px=best["n"].to_numpy())
    is_in = 2 * table["n_in_cell_px"] >= table["n_px"]
    table.loc[~is_in, "label_in_site"] = int(cells.max(initial=0)) + 1 + np.arange(int((~is_in).sum()))
    new = np.zeros(len(n_px), dtype=np.uint32)
    new[ids] = table["label_in_site"]
    table.loc[~is_in, "n_in_cell_px"] = 0
    return Matched(new[nuclei], table[MATCHED_OF_SITE].astype("int64"))


MATCHED_OF_SITE = [name for name in MATCHED.names if name not in ("plate", "well", "site")]


def best_holders(inner: NDArray[np.integer], outer: NDArray[np.integer]) -> pd.DataFrame:
    """By label of `inner`: that of `outer` that holds most of it (``holder``), and how many of its pixels (``n``).

    Parameters
    ----------
    inner, outer : (Y, X) int
        Labels of one site, 0 = background. Of two that hold as much, the lower label is taken; no row where none does.
    """
    is_both = (inner > 0) & (outer > 0)
    pairs = pd.DataFrame({"inner": inner[is_both].astype(np.int64), "holder": outer[is_both].astype(np.int64)})
    counts = pairs.value_counts().rename("n").reset_index()
    counts = counts.sort_values(["inner", "n", "holder"], ascending=[True, False, True])
    return counts.drop_duplicates("inner").set_index("inner")


def describe_given(nuclei: NDArray[np.integer], cells: NDArray[np.integer], matches: pd.DataFrame) -> pd.DataFrame:
    """One row per object of given cells, with the flags and doubts that need no stain.

    Parameters
    ----------
    nuclei : (Y, X) int
        `Matched.nuclei`.
    cells : (Y, X) int
        Labels as given.
    matches
        `Matched.matches`.

    Returns
    -------
    DataFrame
        Columns of `SEGMENTED`. ``label_in_site`` is the id in the file, or the number of a nucleus in no cell, which
        has no cell (``has_cell``). Nuclei of one cell are counted (``n_nuclei``) and measured together.
    """
    from wellspring.segmentation.cell_doubts import CellDoubts
    from wellspring.segmentation.flags import cells_of_odd_size, describe_objects

    n_labels = int(cells.max(initial=0)) + 1
    covered = float((cells > 0).mean()) if cells.size else 0.0
    nothing = np.zeros(n_labels, dtype=bool)
    unknown, none = np.zeros(n_labels), np.zeros(cells.shape, dtype=np.int32)
    seen = CellDoubts(nothing, unknown, none, covered, "none", unknown)
    found = describe_objects(nuclei, cells, doubts=seen)
    pieces = pieces_of_labels(cells)
    label = found["label_in_site"]
    n_pieces = pieces[np.minimum(label, len(pieces) - 1)] * (label < len(pieces))
    table = with_matches(found.assign(has_cell=found["cell_px"] > 0), matches)
    # Given as several, they are not one that may be several.
    is_doubtful = table["is_nucleus_of_several"] & (table["n_nuclei"] < 2)
    is_split = table["is_in_pieces"] | (n_pieces > 1).to_numpy()
    # Each cell is one, whether it has a nucleus or not.
    odd = cells_of_odd_size(table)
    return table.assign(is_nucleus_of_several=is_doubtful, is_in_pieces=is_split, is_cell_size_out=odd)


def with_matches(objects: pd.DataFrame, matches: pd.DataFrame) -> pd.DataFrame:
    """The table `SEGMENTED` of a site with the number and ids of each object's nuclei, and what is odd about them.

    Parameters
    ----------
    objects
        From `describe_objects`.
    matches
        Rows of `MATCHED` of the same site.
    """
    n_nuclei, ids, in_pieces = Counter[int](), dict[int, str](), set[int]()
    for own in matches.sort_values("nucleus_id").itertuples(index=False):
        n_nuclei[own.label_in_site] += 1
        ids[own.label_in_site] = f"{ids.get(own.label_in_site, '')} {own.nucleus_id}".lstrip()
        if own.n_pieces > 1:
            in_pieces.add(own.label_in_site)
    labels = objects["label_in_site"].tolist()
    return objects.assign(
        n_nuclei=np.array([n_nuclei[label] for label in labels], dtype=np.int64),
        nucleus_ids=pd.Series([ids.get(label, "") for label in labels], index=objects.index, dtype="str"),
        is_in_pieces=np.array([label in in_pieces for label in labels], dtype=bool),
        is_nucleus_larger=(objects["cell_px"] > 0) & (objects["nucleus_px"] > objects["cell_px"]),
    )
