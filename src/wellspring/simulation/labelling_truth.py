"""Predicted stains against the truth of simulated plates: counts, areas, nuclei, verdicts and the alarm."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from wellspring.labelling.agreement import correlation
from wellspring.labelling.drift.tables import LABELLING_DRIFT
from wellspring.labelling.objects import agreement_of_objects
from wellspring.labelling.tables import ALL_FIELDS, LABELLING_AGREEMENT, LABELLING_SPLITS
from wellspring.labelling.tables import LABELLING_FIELDS as PREDICTED_FIELDS
from wellspring.labelling.well_images import read_predicted
from wellspring.segmentation.labels import read_labels
from wellspring.segmentation.nuclei import segment_nuclei
from wellspring.simulation.labelling_tables import LABELLING_FIELDS
from wellspring.tables import read_table, read_tables

__all__ = ["LabellingComparison", "compare_labelling", "labelling_text"]

_NUCLEUS = "nucleus"
# Count at each density as a share of the true one (or one nucleus, where that is more), F1 of nuclei, and correlation
# of the nuclear areas of fields: what a usable stain should reach.
_COUNT_ERROR, _LEAST_F1, _LEAST_AREA_R = 0.05, 0.95, 0.99
# In focus, and farther out of focus than any field of the training plate. Fields vary by 0.3 µm.
_NEAR_UM, _FAR_UM = 1.0, 2.0
_OUT = "out"


@dataclass(frozen=True)
class LabellingComparison:
    """What came out.

    Attributes
    ----------
    densities : DataFrame
        A row per density of the wells of the training plate that trained nothing, stained or not: n_fields, true,
        predicted and light (nuclei, sums), f1 (predicted against true nuclei, mean of fields).
    area_r : float
        Pearson's correlation of the nuclear areas of these fields, predicted and true.
    later : DataFrame
        A row per well of the later plate: z_um (true distance from focus), true and predicted nuclei, verdict (of the
        alarm; empty where none was asked for).
    verdicts : dict of (stain, measure) to str
    mistakes : tuple of str
        Findings that did not come out.
    """

    densities: pd.DataFrame
    area_r: float
    later: pd.DataFrame
    verdicts: Mapping[tuple[str, str], str]
    mistakes: tuple[str, ...]


def compare_labelling(plate: Path, results: Path) -> LabellingComparison:
    """Compare the results of ``make demo STUDY=labelling`` with the truth.

    Findings, on wells that trained nothing: nuclei are counted within 5 % at every density (or one nucleus); they are
    the true ones (F1 of 0.95 or more) and their area is right (r of 0.99 or more over fields); the count is nearer to
    the truth than one in the light itself; a verdict ``usable`` is not given to a count that is wrong; what the light
    does not show, the intensity of the reporter, is not usable. On the later plate: the alarm sounds in every well
    far out of focus and in none in focus.

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
    rows = agreement[(agreement["source"] == "predicted") & (agreement["density"] == ALL_FIELDS)]
    verdicts = {(str(row.stain), str(row.measure)): str(row.verdict) for row in rows.itertuples()}
    trained = set(zip(*(splits.loc[splits["split"] == "train", name] for name in ("plate", "well")), strict=True))
    is_first = own["plate"].isin(set(splits["plate"]))
    is_new = np.array([key not in trained for key in zip(own["plate"], own["well"], strict=True)])
    densities, area_r = _held_out(own[is_first & is_new].reset_index(drop=True), plate=plate, results=results)
    later = own[~is_first].groupby(["plate", "well"], as_index=False)
    table = later.agg(z_um=("z_um", "mean"), true=("n_nuclei", "sum"), predicted=("predicted_count", "sum"))
    table["verdict"] = _alarms(table, results=results)
    mistakes = (*_mistakes(densities, area_r, verdicts), *_mistakes_of_alarm(table))
    return LabellingComparison(densities.reset_index(), area_r, table, verdicts, mistakes)


def _held_out(fields: pd.DataFrame, *, plate: Path, results: Path) -> tuple[pd.DataFrame, float]:
    """Sums of each density, and the correlation of nuclear areas over fields; a field without nuclei has an area of
    0.
    """
    scored = fields.assign(f1=_f1_of_fields(fields, plate=plate, results=results))
    densities = scored.groupby("density", sort=False).agg(
        n_fields=("site", "size"),
        true=("n_nuclei", "sum"),
        predicted=("predicted_count", "sum"),
        light=("count_of_light", "sum"),
        f1=("f1", "mean"),
    )
    found = (fields["predicted_count"] * fields["predicted_area"]).fillna(0)
    return densities, correlation(found, (fields["n_nuclei"] * fields["area_px"]).fillna(0))


def _alarms(later: pd.DataFrame, *, results: Path) -> list[str]:
    """The alarm's verdict on each well; empty where none was asked for."""
    path = results / "labelling" / "drift.parquet"
    if not path.is_file():
        return [""] * len(later)
    drift = read_table(path, LABELLING_DRIFT)
    known = {(row.plate, row.well): str(row.verdict) for row in drift.itertuples()}
    return [known.get((row.plate, row.well), "") for row in later.itertuples()]


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


def _is_off(predicted: float, true: float) -> bool:
    return abs(predicted - true) > max(_COUNT_ERROR * true, 1)


def _mistakes(densities: pd.DataFrame, area_r: float, verdicts: Mapping[tuple[str, str], str]) -> list[str]:
    found = []
    off = [row for row in densities.itertuples() if _is_off(row.predicted, row.true)]
    for row in off:
        found.append(f"nuclei at {row.Index} density are counted {row.predicted / row.true - 1:+.0%} off")
    score = float(np.average(densities["f1"], weights=densities["n_fields"]))
    if score < _LEAST_F1:
        found.append(f"F1 of nuclei is {score:.2f}")
    if not area_r >= _LEAST_AREA_R:
        found.append(f"nuclear areas of fields correlate by {area_r:.3f}")
    if (
        not (densities["predicted"] - densities["true"]).abs().sum()
        < (densities["light"] - densities["true"]).abs().sum()
    ):
        found.append("counts in the light itself are nearer to the truth")
    if verdicts.get((_NUCLEUS, "count")) == "usable" and off:
        found.append("the count is called usable and is not")
    if verdicts.get(("reporter", "mean")) == "usable":
        found.append("the intensity of the reporter, which the light does not show, is called usable")
    return found


def _mistakes_of_alarm(later: pd.DataFrame) -> list[str]:
    found = []
    for row in later[later["verdict"] != ""].itertuples():
        if abs(row.z_um) > _FAR_UM and row.verdict != _OUT:
            found.append(f"no alarm in {row.plate}/{row.well}, {row.z_um:+.1f} µm out of focus")
        if abs(row.z_um) < _NEAR_UM and row.verdict == _OUT:
            found.append(f"a false alarm in {row.plate}/{row.well}, {row.z_um:+.1f} µm from focus")
    return found


def labelling_text(comparison: LabellingComparison) -> str:
    """What `compare_labelling` found, for the terminal."""
    lines = ["Wells of the training plate that trained nothing, nuclei:"]
    for row in comparison.densities.itertuples():
        lines.append(
            f"  {row.density:<7} {row.n_fields:>3} fields  true {row.true:>5.0f}  predicted {row.predicted:>5.0f} "
            f"({row.predicted / row.true - 1:+.0%})  counted in the light {row.light:>5.0f}  F1 {row.f1:.2f}"
        )
    lines.append(f"  nuclear area of fields: r = {comparison.area_r:.3f}")
    lines.append("Later plate, which goes out of focus:")
    for row in comparison.later.itertuples():
        share = f"{row.predicted / row.true - 1:+.0%}" if row.true else "-"
        alarm = f"  alarm: {row.verdict}" if row.verdict else ""
        note = "  (far out of focus)" if abs(row.z_um) > _FAR_UM else ""
        lines.append(
            f"  {row.well}  {row.z_um:+.1f} µm  true {row.true:>3.0f}  predicted {row.predicted:>3.0f} ({share})"
            f"{alarm}{note}"
        )
    lines.append("Verdicts:")
    lines += [f"  {stain}, {measure}: {word}" for (stain, measure), word in comparison.verdicts.items()]
    return "\n".join(lines)
