"""Files that are damaged or do not fit: one clear message for each, and no result of that well."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.workflow.studies import Snakemake, change_config, said

pytestmark = pytest.mark.workflow


def _truncate(well: Path) -> None:
    data = (well / "mpp.npy").read_bytes()
    (well / "mpp.npy").write_bytes(data[: len(data) // 2])


def _objects(well: Path) -> None:
    np.save(well / "x.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)


def _shorter(well: Path) -> None:
    np.save(well / "y.npy", np.load(well / "y.npy")[:-5])


def _unknown_object(well: Path) -> None:
    table = pd.read_csv(well / "metadata.csv")
    table.iloc[1:].to_csv(well / "metadata.csv", index=False)


def _other_channels(well: Path) -> None:
    text = (well / "channels.csv").read_text(encoding="utf-8")
    (well / "channels.csv").write_text(text.replace("PML", "PMX"), encoding="utf-8")


def _errors(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("ERROR")]


@pytest.mark.parametrize(
    "spoiled",
    [
        {0: (_truncate, "mpp.npy"), 1: (_objects, "x.npy"), 2: (_shorter, "y.npy")},
        {0: (_unknown_object, "metadata.csv"), 1: (_other_channels, "channels")},
    ],
    ids=["damaged files", "files that do not fit"],
)
def test_each_bad_file_ends_in_one_clear_message(
    spoiled: dict[int, tuple[Callable[[Path], None], str]], plate: Path, run: Snakemake
) -> None:
    wells = pd.read_csv(plate / "plate/wells.tsv", sep="\t", dtype=str)
    for number, (spoil, _) in spoiled.items():
        spoil(plate / "plate" / wells["path"][number])
    result = run(plate, "results/dataset/manifest.parquet", "results/raw/channels.csv")
    assert result.returncode != 0
    errors = _errors(said(result))
    assert len(errors) == len(spoiled), said(result)
    for _, words in spoiled.values():
        # ERROR job: file: what is wrong.
        assert len([line for line in errors if line.split(": ")[1].endswith(words)]) == 1, said(result)
    for number, (spoil, _) in spoiled.items():
        cells = plate / f"results/cells/crops/{wells['plate'][number]}/{wells['well'][number]}.parquet"
        # Pixels do not wait for the comparison of the channels.
        assert cells.exists() == (spoil is _other_channels)
    assert not [path for path in (plate / "results").rglob(".*") if path.is_file() and "@" in path.name]


def test_a_channel_that_no_well_has_is_told_once(plate: Path, run: Snakemake) -> None:
    change_config(plate, dataset={"input_channels": ["00_DAPI", "NOT_A_CHANNEL"]})
    result = run(plate, "results/raw/channels.csv")
    assert result.returncode != 0
    (error,) = _errors(said(result))
    assert error.startswith("ERROR raw_channels: ")
    assert "NOT_A_CHANNEL" in said(result)


def test_a_cell_that_the_dataset_does_not_have_is_reported_before_any_training(plate: Path, run: Snakemake) -> None:
    first = pd.read_csv(plate / "plate/wells.tsv", sep="\t", dtype=str).iloc[0]
    name = f"{first['plate']}/{first['well']}/987654"
    change_config(plate, attribution={"map_cells": [name]})
    trained = "linear/color-structure/1"
    result = run(plate, f"results/attribution/{trained}/importance.parquet")
    assert result.returncode != 0
    (error,) = _errors(said(result))
    assert error.startswith("ERROR attribution_cells: attribution.map_cells: expected cells (plate/well/object_id) of")
    assert name in error
    # Trainings do not depend on it: they run all the same, after the message.
    reported, training = (plate / "logs" / path for path in ("attribution_cells.log", f"training_fit/{trained}.log"))
    assert reported.stat().st_mtime_ns < training.stat().st_mtime_ns
    assert not (plate / f"logs/attribution_map/{trained}.log").exists()
