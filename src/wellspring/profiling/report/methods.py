"""How fields were embedded and judged, for a paper."""

from collections.abc import Mapping, Sequence
from typing import Any

from wellspring.report.words import listed

__all__ = ["METHODS_REFERENCES", "methods_text"]

METHODS_REFERENCES = (
    "Cortes, C. and Vapnik, V. (1995). Support-vector networks. Machine Learning 20, 273–297.",
    "Huang, G. et al. (2017). Densely connected convolutional networks. IEEE Conference on Computer Vision and Pattern "
    "Recognition, 4700–4708.",
)


def methods_text(profiling: Mapping[str, Any], *, titles: Sequence[str], is_judged: bool, n_samples: int) -> str:
    """A paragraph.

    Parameters
    ----------
    profiling
        The block ``profiling``.
    titles
        Of the embeddings.
    is_judged
        Whether samples were left out and classified.
    n_samples
        Samples of all wells.
    """
    named = listed([f"{one} (Huang et al. 2017)" if "DenseNet" in one else one for one in titles])
    size = profiling["field_size_px"]
    first = (
        f"Fields, shrunk to {size} × {size} px, were embedded by {named}; the profile of a well is the median over its "
        "fields."
    )
    if not is_judged:
        return first
    positive = listed(list(profiling["positive"]))
    return (
        f"{first} Every embedding was fitted again in each of {profiling['folds']} folds without some of the "
        f"{n_samples:,} samples (column {profiling['sample']}), which were then classified as {positive} or not by a "
        "linear support-vector machine (Cortes and Vapnik 1995) with scikit-learn (Pedregosa et al. 2011); p-values "
        f"are those of {profiling['n_permutations']:,} permutations of the classes."
    )
