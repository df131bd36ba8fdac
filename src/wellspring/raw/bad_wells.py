"""Wells that cannot be used: one that is damaged, or unlike the others, is left out with its reason, where so chosen.

A well that is left out keeps its index, without sites and without pixels, so every later job finds a well without
cells and writes the valid empty tables that it writes for one.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from wellspring.errors import InputError
from wellspring.raw.describe import describe_well
from wellspring.raw.formats import format_named
from wellspring.raw.index import WellIndex

__all__ = ["ExpectedWell", "described", "expected_well", "kept_wells", "left_out_index"]

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
    sizes = Counter(header.height_width for header in index.headers)
    return ExpectedWell(index.channels, sizes.most_common(1)[0][0] if sizes else None)


def described(path: Path, *, plate: str, well: str, raw: Mapping[str, Any], expected: ExpectedWell | None) -> WellIndex:
    """The index of one well; of one that cannot be used, an index without sites that says why.

    Parameters
    ----------
    path, plate, well, raw
        As of `describe_well`.
    expected
        From `expected_well`; None: nothing is left out.

    Raises
    ------
    FileNotFoundError, InputError
        As `describe_well`, where nothing is left out.
    """
    if expected is None:
        return describe_well(path, plate=plate, well=well, raw=raw)
    about: dict[str, Any] = {"plate": plate, "well": well, "raw": raw, "expected": expected}
    try:
        index = describe_well(path, plate=plate, well=well, raw=raw)
    except (InputError, OSError) as error:
        return left_out_index(path, reason=" ".join(str(error).split()), **about)
    reason = _difference(index, expected)
    return index if reason is None else left_out_index(path, reason=reason, **about)


def _difference(index: WellIndex, expected: ExpectedWell) -> str | None:
    if index.channels != expected.channels:
        return (
            f"{index.path}: expected the channels {', '.join(expected.channels)}, as other wells have them, found "
            f"{', '.join(index.channels)}."
        )
    if expected.size_px is not None:
        odd = next((one for one in index.headers if one.height_width != expected.size_px), None)
        if odd is not None:
            height, width = odd.height_width
            return (
                f"{index.files[odd.file].path}: expected {expected.size_px[0]} x {expected.size_px[1]} px, as other "
                f"images are, found {height} x {width}."
            )
    return None


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
