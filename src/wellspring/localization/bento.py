"""Molecules and outlines in the H5AD files of Bento 1: ``uns/points``, and WKT polygons in ``obs``."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.errors import InputError

if TYPE_CHECKING:
    import h5py

__all__ = ["h5ad_points", "h5ad_rings"]

_KINDS = {"cell_shape": "cell", "nucleus_shape": "nucleus"}


def h5ad_points(path: Path) -> pd.DataFrame:
    """cell, gene, x, y (and z where there is one) of all molecules, as in the file.

    Raises
    ------
    ValueError
        When the file has no ``uns/points`` with these columns.
    """
    import h5py

    with h5py.File(path) as file:
        group = file.get("uns/points")
        missing = [name for name in ("cell", "gene", "x", "y") if group is None or name not in group]
        if group is None or missing:
            raise InputError(f"no uns/points with {', '.join(missing)}. Write a table of molecules instead")
        names = [name for name in ("cell", "gene", "x", "y", "z") if name in group]
        return pd.DataFrame({name: _values(group, name) for name in names})


def h5ad_rings(path: Path) -> list[tuple[str, str, list[NDArray[np.float64]]]]:
    """(name, cell or nucleus, rings) of each polygon in ``obs``; a nucleus has the name of its cell.

    Raises
    ------
    ValueError
        When the file has no ``obs/cell_shape``, or a text is no polygon.
    """
    import h5py

    with h5py.File(path) as file:
        obs = file.get("obs")
        if obs is None or "cell_shape" not in obs:
            raise InputError("no obs/cell_shape. Write a table of outlines instead")
        index = str(obs.attrs.get("_index", "_index"))
        names = [str(one) for one in _values(obs, index if index in obs else "cell")]
        found = []
        for column, kind in _KINDS.items():
            if column in obs:
                for name, text in zip(names, _values(obs, column), strict=True):
                    rings = _rings(str(text))
                    if rings:
                        found.append((name, kind, rings))
    return found


def _values(group: "h5py.Group", name: str) -> NDArray[Any]:
    """A column, with its categories where it is coded (the old and the new way of AnnData)."""
    column = group[name]
    if hasattr(column, "keys"):
        codes, words = column["codes"][...], _decoded(column["categories"][...])
    elif name in group.get("__categories", {}):
        codes, words = column[...], _decoded(group["__categories"][name][...])
    else:
        return _decoded(column[...])
    padded = np.append(words.astype(object), "")
    return padded[np.where(codes < 0, len(words), codes)]


def _decoded(values: NDArray[Any]) -> NDArray[Any]:
    if values.dtype == object or values.dtype.kind == "S":
        return np.array([one.decode() if isinstance(one, bytes) else str(one) for one in values], dtype=object)
    return values


def _rings(text: str) -> list[NDArray[np.float64]]:
    """Rings of a WKT (multi)polygon; none of an empty text."""
    if text.strip().lower() in ("", "nan", "none", "polygon empty"):
        return []
    parts = re.findall(r"\(([^()]+)\)", text)
    if not parts or "POLYGON" not in text.upper():
        raise InputError(f"expected polygons as WKT, got {text[:40]!r}. Write a table of outlines instead")
    return [np.array([[float(v) for v in pair.split()[:2]] for pair in part.split(",")]) for part in parts]
