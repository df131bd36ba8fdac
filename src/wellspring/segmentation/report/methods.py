"""How nuclei and cells were found, for a paper."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wellspring.segmentation.cell_methods import cell_method
from wellspring.segmentation.report.given import is_given

__all__ = ["METHODS_REFERENCES", "methods_text"]

METHODS_REFERENCES = (
    "Dubois, R. (2017). Transfer learning for classification of subcellular mRNAs localization patterns. CBIO, "
    "Mines ParisTech, and Institut Curie.",
    "Jones, T. R., Carpenter, A. and Golland, P. (2005). Voronoi-based segmentation of cells on image manifolds. "
    "Computer Vision for Biomedical Image Applications, Lecture Notes in Computer Science 3765, 535–543.",
    "Kittler, J., Illingworth, J. and Föglein, J. (1985). Threshold selection based on a simple image statistic. "
    "Computer Vision, Graphics, and Image Processing 30, 125–147.",
    "Otsu, N. (1979). A threshold selection method from gray-level histograms. IEEE Transactions on Systems, Man, and "
    "Cybernetics 9, 62–66.",
    "Ronneberger, O., Fischer, P. and Brox, T. (2015). U-Net: convolutional networks for biomedical image "
    "segmentation. Medical Image Computing and Computer-Assisted Intervention, Lecture Notes in Computer Science 9351, "
    "234–241.",
)
_SPLIT = "touching nuclei were split by their shapes and by blobs of their own size"
_CITED = {
    "own_edge": "each was cut where its own stain falls off, by thresholds after Kittler et al. (1985)",
    "watershed": "by a threshold from a mixture of Gaussians and a watershed of the stain from the nuclei, after "
    "Dubois (2017)",
    "propagation": "along the cheapest paths from the nuclei through the stain (Jones et al. 2005)",
}


def methods_text(segmentation: Mapping[str, Any]) -> str:
    """A paragraph.

    Parameters
    ----------
    segmentation
        The block ``segmentation``.
    """
    sentences = _given(segmentation) if is_given(segmentation) else [_nuclei(segmentation)]
    cells = segmentation["cells"] or {}
    if cells and not segmentation.get("pattern"):
        sentences.append(_cells(cells))
    return " ".join(sentences)


def _given(segmentation: Mapping[str, Any]) -> list[str]:
    """What was taken from files, and what was found where they hold none."""
    what = {"pattern": "cells", "nuclei": "nuclei"}
    named = " and ".join(words for key, words in what.items() if segmentation[key])
    sentences = [f"Outlines of {named} were taken from label images of another program."]
    if not segmentation["nuclei"] and segmentation["nucleus_channel"]:
        sentences.append(_nuclei(segmentation))
    return sentences


def _nuclei(segmentation: Mapping[str, Any]) -> str:
    channel, method = segmentation["nucleus_channel"], segmentation["method"]
    if channel is None:
        return f"The innermost parts of cells in {segmentation['cells']['channel']} were taken as seeds."
    if method == "unet":
        weights, annotated = segmentation.get("weights"), segmentation.get("annotated") or {}
        whose = f"the weights {Path(weights).name}" if weights else "the weights that are part of wellspring"
        if annotated.get("apply"):
            whose += ", trained further on annotated sites"
        return f"Nuclei were segmented in {channel} by a U-Net (after Ronneberger et al. 2015) with {whose}."
    kind = {
        "log_multi_otsu": f" with {segmentation.get('n_classes')} classes of intensity",
        "log_local": ", then halfway between the stain and the background nearby",
    }.get(method, "")
    return (
        f"Nuclei were segmented in {channel} by thresholds of the logarithm of the intensity after Otsu (1979){kind}; "
        f"{_SPLIT}."
    )


def _cells(cells: Mapping[str, Any]) -> str:
    method = cells["method"]
    if method == "expansion":
        return f"Cells were the nuclei grown by {cells['distance_px']:g} px."
    return f"Cells were found around them in {cells['channel']}: {_CITED.get(method, cell_method(method).meaning)}."
