"""A paragraph of methods, from what the chapters say, ready to be put into a paper."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import wellspring
from wellspring.report.chapter import Chapter
from wellspring.report.words import listed

__all__ = ["Methods", "cited", "methods_of"]


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


# Named where a chapter names them.
_NAMED = {
    "keras": _Cited("Keras", "Chollet et al. 2015", "Chollet, F. et al. (2015). Keras. https://keras.io."),
    "tensorflow": _Cited(
        "TensorFlow",
        "Abadi et al. 2016",
        "Abadi, M. et al. (2016). TensorFlow: a system for large-scale machine learning. USENIX Symposium on Operating "
        "Systems Design and Implementation, 265–283.",
    ),
    "scikit-learn": _Cited(
        "scikit-learn",
        "Pedregosa et al. 2011",
        "Pedregosa, F. et al. (2011). Scikit-learn: machine learning in Python. Journal of Machine Learning Research "
        "12, "
        "2825–2830.",
    ),
}
# What is named together: a network library and what it runs on.
_WITH = {"tensorflow": "Keras"}


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
    text = " ".join(own)
    asked = {name: one for name, one in _NAMED.items() if _WITH.get(name, one.name) in text}
    used = {name: one for name, one in (_PACKAGES | asked).items() if known.get(name, "")[:1].isdigit()}
    named = listed([f"{one.name} {known[name]} ({one.citation})" for name, one in used.items()])
    python = f" in Python {known['python']}" if "python" in known else ""
    first = f"Images were analysed with wellspring {wellspring.__version__}{python}{f' with {named}' if named else ''}."
    of_packages = {one.reference for one in (used | asked).values()}
    references = {*of_packages, *(reference for one in chapters for reference in one.references)}
    return Methods([first, *own], sorted(references, key=str.casefold))


def cited(references: Iterable[str], *, text: str) -> list[str]:
    """Those of `references` whose first author and year the text names: what a study did not use is not cited."""
    found = []
    for reference in references:
        year = re.search(r"\((\d{4})\)", reference)
        if year is not None and re.search(rf"\b{re.escape(reference.split(',')[0])}\b.{{0,40}}?\b{year[1]}\b", text):
            found.append(reference)
    return found
