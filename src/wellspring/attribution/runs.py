"""All cells of a run explained: the tables and the maps."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.attribution.integrated import baseline_image
from wellspring.attribution.maps import Maps
from wellspring.attribution.paths import Gradients
from wellspring.attribution.records import (
    CellSummary,
    Run,
    completeness_table,
    importance_table,
    panel_maps,
    sanity_table,
    summary,
)
from wellspring.attribution.selection import panel_cells
from wellspring.attribution.vargrad import Explanation, vargrad
from wellspring.dataset.loader import CropLoader

__all__ = ["Findings", "Settings", "explained_run"]


@dataclass(frozen=True)
class Settings:
    """How scores are computed.

    Attributes
    ----------
    baseline : str
        ``black`` or ``noise``, see `baseline_image`.
    steps, batch_size : int
        See `integrated_gradients`.
    samples, noise_sd : int, float
        See `vargrad`.
    """

    baseline: str
    steps: int
    samples: int
    noise_sd: float
    batch_size: int


@dataclass(frozen=True)
class Findings:
    """Tables `IMPORTANCE`, `COMPLETENESS` (every cell) and `SANITY`, and the maps (one cell per level)."""

    importance: pd.DataFrame
    completeness: pd.DataFrame
    sanity: pd.DataFrame
    maps: Maps


def explained_run(
    cells: pd.DataFrame,
    loader: CropLoader,
    *,
    gradients: Gradients,
    inputs: Sequence[int],
    settings: Settings,
    run: Run,
    rng: np.random.Generator,
    report: Callable[[str], None],
) -> Findings:
    """Explain every cell; keep the numbers of each, and the maps of one cell per level.

    Parameters
    ----------
    cells
        From `cells_of_split`.
    loader
        Of the manifest's cells: gives the image of a cell's ``place``.
    gradients
        The model's values and gradients for a batch of images.
    inputs
        Positions, among the loader's channels, of those that the model sees.
    settings, run
        How, and for which run.
    rng
        Source of all noise. The same generator and cells give the same noise, whatever the batch size.
    report
        Called with one line about every tenth of the way, and at the end if there are cells without importance: those
        whose score is 0 everywhere.

    Raises
    ------
    ValueError
        As `vargrad`, `baseline_image` and `channel_shares`.
    """

    def image_of(place: int) -> NDArray[np.float32]:
        image: NDArray[np.float32] = loader.batch([place])[0][0]
        return image

    places = [int(place) for place in cells["place"]]
    channels = [loader.channels[place] for place in inputs]
    shown = list(panel_cells(cells["level"].to_numpy(dtype=np.str_), cells["target"].to_numpy()).values())
    positions = np.asarray(inputs, dtype=np.int64)
    kept: dict[int, Explanation] = {}
    summaries: list[CellSummary] = []
    explanations = _explanations(map(image_of, places), gradients=gradients, settings=settings, rng=rng)
    for number, explanation in enumerate(explanations):
        summaries.append(summary(explanation, inputs=positions))
        if number in shown:
            kept[number] = explanation
        if (number + 1) * 10 // len(places) > number * 10 // len(places):
            report(f"{run.model} {run.regime} {run.seed}: explained {number + 1} of {len(places)} cells")
    n_empty = sum(bool(np.isnan(cell.shares).all()) for cell in summaries)
    if n_empty:
        report(
            f"{run.model} {run.regime} {run.seed}: the model ignores {n_empty} cells' images; no importance for them"
        )
    panels, found = cells.iloc[shown], [kept[number] for number in shown]
    images = [image_of(places[number]) for number in shown]
    return Findings(
        importance=importance_table(cells, summaries, channels=channels, run=run),
        completeness=completeness_table(cells, summaries, run=run),
        sanity=sanity_table(panels, [one.integral for one in found], run=run),
        maps=panel_maps(panels, images, found, inputs=positions, channels=channels),
    )


def _explanations(
    images: Iterator[NDArray[np.float32]], *, gradients: Gradients, settings: Settings, rng: np.random.Generator
) -> Iterator[Explanation]:
    for_baseline, for_copies = rng.spawn(2)
    pairs = ((image, baseline_image(image, kind=settings.baseline, rng=for_baseline)) for image in images)
    return vargrad(
        pairs,
        gradients=gradients,
        steps=settings.steps,
        batch_size=settings.batch_size,
        samples=settings.samples,
        noise_sd=settings.noise_sd,
        rng=for_copies,
    )
