"""SVG figures as parts of a page: sharp, with text that can be selected and found, and no clash of their names."""

import re
from dataclasses import dataclass
from xml.etree import ElementTree

from wellspring.errors import InputError

__all__ = ["InlineSvg", "inline_svg", "svg_size"]

_PX_PER_UNIT = {"pt": 96 / 72, "px": 1.0, "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96.0, "": 1.0}
# What figures are made of. Anything else (scripts, foreign HTML, animations) is not put into a page.
_ELEMENTS = frozenset(
    {
        *("svg", "g", "defs", "symbol", "use", "title", "desc", "image", "text", "tspan", "textPath"),
        *("path", "rect", "circle", "ellipse", "line", "polyline", "polygon"),
        *("clipPath", "mask", "marker", "pattern", "linearGradient", "radialGradient", "stop"),
    }
)
_LEFT_OUT = frozenset({"metadata"})
# Matplotlib's only style sheet. In a page it would hold for everything, so its content is put on the figure.
_PLAIN_STYLE = re.compile(r"\s*\*\s*\{\s*stroke-linejoin:\s*round;\s*stroke-linecap:\s*butt;?\s*\}\s*")
_OF_THE_PAGE = frozenset({"width", "height", "viewBox", "version", "x", "y", "id", "class", "preserveAspectRatio"})
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_URL = re.compile(r"""url\(\s*["']?(#?)([^"')]*)["']?\s*\)""", re.IGNORECASE)
_IMAGE_DATA = re.compile(r"data:image/(png|jpeg|gif|webp);base64,")


@dataclass(frozen=True)
class InlineSvg:
    """The inside of a figure as one group with the id `name`, and its view box: left, top, width, height."""

    name: str
    markup: str
    view_box: str


def svg_size(text: str) -> tuple[float, float] | None:
    """Width and height of an SVG image, CSS px; None where it does not say both."""
    root = _root(text)
    sizes = [_px(root.get(side, "")) for side in ("width", "height")]
    if None not in sizes:
        return sizes[0] or 0.0, sizes[1] or 0.0
    box = root.get("viewBox", "").replace(",", " ").split()
    is_box = len(box) == 4 and all(_NUMBER.fullmatch(one) for one in box)
    return (float(box[2]), float(box[3])) if is_box else None


def inline_svg(text: str, *, name: str) -> InlineSvg | None:
    """The image as part of an HTML page, every id in it prefixed by `name`.

    Metadata, classes and the size are left out. Names (`id`) and what refers to them (``href="#..."``, ``url(#...)``)
    change alike, so that figures made by the same program do not use each other's clips and markers.

    Returns
    -------
    InlineSvg or None
        None where the image has what does not belong into a page: scripts, style sheets, foreign HTML, event handlers,
        links to other files; or no size. Such an image can be shown as an ``<img>`` only, where none of it can act.

    Raises
    ------
    ValueError
        When `text` is not SVG.
    """
    root = _root(text)
    box = _view_box(root, text)
    group = ElementTree.Element("g", {"id": name})
    if box is None or not _taken_over(root, group, prefix=f"{name}-"):
        return None
    markup = ElementTree.tostring(group, encoding="unicode", short_empty_elements=False)
    return InlineSvg(name=name, markup=markup, view_box=box)


def _root(text: str) -> ElementTree.Element:
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise InputError(f"expected an SVG image, but it is no XML ({error})") from error
    if _local(root.tag) != "svg":
        raise InputError(f"expected an SVG image, but its first element is <{_local(root.tag)}>")
    return root


def _view_box(root: ElementTree.Element, text: str) -> str | None:
    size = svg_size(text)
    box = root.get("viewBox", "").replace(",", " ").split() or (
        ["0", "0", *(f"{one:g}" for one in size)] if size else []
    )
    is_box = len(box) == 4 and all(_NUMBER.fullmatch(one) for one in box) and min(float(box[2]), float(box[3])) > 0
    return " ".join(box) if is_box else None


def _px(length: str) -> float | None:
    found = re.fullmatch(r"\s*([\d.]+)\s*([a-z]*)\s*", length)
    return float(found[1]) * _PX_PER_UNIT[found[2]] if found and found[2] in _PX_PER_UNIT else None


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _taken_over(root: ElementTree.Element, group: ElementTree.Element, *, prefix: str) -> bool:
    for key, value in root.attrib.items():
        if _local(key) not in _OF_THE_PAGE and not _copied(group, key, value, prefix=prefix):
            return False
    return all(_child_taken_over(child, group, top=group, prefix=prefix) for child in root)


def _child_taken_over(
    element: ElementTree.Element, parent: ElementTree.Element, *, top: ElementTree.Element, prefix: str
) -> bool:
    tag = _local(element.tag)
    if tag in _LEFT_OUT:
        return True
    if tag == "style" and _PLAIN_STYLE.fullmatch(element.text or ""):
        top.set("style", f"stroke-linejoin: round; stroke-linecap: butt; {top.get('style', '')}".strip())
        return True
    if tag not in _ELEMENTS:
        return False
    copy = ElementTree.SubElement(parent, tag)
    copy.text, copy.tail = element.text, element.tail
    if not all(_copied(copy, key, value, prefix=prefix) for key, value in element.attrib.items()):
        return False
    return all(_child_taken_over(child, copy, top=top, prefix=prefix) for child in element)


def _copied(element: ElementTree.Element, key: str, value: str, *, prefix: str) -> bool:
    """Whether the attribute may be in a page; if so, it is set on `element`."""
    name = _local(key)
    if name.lower().startswith("on"):
        return False
    if name == "class" or (key != name and name != "href"):
        # Prefixed attributes (xml:space, an editor's own) other than links mean nothing in HTML.
        return True
    if name == "id":
        value = prefix + value
    elif name == "href":
        # Line breaks inside of image data, as Matplotlib writes them, would become blanks.
        value = f"#{prefix}{value[1:]}" if value.startswith("#") else "".join(value.split())
        if not value.startswith("#") and not _IMAGE_DATA.match(value):
            return False
    elif "url(" in value.lower():
        found = _URL.findall(value)
        if len(found) != value.lower().count("url(") or not all(is_inside for is_inside, _ in found):
            return False
        value = _URL.sub(lambda one: f"url(#{prefix}{one[2]})", value)
    element.set(name, value)
    return True
