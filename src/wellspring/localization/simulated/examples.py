"""Labelled examples for a classifier: many landscapes, every pattern, with all that is not known of a user's cells
varied."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.localization.cells import CellShape
from wellspring.localization.features import grouped, measure
from wellspring.localization.grids import OPENING_RADII, cell_grid
from wellspring.localization.reference import reference_of
from wellspring.localization.simulated.drawing import source
from wellspring.localization.simulated.errors import DetectionErrors, detected, outlined
from wellspring.localization.simulated.landscapes import Landscape, drawn_shape, landscape_of, random_thickness
from wellspring.localization.simulated.patterns import Degree, Variant

__all__ = ["ExampleSettings", "Examples", "make_examples", "random_variant"]


@dataclass(frozen=True)
class ExampleSettings:
    """How examples are drawn.

    Attributes
    ----------
    n_landscapes : int
    n_variants, n_draws : int
        Of each pattern in each landscape: variants, and draws of each.
    fewest, most : int
        Molecules, uniform in their logarithm.
    least_share : float
        Of the molecules that follow the pattern; up to 1, and the more likely the larger.
    has_errors : bool
        Whether detection and segmentation make mistakes.
    """

    n_landscapes: int = 400
    n_variants: int = 2
    n_draws: int = 3
    fewest: int = 2
    most: int = 500
    least_share: float = 0.35
    has_errors: bool = True


@dataclass(frozen=True)
class Examples:
    """Examples, a row each.

    Attributes
    ----------
    effects : DataFrame
        Of `wellspring.localization.features.Measured`.
    truth : DataFrame
        pattern, landscape (a split never divides one), n_molecules, share.
    """

    effects: pd.DataFrame
    truth: pd.DataFrame


def random_variant(rng: np.random.Generator, *, pattern: str) -> Variant:
    """What a pattern's words leave open, at random."""
    low = float(np.exp(rng.uniform(np.log(0.15), np.log(0.8))))
    fewest = int(rng.integers(2, 7))
    return Variant(
        band_um=float(np.exp(rng.uniform(np.log(0.2), np.log(1.2)))),
        is_one_sided=bool(rng.random() < 0.35),
        is_projected=bool(rng.random() < 0.7),
        avoids_nucleus=bool(pattern != "random" and rng.random() < 0.6),
        turn=float(rng.uniform(0, 2 * np.pi) if rng.random() < 0.6 else 0.0),
        is_at_tip=bool(rng.random() < 0.4),
        opening=float(rng.choice(OPENING_RADII)),
        tip_um=float(np.exp(rng.uniform(np.log(1), np.log(4)))),
        focus_um=(low, low * float(rng.uniform(1, 2))),
        focus_size=(fewest, fewest + int(rng.integers(0, 16))),
    )


def _random_errors(rng: np.random.Generator) -> DetectionErrors:
    return DetectionErrors(
        missed_share=0.0,
        false_share=float(rng.choice([0, 0.05])),
        merged_um=float(rng.choice([0, 0, 0.2])),
        jitter_um=float(rng.uniform(0, 0.15)),
        grid_um=float(rng.choice([0, 0.1, 0.2])),
    )


def make_examples(
    patterns: Sequence[str],
    *,
    settings: ExampleSettings,
    rng: np.random.Generator,
    shapes: Sequence[CellShape] = (),
) -> Examples:
    """Examples of `patterns`, as many of each.

    Parameters
    ----------
    shapes
        Cells whose outlines are used, with their nuclei, in turn; none: drawn ones.
    """
    effects, truth = [], []
    for number in range(settings.n_landscapes):
        own_effects, own_truth = _of_landscape(patterns, number=number, settings=settings, rng=rng, shapes=shapes)
        effects.append(own_effects)
        truth.append(own_truth)
    return Examples(pd.concat(effects, ignore_index=True), pd.concat(truth, ignore_index=True))


def _of_landscape(
    patterns: Sequence[str],
    *,
    number: int,
    settings: ExampleSettings,
    rng: np.random.Generator,
    shapes: Sequence[CellShape],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    shape = shapes[number % len(shapes)] if shapes else drawn_shape(rng)
    cell = landscape_of(shape, thickness=random_thickness(rng))
    is_wrong = settings.has_errors and rng.random() < 0.5
    grid = cell_grid(outlined(shape, error=0.03, rng=rng) if is_wrong else shape)
    errors = _random_errors(rng) if settings.has_errors else DetectionErrors()
    points, rows = [], []
    for pattern in patterns:
        for n, share, molecules in _draws(pattern, settings=settings, cell=cell, rng=rng):
            spots = detected(molecules, cell, errors, rng=rng)[:, :2]
            spots = spots[grid.between(grid.membrane, spots) > -grid.spacing]
            if len(spots) >= min(settings.fewest, n):
                points.append(spots)
                rows.append({"pattern": pattern, "landscape": number, "n_molecules": len(spots), "share": share})
    keys = np.repeat(np.arange(len(points)), [len(one) for one in points])
    found = measure(grid, reference_of(grid), np.concatenate(points), grouped(keys))
    return pd.DataFrame(dict(found.effects)).astype(np.float32), pd.DataFrame(rows)


def _draws(
    pattern: str, *, settings: ExampleSettings, cell: Landscape, rng: np.random.Generator
) -> Iterator[tuple[int, float, NDArray[np.float64]]]:
    for _ in range(settings.n_variants):
        degree = Degree(angle_sd=float(np.exp(rng.uniform(np.log(0.2), np.log(1.1)))))
        origin = source(cell, pattern=pattern, degree=degree, rng=rng, variant=random_variant(rng, pattern=pattern))
        for _ in range(settings.n_draws):
            n = round(float(np.exp(rng.uniform(np.log(settings.fewest), np.log(settings.most)))))
            share = settings.least_share + (1 - settings.least_share) * float(np.sqrt(rng.random()))
            yield n, share, origin.draw(rng, n=n, share=share)
