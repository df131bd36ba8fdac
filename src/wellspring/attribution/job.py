"""The jobs of attribution: from a model, its cells and the config's settings to tables, maps and levels."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.random import default_rng
from numpy.typing import NDArray

from wellspring.attribution.explaining import Findings, Settings, explained_run
from wellspring.attribution.loading import ExplainedModel, candidates_of
from wellspring.attribution.maps.scores import scoring_of
from wellspring.attribution.resume import ResumeArrays, ResumeFiles
from wellspring.attribution.roar.levels import ranked_levels, score_maps
from wellspring.attribution.selection import cells_of_split, places_in_manifest
from wellspring.attribution.settings import MapSettings, ValidationSettings
from wellspring.attribution.validation.measuring import Validated, known_truth, validated_run
from wellspring.attribution.validation.validation_cache import ValidationCache
from wellspring.training.runs import Run
from wellspring.truth import read_causes, structures_of

__all__ = ["explaining_of", "rank", "run", "validate"]

_CELLS_PER_FILE = 256


def explaining_of(settings: MapSettings) -> Settings:
    """How the config's block ``attribution`` wants cells explained."""
    return Settings(
        scoring=scoring_of(settings),
        rule=settings.rule,
        steps=settings.steps,
        tolerance=settings.tolerance,
        max_steps=settings.max_steps,
        batch_size=settings.batch_size,
    )


def run(
    model: ExplainedModel,
    which: Run,
    explained: pd.DataFrame,
    *,
    settings: MapSettings,
    resume_folder: Path,
    code: str,
    report: Callable[[str], None],
) -> Findings:
    """Explain the cells that table `EXPLAINED_CELLS` names with the model of the run `which`.

    Parameters
    ----------
    settings
        How they are explained.
    resume_folder
        Where results are kept as they come; the caller's to remove.
    code
        Digest of the code: results that other code has left are made again.
    report
        Takes lines of progress.
    """
    cells, shown = places_in_manifest(explained, model.manifest)
    return explained_run(
        cells,
        model.loader,
        shown=shown,
        baselines=model.baselines(settings.baseline),
        gradients=model.gradients,
        inputs=model.inputs,
        settings=explaining_of(settings),
        run=which,
        resume=ResumeFiles(resume_folder, model.fingerprint(asdict(settings), code, explained.to_dict("list"))),
        report=report,
    )


def validate(
    model: ExplainedModel,
    which: Run,
    *,
    settings: ValidationSettings,
    split: str,
    noise_sd: float,
    batch_size: int,
    truth_folder: Path | None,
    resume_folder: Path,
    code: str,
    report: Callable[[str], None],
) -> Validated:
    """Test every map method on a few cells. `truth_folder`: of a plate with a known truth, or None. Others as `run`."""
    cells = cells_of_split(model.manifest, split=split, max_cells=settings.cells, rng=default_rng(0))
    subjects, known, causes = model.subjects(cells), None, None
    if truth_folder is not None:
        causes = read_causes(truth_folder)
        structures = structures_of(truth_folder, cells)
        known = known_truth(causes.seen_in(which.regime), structures, subjects=subjects)
    parts = (asdict(settings), split, noise_sd, batch_size, repr(causes), code)
    return validated_run(
        subjects,
        candidates_of(model, settings, noise_sd=noise_sd),
        gradients=model.gradients,
        randomised=partial(model.randomised, seed=which.seed),
        n_randomised=settings.randomised_cells,
        n_steps=settings.curve_steps,
        batch_size=batch_size,
        known=known,
        run=which,
        cache=ValidationCache(resume_folder, model.fingerprint(*parts)),
        report=report,
    )


def rank(
    model: ExplainedModel,
    which: Run,
    *,
    settings: MapSettings,
    percents: list[int],
    samples: int,
    resume_folder: Path,
    code: str,
    report: Callable[[str], None],
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Make the map of every cell of the manifest; yield for each which of `percents` removes which value.

    `samples` noisy copies per map. Others as `run`.
    """
    maps = partial(
        score_maps,
        model.loader,
        inputs=np.asarray(model.inputs, dtype=np.int64),
        scoring=replace(scoring_of(settings), samples=samples),
        baselines=model.baselines(settings.baseline),
        gradients=model.gradients,
        batch_size=settings.batch_size,
        seed=which.seed,
    )
    ascending = sorted(percents)
    mark = model.fingerprint(asdict(settings), ascending, samples, code)
    resume = ResumeArrays(resume_folder, mark, n_items=_CELLS_PER_FILE)
    yield from ranked_levels(maps, n=len(model.manifest), percents=ascending, run=which, resume=resume, report=report)
