"""Train the networks that are part of wellspring again: `make weights`. A run that was stopped resumes.

Reads resources/weights.yaml and, for nuclei, annotated images under --data (a folder per image: image.png, labels.tif);
writes OUTPUT/nuclei.npz and OUTPUT/spots.npz after each epoch, and prints the loss and, at the end, how well the
held-out images are segmented, by size of image.
"""

import argparse
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import tifffile
import yaml

from bench.matching import f1, mean_average_precision
from wellspring.models.weights import read_weights, write_weights
from wellspring.segmentation.learned.augmenting import Annotated

if TYPE_CHECKING:
    from wellspring.segmentation.learned.training import Plan

CONFIG = Path(__file__).resolve().parents[1] / "resources" / "weights.yaml"


def split_folders(root: Path, *, first: int, every: int) -> tuple[list[Path], list[Path]]:
    """Folders to train on and held-out ones, each kind (the size, before the underscore) split alike."""
    kinds: dict[str, list[Path]] = {}
    for folder in sorted(path for path in root.iterdir() if path.is_dir()):
        kinds.setdefault(folder.name.split("_")[0], []).append(folder)
    held_out = [folder for own in kinds.values() for folder in own[first::every]]
    return [folder for own in kinds.values() for folder in own if folder not in held_out], held_out


def read_annotated(folder: Path, *, weight: float = 1.0) -> Annotated:
    """One image, grey, and its labels."""
    image = np.asarray(cv2.imread(str(folder / "image.png"), cv2.IMREAD_COLOR)).max(axis=2).astype(np.float32)
    return Annotated(image, tifffile.imread(folder / "labels.tif").astype(np.int32), weight=weight)


def train_nuclei(settings: Mapping[str, Any], *, data: Path, output: Path) -> None:
    """Kinds are drawn in proportion to the square root of their numbers, so that rare ones are seen too."""
    from wellspring.segmentation.learned.training import Plan

    folders, held_out = split_folders(data / settings["data"], **settings["held_out"])
    kinds = [folder.name.split("_")[0] for folder in folders]
    images = [read_annotated(f, weight=kinds.count(kind) ** -0.5) for f, kind in zip(folders, kinds, strict=True)]
    print(f"nuclei: {len(images)} images to train on, {len(held_out)} held out", flush=True)
    about, before = {"licence": settings["licence"], "n_images": len(images)}, None
    for number, values in enumerate(settings["rounds"], 1):
        plan = Plan(**{**values, "widths": tuple(values["widths"])})
        before = train_round(images, plan=plan, before=before, about=about, path=output / f"nuclei{number}.npz")
    shutil.copyfile(str(before), output / "nuclei.npz")
    judge(held_out, output / "nuclei.npz")


def train_round(
    images: Sequence[Annotated], *, plan: "Plan", before: Path | None, about: Mapping[str, Any], path: Path
) -> Path:
    """Train from the weights `before`, or from nothing, and write to `path` after each epoch."""
    from wellspring.segmentation.learned.scale import N_INPUTS
    from wellspring.segmentation.learned.targets import TARGETS, TASK
    from wellspring.segmentation.learned.training import train, weights_of

    begin = time.perf_counter()

    def each_epoch(n_done: int, model: Any, logs: Mapping[str, float]) -> None:
        """What is printed and written."""
        print(f"{path.stem}: epoch {n_done}, loss {logs['loss']:.4f}, {time.perf_counter() - begin:.0f} s", flush=True)
        write_weights(weights_of(model, plan=plan, about={**about, "n_epochs": n_done}), path)

    start = read_weights(before, task=TASK, n_inputs=N_INPUTS, n_outputs=len(TARGETS)) if before else None
    train(images, plan=plan, folder=path.with_suffix(""), start=start, each_epoch=each_epoch)
    return path


def judge(folders: list[Path], weights: Path) -> None:
    """Print mean F1 and mAP of the classical method and of the network, by size of image and over all."""
    from wellspring.segmentation import segment_nuclei as classical
    from wellspring.segmentation.learned import segment_nuclei

    scores: dict[str, list[list[float]]] = {}
    for folder in folders:
        one = read_annotated(folder)
        found = (classical(one.image), segment_nuclei(one.image, weights=weights))
        own = [score(one.labels, labels) for labels in found for score in (f1, mean_average_precision)]
        for kind in (folder.name.split("_")[0], "all"):
            scores.setdefault(kind, []).append(own)
    print("images, number: F1 and mAP of the classical method, F1 and mAP of the network")
    for kind, values in scores.items():
        print(f"{kind}, {len(values)}: {np.round(np.mean(values, axis=0), 3).tolist()}")


def train_spots(settings: Mapping[str, Any], *, output: Path) -> None:
    """On simulated fields alone."""
    from wellspring.spots.enhanced.training import SpotPlan, spot_weights
    from wellspring.spots.enhanced.training import train_spots as train

    plan = SpotPlan(**{**settings["plan"], "widths": tuple(settings["plan"]["widths"])})
    begin = time.perf_counter()

    def each_epoch(n_done: int, model: Any, logs: Mapping[str, float]) -> None:
        """What is printed and written."""
        print(f"spots: epoch {n_done}, loss {logs['loss']:.4f}, {time.perf_counter() - begin:.0f} s", flush=True)
        about = {"licence": settings["licence"], "n_epochs": n_done}
        write_weights(spot_weights(model, plan=plan, about=about), output / "spots.npz")

    train(plan=plan, folder=output / "spots", each_epoch=each_epoch)


def main() -> None:
    """Both networks, or one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the public images")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--only", choices=("nuclei", "spots"))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--judge", action="store_true", help="judge OUTPUT/nuclei.npz and train nothing")
    given = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from wellspring.models.devices import prepared_device

    prepared_device(threads=given.threads)
    settings = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    if given.judge:
        nuclei = settings["nuclei"]
        judge(split_folders(given.data / nuclei["data"], **nuclei["held_out"])[1], given.output / "nuclei.npz")
        return
    given.output.mkdir(parents=True, exist_ok=True)
    if given.only != "spots":
        train_nuclei(settings["nuclei"], data=given.data, output=given.output)
    if given.only != "nuclei":
        train_spots(settings["spots"], output=given.output)


if __name__ == "__main__":
    main()
