"""Files of the job that judges all wells. No network is needed."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from wellspring.errors import InputError
from wellspring.labelling.drift.judging import DriftFound
from wellspring.labelling.drift.state import AlarmState, save_alarm, save_refusal
from wellspring.labelling.drift.tables import LABELLING_EMBEDDINGS
from wellspring.tables import read_table

__all__ = ["model_digest", "read_embeddings", "roles_of_wells", "save_found"]


def model_digest(path: Path) -> str:
    """SHA-256 of the weights' file: which embedding an alarm belongs to."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def roles_of_wells(fields: pd.DataFrame, splits: pd.DataFrame) -> Mapping[tuple[str, str], str]:
    """(plate, well) to its role: training where it trained the network; reference where it did not and lies on a plate
    with training wells; judged on other plates.

    Parameters
    ----------
    fields
        Table `LABELLING_EMBEDDINGS`.
    splits
        Table of the network's fields: plate, well, split.
    """
    trained = set(zip(*(splits.loc[splits["split"] == "train", name] for name in ("plate", "well")), strict=True))
    plates = {plate for plate, _ in trained}
    keys = dict.fromkeys(zip(fields["plate"], fields["well"], strict=True))
    return {key: "training" if key in trained else "reference" if key[0] in plates else "judged" for key in keys}


def read_embeddings(paths: Sequence[Path]) -> pd.DataFrame:
    """Tables `LABELLING_EMBEDDINGS` of all wells in their order, wells without fields left out.

    Raises
    ------
    ValueError
        When no well has a field.
    """
    tables = [read_table(path, LABELLING_EMBEDDINGS) for path in paths]
    kept = [table for table in tables if len(table)]
    if not kept:
        raise InputError("labelling.drift: no well has a field that could be embedded. Check the images of the light.")
    return pd.concat(kept, ignore_index=True)


def save_found(path: Path, found: DriftFound, *, embedding: str) -> None:
    """Write the alarm, or why there is none, to `path` (.npz)."""
    if found.detector is None or found.space is None or found.charts is None:
        reason = found.refused or "there are fewer than ten reference wells for control charts."
        save_refusal(path, embedding=embedding, reason=reason)
        return
    save_alarm(path, AlarmState(embedding, found.space, found.detector, found.charts, found.reference))
