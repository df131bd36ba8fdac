"""How predictions were explained, for a paper."""

from collections.abc import Mapping
from typing import Any

__all__ = ["METHODS_REFERENCES", "methods_text"]

METHODS_REFERENCES = (
    "Adebayo, J. et al. (2018). Local explanation methods for deep neural networks lack sensitivity to parameter "
    "values. "
    "arXiv 1810.03307.",
    "Smilkov, D. et al. (2017). SmoothGrad: removing noise by adding noise. arXiv 1706.03825.",
    "Sundararajan, M., Taly, A. and Yan, Q. (2017). Axiomatic attribution for deep networks. Proceedings of Machine "
    "Learning "
    "Research 70, 3319–3328.",
)
_CITED = {"integrated_gradients": "integrated gradients (Sundararajan et al. 2017)"}
_COPIES = {
    "vargrad": "the variance over",
    "vargrad_sd": "the standard deviation over",
    "smoothgrad": "the mean over",
}


def methods_text(settings: Mapping[str, Any], *, n_cells: int) -> str:
    """A paragraph.

    Parameters
    ----------
    settings
        The block ``attribution``.
    n_cells
        Cells that were explained, of one model.
    """
    method = _CITED.get(settings["method"], settings["method"].replace("_", " "))
    baseline = f" from a {settings['baseline']['method']} baseline" if "integrated" in settings["method"] else ""
    copies = settings["copies"]
    noisy = ""
    if copies != "none":
        source = "Smilkov et al. 2017" if copies == "smoothgrad" else "Adebayo et al. 2018"
        noisy = (
            f"; the score of a pixel is {_COPIES.get(copies, f'{copies} of')} {settings['estimator']['samples']} "
            "copies of "
            f"the image with Gaussian noise of standard deviation {settings['noise_sd']:g} ({source})"
        )
    return (
        f"Predictions of {n_cells:,} {settings['split']} cells were attributed to pixels and channels by "
        f"{method}{baseline}"
        f"{noisy}. The importance of a channel is its share of the score."
    )
