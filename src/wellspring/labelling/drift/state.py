"""The file of a calibrated alarm: a zip of plain arrays (NumPy), never code."""

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from wellspring.errors import InputError
from wellspring.files import as_readable, replaced_when_whole
from wellspring.labelling.drift.charts import Charts
from wellspring.labelling.drift.online import Detector
from wellspring.labelling.drift.space import Space

__all__ = ["AlarmState", "load_alarm", "save_alarm", "save_refusal"]

_FORMAT = 1


@dataclass(frozen=True)
class AlarmState:
    """All that an alarm needs.

    Attributes
    ----------
    embedding : str
        Which model made the embeddings: the digest of its file.
    space : Space
    detector : Detector
    charts : Charts
    names : tuple of str
        Of the rows of the reference: the initial ones, then the others.
    """

    embedding: str
    space: Space
    detector: Detector
    charts: Charts
    names: tuple[str, ...]


def save_alarm(path: Path, state: AlarmState) -> None:
    """Write the alarm to `path` (.npz), complete or not at all."""
    known = {
        "format": _FORMAT,
        "embedding": state.embedding,
        "names": list(state.names),
        "space": {"explained": state.space.explained, "n": state.space.n},
        "detector": {
            name: getattr(state.detector, name)
            for name in ("bandwidth", "window", "expected_run", "run_lower", "run_upper")
        },
        "charts": {"names": list(state.charts.names), "n": state.charts.n, "expected_run": state.charts.expected_run},
    }
    arrays = {
        "space_mean": state.space.mean,
        "space_scale": state.space.scale,
        "space_components": state.space.components,
        "reference": state.detector.reference,
        "initial": state.detector.initial,
        "thresholds": state.detector.thresholds,
        "centres": state.charts.centres,
        "spreads": state.charts.spreads,
    }
    with replaced_when_whole(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, known=np.array(json.dumps(known)), **arrays)


def save_refusal(path: Path, *, embedding: str, reason: str) -> None:
    """Write a file that says why there is no alarm; `load_alarm` raises it."""
    known = {"format": _FORMAT, "embedding": embedding, "refused": reason}
    with replaced_when_whole(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, known=np.array(json.dumps(known)))


def load_alarm(path: Path, *, embedding: str) -> AlarmState:
    """Read an alarm that was calibrated for the model `embedding`.

    Raises
    ------
    FileNotFoundError, ValueError
        When the file is missing, is no such file, was calibrated with another model's embedding, or says that there is
        no alarm.
    """
    path = Path(path)
    with as_readable(path, expected="a calibrated alarm"):
        if not zipfile.is_zipfile(path):
            raise InputError("no file of an alarm")
        with np.load(path, allow_pickle=False) as file:
            known = json.loads(str(file["known"]))
            arrays = {name: file[name] for name in file.files if name != "known"}
    if known["format"] != _FORMAT or known["embedding"] != embedding:
        raise InputError(
            f"{path}: the alarm was calibrated with the embedding of another model ({known['embedding'][:12]}, asked "
            f"for {embedding[:12]}). Calibrate it again with this model."
        )
    if "refused" in known:
        raise InputError(f"{path}: there is no alarm: {known['refused']}")
    detector = Detector(arrays["reference"], arrays["initial"], thresholds=arrays["thresholds"], **known["detector"])
    charts = Charts(
        tuple(known["charts"]["names"]), arrays["centres"], arrays["spreads"], known["charts"]["n"],
        known["charts"]["expected_run"],
    )  # fmt: skip
    space = Space(arrays["space_mean"], arrays["space_scale"], arrays["space_components"], **known["space"])
    return AlarmState(known["embedding"], space, detector, charts, tuple(known["names"]))
