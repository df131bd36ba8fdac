"""Reasons to look at a site before its nuclei are believed: found here, explained in the report."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.segmentation.given.doubts import EXCHANGED, OUTSIDE
from wellspring.segmentation.tables import SITE_NUCLEI
from wellspring.tables import empty_table

if TYPE_CHECKING:
    from wellspring.segmentation.nuclei import Nuclei

__all__ = ["DOUBTS", "NO_DOUBT", "compared_sites", "describe_nuclei", "joined_doubts", "with_doubts"]

# The words of the table's column `doubts`, in its order, and what they ask for.
DOUBTS = {
    "large object": "one object covers much of the field; background, debris, or a clump may have been taken for a "
    "nucleus. Check the outlines, and the channel named in segmentation.nucleus_channel; a step or a gradient of the "
    "light is corrected by quality.channels",
    "far finer texture": "the objects hold at least ten times as many distinct bright parts as there are objects, and "
    "20 of them; many small nuclei may have been taken for a few, or nuclei are seen so large that their chromatin is "
    "resolved. Check the outlines; segmentation.method: unet separates crowded nuclei",
    "most of the field": "the nuclei cover more than seven tenths of the field; background may have been taken for "
    "nuclei. Check the outlines, and the channel named in segmentation.nucleus_channel",
    "sizes over a decade": "the largest tenth of the objects is more than ten times as large as the smallest tenth; "
    "nuclei may be merged or in pieces. Check the outlines; segmentation.smoothing_sigma_px joins pieces, and "
    "segmentation.min_diameter_px removes debris",
    "uneven as the objects": "the background varies on the objects' own scale by an eighth of their height or more; a "
    "blank field's texture may have been taken for nuclei, or nuclei lie so dense that the light between them varies. "
    "Check the outlines and the channel; leave blank wells out, and use segmentation.method: unet for crowded nuclei",
    "like a texture": "the objects rise as gently as the peaks of smooth noise and are brighter the larger they are, "
    "or many bumps as wide as they are were left out; a blank field's texture may have been taken for nuclei, or the "
    "image is far out of focus. Check the outlines and the channel, and leave blank wells out",
    "stripes": "half of all edges or more run the same way, on lines across the field; stripes of the light may have "
    "been taken for nuclei. Check the outlines; image again without the stripes, or remove them before",
    "two sizes": "a dozen objects or more are smaller than all others by a factor of 1.7 in area, with hardly one "
    "between; debris or pieces may be counted as nuclei. Check the outlines; segmentation.min_diameter_px removes "
    "small objects",
    "look like several": "a quarter of the nuclei or more are far larger than the median, or two of these: concave, "
    "larger than most, with two bright parts; dense or thick tissue out of focus does so, and merged nuclei make "
    "merged cells. Check the outlines; take one focal plane in place of a projection, or count what the nuclei cover",
    EXCHANGED: "half of the cells or more lie in a nucleus that is larger than they are; the label images of nuclei "
    "and cells seem to be exchanged. Check the keys segmentation.nuclei and segmentation.pattern, which names the "
    "cells, and exchange the two if so",
    OUTSIDE: "a quarter of the nuclei or more lie in no given cell: less than half of each is in any. Check the keys "
    "segmentation.nuclei and segmentation.pattern: the files may be of different sites, or shifted, or cells are "
    "missing",
    "far more than usual": "more objects by far than on most sites of the plate; noise or texture may have been taken "
    "for nuclei. Check the focus and the outlines; segmentation.min_diameter_px removes small objects",
    "far fewer than usual": "a tenth of the nuclei of most sites of the plate at most, though not none; a bright "
    "object may hide the others. Check the outlines; segmentation.method: log_multi_otsu finds dimmer nuclei",
}
NO_DOUBT = "none"

# A share of the field that one object covers: by itself, and when it is so many times the median of the others.
_FIELD_SHARE, _LARGE_SHARE, _LARGE_SIZES = 0.25, 0.05, 4.0
# Tops per object, and how many at least. A confluent layer of nuclei without any cytoplasm between covers less.
_FINER, _LEAST_TOPS, _MOST_COVERED = 10.0, 20, 0.7
# Largest over smallest tenth of the sizes, of so many objects off the border.
_DECADE, _FEW_SIZES = 10.0, 10
# Two sizes: before it divides a nucleus has twice the DNA, in a sphere 1.6 times the area, so nuclei leave no gap of
# 1.7. In it lie a tenth of the fewer ones at most; a dozen on each side, and a tenth of all, since a few leave gaps by
# chance.
_SIZE_GAP, _SIZE_BETWEEN, _SIZE_SHARE = 1.7, 0.1, 0.1
# Half of what one normal population that is cut in two halves has (0.26), and two thirds of that of its logarithm.
_LUMPY, _LUMPY_LOG = 0.13, 0.2
# Share of the edges, where there are so many objects: one or two have a direction themselves; and height of stripes in
# that of the objects.
_STRIPED, _FEW_STRIPED, _STRIPE_HEIGHT = 0.5, 5, 0.5
# Share of the nuclei that look like several, and how many at least: of annotated fields of single nuclei less than a
# quarter does.
_SEVERAL_SHARE, _LEAST_SEVERAL = 0.25, 5
# Sites of a plate, with nuclei, that say what is usual; and how many nuclei they have at least.
_LEAST_SITES, _DOZEN = 6, 12
# Counts off the usual by this factor; or by the lesser one, when the objects are also half as large or less.
_FAR, _RATHER_FAR, _SMALLER = 10.0, 4.0, 0.5


def describe_nuclei(found: "Nuclei", objects: pd.DataFrame, *, plate: str, well: str, site: str) -> pd.DataFrame:
    """One row that describes the nuclei of a site: table `SITE_NUCLEI`, with the doubts that the site itself gives.

    Parameters
    ----------
    found
        From `wellspring.segmentation.nuclei.nuclei_of_image`, in 2D.
    objects
        Table `NUCLEI` of them.
    plate, well, site
        Of the image.
    """
    from wellspring.segmentation.labels import touches_border
    from wellspring.segmentation.patterns import lumpiness
    from wellspring.segmentation.peaks import are_of_texture, peaks_of
    from wellspring.segmentation.texture import count_tops

    labels, view = found.labels, found.view
    sizes = np.bincount(labels.ravel())[1:]
    inside = sizes[~touches_border(labels)] if len(sizes) else sizes
    masked = 0.0 if view.masked is None else float(view.masked.mean())
    seen_px = max(1.0, labels.size * (1 - masked))
    known = len(inside) >= _FEW_SIZES
    ratio = float(np.divide(*np.percentile(inside, [90, 10]))) if known else float("nan")
    n_several = int(objects["is_nucleus_of_several"].sum())
    lumps = lumpiness(labels, view.image) if view.has_objects else (0.0, 0.0)
    n_tops, covered = count_tops(labels, view.image), float(sizes.sum() / seen_px)
    holds = {
        "large object": _has_large_object(sizes, seen_px=seen_px),
        "far finer texture": n_tops >= max(_LEAST_TOPS, _FINER * len(sizes)),
        "most of the field": covered > _MOST_COVERED,
        "uneven as the objects": lumps[0] >= _LUMPY and lumps[1] >= _LUMPY_LOG,
        "like a texture": view.has_objects and are_of_texture(peaks_of(labels, view.image)),
        "two sizes": _has_two_sizes(inside),
        "stripes": view.has_objects and _has_stripes(labels, view.image),
        "sizes over a decade": known and ratio > _DECADE,
        "look like several": n_several >= max(_LEAST_SEVERAL, _SEVERAL_SHARE * len(sizes)),
    }
    row = {
        "plate": plate,
        "well": well,
        "site": site,
        "n_nuclei": len(sizes),
        "median_px": float(np.median(sizes)) if len(sizes) else float("nan"),
        "largest_share": float(sizes.max(initial=0) / seen_px),
        "size_ratio": ratio,
        "n_classes": view.n_classes,
        "is_evened": view.is_evened,
        "masked_share": masked,
        "doubts": joined_doubts(words for words, is_held in holds.items() if is_held),
        "n_of_several": n_several,
        "covered_share": covered,
        "n_tops": n_tops,
    }
    return pd.DataFrame([row], columns=SITE_NUCLEI.names)


def _has_large_object(sizes: NDArray[np.integer], *, seen_px: float) -> bool:
    """Whether the largest object covers a quarter of the field, or a twentieth and is far larger than the others."""
    if len(sizes) == 0:
        return False
    largest, others = float(sizes.max()), np.delete(sizes, sizes.argmax())
    is_outsize = len(others) == 0 or largest >= _LARGE_SIZES * float(np.median(others))
    return bool(largest >= _FIELD_SHARE * seen_px or (largest >= _LARGE_SHARE * seen_px and is_outsize))


def _has_two_sizes(sizes: NDArray[np.integer]) -> bool:
    """Whether a dozen objects or more are apart from all larger ones by a gap of 1.7 in area."""
    if len(sizes) < 2 * _DOZEN:
        return False
    ordered = np.sort(sizes)
    n_small = np.arange(1, len(ordered))
    n_up_to_gap = np.searchsorted(ordered, _SIZE_GAP * ordered[:-1], side="left")
    fewer = np.minimum(n_small, len(ordered) - n_up_to_gap)
    is_gap = n_up_to_gap - n_small <= _SIZE_BETWEEN * fewer
    return bool((is_gap & (fewer >= max(_DOZEN, _SIZE_SHARE * len(ordered)))).any())


def _has_stripes(labels: NDArray[np.integer], stain: NDArray[np.float32]) -> bool:
    """Whether most edges run the same way, on lines across the field that differ by half of the objects' height."""
    from wellspring.segmentation.patterns import stripe_height, stripedness

    sizes = np.bincount(labels.ravel())[1:]
    if len(sizes) < _FEW_STRIPED or labels.all():
        return False
    diameter = float(2 * np.sqrt(np.median(sizes) / np.pi))
    if stripedness(stain, diameter_px=diameter) < _STRIPED:
        return False
    height = float(np.median(stain[labels > 0]) - np.median(stain[labels == 0]))
    return stripe_height(stain, diameter_px=diameter) >= _STRIPE_HEIGHT * height


def compared_sites(sites: pd.DataFrame) -> pd.DataFrame:
    """The table with the doubts that a comparison with the other sites of the plate adds.

    Usual is the median over the plate's sites with nuclei, where there are at least 6 of them. Density differs between
    wells for good reasons. So a count is far above it from ten times on, or from four times on when the objects are
    also half as large as usual or less, as pieces and noise are; and far below it at a tenth or less. A site without
    nuclei may be a blank and has no doubt.

    Parameters
    ----------
    sites
        Table `SITE_NUCLEI` of all wells.
    """
    if sites.empty:
        return empty_table(SITE_NUCLEI)
    table = sites.reset_index(drop=True).copy()
    filled = table[table["n_nuclei"] > 0].groupby("plate")
    usual = table[["plate"]].join(filled[["n_nuclei", "median_px"]].median(), on="plate")
    is_known = table["plate"].map(filled.size()).fillna(0) >= _LEAST_SITES
    n, n_usual = table["n_nuclei"], usual["n_nuclei"]
    is_small = table["median_px"] <= _SMALLER * usual["median_px"]
    # Of a few nuclei ten times as many are no more than a field with cells among empty ones.
    many = is_known & (n >= _FAR * _DOZEN) & ((n >= _FAR * n_usual) | ((n >= _RATHER_FAR * n_usual) & is_small))
    few = is_known & (n > 0) & (n_usual >= _DOZEN) & (n * _FAR <= n_usual)
    table["doubts"] = [
        joined_doubts([*own.split(", "), *["far more than usual"] * more, *["far fewer than usual"] * less])
        for own, more, less in zip(table["doubts"], many, few, strict=True)
    ]
    return table


def with_doubts(sites: pd.DataFrame, doubts: Sequence[str]) -> pd.DataFrame:
    """The rows of `SITE_NUCLEI` with further words of `DOUBTS`."""
    return sites.assign(doubts=[joined_doubts([*own.split(", "), *doubts]) for own in sites["doubts"]])


def joined_doubts(doubts: Iterable[str]) -> str:
    """The doubts without repeats, in the order of `DOUBTS`, joined by ", "; "none" if there are none."""
    held = set(doubts)
    return ", ".join(words for words in DOUBTS if words in held) or NO_DOUBT
