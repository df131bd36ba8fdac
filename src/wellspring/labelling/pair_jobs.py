"""Training and prediction of a list of pairs of files."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.files import replaced_when_whole
from wellspring.labelling.familiarity import unfamiliarity
from wellspring.labelling.learning import learn_stain
from wellspring.labelling.network import load_label_model, record_of
from wellspring.labelling.pairs import output_name, read_field, read_pairs
from wellspring.labelling.predict import predict_image
from wellspring.labelling.settings import ModelSettings, TrainingSettings
from wellspring.models.devices import prepared_device

__all__ = ["predict_pairs", "train_pairs"]


def train_pairs(
    pairs: Path,
    *,
    output: Path,
    stain: str,
    steps: int | None = None,
    minutes: float | None = None,
    seed: int = 1,
    threads: int = 2,
) -> None:
    """Train with the stained fields of the list `pairs` and write the model; progress is printed.

    Raises
    ------
    FileNotFoundError, ValueError
        As `read_pairs`, `read_field` and `learn_stain`; when the output does not end in ``.keras``.
    """
    if output.suffix != ".keras":
        raise InputError(f"--output: expected a file that ends in .keras, got {output}.")
    for name, value in (("--steps", steps), ("--minutes", minutes), ("--threads", threads)):
        if value is not None and value <= 0:
            raise InputError(f"{name}: expected a number above 0, got {value:g}.")
    found = [one for one in read_pairs(pairs, needs_fluorescence=True) if one.fluorescence and one.split != "test"]
    if not found:
        raise InputError(f"{pairs}: all stained fields have the split test; nothing is left to train with.")
    fields = [read_field(one, with_stain=True) for one in found]
    training = TrainingSettings(seed=seed)
    training = replace(training, steps=steps or training.steps, max_minutes=minutes or training.max_minutes)
    prepared_device(threads=threads)
    learn_stain(
        fields,
        [one.split for one in found],
        stain=stain,
        model=ModelSettings(),
        training=training,
        output=output,
        source=str(pairs),
        report=_say,
    )
    _say(f"{output}: written")


def predict_pairs(pairs: Path, *, model: Path, output: Path, threads: int = 2) -> None:
    """Predict the stain of every field of the list `pairs`, one ``.ome.tif`` each, and say which fields are unlike
    those of the training.

    Raises
    ------
    FileNotFoundError, ValueError
        As `read_pairs`, `read_field` and `predict_image`; when two fields would get one name.
    """
    found = read_pairs(pairs, needs_fluorescence=False)
    repeated = [name for name, n in Counter(output_name(one) for one in found).items() if n > 1]
    if repeated:
        both = [str(one.transmitted) for one in found if output_name(one) == repeated[0]]
        raise InputError(f"{pairs}: {' and '.join(both)} would both be written to {repeated[0]}. Rename one of them.")
    prepared_device(threads=threads)
    network = load_label_model(model)
    stain, unlike = str(record_of(network)["stain"]), []
    for number, one in enumerate(found, start=1):
        field = read_field(one, with_stain=False)
        image = predict_image(network, field.planes, pixel_size_um=field.pixel_size_um, source=str(one.transmitted))
        path = output / output_name(one)
        _write(path, image, stain=stain, pixel_size_um=field.pixel_size_um)
        _say(f"{number}/{len(found)}  {path}: {image.shape[0]} x {image.shape[1]}, mean {float(image.mean()):.4g}")
        unlike += [one.transmitted.name] if _is_unlike(network, field.planes, source=str(one.transmitted)) else []
    if unlike:
        _say(f"ALARM  {len(unlike)} of {len(found)} fields are unlike the training fields: {', '.join(unlike)}")


def _is_unlike(network: Any, planes: NDArray[np.number], *, source: str) -> bool:
    """Whether a field's light is beyond what the training fields let expect, which is then printed."""
    times = unfamiliarity(network, planes)
    if times is None or times <= 1:
        return False
    _say(
        f"ALARM  {source}: this light is unlike that of the training fields ({times:.2g} times the limit): another "
        "focus, objective, noise or kind of cell. Check the prediction before using its numbers."
    )
    return True


def _write(path: Path, image: NDArray[np.float32], *, stain: str, pixel_size_um: float | None) -> None:
    """One float32 image, its channel named by the stain."""
    metadata: dict[str, object] = {"axes": "YX", "Channel": {"Name": [stain]}}
    if pixel_size_um:
        metadata |= {f"PhysicalSize{axis}{key}": v for axis in "XY" for key, v in (("", pixel_size_um), ("Unit", "µm"))}
    with replaced_when_whole(path) as temporary:
        tifffile.imwrite(temporary, image, ome=True, compression="zlib", photometric="minisblack", metadata=metadata)


def _say(line: str) -> None:
    print(line, flush=True)
