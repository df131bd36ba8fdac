"""Whether all wells of a run fit together, and the config fits them."""

import difflib
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from wellspring.errors import InputError
from wellspring.raw.index import WellIndex
from wellspring.raw.plane_files import CONTAINERS
from wellspring.stage import Stage

__all__ = ["check_config_in_wells", "check_files", "compare_channels", "planes_notes"]

_MOST_WELLS = 5

Well = tuple[str, str]


def compare_channels(
    channels_of: Mapping[Well, Sequence[str]], *, named: Mapping[str, Sequence[str]], optional: Sequence[str] = ()
) -> tuple[str, ...]:
    """The channels that all wells share, in their order, then the optional ones that some have.

    Parameters
    ----------
    channels_of
        (plate, well) to its channels.
    named
        Config key to the channels that it names.
    optional
        Channels that some wells may be without; where there are any, wells may differ in channels that the config does
        not name too: other stains of the same wells.

    Raises
    ------
    ValueError
        When wells differ in their channels or in their order, or the config names a channel that no well has.
    """
    present = {name for channels in channels_of.values() for name in channels}
    wanted = ({name for names in named.values() for name in names} if optional else present) - set(optional)
    needed = {well: tuple(one for one in channels if one in wanted) for well, channels in channels_of.items()}
    counts = Counter(needed.values())
    common = counts.most_common(1)[0][0] if counts else ()
    others = {well: channels for well, channels in needed.items() if channels != common}
    if others:
        lines = [f"  - {plate}/{well}: {_difference(c, common)}" for (plate, well), c in others.items()][:_MOST_WELLS]
        more = [f"  (+{len(others) - _MOST_WELLS} more)"] if len(others) > _MOST_WELLS else []
        raise InputError(
            f"channels: expected the same channels in the same order in every well, but {len(others)} of "
            f"{len(channels_of)} wells differ from the other {counts[common]}:\n"
            + "\n".join([*lines, *more])
            + "\nCorrect their channel tables, or run these wells by themselves."
        )
    common = (*common, *(name for name in optional if name in present))
    unknown = [
        f"  - {key}: {_unknown(name, common)}" for key, names in named.items() for name in names if name not in common
    ]
    if unknown:
        raise InputError(
            f"config: {len(unknown)} channel(s) that no well has:\n"
            + "\n".join(unknown)
            + f"\nKnown channels: {', '.join(common)}. Correct the config."
        )
    return common


def check_config_in_wells(config: Mapping[str, Any], indexes: Sequence[WellIndex], *, stages: Iterable[Stage]) -> None:
    """Ask each stage what in the config does not fit the wells.

    Parameters
    ----------
    config
        The blocks of these stages, defaults filled in.
    indexes
        Of all wells.

    Raises
    ------
    ValueError
        With a line per mistake, see `Stage.mistakes_in_wells`.
    """
    wells = [vars(index) for index in indexes]
    mistakes = [line for one in stages for line in one.mistakes_in_wells(config, wells)]
    if mistakes:
        lines = "\n".join(f"  - {line}" for line in mistakes)
        raise InputError(f"config: {len(mistakes)} mistake(s) that the wells show:\n{lines}\nCorrect the config.")


def check_files(indexes: Sequence[WellIndex]) -> None:
    """Raise where two wells have an image of one file in common, or a folder of pixels: one is a copy in name only.

    Wells may share tables, and a file that holds the images of several.

    Raises
    ------
    InputError
        With the two wells and the file.
    """
    seen: dict[tuple[object, int], WellIndex] = {}
    for index in indexes:
        images = {(index.files[header.file].path, header.number) for header in index.headers}
        files = {path: _identity(path) for path, _ in images} or {index.path: _identity(index.path)}
        for path, number in sorted(images) or [(index.path, 0)]:
            other = seen.setdefault((files[path], number), index)
            if other is not index:
                raise InputError(
                    f"{path}: expected images of one well, but wells {other.name} and {index.name} are both read from "
                    "it. Correct the paths in the sheet, or put {well} in raw.pattern."
                )


def _identity(path: str) -> object:
    """The same for all names of one file, links of either kind included, and of files of many fields for copies."""
    try:
        status = os.stat(path)
        if Path(path).suffix.lower() in CONTAINERS:
            from wellspring.raw.vendors.container_index import content_of_container

            return content_of_container(Path(path))
    except OSError:
        return os.path.realpath(path)
    return status.st_dev, status.st_ino


def planes_notes(indexes: Sequence[WellIndex]) -> list[str]:
    """A line for each channel whose sites, of one well or of several, have different numbers of planes."""
    notes = []
    for channel in dict.fromkeys(name for one in indexes for name in one.n_planes):
        counts = Counter(n for one in indexes for n in one.n_planes.get(channel, ()))
        if len(counts) < 2:
            continue
        usual = max(counts, key=lambda n: (counts[n], n))
        others = [one.name for one in indexes if set(one.n_planes.get(channel, ())) - {usual}]
        shown = ", ".join(others[:_MOST_WELLS]) + (f" (+{len(others) - _MOST_WELLS} more)" if others[5:] else "")
        notes.append(
            f"channel {channel}: most sites have {usual} plane{'' if usual == 1 else 's'}, but others "
            f"{', '.join(str(n) for n in sorted(counts) if n != usual)}, in {shown}; look whether files are missing"
        )
    return notes


def _difference(channels: tuple[str, ...], common: tuple[str, ...]) -> str:
    missing = [name for name in common if name not in channels]
    adds = [name for name in channels if name not in common]
    if not missing and not adds:
        return "has the same channels in another order"
    return f"missing {missing or 'none'}, further {adds or 'none'}"


def _unknown(name: str, known: Sequence[str]) -> str:
    lower = {k.lower(): k for k in known}
    close = [lower[match] for match in difflib.get_close_matches(name.lower(), list(lower), n=3)]
    close += [k for k in known if name.lower() in k.lower() and k not in close]
    return f"{name!r}" + (f" (did you mean {' or '.join(close[:3])}?)" if close else "")
