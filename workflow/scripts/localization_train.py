"""Labels of all wells (or none, for drawn cells) → the classifier of patterns."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from wellspring.jobs import logged_job
from wellspring.localization.classifier.model import (
    TrainingSettings,
    kept_classifier,
    train_classifier,
    write_classifier,
)
from wellspring.localization.own_cells import own_cells
from wellspring.localization.simulated.outline_components import new_shapes

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    cells: Sequence[Path],
    nuclei: Sequence[Path],
    indexes: Sequence[Path],
    spacing_um: Sequence[float] | None,
    is_of_components: bool,
    patterns: Sequence[str],
    seed: int,
    classifier: Path,
) -> None:
    """Train on the cells of the labels or new ones like them, or on drawn ones without labels; write `classifier`."""
    settings = TrainingSettings(seed=seed)
    if indexes:
        shapes = own_cells(cells, nuclei, indexes, spacing_um=spacing_um, most=settings.examples.n_landscapes)
        if is_of_components:
            shapes = new_shapes(shapes, n=settings.examples.n_landscapes, rng=np.random.default_rng(seed))
        found = train_classifier(patterns, settings=settings, shapes=shapes)
    else:
        found, _ = kept_classifier(patterns, settings=settings)
    print(found.calibration, dict(found.report))
    write_classifier(found, classifier)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        given = snakemake.input
        main(
            cells=[Path(path) for path in given.get("cells", [])],
            nuclei=[Path(path) for path in given.get("nuclei", [])],
            indexes=[Path(path) for path in given.get("indexes", [])],
            spacing_um=snakemake.params.spacing_um,
            is_of_components=snakemake.params.is_of_components,
            patterns=snakemake.params.patterns,
            seed=snakemake.params.seed,
            classifier=Path(snakemake.output.classifier),
        )
