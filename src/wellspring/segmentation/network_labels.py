"""Labels of the network, as the rule segmentation_unet wrote them, in the form of all other nuclei."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.raw.images import SiteImage
from wellspring.segmentation.classes import View
from wellspring.segmentation.intensities import in_noise_units
from wellspring.segmentation.nuclei import Nuclei

__all__ = ["nuclei_of_network"]


def nuclei_of_network(site: SiteImage, learned: Mapping[str, NDArray[np.uint32]] | None) -> Nuclei:
    """The labels of the network, and the image in units of its noise, which says what to doubt.

    Raises
    ------
    InputError
        When there are none of the site.
    """
    if learned is None or site.site not in learned:
        raise InputError(
            f"segmentation.method: unet needs the labels of the network of site {site.site}, got none. Run the rule "
            "segmentation_unet."
        )
    labels = learned[site.site]
    n_classes, image = 2 if labels.any() else 1, in_noise_units(site.image[0])
    return Nuclei(labels, View(image, seen=None, masked=None, diameter_px=0.0, is_evened=False, n_classes=n_classes))
