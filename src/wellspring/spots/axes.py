"""Whether the config's values per axis fit the planes that the wells have. Standard library only."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

__all__ = ["axis_mistakes"]


def axis_mistakes(
    wells: Sequence[Mapping[str, Any]], *, channels: Sequence[str], per_axis: Mapping[str, Any]
) -> list[str]:
    """What is wrong with values per axis, a line for each key, which names the first image that it does not fit.

    Parameters
    ----------
    wells
        The wells' indexes: ``plate``, ``well``, ``n_planes``, by channel every number of planes that a site has, and,
        where the files say them, ``pixel_size_um`` and ``plane_spacing_um``.
    channels
        Those that the values are for; those that a well does not have are not looked at.
    per_axis
        Config key to its value: a list with one value per axis, 3 for stacks (z, y, x), 2 for planes (y, x); None,
        which the files then have to say; or anything else, which fits both.
    """
    lines = {}
    for image, n_planes, is_known in _images(wells, channels):
        n_axes, shown = (3, f"stacks of {n_planes} planes") if n_planes > 1 else (2, "single planes")
        for key, value in per_axis.items():
            is_list = isinstance(value, list | tuple)
            if key not in lines and (
                (is_list and len(value) != n_axes) or (value is None and n_axes == 3 and not is_known)
            ):
                axes = "[z, y, x]" if n_axes == 3 else "[y, x]"
                lines[key] = (
                    f"{key}: expected {n_axes} numbers, {axes}, since {image} has {shown}, got "
                    f"{list(value) if is_list else 'null'}; wells with planes and wells with stacks need a run each"
                )
    return list(lines.values())


def _images(wells: Sequence[Mapping[str, Any]], channels: Sequence[str]) -> Iterator[tuple[str, int, bool]]:
    """Name, number of planes, and whether the voxel size is known, of each image."""
    for one in wells:
        is_known = bool(one.get("pixel_size_um") and one.get("plane_spacing_um"))
        for channel in channels:
            for n_planes in one["n_planes"].get(channel, ()):
                yield f"{channel} of {one['plate']}/{one['well']}", n_planes, is_known
