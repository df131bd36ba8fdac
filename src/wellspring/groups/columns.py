"""Columns and values of the sheet that the config names."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

__all__ = ["mistakes_in_sheet"]

_FIXED = ("well", "path")


def mistakes_in_sheet(report: Mapping[str, Any], *, columns: Sequence[str], groups: Iterable[str]) -> list[str]:
    """What of the block ``report`` is not in the sheet, a line each.

    Parameters
    ----------
    report
        With group_by, replicate and controls.
    columns
        Of the sheet.
    groups
        Values of the column group_by; none where there is no such column.
    """
    known = [name for name in columns if name not in _FIXED]
    found = []
    for key in ("group_by", "replicate"):
        name = report[key]
        if name is not None and name not in known:
            found.append(f"report.{key}: {name!r} is no column of the sheet{_close(name, known)}; columns are {known}")
    values = list(dict.fromkeys(groups))
    if report["group_by"] in known:
        for name in report["controls"]:
            if name not in values:
                shown = [*values[:10], *(["..."] if len(values) > 10 else [])]
                found.append(
                    f"report.controls: {name!r} is no value of the column {report['group_by']}{_close(name, values)}; "
                    f"values are {shown}"
                )
        if set(values) <= set(report["controls"]):
            found.append("report.controls: no group is left to compare; name the controls alone")
        elif len(values) < 2:
            found.append(f"report.group_by: column {report['group_by']} has one value, so nothing can be compared")
    return found


def _close(name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f" (did you mean {close[0]}?)" if close else ""
