"""Small fields in which the light determines the stain: discs that are darker in the light are bright in the stain."""

import numpy as np

from wellspring.labelling.fields import Field

__all__ = ["drawn_field"]


def drawn_field(seed: int, *, size: int = 96, n_discs: int = 8, well: str | None = None) -> Field:
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size]
    discs = np.zeros((size, size))
    for cy, cx in rng.uniform(6, size - 6, (n_discs, 2)):
        discs = np.maximum(discs, np.hypot(y - cy, x - cx) < 6)
    light = 5000 - 1500 * discs + rng.normal(0, 100, discs.shape)
    stain = 200 + 800 * discs + rng.normal(0, 20, discs.shape)
    return Field(well or f"W{seed}", f"field{seed}.tif", light[None].astype(np.uint16), stain.astype(np.uint16), 0.5)
