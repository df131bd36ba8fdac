"""From explanations to the tables and maps of a run: cells as rows of the manifest, explanations in their order."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.attribution.importance import channel_shares
from wellspring.attribution.integrated import PathIntegral
from wellspring.attribution.maps import Maps
from wellspring.attribution.vargrad import Explanation
from wellspring.tables import KEY

__all__ = ["CellSummary", "Run", "completeness_table", "importance_table", "panel_maps", "sanity_table", "summary"]


@dataclass(frozen=True)
class Run:
    """Which training run is explained."""

    model: str
    regime: str
    seed: int


@dataclass(frozen=True)
class CellSummary:
    """What is kept of every cell: no map. `shares` is (C,) float64, the rest in the unit of the target."""

    shares: NDArray[np.float64]
    prediction: float
    baseline_prediction: float
    attribution_sum: float


def summary(explanation: Explanation, *, inputs: NDArray[np.int64]) -> CellSummary:
    """The numbers of one explanation; `inputs` (C,) are the positions of the input channels in its maps.

    Raises
    ------
    ValueError
        As `channel_shares`.
    """
    integral = explanation.integral
    return CellSummary(
        shares=channel_shares(explanation.score[..., inputs]),
        prediction=float(integral.prediction),
        baseline_prediction=float(integral.baseline_prediction),
        attribution_sum=float(integral.total),
    )


def importance_table(
    cells: pd.DataFrame, summaries: Sequence[CellSummary], *, channels: Sequence[str], run: Run
) -> pd.DataFrame:
    """Table `tables.IMPORTANCE`: one row per cell and input channel. `cells` has the key and ``level``."""
    n = len(channels)
    repeated = _keyed(cells, run=run, extra=["level"]).iloc[np.repeat(np.arange(len(cells)), n)]
    repeated = repeated.reset_index(drop=True)
    shares = np.concatenate([cell.shares for cell in summaries]) if summaries else np.empty(0)
    return repeated.assign(channel=np.tile(np.asarray(channels, dtype=np.str_), len(cells)), importance=shares)


def completeness_table(cells: pd.DataFrame, summaries: Sequence[CellSummary], *, run: Run) -> pd.DataFrame:
    """Table `tables.COMPLETENESS`: one row per cell. `cells` has the key and ``target``."""
    names = ("prediction", "baseline_prediction", "attribution_sum")
    numbers = {name: np.array([getattr(cell, name) for cell in summaries], dtype=np.float64) for name in names}
    difference = numbers["prediction"] - numbers["baseline_prediction"]
    error = numbers["attribution_sum"] - difference
    relative = np.full(len(error), np.nan)
    np.divide(np.abs(error), np.abs(difference), out=relative, where=difference != 0)
    return _keyed(cells, run=run, extra=["target"]).assign(**numbers, error=error, relative_error=relative)


def sanity_table(cells: pd.DataFrame, integrals: Sequence[PathIntegral], *, run: Run) -> pd.DataFrame:
    """Table `tables.SANITY`: one row per cell and point of the path, for one integral per row of `cells`."""
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
    return cells[[*KEY, *extra]].assign(model=run.model, regime=run.regime, seed=run.seed)


def _channels_first(maps: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    return np.ascontiguousarray(np.moveaxis(np.stack(maps), -1, 1))
