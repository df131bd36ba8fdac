"""AnnData files (.h5ad), written with h5py alone.

The layout is that of anndata's on-disk format: root anndata 0.1.0; data frames 0.2.0; strings as string-array 0.2.0
and categorical 0.2.0, which anndata of any version from 0.8 and its readers in R open.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from wellspring.errors import InputError
from wellspring.files import replaced_when_whole

__all__ = ["write_h5ad"]

_TEXT = h5py.string_dtype()


def write_h5ad(
    path: Path,
    *,
    obs: pd.DataFrame,
    var: pd.DataFrame,
    values: Iterable[tuple[slice, NDArray[np.float32]]],
    obsm: Mapping[str, NDArray[np.float64]],
    layers: Mapping[str, csr_matrix],
    uns: Mapping[str, Mapping[str, str]],
) -> None:
    """Write one AnnData file.

    Parameters
    ----------
    path
        Replaced when whole.
    obs, var
        Rows of cells and of features; the index is their name. Text becomes categorical in `obs`, strings in `var`.
    values
        X, (n_obs, n_var) float32, in parts: columns and their values; missing values are NaN. It is read once, one part
        after the other.
    obsm
        (n_obs, k) float64 by name.
    layers
        (n_obs, n_var) by name.
    uns
        Text by group and name.

    Raises
    ------
    InputError
        When names of rows repeat.
    """
    for name, frame in (("obs", obs), ("var", var)):
        if frame.index.has_duplicates:
            again = frame.index[frame.index.duplicated()][0]
            raise InputError(f"{path}: expected each name of {name} once, but {again!r} repeats. Rename it.")
    shape = (len(obs), len(var))
    with replaced_when_whole(path) as temporary, h5py.File(temporary, "w") as file:
        _encoded(file, "anndata", "0.1.0")
        x = file.create_dataset("X", shape=shape, dtype=np.float32, **_storage(shape))
        _encoded(x, "array", "0.2.0")
        for columns, part in values:
            x[:, columns] = part
        _write_frame(file, "obs", obs, is_categorical=True)
        _write_frame(file, "var", var, is_categorical=False)
        for name, array in obsm.items():
            _encoded(_group(file, "obsm").create_dataset(name, data=array), "array", "0.2.0")
        for name, matrix in layers.items():
            _write_sparse(_group(file, "layers"), name, matrix)
        for name, texts in uns.items():
            own = _group(_group(file, "uns"), name)
            for key, text in texts.items():
                _encoded(own.create_dataset(key, data=text, dtype=_TEXT), "string", "0.2.0")
        for name in ("obsm", "layers", "uns", "obsp", "varm", "varp"):
            _group(file, name)


def _storage(shape: tuple[int, int]) -> dict[str, object]:
    """How a matrix is stored: in blocks of rows, so that both a cell and a feature are read quickly."""
    if not all(shape):
        return {}
    return {"chunks": (min(shape[0], 1000), min(shape[1], 64)), "compression": "gzip", "compression_opts": 1}


def _encoded(item: h5py.Group | h5py.Dataset, kind: str, version: str) -> None:
    item.attrs["encoding-type"] = kind
    item.attrs["encoding-version"] = version


def _group(parent: h5py.Group, name: str) -> h5py.Group:
    if name not in parent:
        _encoded(parent.create_group(name), "dict", "0.1.0")
    return parent[name]


def _write_strings(group: h5py.Group, name: str, values: Sequence[str]) -> None:
    _encoded(group.create_dataset(name, data=np.asarray(values, dtype=object), dtype=_TEXT), "string-array", "0.2.0")


def _write_frame(file: h5py.File, name: str, frame: pd.DataFrame, *, is_categorical: bool) -> None:
    group = file.create_group(name)
    _encoded(group, "dataframe", "0.2.0")
    group.attrs["_index"] = "_index"
    group.attrs.create("column-order", np.asarray(list(frame.columns), dtype=object), dtype=_TEXT)
    _write_strings(group, "_index", frame.index.astype(str).tolist())
    for column in frame.columns:
        values = frame[column]
        if pd.api.types.is_bool_dtype(values.dtype) or pd.api.types.is_numeric_dtype(values.dtype):
            _encoded(group.create_dataset(column, data=values.to_numpy()), "array", "0.2.0")
        elif is_categorical:
            _write_categorical(group, column, values)
        else:
            _write_strings(group, column, values.astype(str).tolist())


def _write_categorical(group: h5py.Group, name: str, values: pd.Series) -> None:
    found = pd.Categorical(values)
    own = group.create_group(name)
    _encoded(own, "categorical", "0.2.0")
    own.attrs["ordered"] = False
    _write_strings(own, "categories", [str(one) for one in found.categories])
    # -1 is a missing value.
    _encoded(own.create_dataset("codes", data=found.codes.astype(np.int32)), "array", "0.2.0")


def _write_sparse(group: h5py.Group, name: str, matrix: csr_matrix) -> None:
    own = group.create_group(name)
    _encoded(own, "csr_matrix", "0.1.0")
    own.attrs["shape"] = np.asarray(matrix.shape, dtype=np.int64)
    for key in ("data", "indices", "indptr"):
        own.create_dataset(key, data=getattr(matrix, key))
