"""Predicted stains against the truth of simulated plates: counts, areas, nuclei, and whether the verdicts are right."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from wellspring.labelling.objects import agreement_of_objects
from wellspring.labelling.tables import LABELLING_AGREEMENT, LABELLING_SPLITS
from wellspring.labelling.tables import LABELLING_FIELDS as PREDICTED_FIELDS
from wellspring.labelling.well_images import read_predicted
from wellspring.segmentation.labels import read_labels
from wellspring.segmentation.nuclei import segment_nuclei
from wellspring.simulation.labelling_tables import LABELLING_FIELDS
from wellspring.tables import read_table, read_tables

__all__ = ["LabellingComparison", "compare_labelling", "labelling_text"]

_NUCLEUS = "nucleus"
# Of the count of a density, and F1 of nuclei: what a demo with minutes of training should reach.
_COUNT_ERROR, _LEAST_F1 = 0.1, 0.8
# Fields farther out of focus than this are another kind of image than those of the training plate.
_FAR_UM = 2.0


@dataclass(frozen=True)
class LabellingComparison:
    """What came out.

    Attributes
    ----------
    densities : DataFrame
        A row per density of held-out wells: n_fields, true, predicted and light (nuclei, sums), f1 (predicted against
        true nuclei, mean of fields).
    focus : DataFrame
        A row per well of the later plate: z_um (true distance from focus), true and predicted nuclei.
    verdicts : dict of (stain, measure) to str
    mistakes : tuple of str
        Findings that did not come out.
    """

    densities: pd.DataFrame
    focus: pd.DataFrame
    verdicts: Mapping[tuple[str, str], str]
    mistakes: tuple[str, ...]


def compare_labelling(plate: Path, results: Path) -> LabellingComparison:
    """Compare the results of ``make demo STUDY=labelling`` with the truth.

    Findings: nuclei of held-out wells are counted within 10 % at every density; they are the true ones (F1 of 0.8 or
    more); the count is nearer to the truth than one in the light itself; a verdict ``usable`` is not given to a measure
    whose true error is larger than allowed; what the light does not show, the intensity of the reporter, is not usable.

    Raises
    ------
    FileNotFoundError, ValueError
        When the truth or a result is missing or broken.
    """
    plate, results = Path(plate), Path(results)
    truth = read_table(plate / "truth" / "fields.parquet", LABELLING_FIELDS)
    files = sorted((results / "labelling" / "fields").glob("*/*.parquet"))
    if not files:
        raise FileNotFoundError(
            f"{results}/labelling/fields: expected a table per well, found none. Run the study first."
        )
    fields = read_tables(files, PREDICTED_FIELDS)
    own = fields[fields["stain"] == _NUCLEUS].merge(truth, on=["plate", "well", "site"])
    splits = read_table(results / "labelling" / "models" / f"{_NUCLEUS}.splits.parquet", LABELLING_SPLITS)
    agreement = read_table(results / "labelling" / "agreement.parquet", LABELLING_AGREEMENT)
    rows = agreement[agreement["source"] == "predicted"]
    verdicts = {(str(row.stain), str(row.measure)): str(row.verdict) for row in rows.itertuples()}
    kept = own.merge(splits[splits["split"] != "train"][["plate", "well", "site"]], on=["plate", "well", "site"])
    kept = kept.assign(f1=_f1_of_fields(kept, plate=plate, results=results))
    densities = kept.groupby("density", sort=False).agg(
        n_fields=("site", "size"),
        true=("n_nuclei", "sum"),
        predicted=("predicted_count", "sum"),
        light=("count_of_light", "sum"),
        f1=("f1", "mean"),
    )
    later = own[~own["is_measured"]].groupby(["plate", "well"], as_index=False)
    focus = later.agg(z_um=("z_um", "mean"), true=("n_nuclei", "sum"), predicted=("predicted_count", "sum"))
    return LabellingComparison(densities.reset_index(), focus, verdicts, tuple(_mistakes(densities, verdicts)))


def _f1_of_fields(fields: pd.DataFrame, *, plate: Path, results: Path) -> list[float]:
    found = []
    for name, well in fields[["plate", "well"]].drop_duplicates().itertuples(index=False):
        true = read_labels(plate / "truth" / name / f"{well}.nuclei.ome.tif")
        images = dict(read_predicted(results / "labelling" / name / f"{well}.ome.tif"))
        own = fields[(fields["plate"] == name) & (fields["well"] == well)]
        found += [
            (index, agreement_of_objects(segment_nuclei(images[site][0]), true[site]).f1)
            for index, site in own["site"].items()
        ]
    scores = dict(found)
    return [scores[index] for index in fields.index]


def _mistakes(densities: pd.DataFrame, verdicts: Mapping[tuple[str, str], str]) -> list[str]:
    found = []
    errors = densities["predicted"] / densities["true"] - 1
    for density, error in errors.items():
        if abs(error) > _COUNT_ERROR:
            found.append(f"nuclei at {density} density are counted {error:+.0%} off")
    score = float(np.average(densities["f1"], weights=densities["n_fields"]))
    if score < _LEAST_F1:
        found.append(f"F1 of nuclei is {score:.2f}")
    if (
        not (densities["predicted"] - densities["true"]).abs().sum()
        < (densities["light"] - densities["true"]).abs().sum()
    ):
        found.append("counts in the light itself are nearer to the truth")
    if verdicts.get((_NUCLEUS, "count")) == "usable" and errors.abs().max() > _COUNT_ERROR:
        found.append("the count is called usable and is not")
    if verdicts.get(("reporter", "mean")) == "usable":
        found.append("the intensity of the reporter, which the light does not show, is called usable")
    return found


def labelling_text(comparison: LabellingComparison) -> str:
    """What `compare_labelling` found, for the terminal."""
    lines = ["Held-out wells, nuclei:"]
    for row in comparison.densities.itertuples():
        lines.append(
            f"  {row.density:<7} {row.n_fields:>3} fields  true {row.true:>5.0f}  predicted {row.predicted:>5.0f} "
            f"({row.predicted / row.true - 1:+.0%})  counted in the light {row.light:>5.0f}  F1 {row.f1:.2f}"
        )
    lines.append("Later plate, which goes out of focus:")
    for row in comparison.focus.itertuples():
        note = "  far out of focus" if abs(row.z_um) > _FAR_UM else ""
        share = f"{row.predicted / row.true - 1:+.0%}" if row.true else "-"
        lines.append(
            f"  {row.well}  {row.z_um:+.1f} µm  true {row.true:.0f}  predicted {row.predicted:.0f} ({share}){note}"
        )
    lines.append("Verdicts:")
    lines += [f"  {stain}, {measure}: {word}" for (stain, measure), word in comparison.verdicts.items()]
    return "\n".join(lines)
