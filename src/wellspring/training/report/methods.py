"""How models were trained, for a paper."""

from collections.abc import Mapping
from typing import Any

from wellspring.report.words import listed

__all__ = ["METHODS_REFERENCES", "methods_text"]

METHODS_REFERENCES = (
    "Chollet, F. (2017). Xception: deep learning with depthwise separable convolutions. IEEE Conference on Computer "
    "Vision "
    "and Pattern Recognition, 1251–1258.",
    "He, K. et al. (2016). Identity mappings in deep residual networks. European Conference on Computer Vision, "
    "630–645.",
    "Huber, P. J. (1964). Robust estimation of a location parameter. Annals of Mathematical Statistics 35, 73–101.",
    "Kingma, D. P. and Ba, J. (2015). Adam: a method for stochastic optimization. International Conference on Learning "
    "Representations.",
)
_CITED = {"xception": "xception (Chollet 2017)", "resnet50v2": "resnet50v2 (He et al. 2016)"}
_REGIMES = {
    "structure": "in the regime structure a random number was added to each channel of each training image",
    "color-structure": "in the regime color-structure intensities were used as measured",
}


def methods_text(settings: Mapping[str, Any], *, target_channel: str, n_cells: Mapping[str, int]) -> str:
    """A paragraph.

    Parameters
    ----------
    settings
        The block ``training``.
    target_channel
        What is predicted.
    n_cells
        Cells by split: ``train``, ``validation``, ``test``.
    """
    models = listed([_CITED.get(name, name) for name in settings["models"]])
    regimes = listed([_REGIMES.get(name, name) for name in settings["regimes"]])
    seeds = len(settings["seeds"])
    return (
        f"Models ({models}) were trained with Keras (Chollet et al. 2015) to predict the mean {target_channel} "
        "intensity of a "
        f"cell from its image, on {n_cells.get('train', 0):,} cells ({n_cells.get('validation', 0):,} for validation, "
        f"{n_cells.get('test', 0):,} for tests); {regimes}. The loss was that of Huber (1964; δ = "
        f"{settings['huber_delta']:g}), the optimizer Adam (Kingma and Ba 2015), with {settings['batch_size']} cells "
        "per step, "
        f"at most {settings['epochs']:,} epochs, and the weights of the epoch with the lowest validation error "
        "(patience "
        f"{settings['patience']:,}); {seeds} seed{'s' if seeds > 1 else ''} per model."
    )
