"""From explanations to the tables and maps of a run: cells as rows of the manifest, explanations in their order."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.attribution.importance import channel_shares
from wellspring.attribution.maps.integrated import PathIntegral
from wellspring.attribution.maps.stored import Maps
from wellspring.attribution.similarity import similar_channels
from wellspring.tables import KEY
from wellspring.training.runs import Run

__all__ = [
    "CellSummary",
    "Explanation",
    "completeness_table",
    "importance_table",
    "panel_maps",
    "sanity_table",
    "similarity_table",
    "summary",
]


@dataclass(frozen=True)
class Explanation:
    """What one image's prediction rests on.

    Attributes
    ----------
    integral : PathIntegral
        Integrated Gradients of the image itself, without noise.
    score : (S, S, C) float32
        The method's score map, 0 or more; 0 on unmeasured pixels and for channels that the model does not use.
    is_rescored : bool
        Whether the map is that of the definition, since the estimator's own error was too large.
    """

    integral: PathIntegral
    score: NDArray[np.float32]
    is_rescored: bool = False


@dataclass(frozen=True)
class CellSummary:
    """What is kept of every cell: no map.

    Attributes
    ----------
    shares : (C,) float64
        Importance of each input channel.
    similar : (C,) int64
        For each channel of the score map the most similar image channel, see `similar_channels`.
    prediction, baseline_prediction, attribution_sum : float
        In the unit of the target.
    steps : int
        Steps of the integral.
    is_complete : bool
        Whether it met the tolerance.
    is_rescored : bool
        As of the explanation.
    """

    shares: NDArray[np.float64]
    similar: NDArray[np.int64]
    prediction: float
    baseline_prediction: float
    attribution_sum: float
    steps: int
    is_complete: bool
    is_rescored: bool = False


def summary(
    explanation: Explanation, *, image: NDArray[np.float32], inputs: NDArray[np.int64], tolerance: float
) -> CellSummary:
    """The numbers of one explanation of `image` (S, S, C + 1); `inputs` (C,) are the places of the input channels.

    Raises
    ------
    ValueError
        As `channel_shares`.
    """
    integral, score = explanation.integral, explanation.score[..., inputs]
    return CellSummary(
        shares=channel_shares(score),
        similar=similar_channels(score, image[..., inputs], mask=image[..., -1] > 0),
        prediction=integral.prediction,
        baseline_prediction=integral.baseline_prediction,
        attribution_sum=integral.total,
        steps=integral.steps,
        is_complete=integral.is_complete(tolerance=tolerance),
        is_rescored=explanation.is_rescored,
    )


def importance_table(
    cells: pd.DataFrame, summaries: Sequence[CellSummary], *, channels: Sequence[str], run: Run
) -> pd.DataFrame:
    """Table `IMPORTANCE`: one row per cell and input channel. `cells` has the key and ``level``."""
    shares = np.concatenate([cell.shares for cell in summaries]) if summaries else np.empty(0)
    return _per_channel(cells, channels=channels, run=run).assign(importance=shares)


def similarity_table(
    cells: pd.DataFrame, summaries: Sequence[CellSummary], *, channels: Sequence[str], run: Run
) -> pd.DataFrame:
    """Table `SIMILARITY`: one row per cell and channel of the score map. `cells` as for `importance_table`."""
    names = np.asarray([*channels, ""], dtype=np.str_)
    found = np.concatenate([names[cell.similar] for cell in summaries]) if summaries else np.empty(0, dtype=np.str_)
    return _per_channel(cells, channels=channels, run=run).assign(image_channel=found)


def _per_channel(cells: pd.DataFrame, *, channels: Sequence[str], run: Run) -> pd.DataFrame:
    repeated = _keyed(cells, run=run, extra=["level"]).iloc[np.repeat(np.arange(len(cells)), len(channels))]
    return repeated.reset_index(drop=True).assign(channel=np.tile(np.asarray(channels, dtype=np.str_), len(cells)))


def completeness_table(cells: pd.DataFrame, summaries: Sequence[CellSummary], *, run: Run) -> pd.DataFrame:
    """Table `COMPLETENESS`: one row per cell. `cells` has the key and ``target``."""
    names = ("prediction", "baseline_prediction", "attribution_sum")
    numbers = {name: np.array([getattr(cell, name) for cell in summaries], dtype=np.float64) for name in names}
    difference = numbers["prediction"] - numbers["baseline_prediction"]
    error = numbers["attribution_sum"] - difference
    relative = np.full(len(error), np.nan)
    np.divide(np.abs(error), np.abs(difference), out=relative, where=difference != 0)
    return _keyed(cells, run=run, extra=["target"]).assign(
        **numbers,
        error=error,
        relative_error=relative,
        steps=np.array([cell.steps for cell in summaries], dtype=np.int64),
        is_complete=np.array([cell.is_complete for cell in summaries], dtype=bool),
        is_rescored=np.array([cell.is_rescored for cell in summaries], dtype=bool),
    )


def sanity_table(cells: pd.DataFrame, integrals: Sequence[PathIntegral], *, run: Run) -> pd.DataFrame:
    """Table `SANITY`: one row per cell and point of the path, for one integral per row of `cells`."""
    keyed = _keyed(cells, run=run, extra=[])
    parts = [
        keyed.iloc[[number] * len(integral.alpha)].assign(
            alpha=integral.alpha,
            cumulative=integral.cumulative,
            difference=float(integral.prediction - integral.baseline_prediction),
        )
        for number, integral in enumerate(integrals)
    ]
    return pd.concat(parts, ignore_index=True)


def panel_maps(
    cells: pd.DataFrame,
    images: Sequence[NDArray[np.float32]],
    explanations: Sequence[Explanation],
    *,
    inputs: NDArray[np.int64],
    channels: Sequence[str],
) -> Maps:
    """The maps of a few cells, input channels only, channels first.

    Parameters
    ----------
    cells
        One row per cell with the key, ``target`` and ``level``.
    images
        (S, S, C) float32 each, the mask as the last channel.
    explanations
        One per cell.
    inputs, channels
        Positions and names of the input channels.
    """
    return Maps(
        image=_channels_first([image[..., inputs] for image in images]),
        mask=np.stack([image[..., -1] > 0 for image in images]),
        score=_channels_first([one.score[..., inputs] for one in explanations]),
        attribution=_channels_first([one.integral.attribution[..., inputs] for one in explanations]),
        plate=np.asarray(cells["plate"].tolist(), dtype=np.str_),
        well=np.asarray(cells["well"].tolist(), dtype=np.str_),
        object_id=cells["object_id"].to_numpy(dtype=np.int64),
        target=cells["target"].to_numpy(dtype=np.float64),
        prediction=np.array([float(one.integral.prediction) for one in explanations]),
        level=np.asarray(cells["level"].tolist(), dtype=np.str_),
        channels=np.asarray(channels, dtype=np.str_),
    )


def _keyed(cells: pd.DataFrame, *, run: Run, extra: list[str]) -> pd.DataFrame:
    return cells[[*KEY, *extra]].assign(**run.columns)


def _channels_first(maps: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    return np.ascontiguousarray(np.moveaxis(np.stack(maps), -1, 1))
