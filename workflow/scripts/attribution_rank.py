"""Rank the values of all cells by the maps of one run: model, cells → levels.arrow, what is removed when."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from wellspring.attribution.opening import opened_cells, settings_of
from wellspring.attribution.records import Run
from wellspring.attribution.roar import removal_levels, score_maps, write_levels
from wellspring.jobs import logged_job, tell

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake

Maps = Iterable[tuple[int, NDArray[np.float32], NDArray[np.float32]]]


def main(*, inputs: Mapping[str, str], levels: Path, run: Run, params: Any, threads: int) -> None:
    """Make the map of every cell of the manifest with the model of `run`; write what each percentage removes."""
    opened = opened_cells(inputs, params=params, threads=threads)
    task, roar = params["attribution"], params["roar"]
    n = len(opened.manifest)
    maps = score_maps(
        opened.loader,
        range(n),
        inputs=np.asarray(opened.inputs, dtype=np.int64),
        scoring=replace(settings_of(task).scoring, samples=roar["samples"]),
        baselines=opened.baselines(task["baseline"]),
        gradients=opened.gradients,
        batch_size=task["batch_size"],
        seed=run.seed,
    )
    write_levels(ranked(maps, percents=sorted(roar["percents"]), n=n, run=run), levels)


def ranked(maps: Maps, *, percents: list[int], n: int, run: Run) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """The levels of each cell, with a line of progress about every tenth of the way."""
    for place, values, score in maps:
        rng = np.random.default_rng([run.seed, place])
        yield place, removal_levels(values, ranking="map", score=score, percents=percents, rng=rng)
        if (place + 1) * 10 // n > place * 10 // n:
            tell(f"{run.model} {run.regime} {run.seed}: ranked {place + 1} of {n} cells")


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        run = Run(**{**dict(snakemake.wildcards.items()), "seed": int(snakemake.wildcards.seed)})
        job = {"params": snakemake.params, "threads": snakemake.threads}
        main(inputs=snakemake.input, levels=Path(snakemake.output.levels), run=run, **job)
