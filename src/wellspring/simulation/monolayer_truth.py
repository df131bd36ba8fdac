"""Results on a simulated study of monolayers compared with its truth: bad images, classes, severity."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from sklearn.metrics import roc_auc_score, v_measure_score

from wellspring.profiling.tables import CLUSTERS, VERDICT
from wellspring.quality.tables import KEPT_SITES
from wellspring.simulation.tables import MONOLAYER_SITES
from wellspring.tables import read_table, read_tables

__all__ = ["MonolayerComparison", "compare_monolayers", "is_monolayer_plate", "monolayer_text"]

_GROUP_COLUMNS = ("severe_2", "severe_2_all", "groups_3", "groups_3_all", "severe_auroc")
# Patients of a severity above this are the severe group.
_SEVERE = 0.45


@dataclass(frozen=True)
class MonolayerComparison:
    """How the results compare with the truth.

    Attributes
    ----------
    n_planted, n_flagged, n_found : int
        Bad sites, flagged sites, and sites that are both.
    methods : DataFrame
        Columns method; accuracy and p_value (classes of unseen samples; NaN where nothing was judged); V-measures of
        k-means, each well by centres found without its sample, or ``_all``, fitted with all samples as Dincu (2021)
        has it: severe_2 (two clusters against the severe group) and groups_3 (three against controls, other patients
        and severe ones; two of them where none is severe); severe_auroc (do severe patients score higher than other
        patients, without their sample; NaN without scores or a severe group). No method was given who is severe.
    """

    n_planted: int
    n_flagged: int
    n_found: int
    methods: pd.DataFrame


def is_monolayer_plate(folder: Path) -> bool:
    """Whether `wellspring simulate-monolayers` wrote the folder."""
    return (Path(folder) / "truth" / "sites.parquet").is_file()


def compare_monolayers(plate: Path, results: Path) -> MonolayerComparison:
    """Compare the folder `results` of a run with the truth next to the wells in `plate`.

    Raises
    ------
    FileNotFoundError, ValueError
        When a table is missing or not such a table.
    """
    truth = read_table(Path(plate) / "truth" / "sites.parquet", MONOLAYER_SITES)
    plates = sorted(set(truth["plate"]))
    sites = read_tables([Path(results) / f"quality/plates/{name}/sites.parquet" for name in plates], KEPT_SITES)
    both = truth.merge(sites, on=["plate", "well", "site"], validate="1:1")
    is_bad = both["defect"] != "none"
    severe = set(truth.loc[truth["severity"] > _SEVERE, "donor"])
    patients = set(truth.loc[truth["diagnosis"] == "patient", "donor"])
    rows = []
    for path in sorted((Path(results) / "profiling" / "verdicts").glob("*.parquet")):
        verdict = read_table(path, VERDICT)
        keys = verdict.set_index(["question", "scope", "metric"])
        one = keys.reindex([("classification", "unseen", "accuracy")]).iloc[0]
        clusters = read_table(path.parents[1] / "clusters" / path.name, CLUSTERS)
        rows.append((path.stem, float(one["value"]), float(one["p_value"]), *_of_groups(clusters, severe, patients)))
    methods = pd.DataFrame(rows, columns=["method", "accuracy", "p_value", *_GROUP_COLUMNS])
    return MonolayerComparison(
        int(is_bad.sum()), int(both["is_flagged"].sum()), int((is_bad & both["is_flagged"]).sum()), methods
    )


def _of_groups(clusters: pd.DataFrame, severe: set[str], patients: set[str]) -> tuple[float, ...]:
    """The columns `_GROUP_COLUMNS` of table `CLUSTERS` of one method."""
    is_severe, is_patient = (clusters["sample"].isin(group) for group in (severe, patients))
    groups = is_patient.astype(int) + is_severe.astype(int)
    pairs = ((is_severe, "unseen_kmeans"), (is_severe, "kmeans"), (groups, "unseen_kmeans_3"), (groups, "kmeans_3"))
    scored = is_patient & clusters["unseen_score"].notna()
    has_both = is_severe[scored].nunique() == 2
    auroc = float(roc_auc_score(is_severe[scored], clusters.loc[scored, "unseen_score"])) if has_both else float("nan")
    return *(float(v_measure_score(truth, clusters[name])) for truth, name in pairs), auroc


def monolayer_text(comparison: MonolayerComparison) -> str:
    """The comparison as lines of text."""
    one = comparison
    precision = f"{one.n_found / one.n_flagged:.2f}" if one.n_flagged else "not defined"
    recall = f"{one.n_found / one.n_planted:.2f}" if one.n_planted else "not defined"
    lines = [
        f"Bad sites: {one.n_planted} planted, {one.n_flagged} flagged, {one.n_found} of them planted "
        f"(precision {precision}, recall {recall}).",
        "Classes of unseen samples. V-measures of clusters, without and (_all) with the well's sample: two against the "
        "severe group, three against controls, other and severe patients. Do severe patients score higher than others? "
        "No method was given who is severe.",
        one.methods.round(3).to_string(index=False),
    ]
    return "\n".join(lines)
