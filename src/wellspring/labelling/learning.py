"""From stained fields to the trained network of one stain: checks, split, scaling, training."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import keras
import numpy as np
import pandas as pd

from wellspring.errors import InputError
from wellspring.labelling.checkpoints import fingerprint
from wellspring.labelling.familiarity import learn_familiarity
from wellspring.labelling.fields import Field, binarised, stain_threshold
from wellspring.labelling.fitting import checkpoint_of, train
from wellspring.labelling.light import relative_light
from wellspring.labelling.network import build_label_model, save_label_model
from wellspring.labelling.overlaps import MOST_FIELDS, group_of_fields, overlapping_fields
from wellspring.labelling.registration import shifts_of_fields, told_shifts
from wellspring.labelling.scaling import plane_scales, stain_scale
from wellspring.labelling.settings import ModelSettings, TrainingSettings
from wellspring.labelling.splitting import check_split, split_of_groups

__all__ = ["Learned", "learn_stain", "splits_of_fields"]


@dataclass(frozen=True)
class Learned:
    """A trained network and how it came about.

    Attributes
    ----------
    model : keras.Model
    history : DataFrame
        Of `wellspring.labelling.fitting.train`.
    splits : tuple of str
        Of each field.
    groups : tuple of str
        Of each field: its well, and wells that share cells with it.
    threshold, brightest : float
        Of the stain in the training fields, camera counts: Otsu's, and the 99.9 % quantile.
    """

    model: keras.Model
    history: pd.DataFrame
    splits: tuple[str, ...]
    groups: tuple[str, ...]
    threshold: float
    brightest: float


def splits_of_fields(
    fields: Sequence[Field],
    given: Sequence[str | None],
    *,
    source: str,
    report: Callable[[str], None],
    has_test: bool = False,
) -> tuple[list[str], list[str]]:
    """The split and the group of each field; fields that show the same cells are reported.

    Raises
    ------
    ValueError
        As `wellspring.labelling.splitting.check_split`.
    """
    overlaps = overlapping_fields([one.planes[0] for one in fields])
    for one in overlaps:
        first, second = fields[one.first], fields[one.second]
        report(
            f"{first.name} and {second.name} show the same cells ({one.share:.0%} of the field, r = "
            f"{one.correlation:.2f} at a shift of {one.shift_px[0]}, {one.shift_px[1]} px); they are kept in one split."
        )
    if len(fields) > MOST_FIELDS:
        report(
            f"{len(fields)} fields are too many to look for fields that show the same cells; wells are split as given."
        )
    groups = group_of_fields([one.well for one in fields], overlaps)
    if all(given):
        splits = [str(one) for one in given]
    else:
        chosen = split_of_groups(groups, has_test=has_test)
        splits = [chosen[name] for name in groups]
    check_split({name: {s for s, g in zip(splits, groups, strict=True) if g == name} for name in groups}, source=source)
    if "validation" not in splits:
        report("There is no field for validation: the last weights are kept, and nothing says how good they are.")
    return splits, groups


def learn_stain(
    fields: Sequence[Field],
    given: Sequence[str | None],
    *,
    stain: str,
    model: ModelSettings,
    training: TrainingSettings,
    output: Path,
    source: str,
    report: Callable[[str], None],
    has_test: bool = False,
) -> Learned:
    """Train the network of a stain and write it to ``output``.

    A training that was interrupted resumes from the file next to ``output``.

    Parameters
    ----------
    fields
        With stains, camera counts.
    given
        The split of each field, or None for all.
    source
        What messages about the fields name.
    has_test
        Whether fields are held out for judging, where `given` is None.

    Raises
    ------
    ValueError
        When fields differ in number of planes, dtype or pixel size, a plane or the stain is constant, or the split
        is not one.
    """
    _check_alike(fields, source=source)
    splits, groups = splits_of_fields(fields, given, source=source, report=report, has_test=has_test)
    chosen = [one for one, split in zip(fields, splits, strict=True) if split == "train"]
    valid = [one for one, split in zip(fields, splits, strict=True) if split == "validation"]
    if training.target == "mask":
        both, limit = binarised([*chosen, *valid])
        report(f"{stain}: stained is what has {limit:.4g} camera counts or more.")
        chosen, valid = both[: len(chosen)], both[len(chosen) :]
    stains = [np.asarray(one.stain) for one in chosen]
    scale = stain_scale(stains, kind=training.target)
    threshold = 0.5 if training.target == "mask" else stain_threshold(stains, scale=scale)
    stained = [*chosen, *valid]
    for line in told_shifts([one.name for one in stained], shifts_of_fields(stained, scale=scale)):
        report(line)
    keras.utils.set_random_seed(training.seed)
    network = build_label_model(
        planes=plane_scales([relative_light(one.planes, window_px=model.window_px) for one in chosen]),
        scale=scale,
        settings=model,
        record=_record(chosen, stain=stain),
    )
    digest = fingerprint([stain, asdict(model), asdict(training), splits], fields)
    checkpoint = checkpoint_of(output, fingerprint=digest)
    history = train(
        network,
        training=chosen,
        validation=valid,
        threshold=threshold,
        settings=training,
        checkpoint=checkpoint,
        report=report,
        label=stain,
    )
    names = [group for group, split in zip(groups, splits, strict=True) if split == "train"]
    learn_familiarity(network, training=chosen, groups=names, validation=valid)
    save_label_model(network, output)
    checkpoint.path.unlink(missing_ok=True)
    limit = 0.5 if training.target == "mask" else float(scale.intensity(np.array([threshold]))[0])
    brightest = float(np.median([np.quantile(one, 0.999) for one in stains]))
    return Learned(network, history, tuple(splits), tuple(groups), limit, brightest)


def _record(fields: Sequence[Field], *, stain: str) -> dict[str, object]:
    """What the model keeps of its training fields."""
    sizes = [one.pixel_size_um for one in fields if one.pixel_size_um]
    return {
        "stain": stain,
        "dtype": str(fields[0].planes.dtype),
        "pixel_size_um": sizes[0] if sizes else None,
        "lowest": float(min(np.quantile(one.planes, 0.001) for one in fields)),
    }


def _check_alike(fields: Sequence[Field], *, source: str) -> None:
    """Refuse fields of different planes, bit depth or pixel size."""
    first = fields[0]
    for one in fields:
        kinds = [(len(f.planes), str(f.planes.dtype), f.pixel_size_um) for f in (first, one)]
        if kinds[0][:2] != kinds[1][:2] or (
            first.pixel_size_um and one.pixel_size_um and abs(one.pixel_size_um / first.pixel_size_um - 1) > 0.02
        ):
            raise InputError(
                f"{source}: all fields must have the same planes, bit depth and pixel size; {first.name} has "
                f"{kinds[0][0]} plane(s) of {kinds[0][1]} and pixels of {kinds[0][2]} µm, {one.name} {kinds[1][0]} of "
                f"{kinds[1][1]} and {kinds[1][2]} µm. Leave out what was taken differently."
            )
