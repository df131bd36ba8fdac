"""One HTML page: a column per setting, a row per number and channel, so that settings compare by eye."""

import base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from html import escape

__all__ = ["Column", "page_of"]

# The names of the rows stay in view while the settings are scrolled to the side.
_STYLE = """
body{font:14px/1.4 system-ui,sans-serif;margin:1.5em;color:#222}
table{border-collapse:collapse;width:100%}
th,td{border-top:1px solid #ddd;padding:.3em .9em .3em 0;vertical-align:top;text-align:left}
tbody th{position:sticky;left:0;background:#fff;font-weight:400;min-width:9em;width:9em}
thead th{overflow-wrap:anywhere;min-width:300px}
thead th:first-child{min-width:0}
td.changed{font-weight:600;background:#fff3d6} pre{background:#f4f4f4;padding:.6em;margin:0;white-space:pre-wrap}
img{display:block;width:100%}
#large:checked~table thead th:not(:first-child){min-width:900px}
"""
_LEGEND = (
    "Outlines: nuclei blue, cells yellow. Circles: spots orange, those added by splitting clumps pink. All pictures of "
    "a channel have one contrast. Numbers that differ from those of the config are marked."
)
_LARGE = "<input type='checkbox' id='large'> <label for='large'>large pictures</label>"


@dataclass(frozen=True)
class Column:
    """One setting.

    Attributes
    ----------
    name : str
    lines : str
        For the config (YAML); empty of the config as it is.
    pictures : dict of str to bytes
        Channel to a PNG file.
    rows : dict of str to str
        From `summary_of`.
    """

    name: str
    lines: str
    pictures: Mapping[str, bytes]
    rows: Mapping[str, str]


def page_of(columns: Sequence[Column], *, title: str, notes: Sequence[str]) -> str:
    """The page; the first column is what the others are compared with. What a setting does not have is a dash."""
    first = columns[0].rows
    heads = "".join(f"<th scope='col'>{escape(one.name)}</th>" for one in columns)
    rows = [_row("For the config", columns, _lines)] if any(one.lines for one in columns) else []
    for name in _each(one.rows for one in columns):
        rows.append(_row(name, columns, partial(_number, name=name, first=first)))
    for channel in _each(one.pictures for one in columns):
        rows.append(_row(channel, columns, partial(_picture, channel=channel)))
    text = "".join(f"<p>{escape(note)}</p>" for note in (*notes, _LEGEND))
    return (
        f"<!DOCTYPE html><html lang='en'><head><meta charset='utf-8'><title>{escape(title)}</title>"
        f"<style>{_STYLE}</style></head><body><h1>{escape(title)}</h1>{text}{_LARGE}"
        f"<table><thead><tr><th></th>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table></body></html>\n"
    )


def _each(names: Iterable[Iterable[str]]) -> list[str]:
    return list(dict.fromkeys(name for own in names for name in own))


def _row(name: str, columns: Sequence[Column], cell: Callable[[Column], str]) -> str:
    return f"<tr><th scope='row'>{escape(name)}</th>{''.join(cell(one) for one in columns)}</tr>"


def _lines(one: Column) -> str:
    return f"<td><pre>{escape(one.lines)}</pre></td>" if one.lines else "<td></td>"


def _number(one: Column, *, name: str, first: Mapping[str, str]) -> str:
    value = one.rows.get(name, "–")
    mark = " class='changed'" if name != "Time" and value != first.get(name, "–") else ""
    return f"<td{mark}>{escape(value)}</td>"


def _picture(one: Column, *, channel: str) -> str:
    if channel not in one.pictures:
        return "<td>–</td>"
    data = base64.b64encode(one.pictures[channel]).decode()
    alt = escape(f"{channel}, {one.name}", quote=True)
    return f"<td><img alt='{alt}' src='data:image/png;base64,{data}'></td>"
