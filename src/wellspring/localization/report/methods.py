"""How patterns of molecules were called, for a paper."""

from collections.abc import Mapping
from typing import Any

from wellspring.report.words import listed

__all__ = ["METHODS_REFERENCES", "methods_text"]

METHODS_REFERENCES = (
    "Benjamini, Y. and Hochberg, Y. (1995). Controlling the false discovery rate: a practical and powerful approach to "
    "multiple testing. Journal of the Royal Statistical Society B 57, 289–300.",
    "Friedman, J. H. (2001). Greedy function approximation: a gradient boosting machine. Annals of Statistics 29, "
    "1189–1232.",
    "Guo, C. et al. (2017). On calibration of modern neural networks. Proceedings of Machine Learning Research 70, "
    "1321–1330.",
)
_NULLS = {
    "volume": "uniform in the volume of the cell",
    "area": "uniform in the area of the cell as seen from above",
    "labels": "swapped labels of the molecules of the cell",
}


def methods_text(settings: Mapping[str, Any], *, macro_f1: float) -> str:
    """A paragraph.

    Parameters
    ----------
    settings
        The block ``localization``.
    macro_f1
        Of the classifier, on simulated cells that it has not seen.
    """
    patterns = listed([name.replace("_", " ") for name in settings["patterns"]])
    null = _NULLS.get(settings["null_model"], settings["null_model"])
    unit = settings.get("unit_column")
    return (
        f"Subcellular patterns of the molecules in {listed(list(settings['channels']))} were called per gene and cell "
        f"({patterns}) by boosted trees (Friedman 2001) that were trained on simulated molecules; probabilities were "
        f"calibrated by a temperature that depends on the number of molecules (Guo et al. 2017), and the macro-F1 on "
        "unseen "
        f"simulated cells was {macro_f1:.2f}. Features were compared with {settings['draws']} draws of a null model, "
        f"{null}. "
        f"{f'Values of {unit}' if unit else 'Wells'} were the units: p-values are those of flipped signs over units, "
        "adjusted for all genes and statistics (Benjamini and Hochberg 1995)."
    )
