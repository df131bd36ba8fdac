"""How cells were measured, for a paper."""

from collections.abc import Mapping
from typing import Any

from wellspring.report.words import listed

__all__ = ["METHODS_REFERENCES", "methods_text"]

METHODS_REFERENCES = (
    "Haralick, R. M., Shanmugam, K. and Dinstein, I. (1973). Textural features for image classification. IEEE "
    "Transactions on Systems, Man, and Cybernetics SMC-3, 610–621.",
    "Manders, E. M. M., Verbeek, F. J. and Aten, J. A. (1993). Measurement of co-localization of objects in "
    "dual-colour "
    "confocal images. Journal of Microscopy 169, 375–382.",
    "Stirling, D. R. et al. (2021). CellProfiler 4: improvements in speed, utility and usability. BMC Bioinformatics "
    "22, "
    "433.",
)
_CITED = {"texture": "texture (Haralick et al. 1973)", "correlation": "correlation (Manders et al. 1993)"}


def methods_text(features: Mapping[str, Any], *, has_nuclei: bool, has_cells: bool) -> str:
    """A paragraph.

    Parameters
    ----------
    features
        The block ``cells.features``.
    has_nuclei, has_cells
        What is segmented, or given.
    """
    objects = ("nucleus, cell and cytoplasm" if has_nuclei else "cell") if has_cells else "nucleus"
    families = listed([_CITED.get(name, name) for name in features["families"]])
    if features["background"] == "dark":
        background = "the dark level of the channel"
    else:
        gap, width = features["ring_gap_px"], features["ring_width_px"]
        background = f"the median of the free pixels {gap + 1} to {gap + width} px around the object"
    return (
        f"Features of each {objects} were measured ({families}), after the families of CellProfiler (Stirling et al. "
        f"2021). Intensities are given as they are and less {background}. Objects at the edge of an image are in no "
        "mean or median of a well."
    )
