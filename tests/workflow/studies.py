"""Studies as users have them, and snakemake as they run it."""

import subprocess
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import tifffile
import yaml

from tests.preloaded import preloaded_python
from wellspring.plan.workflow import plan_jobs

ROOT = Path(__file__).resolve().parents[2]

Snakemake = Callable[..., subprocess.CompletedProcess[str]]

TINY = {
    "wells": "plate/wells.tsv",
    "raw": {"format": "mpm"},
    "cells": {"image_size": 24},
    "dataset": {"target_channel": "00_EU"},
    "training": {"models": ["linear"], "epochs": 2, "patience": 2, "batch_size": 32},
    "attribution": {
        "models": ["linear"],
        "max_cells": 3,
        "steps": 2,
        "estimator": {"samples": 2},
        "panel_channels": 2,
        "validation": {
            "truth": "known",
            "cells": 2,
            "methods": ["gradient_input/none", "integrated_gradients/vargrad"],
            "baselines": ["black"],
            "samples": 2,
            "curve_steps": 2,
            "randomised_cells": 1,
        },
    },
    "report": {"bootstrap_samples": 100},
}


# Of images, with everything that any stage can do, so that each rule is planned.
EVERYTHING = {
    "wells": "wells.tsv",
    "raw": {"format": "tiff", "pattern": "{well}_s{site}_{channel}.tif", "pixel_size_um": 0.3},
    "quality": {"channels": ["DAPI", "GFP", "RFP"], "write_corrected": True},
    "segmentation": {
        "nucleus_channel": "DAPI",
        "cells": {"method": "watershed", "channel": "GFP"},
        "annotated": {"nuclei": "{well}_s{site}_nuclei.tif", "folder": "annotated"},
    },
    "spots": {"channels": ["RFP"], "sigma_px": 1.3},
    "localization": {"channels": ["RFP"]},
    "labelling": {
        "light": ["BF"],
        "stains": ["ER"],
        "drift": {"expected_run": 64},
        "stability": {"kinds": ["blur"]},
    },
    "dataset": {"target_channel": "GFP", "select": {}, "filter": [], "split": {"stratify": []}},
    "training": {"models": ["linear"]},
    "attribution": {
        "models": ["linear"],
        "validation": {"roar": {"percents": [50], "channels": [1], "seeds": [1]}},
    },
    "profiling": {
        "methods": ["pca", "features", "autoencoder", "classifier"],
        "positive": ["x"],
        "multiplications": [1],
        "actin": {"actin": "GFP", "borders": "GFP", "nuclei": "DAPI"},
    },
    "report": {"group_by": "label"},
    "export": {"formats": ["anndata", "cytomining", "geojson", "geoparquet", "multiqc", "ome_zarr", "spatialdata"]},
    "browser": {"write": True},
}


def write_everything(folder: Path, *, n_wells: int) -> Path:
    """A study of images of 8 px, two sites a well, whose config asks for everything; wells are of either class."""
    (folder / "plate").mkdir(parents=True)
    rows = ["plate\twell\tpath\tsample\tlabel"]
    for number in range(n_wells):
        well = f"A{number + 1:02d}"
        rows.append(f"p\t{well}\tplate\ts{number}\t{'xy'[number % 2]}")
        for site, channel in ((site, channel) for site in (1, 2) for channel in ("BF", "DAPI", "ER", "GFP", "RFP")):
            image = np.zeros((8, 8), np.uint16)
            tifffile.imwrite(folder / f"plate/{well}_s{site}_{channel}.tif", image, photometric="minisblack")
        (folder / "annotated").mkdir(exist_ok=True)
        tifffile.imwrite(folder / f"annotated/{well}_s1_nuclei.tif", np.eye(8, dtype=np.uint16))
    (folder / "wells.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (folder / "config.yaml").write_text(yaml.safe_dump(EVERYTHING), encoding="utf-8")
    return folder


def run_snakemake(
    folder: Path, *arguments: str, configfile: Path | None = None, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run snakemake in `folder` with the laptop profile, by a preloaded Python; return what it did and said."""
    command = [
        *(preloaded_python(), "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--directory", str(folder)),
        *("--workflow-profile", str(ROOT / "profiles" / "default"), "--cores", "2", *arguments),
        *("--configfile", str(configfile or folder / "config.yaml")),
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env=environment)


def planned(folder: Path, *targets: str, configfile: Path | None = None, forceall: bool = False) -> Counter[str]:
    """Rule to the number of jobs that snakemake would run, as a dry run counts them, without a process of its own.

    Raises
    ------
    ValueError
        With Snakemake's words, where a dry run would end with them.
    """
    plan = plan_jobs(
        snakefile=ROOT / "Snakefile",
        folder=folder,
        configfile=configfile or folder / "config.yaml",
        targets=targets,
        forceall=forceall,
    )
    return Counter(job.task.rule for job in plan.jobs)


def change_config(folder: Path, **changes: object) -> None:
    """Change blocks of the run's config: `block={key: value}`."""
    path = folder / "config.yaml"
    config = yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else {}
    for block, values in changes.items():
        config[block] = {**config.get(block, {}), **values} if isinstance(values, dict) else values
    path.write_text(yaml.safe_dump(config), encoding="utf-8")


def said(result: subprocess.CompletedProcess[str]) -> str:
    """All that a run printed."""
    return result.stdout + result.stderr
