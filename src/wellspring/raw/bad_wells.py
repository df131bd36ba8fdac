"""Wells that cannot be used: one that is damaged, or unlike the others, is left out with its reason, where so chosen.

Damage inside of pixels shows when they are read, so they are read once, where wells are left out.

A well that is left out keeps its index, without sites and without pixels, so every later job finds a well without
cells and writes the valid empty tables that it writes for one.
"""

import importlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from wellspring.errors import InputError
from wellspring.raw.describe import describe_well
from wellspring.raw.formats import format_named
from wellspring.raw.index import WellIndex

__all__ = ["ExpectedWell", "described", "expected_well", "kept_wells", "left_out_index"]

NO_CHECKS: Mapping[str, Mapping[str, Any]] = MappingProxyType({})

# Wells whose headers say what is usual: few, since each job on headers reads them.
_N_ASKED = 5


@dataclass(frozen=True)
class ExpectedWell:
    """What the wells of a run have in common.

    Attributes
    ----------
    channels : tuple of str
    size_px : (int, int) or None
        Height and width of every image; None where pixels of cells are stored.
    """

    channels: tuple[str, ...]
    size_px: tuple[int, int] | None

    def as_parameter(self) -> dict[str, Any]:
        """For a rule: lists in place of tuples."""
        return {name: list(value) if value else value for name, value in asdict(self).items()}


def expected_well(paths: Mapping[tuple[str, str], Path], *, raw: Mapping[str, Any]) -> ExpectedWell:
    """What most of five wells, evenly spaced in the sheet, have; where none of these can be read, the first that can.

    Parameters
    ----------
    paths
        (plate, well) to the well's path in the sheet.
    raw
        The config's block ``raw``.

    Raises
    ------
    InputError
        When no well can be read; the reason is that of the first.
    """
    keys = list(paths)
    step = max(1, len(keys) // _N_ASKED)
    asked = keys[::step][:_N_ASKED]
    found = [one for key in asked if (one := _look(paths[key], key=key, raw=raw)) is not None]
    if not found:
        found = [one for key in keys if key not in asked and (one := _look(paths[key], key=key, raw=raw))][:1]
    if not found:
        plate, well = keys[0]
        try:
            describe_well(paths[keys[0]], plate=plate, well=well, raw=raw)
        except (InputError, OSError) as error:
            raise InputError(f"raw.bad_wells: all {len(keys)} wells would be left out. The first: {error}") from None
    return Counter(found).most_common(1)[0][0]


def _look(path: Path, *, key: tuple[str, str], raw: Mapping[str, Any]) -> ExpectedWell | None:
    try:
        index = describe_well(path, plate=key[0], well=key[1], raw=raw)
    except (InputError, OSError):
        return None
    return ExpectedWell(index.channels, _usual_size(index))


def described(
    path: Path,
    *,
    plate: str,
    well: str,
    raw: Mapping[str, Any],
    expected: ExpectedWell | None,
    is_any_size: bool = False,
    missing: str = "",
    checks: Mapping[str, Mapping[str, Any]] = NO_CHECKS,
) -> WellIndex:
    """The index of one well; of one that cannot be used, an index without sites that says why.

    Parameters
    ----------
    path, plate, well, raw
        As of `describe_well`.
    expected
        From `expected_well`; None: nothing is left out.
    is_any_size
        Whether images may differ in size.
    missing
        Why the well is to be left out in any case; empty: it is not.
    checks
        What else must be read of a well that is used: see `wellspring.stage.Stage`.

    Raises
    ------
    FileNotFoundError, InputError
        As `describe_well`, and where the sites of the well differ in size, if nothing is left out.
    """
    if expected is None:
        index = describe_well(path, plate=plate, well=well, raw=raw)
        size = None if is_any_size else _usual_size(index)
        if reason := _other_size(index, size):
            raise InputError(f"{reason} Mend it, or, if fields were cut on purpose, set raw.image_sizes: any.")
        return index
    from wellspring.raw.images import read_sites

    about: dict[str, Any] = {"plate": plate, "well": well, "raw": raw, "expected": expected}
    try:
        index = describe_well(path, plate=plate, well=well, raw=raw)
        reason = _difference(index, expected, is_any_size=is_any_size) or missing
        if not reason and format_named(raw["format"]).has_images:
            shapes = {one.site: one.image.shape[1:] for one in read_sites(index, projection="max")}
            for name, parameters in checks.items():
                importlib.import_module(name).check_well(index, shapes=shapes, **parameters)
    except (InputError, OSError) as error:
        reason = " ".join(str(error).split())
    return left_out_index(path, reason=reason, **about) if reason else index


def _difference(index: WellIndex, expected: ExpectedWell, *, is_any_size: bool) -> str:
    if index.channels != expected.channels:
        return (
            f"{index.path}: expected the channels {', '.join(expected.channels)}, as other wells have them, found "
            f"{', '.join(index.channels)}."
        )
    return "" if is_any_size else _other_size(index, expected.size_px)


def _usual_size(index: WellIndex) -> tuple[int, int] | None:
    sizes = Counter(one.height_width for one in index.headers)
    return sizes.most_common(1)[0][0] if sizes else None


def _other_size(index: WellIndex, size_px: tuple[int, int] | None) -> str:
    """The first image that is not as large, in words; empty where all are, or nothing is expected."""
    odd = next((one for one in index.headers if size_px is not None and one.height_width != size_px), None)
    if odd is None or size_px is None:
        return ""
    height, width = odd.height_width
    return (
        f"{index.files[odd.file].path}: expected {size_px[0]} x {size_px[1]} px, as other images are, found "
        f"{height} x {width}."
    )


def left_out_index(
    path: Path, *, plate: str, well: str, raw: Mapping[str, Any], expected: ExpectedWell, reason: str
) -> WellIndex:
    """The index of a well that is left out: the channels of the others, no sites, no pixels."""
    has_images = format_named(raw["format"]).has_images
    return WellIndex(
        plate=plate,
        well=well,
        format=raw["format"],
        path=str(path),
        channels=expected.channels,
        n_values=0,
        n_files=0,
        files=(),
        n_px=None if has_images else 0,
        n_sites=0 if has_images else None,
        left_out=reason,
    )


def kept_wells(indexes: Iterable[WellIndex]) -> Sequence[WellIndex]:
    """Those that are not left out.

    Raises
    ------
    InputError
        When none is left, with the first reason.
    """
    wells = list(indexes)
    kept = [one for one in wells if not one.left_out]
    if wells and not kept:
        raise InputError(f"raw.bad_wells: all {len(wells)} wells were left out. The first: {wells[0].left_out}")
    return kept
