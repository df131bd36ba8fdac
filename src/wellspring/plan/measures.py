"""What the time of each rule grows with, how much of it a job has, and which settings change its price."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wellspring.plan.sizes import FolderSizes
from wellspring.plan.tasks import Task

__all__ = ["Scaling", "amount", "price", "scaling_of"]


@dataclass(frozen=True)
class Scaling:
    """What a rule's jobs grow with: see `amount` for the names.

    Attributes
    ----------
    time : str
        The measure of the time.
    size : str
        The measure of memory and of the files that it writes.
    reason : str
        Why.
    """

    time: str
    size: str
    reason: str


_PIXELS = Scaling("pixels", "pixels", "every pixel of the well is read")
_WELLS = Scaling("wells", "wells", "one table or histogram per well is merged")
_JOBS = Scaling("jobs", "jobs", "the work is the same for every plate")
_CHOSEN = Scaling("cells", "cells", "one row per cell of the dataset")
_RULES = {
    "raw_describe": Scaling("files", "files", "one header per file is read, no pixels"),
    "raw_channels": _WELLS,
    "dataset_select": Scaling("cells of the well", "cells of the well", "rows, and the crops for the histograms"),
    "dataset_merge": _WELLS,
    "training_fit": Scaling("cells x epochs", "cells", "each epoch reads each cell once"),
    "training_evaluate": _CHOSEN,
    "attribution_map": Scaling("gradients", "cells", "cells x (steps + points x samples) gradients"),
    "attribution_groups": _CHOSEN,
    "attribution_validate": _JOBS,
    "attribution_rank": _CHOSEN,
    "attribution_retrain": Scaling("cells x epochs", "cells", "each epoch reads each cell once"),
    "report_validation": _JOBS,
    "report_roar": _JOBS,
    "report_spots": _WELLS,
    "report_quality": _WELLS,
    "report_dataset": _CHOSEN,
    "report_predictions": _CHOSEN,
    "report_training": _JOBS,
    "report_attribution": _JOBS,
    "report_segmentation": _WELLS,
    "report_overlays": _JOBS,
    "report_page": _JOBS,
}

# Parameters that change what a job computes but hardly how long: names, paths, choices of cells, and what the measure
# counts already.
_FREE = {
    *("code", "path", "annotations", "wells", "drawn", "crops_folder", "resume_folder", "config", "named", "raw"),
    *("filter", "select", "split", "target_channel", "marked_channels", "columns", "channels", "seed", "learning_rate"),
    *("segmentation.nucleus_channel", "cells.channel", "spots.max_instability", "huber_delta"),
    *("training.epochs", "training.patience", "training.huber_delta"),
    *("attribution.split", "attribution.max_cells", "attribution.steps", "attribution.estimator"),
    *("attribution.map_cells", "attribution.max_steps", "attribution.tolerance"),
    *("attribution.noise_sd", "attribution.baseline"),
}
_OF_CHANNELS = {"pixels", "cells of the well", "cells x epochs", "gradients"}


def scaling_of(task: Task) -> Scaling:
    """The scaling of a job's rule; of a rule that is not listed, by pixels when it is about one well, else none."""
    return _RULES.get(task.rule, _PIXELS if task.well else _JOBS)


def amount(task: Task, measure: str, *, sizes: FolderSizes) -> float | None:
    """How much of `measure` a job has; None where that is not known.

    Parameters
    ----------
    measure
        ``jobs`` (1), ``wells``, ``cells`` (of the dataset), ``cells x epochs``, ``gradients``; of the job's own well
        ``files``, ``pixels`` (intensities in its files), ``cells of the well``.
    sizes
        Of the folder that the job runs, or ran, in.
    """
    if measure == "jobs":
        return 1.0
    if measure == "wells":
        return float(len(sizes.wells)) or None
    if measure == "cells":
        return sizes.total("n_chosen")
    if measure == "cells x epochs":
        return _product(sizes.total("n_chosen"), _epochs(task, sizes=sizes))
    if measure == "gradients":
        return _gradients(task, sizes=sizes)
    well = sizes.wells.get(task.well) if task.well else None
    names = {"files": "n_files", "pixels": "n_values", "cells of the well": "n_cells"}
    value = getattr(well, names[measure]) if well else None
    return None if value is None else float(value)


def price(task: Task, *, sizes: FolderSizes) -> dict[str, Any] | None:
    """Settings that a job's time per amount depends on; None where a record does not say them.

    Jobs with equal prices can stand for each other. The number of channels is one of them, where pixels are read.
    """
    if task.params is None:
        return None
    paid = _paid(task.params, above="")
    if scaling_of(task).time in _OF_CHANNELS:
        paid["n_channels"] = sizes.n_channels
    return paid


def _paid(params: Mapping[str, Any], *, above: str) -> dict[str, Any]:
    found = {}
    for name, value in params.items():
        dotted = f"{above}{name}"
        if dotted not in _FREE:
            found[dotted] = _paid(value, above=f"{dotted}.") if isinstance(value, dict) else value
    return found


def _epochs(task: Task, *, sizes: FolderSizes) -> float | None:
    """Epochs that were trained, or may be trained at most; a record without its history does not say how many."""
    done = sizes.epochs.get(_run(task))
    if done:
        return float(done[0])
    return _setting(task, "training", "epochs") if sizes.shares else None


def _gradients(task: Task, *, sizes: FolderSizes) -> float | None:
    block = (task.params or {}).get("attribution")
    estimator = block.get("estimator") if isinstance(block, dict) else None
    if not isinstance(block, dict) or not isinstance(estimator, dict) or "steps" not in block:
        return None
    points = estimator.get("points", estimator.get("steps", block["steps"]))
    copies = 0 if block.get("copies") == "none" else points * estimator.get("samples", 1)
    # The integral without noise, and the paths of the copies.
    return _product(_explained(task, sizes=sizes), float(block["steps"] + 1 + copies))


def _explained(task: Task, *, sizes: FolderSizes) -> float | None:
    done = sizes.explained.get(_run(task))
    if done:
        return float(done)
    split = (task.params or {})["attribution"].get("split")
    n_cells = _product(sizes.total("n_chosen"), sizes.shares.get(split))
    most = _setting(task, "attribution", "max_cells")
    return n_cells if most is None or n_cells is None else min(most, n_cells)


def _setting(task: Task, block: str, name: str) -> float | None:
    values = (task.params or {}).get(block)
    value = values.get(name) if isinstance(values, dict) else None
    return float(value) if isinstance(value, int | float) else None


def _run(task: Task) -> tuple[str, str, str]:
    names = [task.wildcards.get(name, "") for name in ("model", "regime", "seed")]
    return names[0], names[1], names[2]


def _product(first: float | None, second: float | None) -> float | None:
    return None if first is None or second is None else first * second
