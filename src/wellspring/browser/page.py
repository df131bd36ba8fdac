"""The page of the browser."""

import json
from collections.abc import Sequence
from pathlib import Path

__all__ = ["SOURCES", "render_browser"]

SOURCES = ("index.html.jinja", "browser.css", "browser.js")
"""What the page is made of, in this folder."""


def render_browser(*, title: str, plates: Sequence[str]) -> str:
    """The page as HTML: needs no other file than the data next to it."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    template, style, script = (Path(__file__).with_name(name).read_text(encoding="utf-8") for name in SOURCES)
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    # In a page, a name with </script> would end the script.
    study = json.dumps({"plates": list(plates)}, ensure_ascii=False).replace("<", "\\u003c")
    page = environment.from_string(template)
    return page.render(title=title, style=Markup(style), script=Markup(script), study=Markup(study))
