"""The scripts of the rules training_fit and training_evaluate, run as Snakemake runs them."""

import json
import runpy
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from wellspring.cells.shards import Crop, ShardHeader, runs_of, write_shard
from wellspring.dataset.tables import MANIFEST, NORMALIZATION
from wellspring.tables import read_table, write_table
from wellspring.training.runs import Run
from wellspring.training.tables import HISTORY, METRICS, PREDICTIONS

if TYPE_CHECKING:
    from wellspring.models.devices import CPU

SCRIPTS = Path(__file__).resolve().parents[2] / "workflow" / "scripts"
SPLITS = ["train", "test", "train", "validation", "train", "test", "train", "validation", "train", "test"]

# What Snakemake hands a script: named lists that are read by name, attribute or items.
RUN = """
import json, runpy, sys
from types import SimpleNamespace

class Named(dict):
    __getattr__ = dict.__getitem__

script, job = sys.argv[1], json.loads(sys.argv[2])
named = {key: Named(value) if isinstance(value, dict) else value for key, value in job.items()}
runpy.run_path(script, init_globals={"snakemake": SimpleNamespace(**named)}, run_name="__main__")
"""


def run(script, **job):
    command = [sys.executable, "-c", RUN, str(SCRIPTS / script), json.dumps(job)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def job(tmp_path):
    """A well of ten cells, and the job that trains a linear model on them."""
    y, x = (index.ravel() for index in np.indices((4, 4)))
    runs = dict(zip(("run_y", "run_x", "run_length"), runs_of(y, x), strict=True))
    indices = {"y_min": 0, "x_min": 0, "height": 4, "width": 4}
    pixels = [np.column_stack([np.full(16, 10 * i), np.full(16, 100 + i)]).astype(np.uint16) for i in range(10)]
    crops = [Crop(object_id=i, pixels=pixels[i], **indices, **runs) for i in range(10)]
    header = ShardHeader(plate="P", well="A1", channels=("a", "EU"), background=np.zeros(2))
    write_shard(tmp_path / "cells" / "P" / "A1.arrow", crops, header=header)
    numbers = {"plate": "P", "well": "A1", "object_id": range(10), "row": range(10), "split": SPLITS}
    manifest = pd.DataFrame({**numbers, "target": np.arange(100.0, 110), "cell_size_ratio": 0.6, "is_cropped": False})
    write_table(manifest, tmp_path / "manifest.parquet", MANIFEST)
    scaling = {"n_px": 160, "percentile": 98.0, "upper": 1e3, "mean": 0.0, "std": 1.0, "clip": np.inf, "shift": 0.0}
    table = pd.DataFrame({"channel": ["a", "EU"], **scaling, "scale": 100.0})
    write_table(table, tmp_path / "normalization.parquet", NORMALIZATION)
    files = {"model": "model.keras", "history": "history.csv", "predictions": "predictions.parquet"}
    augmentation = {"shift": 0.1, "zoom": True, "flip": True, "rotate": True, "noise_sd": 0.0}
    training = {"epochs": 3, "patience": 3, "batch_size": 4, "huber_delta": 1.0, "augmentation": augmentation}
    return {
        "input": {
            **{name: str(tmp_path / f"{name}.parquet") for name in ("manifest", "normalization")},
            "crops": [str(tmp_path / "cells" / "P" / "A1.arrow")],
        },
        "output": {name: str(tmp_path / "run" / file) for name, file in files.items()},
        "params": {
            "target_channel": "EU",
            "input_channels": None,
            "image_size": 6,
            "training": training,
            "learning_rate": 0.1,
            "code": "c",
            "architecture_code": "d",
        },
        "wildcards": {"model": "linear", "regime": "structure", "seed": "5"},
        "log": [str(tmp_path / "run.log")],
        "threads": 1,
    }


def test_fit_and_evaluate(job, tmp_path):
    done = run("training_fit.py", **job)
    assert done.returncode == 0, done.stderr + (tmp_path / "run.log").read_text()
    # Quiet but for its progress: what TensorFlow says is in the log.
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert [line.split("]")[1].split()[0] for line in lines] == ["1/3", "2/3", "3/3"]
    assert all(line.startswith("linear structure 5  [") for line in lines)
    assert len(read_table(Path(job["output"]["history"]), HISTORY)) == 3
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == [
        "history.csv",
        "model.keras",
        "predictions.parquet",
    ]
    predictions = Path(job["output"]["predictions"])
    assert read_table(predictions, PREDICTIONS)["split"].tolist() == SPLITS
    metrics = tmp_path / "metrics.parquet"
    done = run(
        "training_evaluate.py",
        input={"predictions": [str(predictions)]},
        output={"metrics": str(metrics), "differences": str(tmp_path / "differences.parquet")},
        params={"huber_delta": 1.0, "bootstrap_samples": 100, "seed": 1},
        log=[str(tmp_path / "evaluate.log")],
    )
    assert done.returncode == 0, done.stderr
    table = read_table(metrics, METRICS)
    assert table["model"].drop_duplicates().tolist() == ["baseline", "linear"]
    # Targets of the test cells are 101, 105 and 109; training cells have 100, 102, 104, 106 and 108: mean 104.
    baseline = table[table["model"] == "baseline"].set_index("metric")["value"]
    assert baseline["mean_error"] == pytest.approx(1.0)
    assert baseline["mae"] == pytest.approx((3 + 1 + 5) / 3)


def test_a_channel_that_the_dataset_lacks_ends_the_job_before_anything_is_written(job, tmp_path, monkeypatch):
    monkeypatch.setattr("wellspring.models.devices.prepared_device", lambda *, threads: CPU)
    main = runpy.run_path(str(SCRIPTS / "training_fit.py"))["main"]
    params = {**job["params"], "input_channels": ["a", "nucleolin"]}
    run = Run("linear", "structure", 5)
    with pytest.raises(ValueError, match=r"dataset\.input_channels: \['nucleolin'\] are not among"):
        main(inputs=job["input"], outputs=job["output"], run=run, params=params, threads=1)
    assert not (tmp_path / "run").exists()
