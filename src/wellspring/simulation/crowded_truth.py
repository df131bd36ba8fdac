"""Nuclei of a plate of crowded ones against its truth, on fields that no training saw."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import tifffile

from wellspring.segmentation.labels import read_labels
from wellspring.segmentation.learned.scores import scores_of
from wellspring.segmentation.nuclei import segment_nuclei
from wellspring.segmentation.tables import NUCLEUS_SCORES
from wellspring.simulation.crowded_plate import CROWDED_PLATE, annotated_fields
from wellspring.tables import read_table

__all__ = ["CrowdedComparison", "compare_crowded", "crowded_text"]

# Ten annotated fields should gain that much over the shipped weights, on the wells that are held out and elsewhere.
_LEAST_GAIN = 0.03


@dataclass(frozen=True)
class CrowdedComparison:
    """What came out.

    Attributes
    ----------
    unseen : DataFrame
        A row per field that is not annotated: well, site, n_true, n_found, f1 (the run's labels), classical (F1).
    held_out : DataFrame
        Table `NUCLEUS_SCORES`.
    mistakes : tuple of str
        Findings that did not come out.
    """

    unseen: pd.DataFrame
    held_out: pd.DataFrame
    mistakes: tuple[str, ...]


def compare_crowded(plate: Path, results: Path) -> CrowdedComparison:
    """Compare the results of ``make demo STUDY=crowded`` with the truth.

    Findings: on held-out wells the fine-tuned network has a mean F1 that is 0.03 above that of the shipped weights, and
    that one is above the classical method's; on fields that are not annotated the run's labels have the F1 of the
    held-out ones, within 0.05, which is what held-out wells are for.

    Raises
    ------
    FileNotFoundError, ValueError
        When the truth or a result is missing or broken.
    """
    held_out = read_table(results / "segmentation" / "trained" / "scores.parquet", NUCLEUS_SCORES)
    annotated, rows = annotated_fields(plate), []
    for path in sorted((plate / "truth" / CROWDED_PLATE).glob("*.nuclei.ome.tif")):
        well = path.name.split(".")[0]
        true, found = read_labels(path), read_labels(results / "segmentation" / CROWDED_PLATE / f"{well}.ome.tif")
        for site in sorted(set(true) - {site for own, site in annotated if own == well}):
            one, ours = true[site], found[site]
            classical = segment_nuclei(tifffile.imread(plate / CROWDED_PLATE / f"{well}_s{site}_DAPI.tif"))
            scores = [scores_of(one, labels).f1 for labels in (ours, classical)]
            rows.append((well, site, int(one.max()), int(ours.max()), *scores))
    unseen = pd.DataFrame(rows, columns=["well", "site", "n_true", "n_found", "f1", "classical"])
    return CrowdedComparison(unseen, held_out, tuple(_mistakes(unseen, held_out)))


def _mistakes(unseen: pd.DataFrame, held_out: pd.DataFrame) -> list[str]:
    means = held_out.groupby("method")["f1"].mean()
    found = []
    if means["fine-tuned"] < means["shipped"] + _LEAST_GAIN:
        found.append(f"fine-tuning gains {means['fine-tuned'] - means['shipped']:+.3f} in F1")
    if means["shipped"] <= means["classical"]:
        found.append(f"the shipped weights gain {means['shipped'] - means['classical']:+.3f} in F1")
    if abs(float(unseen["f1"].mean()) - means["fine-tuned"]) > 0.05:
        found.append(f"unseen fields have F1 {unseen['f1'].mean():.3f}, held-out ones {means['fine-tuned']:.3f}")
    return found


def crowded_text(comparison: CrowdedComparison) -> str:
    """What `compare_crowded` found, for the terminal."""
    lines = ["Annotated fields of held-out wells (Dice, F1 at IoU 0.5, AP):"]
    means = comparison.held_out.groupby("method")[["dice", "f1", "ap"]].mean()
    for method in ("classical", "shipped", "fine-tuned"):
        row = means.loc[method]
        lines.append(f"  {method:<11} {row['dice']:.3f}  {row['f1']:.3f}  {row['ap']:.3f}")
    unseen = comparison.unseen
    lines.append(
        f"{len(unseen)} fields without annotation, fine-tuned: F1 {unseen['f1'].mean():.3f} (classical "
        f"{unseen['classical'].mean():.3f}), {unseen['n_found'].sum()} nuclei of {unseen['n_true'].sum()} true ones"
    )
    return "\n".join(lines)
