"""Annotated sites of all wells, weights to start from → weights, scores on held-out wells (Parquet), examples (npz)."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from wellspring.files import locked, replaced_when_whole
from wellspring.jobs import logged_job, notify
from wellspring.models.starting import prepare_networks
from wellspring.segmentation.learned.annotated_wells import digest_of, read_annotated, scores_by_site
from wellspring.segmentation.learned.examples import write_examples
from wellspring.segmentation.learned.fine_tuning import fine_tune
from wellspring.segmentation.tables import NUCLEUS_SCORES
from wellspring.tables import write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    annotated: Sequence[Path],
    start: Path,
    n_epochs: int,
    steps_per_epoch: int,
    seed: int,
    threads: int,
    weights: Path,
    scores: Path,
    examples: Path,
) -> None:
    """Train the network further on wells that are not held out; a run that was stopped resumes."""
    prepare_networks(threads=threads)
    from wellspring.segmentation.learned.training import fine_tuning_plan

    folder = weights.with_name(f"{digest_of([*annotated, start])}.training")
    plan = fine_tuning_plan(n_epochs=n_epochs, steps_per_epoch=steps_per_epoch, seed=seed)
    tuned = fine_tune(read_annotated(annotated), folder=folder, plan=plan, start=start, report=notify)
    notify(tuned.verdict)
    write_table(scores_by_site(tuned.scores), scores, NUCLEUS_SCORES)
    write_examples(tuned.examples, examples)
    with replaced_when_whole(weights) as temporary:
        shutil.copyfile(folder / "weights.npz", temporary)
    for left in weights.parent.glob("*.training"):
        shutil.rmtree(left)


if __name__ == "__main__":
    # A trainer that outlived a killed run would write over what this one writes.
    with logged_job(snakemake.log[0]), locked(Path(snakemake.output.weights).with_suffix(".lock")):
        main(
            annotated=[Path(path) for path in snakemake.input.annotated],
            start=Path(snakemake.input.weights),
            n_epochs=snakemake.params.epochs,
            steps_per_epoch=snakemake.params.steps_per_epoch,
            seed=snakemake.params.seed,
            threads=snakemake.threads,
            **{name: Path(path) for name, path in snakemake.output.items()},
        )
