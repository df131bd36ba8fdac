"""What a stage of the workflow says of itself, and which stages there are. Standard library only: parsing reads it."""

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["Config", "Stage", "raw_block", "stages", "wanted_stages"]

Config = Mapping[str, Any]
"""The checked config, defaults filled in."""


def _always(config: Config) -> bool:
    return True


def _no_channels(config: Config) -> Mapping[str, Sequence[str]]:
    return {}


def _none_optional(config: Config) -> Sequence[str]:
    return ()


def _no_mistakes(config: Config) -> list[str]:
    return []


def _no_mistakes_of_wells(config: Config, wells: Sequence[Mapping[str, Any]]) -> list[str]:
    return []


def _nothing_missing(config: Config, path: Path, plate: str, well: str) -> str:
    return ""


def _no_files(config: Config, path: Path, plate: str, well: str) -> Sequence[Path]:
    return ()


def _no_checks(config: Config) -> Mapping[str, Mapping[str, Any]]:
    return {}


def _no_patterns(config: Config) -> Sequence[str]:
    return ()


def _no_names() -> Iterable[str]:
    return ()


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One stage, declared as ``STAGE`` in the module ``stage`` of its package.

    Attributes
    ----------
    name : str
        Of the package, the rule file, the config block, its schema and the folder of the results.
    summary : str
        What goes in and what comes out, as in ``images -> nucleus and cell labels``.
    after : tuple of str
        Stages whose results or code this one uses. Its package imports packages of these, and of those that they
        come after, alone.
    asked_by : str
        Config keys, and what to write there, that ask for the stage; empty for one that no one asks for by itself.
    is_wanted : function of the config
        Whether the config asks for the stage's chapter. What other chapters need of a stage is made in any case.
    named_channels : function of the config
        Config key to the channels that it names: each must be in the wells.
    optional_channels : function of the config
        Those of the named channels that some wells may be without, since the stage supplies or does without them.
    mistakes : function of the config
        What in the config cannot be, in the user's terms, a line each; the schema finds wrong types and ranges.
    mistakes_in_wells : function of the config and the wells' indexes
        As `mistakes`, of what only the files show; an index is what ``results/raw/{plate}/{well}.json`` holds.
    missing_of_well : function of the config, and of a well's path, plate and name
        Why the well cannot be used, since files that the stage needs are not there: one line, or empty. Asked where
        such wells are left out.
    checked_files : function of the config, and of a well's path, plate and name
        Files of the well, other than its images, that are read to see whether it can be used, where wells that
        cannot be are left out.
    checks : function of the config
        Module to parameters, of what reads those files: ``check_well(index, *, shapes, **parameters)`` of the module
        raises InputError or OSError where the well cannot be used; `shapes` is site to (Y, X), px, of its images.
    files_in_wells : function of the config
        Names of files in the folders of the wells that are the stage's and no images of the wells: patterns as
        ``raw.pattern`` is one.
    computed_columns : function
        Names of columns that the stage computes, which a sheet must not use for annotations.
    grows_with : dict of str to str or (str, str)
        For each rule of the stage what its time grows with, and what its memory and files grow with where that is
        another measure; names as in `wellspring.plan.measures.amount`.
    same_time : frozenset of str
        Parameters of its rules, dotted, that change no job's time.
    has_chapter : bool
        Whether the stage has a chapter in the report, by a rule ``<name>_chapter``.
    """

    name: str
    summary: str
    after: tuple[str, ...] = ()
    asked_by: str = ""
    is_wanted: Callable[[Config], bool] = _always
    named_channels: Callable[[Config], Mapping[str, Sequence[str]]] = _no_channels
    optional_channels: Callable[[Config], Sequence[str]] = _none_optional
    mistakes: Callable[[Config], list[str]] = _no_mistakes
    mistakes_in_wells: Callable[[Config, Sequence[Mapping[str, Any]]], list[str]] = _no_mistakes_of_wells
    missing_of_well: Callable[[Config, Path, str, str], str] = _nothing_missing
    checked_files: Callable[[Config, Path, str, str], Sequence[Path]] = _no_files
    checks: Callable[[Config], Mapping[str, Mapping[str, Any]]] = _no_checks
    files_in_wells: Callable[[Config], Sequence[str]] = _no_patterns
    computed_columns: Callable[[], Iterable[str]] = _no_names
    grows_with: Mapping[str, str | tuple[str, str]] = field(default_factory=dict)
    same_time: frozenset[str] = frozenset()
    has_chapter: bool = True


@cache
def stages() -> tuple[Stage, ...]:
    """All stages, each after those that it comes after; where that leaves a choice, by name.

    Raises
    ------
    ValueError
        When a stage comes after one that is not there, or after itself.
    """
    folder = Path(__file__).parent
    names = [one.name for one in pkgutil.iter_modules([str(folder)]) if (folder / one.name / "stage.py").is_file()]
    waiting = {name: importlib.import_module(f"wellspring.{name}.stage").STAGE for name in sorted(names)}
    ordered: list[Stage] = []
    while waiting:
        done = {one.name for one in ordered}
        ready = next((one for one in waiting.values() if set(one.after) <= done), None)
        if ready is None:
            needs = {name: sorted(set(one.after) - done) for name, one in waiting.items()}
            raise ValueError(f"stages: no order puts each after those that it comes after; still needed: {needs}")
        ordered.append(waiting.pop(ready.name))
    return tuple(ordered)


def wanted_stages(config: Config) -> tuple[Stage, ...]:
    """Those of `stages` that the checked config asks for, in their order."""
    return tuple(one for one in stages() if one.is_wanted(config))


def raw_block(config: Config) -> dict[str, Any]:
    """The block ``raw``, and under ``without`` the patterns of what is in the wells' folders but no image of theirs."""
    return {**config["raw"], "without": [one for stage in stages() for one in stage.files_in_wells(config)]}
