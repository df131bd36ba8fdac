"""One HTML page with all settings next to each other: picture, numbers, lines for the config."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

__all__ = ["Column", "page_of"]

_STYLE = """
body{font:14px/1.4 system-ui,sans-serif;margin:1.5em;color:#222}
main{display:flex;gap:1.2em;overflow-x:auto;align-items:flex-start}
section{flex:0 0 min(46vw,640px)} img{width:100%}
table{border-collapse:collapse;width:100%} td{border-top:1px solid #ddd;padding:.15em .5em .15em 0;vertical-align:top}
td.changed{font-weight:600;background:#fff3d6} pre{background:#f4f4f4;padding:.6em} h2{font-size:1.05em}
"""
_LEGEND = (
    "Outlines: nuclei blue, cells yellow. Circles: spots orange, those added by splitting clumps pink. All pictures of "
    "a channel have one contrast. Numbers that differ from those of the config are marked."
)


@dataclass(frozen=True)
class Column:
    """One setting.

    Attributes
    ----------
    name : str
    lines : str
        For the config (YAML); empty of the config as it is.
    png : bytes
    rows : dict of str to str
        From `summary_of`.
    """

    name: str
    lines: str
    png: bytes
    rows: dict[str, str]


def page_of(columns: Sequence[Column], *, title: str, notes: Sequence[str]) -> str:
    """The page; the first column is what the others are compared with."""
    first = columns[0].rows
    body = "".join(_section(one, first=first) for one in columns)
    text = "".join(f"<p>{escape(note)}</p>" for note in (*notes, _LEGEND))
    return (
        f"<!DOCTYPE html><html lang='en'><head><meta charset='utf-8'><title>{escape(title)}</title>"
        f"<style>{_STYLE}</style></head><body><h1>{escape(title)}</h1>{text}<main>{body}</main></body></html>\n"
    )


def _section(one: Column, *, first: dict[str, str]) -> str:
    rows = "".join(
        f"<tr><td>{escape(name)}</td><td{_mark(name, value, first)}>{escape(value)}</td></tr>"
        for name, value in one.rows.items()
    )
    lines = f"<p>For the config:</p><pre>{escape(one.lines)}</pre>" if one.lines else ""
    picture = base64.b64encode(one.png).decode()
    image = f"<img alt='{escape(one.name, quote=True)}' src='data:image/png;base64,{picture}'>"
    return f"<section><h2>{escape(one.name)}</h2>{lines}{image}<table>{rows}</table></section>"


def _mark(name: str, value: str, first: dict[str, str]) -> str:
    return " class='changed'" if name != "Time" and first.get(name) != value else ""
