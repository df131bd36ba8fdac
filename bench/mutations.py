"""Whether the tests notice a changed formula: ``python -m bench.mutations --sample 60 --seed 1``.

Small changes are made to modules of the science, one at a time, in a copy of the project, and the tests of that module
are run. A change that no test notices is printed: either a test is missing, or the change makes no difference.
"""

import argparse
import ast
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

__all__ = ["MODULES", "Mutation", "mutations_of"]

ROOT = Path(__file__).resolve().parents[1]
# Copied; all that unit tests read.
_FOLDERS = ("src", "tests", "config", "resources", "workflow", "docs", "bench", "profiles", "envs")
# A change may make a loop endless.
_PATIENCE, _LEAST_SECONDS = 5.0, 60.0

MODULES: dict[str, tuple[str, ...]] = {
    "statistics": ("test_statistics.py", "attribution/test_importance.py"),
    "attribution/importance": ("attribution/test_importance.py",),
    "attribution/trend": ("attribution/test_trend.py",),
    "attribution/maps/moments": ("attribution/test_scores.py",),
    "attribution/maps/paths": ("attribution/test_integrated.py", "attribution/test_scores.py"),
    "attribution/validation/insertion": ("attribution/test_insertion.py",),
    "profiling/batch_effects": ("profiling/test_judgement.py", "profiling/test_folds_and_profiles.py"),
    "profiling/confounding": ("profiling/test_judgement.py", "profiling/test_folds_and_profiles.py"),
    "profiling/intervals": ("profiling/test_intervals.py",),
    "profiling/permutations": ("profiling/test_permutations.py",),
    "profiling/retrieval": ("profiling/test_judgement.py",),
    "quality/emptiness": ("quality/test_emptiness.py",),
    "quality/measures": ("quality/test_measures.py", "quality/test_outliers.py"),
    "quality/offsets": ("quality/test_offsets.py",),
    "segmentation/backgrounds": ("segmentation/test_nucleus_views.py", "spots/test_lost_in_noise.py"),
    "segmentation/cell_bodies": ("segmentation/test_cell_bodies.py",),
    "segmentation/cell_doubts": ("segmentation/test_cells_own_edge.py", "segmentation/test_cells.py"),
    "segmentation/cell_softness": ("segmentation/test_cells_own_edge.py",),
    "segmentation/halos": ("segmentation/test_halos.py",),
    "segmentation/nucleus_doubts": ("segmentation/test_nucleus_doubts.py", "segmentation/test_doubts.py"),
    "segmentation/patterns": ("segmentation/test_patterns.py",),
    "segmentation/propagation": ("segmentation",),
    "segmentation/territories": ("segmentation/test_cells_own_edge.py", "segmentation/test_cells.py"),
    "segmentation/watershed": ("segmentation/test_watershed.py", "segmentation/test_nuclei.py"),
    "spots/border_maxima": ("spots/test_border_and_saturation.py",),
    "spots/brightness": ("spots",),
    "spots/clumps": ("spots",),
    "spots/counting": ("spots",),
    "spots/crowding": ("spots/test_lost_in_noise.py", "spots/test_full_fields.py", "spots/test_images.py"),
    "spots/filters": ("spots/test_filters.py",),
    "spots/foci": ("spots/test_clumps_and_foci.py",),
    "spots/light": ("spots",),
    "spots/mixture": ("spots/test_mixture.py",),
    "spots/photon_transfer": ("spots",),
    "spots/hot_pixels": ("spots/test_hot_pixels.py",),
    "spots/plate": ("spots/test_plate.py",),
    "spots/pixel_noise": ("spots",),
    "spots/region_light": ("spots/test_small_debris.py", "spots/test_several.py", "spots/test_clumps_and_foci.py"),
    "spots/saturation": ("spots/test_border_and_saturation.py",),
    "spots/several": ("spots/test_several.py",),
    "spots/unseen": ("spots/test_lost_in_noise.py",),
    "training/metrics": ("training/test_metrics.py",),
}

# Keywords whose values only guard against mistakes.
_NO_SCIENCE = ("strict", "validate", "check")

_COMPARISONS = {
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
}
_ARITHMETIC = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "/"),
    ast.Div: ("/", "*"),
    ast.FloorDiv: ("//", "/"),
    ast.Pow: ("**", "*"),
    ast.BitAnd: ("&", "|"),
    ast.BitOr: ("|", "&"),
}
_NAMES = {
    "min": "max",
    "max": "min",
    "minimum": "maximum",
    "maximum": "minimum",
    "argmin": "argmax",
    "argmax": "argmin",
    "floor": "ceil",
    "ceil": "floor",
    "rint": "floor",
    "any": "all",
    "all": "any",
    "median": "mean",
    "sum": "mean",
    "hanning": "ones",
}


_Span = tuple[tuple[int, int], tuple[int, int]]


@dataclass(frozen=True)
class Mutation:
    """One change of a source text.

    Attributes
    ----------
    line : int
        From 1.
    before, after : str
        What stands in the source, and what takes its place.
    start, end : int
        Position of `before` in the text.
    """

    line: int
    before: str
    after: str
    start: int
    end: int

    def applied(self, source: str) -> str:
        """The changed text."""
        return source[: self.start] + self.after + source[self.end :]


def mutations_of(source: str) -> list[Mutation]:
    """All changes of a module: operators, comparisons, numbers, and functions that have an opposite, in their order.

    Docstrings, annotations, messages of errors and constants of a module's interface are left alone.
    """
    tree = ast.parse(source)
    starts = np.cumsum([0, *(len(line.encode()) for line in source.splitlines(keepends=True))])
    encoded = source.encode()

    def place(line: int, column: int) -> int:
        return len(encoded[: starts[line - 1] + column].decode())

    found: list[Mutation] = []
    for node in _science(tree):
        for (first, last), before, after in _changes(node):
            start, end = place(*first), place(*last)
            before = before or source[start:end]
            within = source[start:end].find(before)
            if within >= 0:
                found.append(Mutation(first[0], before, after, start + within, start + within + len(before)))
    return sorted(found, key=lambda one: (one.start, one.after))


def _science(tree: ast.AST) -> Iterator[ast.AST]:
    """Nodes of the tree without errors, annotations, texts and assignments to __all__."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.Raise | ast.JoinedStr | ast.Import | ast.ImportFrom):
            continue
        if isinstance(child, ast.Assign) and any(getattr(one, "id", "") == "__all__" for one in child.targets):
            continue
        if isinstance(child, ast.arg) or getattr(child, "arg", None) in _NO_SCIENCE:
            continue
        parts: list[ast.AST]
        if isinstance(child, ast.AnnAssign):
            parts = [child.value] if child.value is not None else []
        elif isinstance(child, ast.FunctionDef):
            parts = [child.args, *child.body]
        else:
            parts = [child]
        for part in parts:
            if part is not child or not isinstance(child, ast.FunctionDef):
                yield part
            yield from _science(part)


def _changes(node: ast.AST) -> Iterator[tuple[_Span, str, str]]:
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _COMPARISONS:
        yield (_between(node.left, node.comparators[0]), *_COMPARISONS[type(node.ops[0])])
    elif isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC and not isinstance(node.left, ast.JoinedStr):
        yield (_between(node.left, node.right), *_ARITHMETIC[type(node.op)])
    elif isinstance(node, ast.AugAssign) and type(node.op) in _ARITHMETIC:
        before, after = _ARITHMETIC[type(node.op)]
        yield _between(node.target, node.value), f"{before}=", f"{after}="
    elif isinstance(node, ast.BoolOp):
        words = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        yield (_between(node.values[0], node.values[1]), *words)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Not | ast.Invert):
        sign = {ast.USub: "-", ast.Not: "not ", ast.Invert: "~"}[type(node.op)]
        yield _span(node), sign, ""
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield _span(node), str(node.value), str(not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int):
        yield _span(node), "", str(node.value + 1)
    elif isinstance(node, ast.Constant) and isinstance(node.value, float) and np.isfinite(node.value):
        yield _span(node), "", repr(node.value * 1.5 if node.value else 1.0)
    elif isinstance(node, ast.Attribute) and node.attr in _NAMES:
        end = _span(node)[1]
        yield ((end[0], end[1] - len(node.attr)), end), node.attr, _NAMES[node.attr]
    elif isinstance(node, ast.Name) and node.id in _NAMES and isinstance(node.ctx, ast.Load):
        yield _span(node), node.id, _NAMES[node.id]


def _between(left: ast.AST, right: ast.AST) -> _Span:
    return _span(left)[1], _span(right)[0]


def _span(node: ast.AST) -> _Span:
    begin, end = (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]
    return begin, end


@dataclass(frozen=True)
class _Trial:
    """A change of a module, and whether its tests noticed it."""

    module: str
    mutation: Mutation
    is_noticed: bool

    def __str__(self) -> str:
        words = "noticed" if self.is_noticed else "SURVIVES"
        one = self.mutation
        return f"{words:8s}  {self.module}.py:{one.line}  {one.before.strip()!r} -> {one.after.strip()!r}"


def _run(copy: Path, module: str, *, seconds: float) -> bool:
    """Whether the tests of a module pass in the copy, in so many seconds."""
    tests = [f"tests/unit/{name}" for name in MODULES[module]]
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--durations=0", *tests]
    environment = os.environ | {"PYTHONPATH": f"{copy / 'src'}:{copy}", "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(command, cwd=copy, env=environment, timeout=seconds, capture_output=True, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def _trials(copy: Path, chosen: Sequence[tuple[str, Mutation]]) -> Iterator[_Trial]:
    patience: dict[str, float] = {}
    for module, mutation in chosen:
        path = copy / f"src/wellspring/{module}.py"
        source = path.read_text(encoding="utf-8")
        if module not in patience:
            started = time.monotonic()
            if not _run(copy, module, seconds=3600):
                raise SystemExit(f"{module}: its tests fail without any change; mend them first.")
            patience[module] = max(_LEAST_SECONDS, _PATIENCE * (time.monotonic() - started))
        try:
            path.write_text(mutation.applied(source), encoding="utf-8")
            yield _Trial(module, mutation, is_noticed=not _run(copy, module, seconds=patience[module]))
        finally:
            path.write_text(source, encoding="utf-8")


def chosen_mutations(modules: Sequence[str], *, n: int, rng: np.random.Generator) -> list[tuple[str, Mutation]]:
    """As many changes of each module, up to one; those of a module together."""
    found = {one: mutations_of((ROOT / f"src/wellspring/{one}.py").read_text(encoding="utf-8")) for one in modules}
    left = {one: rng.permutation(len(all_of)).tolist() for one, all_of in found.items()}
    taken: list[tuple[str, Mutation]] = []
    while len(taken) < n and any(left.values()):
        for one in rng.permutation(np.array([name for name, places in left.items() if places])).tolist():
            if len(taken) < n:
                taken.append((one, found[one][left[one].pop()]))
    return sorted(taken, key=lambda pair: (pair[0], pair[1].start))


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the changes and print what came of each, and the survivors at the end."""
    parser = argparse.ArgumentParser(prog="python -m bench.mutations", description=__doc__)
    parser.add_argument("--sample", type=int, default=60, help="number of changes, spread over the modules")
    parser.add_argument("--seed", type=int, default=1, help="which changes")
    parser.add_argument("--module", choices=MODULES, action="append", help="only this module (may be repeated)")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no further change after this time")
    given = parser.parse_args(arguments)
    chosen = chosen_mutations(given.module or list(MODULES), n=given.sample, rng=np.random.default_rng(given.seed))
    started, trials = time.monotonic(), list[_Trial]()
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name)
        for folder in _FOLDERS:
            shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
        for file in ("pyproject.toml", "Snakefile"):
            shutil.copy(ROOT / file, copy / file)
        for trial in _trials(copy, chosen):
            trials.append(trial)
            print(trial, flush=True)
            if time.monotonic() - started > 60 * given.minutes:
                break
    survivors = [str(one) for one in trials if not one.is_noticed]
    print(f"{len(trials)} changes, {len(survivors)} survive", *survivors, sep="\n")


if __name__ == "__main__":
    main()
