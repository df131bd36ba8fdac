"""What a raw well holds, from headers alone, and whether all wells of a run fit together."""

import difflib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wellspring.errors import InputError
from wellspring.raw.channels import read_channels
from wellspring.raw.files import well_files
from wellspring.raw.mpm_arrays import open_arrays

__all__ = ["WellDescription", "check_axes", "check_removed", "compare_channels", "describe_well"]

_MOST_WELLS = 5

Well = tuple[str, str]


@dataclass(frozen=True)
class WellDescription:
    """What is in a well.

    Attributes
    ----------
    format : str
        mpm or tiff.
    channels : tuple of str
        In the order of the pixels' columns.
    n_px : int or None
        Measured pixels (MPM); None where that is not known before segmentation.
    n_sites : int or None
        Sites (TIFF).
    n_values : int
        Intensities in the files: pixels x channels, and x planes (TIFF). The measure of work that rests on pixels.
    n_files : int
        Files that reading the well depends on.
    dtype : str or None
        Type of the intensities on disk (MPM).
    n_planes : dict of str to tuple of int
        By channel, every number of planes that a site has (TIFF); empty for MPM.
    """

    format: str
    channels: tuple[str, ...]
    n_px: int | None
    n_sites: int | None
    n_values: int
    n_files: int
    dtype: str | None
    n_planes: dict[str, tuple[int, ...]]


def describe_well(path: Path, *, well: str, raw: Mapping[str, Any]) -> WellDescription:
    """Describe one well without reading its pixels.

    Parameters
    ----------
    path, well
        From the sheet.
    raw
        The config's block ``raw``, with its defaults filled in.

    Raises
    ------
    FileNotFoundError, ValueError
        When a file is missing, or its header says that it is broken or does not fit the others.
    """
    path = Path(path)
    n_files = len(well_files(path, well=well, raw=raw))
    if raw["format"] == "tiff":
        # An MPM job needs no image library.
        from wellspring.raw.tiff import describe_tiff

        found = describe_tiff(path, well=well, pattern=raw["pattern"], channels=raw["channels"])
        counts = {"n_sites": found.n_sites, "n_values": found.n_values, "n_files": n_files}
        return WellDescription("tiff", found.channels, n_px=None, **counts, dtype=None, n_planes=found.n_planes)
    channels = read_channels(path / "channels.csv")
    pixels = open_arrays(path, n_channels=len(channels)).pixels
    counts = {"n_px": len(pixels), "n_values": pixels.size, "n_files": n_files}
    return WellDescription("mpm", channels, **counts, n_sites=None, dtype=str(pixels.dtype), n_planes={})


def compare_channels(
    channels_of: Mapping[Well, Sequence[str]], *, named: Mapping[str, Sequence[str]]
) -> tuple[str, ...]:
    """The channels that all wells share, in their order.

    Parameters
    ----------
    channels_of
        (plate, well) to its channels.
    named
        Config key to the channels that it names.

    Raises
    ------
    ValueError
        When wells differ in their channels or in their order, or the config names a channel that no well has.
    """
    counts = Counter(tuple(channels) for channels in channels_of.values())
    common = counts.most_common(1)[0][0] if counts else ()
    others = {well: tuple(channels) for well, channels in channels_of.items() if tuple(channels) != common}
    if others:
        lines = [f"  - {plate}/{well}: {_difference(c, common)}" for (plate, well), c in others.items()][:_MOST_WELLS]
        more = [f"  (+{len(others) - _MOST_WELLS} more)"] if len(others) > _MOST_WELLS else []
        raise InputError(
            f"channels: expected the same channels in the same order in every well, but {len(others)} of "
            f"{len(channels_of)} wells differ from the other {counts[common]}:\n"
            + "\n".join([*lines, *more])
            + "\nCorrect their channel tables, or run these wells apart."
        )
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


def check_removed(removed: Sequence[int], *, n_inputs: int) -> None:
    """Check that a model is left a channel, however many are taken out for `attribution.validation.roar`.

    Raises
    ------
    ValueError
        When a number in `removed` is not below `n_inputs`, the number of channels that a model sees.
    """
    too_many = [n for n in removed if n >= n_inputs]
    if too_many:
        raise InputError(
            f"attribution.validation.roar.channels: expected numbers below {n_inputs}, that of the channels that a "
            f"model sees, got {too_many}. Correct the config."
        )


def check_axes(
    planes_of: Mapping[Well, Mapping[str, Sequence[int]]], *, channels: Sequence[str], per_axis: Mapping[str, Any]
) -> None:
    """Check the config's values per axis against the planes that the wells have.

    Parameters
    ----------
    planes_of
        (plate, well) to its `WellDescription.n_planes`.
    channels
        Those that the values are for. None: nothing is checked.
    per_axis
        Config key to its value: a list per axis; None, which planes have from their files and stacks do not; or
        anything else, which fits both.

    Raises
    ------
    ValueError
        When a list has not one value per axis of every image: 3 of stacks (z, y, x), 2 of planes (y, x). When a value
        for stacks is None.
    """
    for (plate, well), planes in planes_of.items():
        for channel in channels:
            for n_planes in planes.get(channel, ()):
                n_axes, shown = (3, f"stacks of {n_planes} planes") if n_planes > 1 else (2, "single planes")
                for key, value in per_axis.items():
                    is_list = isinstance(value, list | tuple)
                    if (is_list and len(value) != n_axes) or (value is None and n_axes == 3):
                        axes = "[z, y, x]" if n_axes == 3 else "[y, x]"
                        raise InputError(
                            f"{key}: expected {n_axes} numbers, {axes}, since {channel} of {plate}/{well} has {shown}, "
                            f"got {list(value) if is_list else 'null'}. Correct the config; wells with planes and "
                            "wells with stacks need a run each."
                        )


def _difference(channels: tuple[str, ...], common: tuple[str, ...]) -> str:
    lacks = [name for name in common if name not in channels]
    adds = [name for name in channels if name not in common]
    if not lacks and not adds:
        return "has the same channels in another order"
    return f"lacks {lacks or 'none'}, has also {adds or 'none'}"


def _unknown(name: str, known: Sequence[str]) -> str:
    lower = {k.lower(): k for k in known}
    close = [lower[match] for match in difflib.get_close_matches(name.lower(), list(lower), n=3)]
    close += [k for k in known if name.lower() in k.lower() and k not in close]
    return f"{name!r}" + (f" (did you mean {' or '.join(close[:3])}?)" if close else "")
