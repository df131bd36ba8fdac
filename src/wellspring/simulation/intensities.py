"""Intensities of every channel at every nucleus pixel, and the formula of the target."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.simulation.nuclei import PHASES, Nuclei
from wellspring.simulation.panel import Marker
from wellspring.simulation.settings import EFFECTS, Formula, PlateSettings
from wellspring.simulation.structures import Structures

__all__ = ["draw_latents", "draw_pixels", "formula_terms", "plate_background"]

# DNA per nucleus over nucleus area, relative to G1; RB1 is phosphorylated in S and G2.
_PHASE_DNA = np.array([1.0, 1.25, 1.5, 2.2])
_PHASE_RB1 = np.array([0.8, 1.15, 1.25, 1.0])


def plate_background(settings: PlateSettings, *, rng: np.random.Generator) -> NDArray[np.float64]:
    """(n_channels,) float64 background of each channel, camera counts, to two decimals; 0 for segmented ones."""
    values = np.round(settings.background * rng.uniform(0.8, 1.2, size=len(settings.markers)), 2)
    return np.where([marker.kind == "speckle_mask" for marker in settings.markers], 0.0, values)


def formula_terms(latents: pd.DataFrame, *, formula: Formula) -> pd.DataFrame:
    """The terms of the target's formula, one row per cell: structure, activity, noise, effect (camera counts).

    `latents` holds speckle_area, n_pml_bodies, activity, noise (both standard normal but for compounds) and effect.
    """
    speckle = (latents["speckle_area"] - formula.speckle_area_mean) / formula.speckle_area_sd
    pml = (latents["n_pml_bodies"] - formula.pml_count_mean) / formula.pml_count_sd
    return pd.DataFrame(
        {
            "structure": formula.speckle * speckle + formula.pml * pml,
            "activity": formula.activity * latents["activity"],
            "noise": formula.noise * latents["noise"],
            "effect": latents["effect"],
        }
    )


def draw_latents(
    counts: pd.DataFrame, *, perturbation: str, settings: PlateSettings, rng: np.random.Generator
) -> pd.DataFrame:
    """One row per cell: the counts, activity, noise, effect, and `eu`, the target that follows from them."""
    effect, n_cells = EFFECTS[perturbation], len(counts)
    latents = counts.assign(
        activity=rng.standard_normal(n_cells) + effect.activity,
        noise=rng.standard_normal(n_cells),
        effect=np.full(n_cells, effect.eu),
    )
    total = settings.formula.base + formula_terms(latents, formula=settings.formula).sum(axis=1)
    return latents.assign(eu=np.maximum(total, settings.formula.floor))


@dataclass(frozen=True)
class _Scene:
    """What all channels of one well share."""

    nuclei: Nuclei
    structures: Structures
    latents: pd.DataFrame
    texture: float


def draw_pixels(
    nuclei: Nuclei,
    structures: Structures,
    latents: pd.DataFrame,
    *,
    background: NDArray[np.float64],
    perturbation: str,
    settings: PlateSettings,
    rng: np.random.Generator,
) -> NDArray[np.uint16]:
    """(n_px, n_channels) uint16: what the camera counts.

    In every channel the structures set the pattern only: the pattern is divided by its mean over the nucleus, so the
    mean of the measured pixels does not reveal how much of the structure there is. The means are drawn separately (the
    target's is the formula's). Shot noise is the Gaussian approximation of Poisson noise, which holds at these counts.
    """
    scene = _Scene(nuclei, structures, latents, EFFECTS[perturbation].texture)
    pixels = np.empty((len(nuclei.y), len(settings.markers)), dtype=np.uint16)
    for column, marker in enumerate(settings.markers):
        if marker.kind == "speckle_mask":
            pixels[:, column] = structures.speckle_mask
            continue
        mean = _means(marker, scene=scene, settings=settings, rng=rng)
        signal = _pattern(marker, scene=scene, rng=rng) * mean.astype(np.float32)[nuclei.nucleus]
        signal += np.float32(background[column])
        spread = np.sqrt(signal + np.float32(settings.read_noise**2))
        signal += spread * rng.standard_normal(len(signal), dtype=np.float32)
        pixels[:, column] = np.clip(np.rint(signal), 0, 65535)
    return pixels


def _means(marker: Marker, *, scene: _Scene, settings: PlateSettings, rng: np.random.Generator) -> NDArray[np.float64]:
    cells = scene.nuclei.cells
    if marker.kind == "target":
        return np.asarray(scene.latents["eu"], dtype=np.float64)
    phase = pd.Index(PHASES).get_indexer(cells["phase"])
    staining = settings.staining_sd * rng.standard_normal(len(cells))
    level = marker.activity * scene.latents["activity"].to_numpy(dtype=np.float64) + staining
    mean = marker.level * np.exp(level)
    if marker.kind == "dna":
        mean *= _PHASE_DNA[phase]
    if marker.name == "RB1_pS807_S811":
        mean *= _PHASE_RB1[phase]
    return np.asarray(mean, dtype=np.float64)


def _pattern(marker: Marker, *, scene: _Scene, rng: np.random.Generator) -> NDArray[np.float32]:
    """(n_px,) float32, positive, of mean 1 in every nucleus."""
    nuclei, structures = scene.nuclei, scene.structures
    pattern = np.ones(len(nuclei.y), dtype=np.float32)
    for name, weight in marker.contrast.items():
        if name == "texture":
            # The field moved by a random way is as good as a new one.
            shift_y, shift_x = (int(rng.integers(side)) for side in nuclei.shape)
            rows, columns = (nuclei.y + shift_y) % nuclei.shape[0], (nuclei.x + shift_x) % nuclei.shape[1]
            pattern += np.float32(weight) * structures.field[rows, columns]
        elif name == "chromatin":
            pattern += np.float32(weight * scene.texture) * structures.maps[name]
        else:
            pattern += np.float32(weight) * structures.maps[name]
    np.maximum(pattern, np.float32(0.05), out=pattern)
    total = np.bincount(nuclei.nucleus, weights=pattern, minlength=len(nuclei.cells))
    mean = total / np.maximum(nuclei.cells["n_px"].to_numpy(), 1)
    return np.asarray(pattern / mean.astype(np.float32)[nuclei.nucleus], dtype=np.float32)
