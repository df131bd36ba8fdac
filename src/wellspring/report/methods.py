"""A paragraph of methods, from what the chapters say, ready to be put into a paper."""

from collections.abc import Sequence
from dataclasses import dataclass

import wellspring
from wellspring.report.chapter import Chapter
from wellspring.report.words import listed

__all__ = ["Methods", "methods_of"]


@dataclass(frozen=True)
class _Cited:
    """A package: its name as its authors write it, its citation, its reference."""

    name: str
    citation: str
    reference: str


# Packages that a methods section names.
_PACKAGES = {
    "snakemake": _Cited(
        "Snakemake",
        "Mölder et al. 2021",
        "Mölder, F. et al. (2021). Sustainable data analysis with Snakemake. F1000Research 10, 33.",
    ),
    "numpy": _Cited(
        "NumPy",
        "Harris et al. 2020",
        "Harris, C. R. et al. (2020). Array programming with NumPy. Nature 585, 357–362.",
    ),
    "scipy": _Cited(
        "SciPy",
        "Virtanen et al. 2020",
        "Virtanen, P. et al. (2020). SciPy 1.0: fundamental algorithms for scientific computing in Python. Nature "
        "Methods 17, 261–272.",
    ),
    "scikit-image": _Cited(
        "scikit-image",
        "van der Walt et al. 2014",
        "van der Walt, S. et al. (2014). scikit-image: image processing in Python. PeerJ 2, e453.",
    ),
}


@dataclass(frozen=True)
class Methods:
    """Paragraphs, and the references that they cite, by name."""

    paragraphs: Sequence[str]
    references: Sequence[str]


def methods_of(chapters: Sequence[Chapter], *, versions: Sequence[tuple[str, str]]) -> Methods | None:
    """What the chapters say of their methods, in their order, after the software; None where none says anything.

    Parameters
    ----------
    chapters
    versions
        Names and versions of the software, as installed.
    """
    own = [one.methods for one in chapters if one.methods]
    if not own:
        return None
    known = dict(versions)
    # A package of another environment has words instead of a version.
    cited = {name: one for name, one in _PACKAGES.items() if known.get(name, "")[:1].isdigit()}
    named = listed([f"{one.name} {known[name]} ({one.citation})" for name, one in cited.items()])
    python = f" in Python {known['python']}" if "python" in known else ""
    first = f"Images were analysed with wellspring {wellspring.__version__}{python}{f' with {named}' if named else ''}."
    references = {*(one.reference for one in cited.values()), *(text for one in chapters for text in one.references)}
    return Methods([first, *own], sorted(references, key=str.casefold))
