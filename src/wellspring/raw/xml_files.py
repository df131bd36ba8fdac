"""XML indexes of microscopes: read element by element, namespaces ignored, whatever is wrong said in one message."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.etree import ElementTree

from wellspring.errors import InputError
from wellspring.files import as_readable

__all__ = ["elements", "local_name", "readable_xml", "root_of", "whole_number"]


def local_name(name: str) -> str:
    """A tag or an attribute without its namespace."""
    return name.rpartition("}")[2]


@contextmanager
def readable_xml(path: Path, *, expected: str) -> Iterator[None]:
    """Turn what is wrong with an XML file into one error.

    Raises
    ------
    FileNotFoundError, InputError
        When the file is missing, cut off, in another encoding than it says, or no XML.
    """
    with as_readable(path, expected=expected):
        try:
            yield
        except (ElementTree.ParseError, LookupError, UnicodeError) as error:
            if isinstance(error, KeyError):
                raise
            raise InputError(f"{error}") from error


def elements(path: Path, *, expected: str) -> Iterator[tuple[str, ElementTree.Element]]:
    """Each element of the file when it ends, with its name; what was yielded may be cleared by who reads it.

    Raises
    ------
    FileNotFoundError, InputError
        As `readable_xml`.
    """
    with readable_xml(path, expected=expected):
        for _, element in ElementTree.iterparse(path, events=("end",)):
            yield local_name(element.tag), element


def root_of(path: Path, *, expected: str) -> ElementTree.Element:
    """The root of a small file.

    Raises
    ------
    FileNotFoundError, InputError
        As `readable_xml`.
    """
    with readable_xml(path, expected=expected):
        return ElementTree.parse(path).getroot()


def whole_number(text: str | None, *, what: str, path: Path) -> int:
    """A whole number of 0 or more.

    Raises
    ------
    InputError
        When there is none.
    """
    stripped = (text or "").strip()
    if not (stripped.isascii() and stripped.isdecimal()):
        raise InputError(f"{path}: expected a whole number as {what}, found {text!r}. Export the plate again.")
    return int(stripped)
