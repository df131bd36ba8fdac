"""Fine-tuning from a list of files, as ``wellspring nuclei-train`` does it."""

import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import tifffile
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.files import as_readable, replaced_when_whole
from wellspring.segmentation.learned.fine_tuning import AnnotatedSite, fine_tune
from wellspring.tables import inert

__all__ = ["read_annotations", "train_annotated"]

_COLUMNS = ("well", "image", "labels")


def read_annotations(path: Path) -> list[AnnotatedSite]:
    """The annotated sites of a CSV file with the columns well, image, labels.

    Raises
    ------
    FileNotFoundError, InputError
        When a file is missing or no TIFF, or a column is missing.
    """
    with as_readable(path, expected="a CSV file with the columns well, image, labels"):
        table = pd.read_csv(path, dtype=str)
    missing = [name for name in _COLUMNS if name not in table]
    if missing:
        raise InputError(f"{path}: expected the columns {', '.join(_COLUMNS)}, got none called {', '.join(missing)}.")
    rows = table[list(_COLUMNS)].itertuples(index=False)
    return [
        AnnotatedSite(row.well, str(row.image), _read(path.parent / row.image), _labels(path.parent / row.labels))
        for row in rows
    ]


def _read(path: Path) -> NDArray[np.number]:
    with as_readable(path, expected="a TIFF image (Y, X)"):
        return np.asarray(tifffile.imread(path))


def _labels(path: Path) -> NDArray[np.integer]:
    values = _read(path)
    if values.dtype.kind not in "ui":
        raise InputError(f"{path}: expected labels, whole numbers with 0 = background, got {values.dtype}.")
    return values.astype(np.int64)


def train_annotated(path: Path, *, output: Path, n_epochs: int, steps_per_epoch: int, seed: int, threads: int) -> None:
    """Fine-tune, write the weights to `output` and the scores of held-out sites beneath it as CSV; print the verdict.

    A run that was stopped resumes; its checkpoint lies in a folder of the output's name and is removed at the end.
    """
    sites = read_annotations(path)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from wellspring.models.devices import prepared_device
    from wellspring.segmentation.learned.training import fine_tuning_plan

    prepared_device(threads=threads)
    folder = output.with_name(f"{output.name}.training")
    plan = fine_tuning_plan(n_epochs=n_epochs, steps_per_epoch=steps_per_epoch, seed=seed)
    tuned = fine_tune(sites, folder=folder, plan=plan)
    with replaced_when_whole(output) as temporary:
        shutil.copyfile(folder / "weights.npz", temporary)
    scores = tuned.scores
    inert(scores).to_csv(output.with_suffix(".csv"), index=False)
    shutil.rmtree(folder)
    print(scores.groupby("method")[["dice", "f1", "ap"]].mean().round(3).to_string())
    print(tuned.verdict)
