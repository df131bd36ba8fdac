"""The classifier `features`: trained on simulated cells, kept as plain arrays in one file."""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.files import as_readable, replaced_when_whole
from wellspring.localization.cells import CellShape
from wellspring.localization.classifier.calibration import (
    UNDECIDED,
    Calibration,
    calibrated,
    calls,
    expected_calibration_error,
    fit_calibration,
)
from wellspring.localization.classifier.trees import Trees, fit_trees
from wellspring.localization.simulated.examples import Examples, ExampleSettings, make_examples
from wellspring.localization.simulated.patterns import PATTERNS

__all__ = [
    "RANDOM",
    "Classifier",
    "HeldOut",
    "TrainingSettings",
    "kept_classifier",
    "read_classifier",
    "train_classifier",
    "write_classifier",
]

RANDOM = "random"
_FEWEST_PATTERNS = 2
# Of landscapes, for the calibration.
_HELD_OUT = 0.2
# Changed whenever what is trained changes, so that a kept classifier of before is not used.
_VERSION = 2
# Classifiers that come with the package.
_SHIPPED = Path(__file__).parent / "shipped"


@dataclass(frozen=True)
class TrainingSettings:
    """How the classifier is trained.

    Attributes
    ----------
    examples : ExampleSettings
    n_rounds, learning_rate, n_leaves, l2
        Of the boosting.
    seed : int
    """

    examples: ExampleSettings = field(default_factory=ExampleSettings)
    n_rounds: int = 120
    learning_rate: float = 0.1
    n_leaves: int = 16
    l2: float = 5.0
    seed: int = 123


@dataclass(frozen=True)
class HeldOut:
    """What the classifier said of simulated molecules in landscapes that its trees have not seen; a row each, (n,).

    Attributes
    ----------
    truth : int16
        Number of the true pattern.
    call : int16
        Number of the called one; that after the last: undecided.
    n_molecules : int32
    share : float32
        Of molecules that follow the pattern.
    score : float32
        1 less the probability of ``random``; NaN where that is no pattern of the classifier.
    """

    truth: NDArray[np.int16]
    call: NDArray[np.int16]
    n_molecules: NDArray[np.int32]
    share: NDArray[np.float32]
    score: NDArray[np.float32]


@dataclass(frozen=True)
class Classifier:
    """Trees, and what their scores mean.

    Attributes
    ----------
    patterns : tuple of str
        In the order of the classes.
    columns : tuple of str
        Effects that it reads, in the order of the trees' features.
    trees : Trees
    calibration : Calibration
    report : dict of str to float
        Of held-out landscapes: macro-F1, calibration error, numbers of examples.
    held_out : HeldOut
    """

    patterns: tuple[str, ...]
    columns: tuple[str, ...]
    trees: Trees
    calibration: Calibration
    report: Mapping[str, float]
    held_out: HeldOut

    def probabilities(
        self, effects: Mapping[str, NDArray[np.floating]], n_molecules: NDArray[np.integer]
    ) -> NDArray[np.float64]:
        """(n, n_patterns) calibrated probabilities of groups, from
        `wellspring.localization.features.Measured.effects`."""
        table = np.stack([np.asarray(effects[name], dtype=np.float32) for name in self.columns], axis=1)
        return calibrated(self.trees.scores(table), n_molecules, self.calibration)


def train_classifier(
    patterns: Sequence[str], *, settings: TrainingSettings, shapes: Sequence[CellShape] = ()
) -> Classifier:
    """Train on simulated cells; the probabilities are calibrated on landscapes that the trees have not seen.

    Parameters
    ----------
    patterns
        Two or more of `wellspring.localization.simulated.patterns.PATTERNS`.
    shapes
        The user's own cells, on which molecules are drawn; none: drawn cells.

    Raises
    ------
    ValueError
        When a pattern is unknown or repeats, or when there are fewer than two.
    """
    _check_patterns(patterns)
    rng = np.random.default_rng(settings.seed)
    examples = make_examples(patterns, settings=settings.examples, rng=rng, shapes=shapes)
    return fitted(patterns, examples, settings=settings)


def fitted(patterns: Sequence[str], examples: Examples, *, settings: TrainingSettings) -> Classifier:
    """As `train_classifier`, of examples that were made before; those of other patterns are left out."""
    kept = examples.truth["pattern"].isin(list(patterns)).to_numpy()
    table = examples.effects[kept].to_numpy(dtype=np.float32)
    truth = examples.truth[kept]
    classes = pd.Categorical(truth["pattern"], categories=list(patterns)).codes.astype(np.int64)
    landscape = truth["landscape"].to_numpy()
    held = landscape % round(1 / _HELD_OUT) == 0
    boosting = {name: getattr(settings, name) for name in ("n_rounds", "learning_rate", "n_leaves", "l2", "seed")}
    trees = fit_trees(table[~held], classes[~held], **boosting)
    counts = truth["n_molecules"].to_numpy()
    scores = trees.scores(table[held])
    calibration = fit_calibration(scores, classes[held], counts[held])
    probabilities = calibrated(scores, counts[held], calibration)
    report = _report(probabilities, classes[held])
    report |= {"n_examples": float(len(table)), "n_landscapes": float(len(np.unique(landscape)))}
    names = list(patterns)
    called = calls(probabilities, counts[held], names=names, calibration=calibration)
    score = 1 - probabilities[:, names.index(RANDOM)] if RANDOM in names else np.full(held.sum(), np.nan)
    seen = HeldOut(
        classes[held].astype(np.int16),
        pd.Categorical(called, categories=[*names, UNDECIDED]).codes.astype(np.int16),
        counts[held].astype(np.int32),
        truth["share"].to_numpy()[held].astype(np.float32),
        score.astype(np.float32),
    )
    return Classifier(tuple(patterns), tuple(examples.effects.columns), trees, calibration, report, seen)


def _report(probabilities: NDArray[np.float64], classes: NDArray[np.int64]) -> dict[str, float]:
    from sklearn.metrics import f1_score

    best = probabilities.argmax(axis=1)
    return {
        "macro_f1": float(f1_score(classes, best, average="macro")),
        "calibration_error": expected_calibration_error(probabilities, classes),
    }


def _check_patterns(patterns: Sequence[str]) -> None:
    unknown = [name for name in patterns if name not in PATTERNS]
    if unknown or len(set(patterns)) != len(patterns) or len(patterns) < _FEWEST_PATTERNS:
        raise InputError(
            f"patterns: expected two or more of {', '.join(PATTERNS)}, each once, got {', '.join(patterns) or 'none'}. "
            "Correct them."
        )


def write_classifier(classifier: Classifier, path: Path) -> None:
    """Write it to one ``.npz`` file of plain arrays and JSON text."""
    words = {
        "patterns": classifier.patterns,
        "columns": classifier.columns,
        "calibration": asdict(classifier.calibration),
        "report": dict(classifier.report),
    }
    arrays = {one.name: getattr(classifier.trees, one.name) for one in fields(Trees)}
    arrays |= {f"held_{one.name}": getattr(classifier.held_out, one.name) for one in fields(HeldOut)}
    with replaced_when_whole(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, words=np.array(json.dumps(words)), **arrays)


def read_classifier(path: Path) -> Classifier:
    """Read what `write_classifier` wrote.

    Raises
    ------
    FileNotFoundError, ValueError
        When the file is missing or is no classifier.
    """
    with as_readable(path, expected="a classifier of patterns"), np.load(path, allow_pickle=False) as file:
        words = json.loads(str(file["words"]))
        trees = Trees(**{one.name: file[one.name] for one in fields(Trees)})
        seen = HeldOut(**{one.name: file[f"held_{one.name}"] for one in fields(HeldOut)})
        calibration = Calibration(**words["calibration"])
        return Classifier(tuple(words["patterns"]), tuple(words["columns"]), trees, calibration, words["report"], seen)


def cache_folder() -> Path:
    """Where classifiers are kept: ``wellspring`` in ``$XDG_CACHE_HOME``, or in ``~/.cache``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "wellspring"


def kept_classifier(
    patterns: Sequence[str], *, settings: TrainingSettings, folder: Path | None = None
) -> tuple[Classifier, bool]:
    """The classifier of these patterns and settings: that of the package, or trained on first use and kept in `folder`.

    `folder`: None for `cache_folder`; given, the package's is not looked at.

    Returns
    -------
    classifier, bool
        And whether it was trained just now. The order of the patterns is that asked for.
    """
    _check_patterns(patterns)
    ordered = sorted(patterns)
    what = json.dumps([_VERSION, ordered, asdict(settings)], sort_keys=True)
    name = f"patterns-{hashlib.sha256(what.encode()).hexdigest()[:16]}.npz"
    if folder is None and (_SHIPPED / name).is_file():
        return _reordered(read_classifier(_SHIPPED / name), patterns), False
    path = (folder or cache_folder()) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    is_new = not path.is_file()
    if is_new:
        # Two processes that start at once write the same.
        write_classifier(train_classifier(ordered, settings=settings), path)
    return _reordered(read_classifier(path), patterns), is_new


def _reordered(classifier: Classifier, patterns: Sequence[str]) -> Classifier:
    """The same classifier with its classes in another order."""
    place = np.array([list(patterns).index(name) for name in classifier.patterns], dtype=np.int32)
    trees = replace(
        classifier.trees,
        of_class=place[classifier.trees.of_class],
        baseline=classifier.trees.baseline[np.argsort(place)],
    )
    seen = classifier.held_out
    # Undecided stays the last.
    whole = np.append(place, len(place)).astype(np.int16)
    seen = replace(seen, truth=whole[seen.truth], call=whole[seen.call])
    return replace(classifier, patterns=tuple(patterns), trees=trees, held_out=seen)
