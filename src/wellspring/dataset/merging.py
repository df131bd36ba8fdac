"""The wells' manifests, counts and histograms become one dataset."""

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from wellspring.dataset.histograms import Intensities, clipped_moments, exact_percentile
from wellspring.dataset.splitting import SPLITS
from wellspring.dataset.tables import FILTERED, MANIFEST, NORMALIZATION
from wellspring.errors import InputError
from wellspring.tables import Table, check_table, empty_table

__all__ = ["merge_filtered", "merge_manifests", "normalization_table"]

# Equal intensities less the backgrounds of several plates differ by rounding.
_CONSTANT = 1e-9


def merge_manifests(manifests: Sequence[pd.DataFrame], *, filtered: pd.DataFrame) -> pd.DataFrame:
    """All wells' manifests as one, in the order given; wells without chosen cells add nothing.

    An annotation that some wells hold as numbers and others as text becomes text; where a well does not
    have it, it is missing.

    Parameters
    ----------
    manifests
        `MANIFEST` of each well.
    filtered
        `FILTERED` of all wells: where the cells went, for the message when none are left.

    Raises
    ------
    ValueError
        When no cells are left, when a split has none, or when a cell occurs twice.
    """
    merged = check_table(_stacked(manifests, table=MANIFEST), MANIFEST, source="the wells' manifests")
    if merged.empty:
        raise InputError(f"dataset: expected some cells, but the criteria left none. {_losses(filtered)}")
    counts = merged["split"].value_counts()
    sizes = {split: int(counts.get(split, 0)) for split in SPLITS}
    without = [split for split, size in sizes.items() if size == 0]
    if without:
        raise InputError(
            f"dataset.split: expected cells in {', '.join(SPLITS)}, but {' and '.join(without)} got none "
            f"({', '.join(f'{split} {size}' for split, size in sizes.items())}). Choose more cells, larger fractions "
            "or another seed; with dataset.split.group, more groups."
        )
    return merged


def merge_filtered(filtered: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """`FILTERED` of all wells, in the order given."""
    return check_table(_stacked(filtered, table=FILTERED), FILTERED, source="the wells' counts")


def _stacked(frames: Sequence[pd.DataFrame], *, table: Table) -> pd.DataFrame:
    filled = [frame for frame in frames if len(frame)]
    if not filled:
        return frames[0] if frames else empty_table(table)
    mixed = [name for name in _columns(filled) if len(_kinds(filled, name)) > 1]
    merged = pd.concat([_with_text(frame, mixed) for frame in filled], ignore_index=True)
    return merged.reindex(columns=_columns(filled))


def _columns(frames: Sequence[pd.DataFrame]) -> list[str]:
    return list(dict.fromkeys(str(name) for frame in frames for name in frame.columns))


def _kinds(frames: Sequence[pd.DataFrame], name: str) -> set[str]:
    """What a column holds: numbers, true/false, or else (text). Wells where it is missing throughout do not count."""
    kinds = set()
    for frame in frames:
        if name in frame.columns and frame[name].notna().any():
            dtype = frame[name].dtype
            is_number, is_bool = pd.api.types.is_numeric_dtype(dtype), pd.api.types.is_bool_dtype(dtype)
            kinds.add("bool" if is_bool else "number" if is_number else "text")
    return kinds


def _with_text(frame: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """`frame` without its empty columns (they would decide the dtype of the others'), and `names` as text."""
    frame = frame.dropna(axis="columns", how="all")
    texts = {name: frame[name].map(_text, na_action="ignore").astype("str") for name in names if name in frame.columns}
    return frame.assign(**texts)


def _text(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _losses(filtered: pd.DataFrame) -> str:
    found = int(filtered.loc[filtered["step"] == 0, "n_left"].sum())
    removed = filtered.loc[filtered["step"] > 0].groupby(["step", "criterion"], sort=True)["n_removed"].sum()
    if found == 0:
        return "No well has any cells: check the raw files and the segmentation."
    steps = "; ".join(f"'{criterion}' removed {n}" for (_, criterion), n in removed.items())
    return f"Of {found} cells, {steps or 'no criterion removed any'}. Correct dataset.filter or dataset.select."


def normalization_table(
    intensities: Mapping[str, Intensities],
    *,
    percentile: float,
    clip: bool,
    mean_extraction: bool,
    linear_scaling: bool,
    z_score: bool,
) -> pd.DataFrame:
    """How each channel is normalised: value = (min(intensity, clip) - shift) / scale on measured pixels.

    The switches are those of the thesis of A. Becker (2021), table A.2: `clip` cuts at the percentile,
    `mean_extraction` subtracts the mean, `linear_scaling` divides by the percentile, `z_score` subtracts the mean
    and divides by the population standard deviation. Mean and deviation are those of the clipped pixels when `clip`
    is on. A scale of 0 (z-score of a channel that is constant after clipping, up to 1e-9 of its mean; linear scaling of
    a channel whose percentile is 0) becomes 1: with z-score the training pixels of such a channel are then all 0.

    Parameters
    ----------
    intensities
        Channel to the intensities of the measured pixels of training cells, background subtracted.
    percentile
        In (0, 100].

    Returns
    -------
    DataFrame
        `NORMALIZATION`, in the order of `intensities`.

    Raises
    ------
    ValueError
        When `z_score` is on with `mean_extraction` or `linear_scaling`, or a channel has no pixels.
    """
    if z_score and (mean_extraction or linear_scaling):
        raise InputError(
            "dataset.normalization: expected z_score alone, got it together with mean_extraction or linear_scaling. "
            "Turn one side off."
        )
    rows = []
    for name, channel in intensities.items():
        upper = exact_percentile(channel, percentile)
        bound = upper if clip else math.inf
        mean, std = clipped_moments(channel, upper=bound)
        spread = std if std > _CONSTANT * abs(mean) else 0.0
        scale = spread if z_score else upper if linear_scaling else 1.0
        rows.append(
            {
                "channel": name,
                "n_px": int(channel.counts.sum()),
                "percentile": float(percentile),
                "upper": upper,
                "mean": mean,
                "std": std,
                "clip": bound,
                "shift": mean if z_score or mean_extraction else 0.0,
                "scale": scale or 1.0,
            }
        )
    return pd.DataFrame(rows, columns=NORMALIZATION.names)
