"""How spots were counted, for a paper."""

from collections.abc import Mapping, Sequence
from typing import Any

from wellspring.report.words import listed

__all__ = ["METHODS_REFERENCES", "methods_text"]

METHODS_REFERENCES = (
    "Bouilhol, E. et al. (2022). DeepSpot: a deep neural network for RNA spot enhancement in single-molecule "
    "fluorescence in-situ hybridization microscopy images. Biological Imaging 2, e4.",
    "Ester, M. et al. (1996). A density-based algorithm for discovering clusters in large spatial databases with "
    "noise. KDD-96, 226–231.",
    "Zhang, B., Zerubia, J. and Olivo-Marin, J.-C. (2007). Gaussian approximations of fluorescence microscope "
    "point-spread function models. Applied Optics 46, 1819–1829.",
)
_THRESHOLDS = {
    "noise": "at the response that few maxima of the local noise would reach, as estimated from the image",
    "elbow": "at the elbow of the curve of counts against thresholds",
}
_CLUMPS = " Bright clumps were split into as many spots as their integrated intensity corresponds to."


def methods_text(spots: Mapping[str, Any], *, per: str) -> str:
    """A paragraph.

    Parameters
    ----------
    spots
        The block ``spots``.
    per
        What spots are counted per: ``cell``, ``nucleus`` where nuclei alone are segmented, ``image`` without both.
    """
    threshold = spots["threshold"]
    settings = "".join(f", {key} {one:g}" for key, one in threshold.items() if key != "method")
    chosen = _THRESHOLDS.get(threshold["method"], f"by the method {threshold['method']}{settings}")
    counted = "counted per image" if per == "image" else f"assigned to the {per} that they lie in"
    if spots["method"] == "enhanced":
        how = "detected where a residual network marked them, after DeepSpot (Bouilhol et al. 2022), for a"
        chosen = ""
    else:
        how, chosen = (
            "detected as local maxima of a difference of Gaussians for a",
            (f", above a threshold set for each image {chosen}"),
        )
    return (
        f"Spots in {listed(list(spots['channels']))} were {how} "
        f"standard deviation of {_size(spots['sigma_px'])}{chosen}."
        f"{_CLUMPS if spots['decompose'] else ''} Spots were {counted}. Foci are {spots['focus_min_spots']} spots or "
        f"more within {spots['focus_radius_um']:g} µm (Ester et al. 1996)."
    )


def _size(sigma: Any) -> str:
    """The size of a spot as the config gives it."""
    if isinstance(sigma, Mapping):
        return (
            f"the optics (emission at {sigma['wavelength_nm']:g} nm, numerical aperture {sigma['na']:g}, refractive "
            f"index {sigma['refractive_index']:g}; Zhang et al. 2007)"
        )
    sizes = sigma if isinstance(sigma, Sequence) else [sigma]
    return f"{' × '.join(f'{one:g}' for one in sizes)} px"
