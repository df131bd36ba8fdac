"""Predicted against measured numbers of held-out wells, next to baselines, and the verdicts."""

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.labelling.agreement import agreement_of_fields
from wellspring.labelling.tables import ALL_FIELDS, LABELLING_AGREEMENT, MEASURES, THIRDS
from wellspring.labelling.verdict import conformal_ratio, verdict_of
from wellspring.tables import empty_table

__all__ = ["held_out", "labelling_agreement"]

_LEAST_TEST_WELLS = 3
# Of a third, for limits of its own.
_LEAST_FIELDS = 3


def held_out(fields: pd.DataFrame, splits: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """The measured fields that trained nothing, and which they are.

    Wells of the split test; with fewer than three of them those of the split validation too, which chose the weights.

    Parameters
    ----------
    fields, splits
        Tables `LABELLING_FIELDS` and `LABELLING_SPLITS` of one stain.
    """
    key = ["plate", "well", "site"]
    known = fields[fields["is_measured"]].merge(splits[[*key, "split", "group"]], on=key, how="left")
    kinds = ["test"]
    if known[known["split"] == "test"]["group"].nunique() < _LEAST_TEST_WELLS:
        kinds.append("validation")
    return known[known["split"].isin(kinds)].reset_index(drop=True), " and ".join(kinds)


def labelling_agreement(fields: pd.DataFrame, splits: pd.DataFrame, *, max_error: float, seed: int) -> pd.DataFrame:
    """Table `LABELLING_AGREEMENT`: for each stain and measure the predicted stain, also by density, and the baselines.

    Parameters
    ----------
    fields, splits
        Tables `LABELLING_FIELDS` and `LABELLING_SPLITS` of all stains.
    max_error
        Error of a field that is allowed, as a share.
    seed
        Of the order in which fields are shuffled.
    """
    rows = []
    for stain, own in fields.groupby("stain", sort=False):
        parts = splits[splits["stain"] == stain]
        kept, _ = held_out(own, parts)
        trained = own.merge(parts[parts["split"] == "train"][["plate", "well", "site"]], on=["plate", "well", "site"])
        rng = np.random.default_rng(seed)
        for measure in MEASURES:
            true = kept[f"measured_{measure}"].to_numpy()
            predicted = kept[f"predicted_{measure}"].to_numpy()
            sources = {
                "predicted": predicted,
                "mean of the training fields": np.full(len(kept), trained[f"measured_{measure}"].mean()),
                "shuffled": rng.permutation(predicted),
            }
            if measure == "count":
                sources["light"] = kept["count_of_light"].to_numpy()
            wells = kept["group"].to_numpy()
            rows += [
                _row(str(stain), measure, source, found, true, wells=wells, max_error=max_error)
                for source, found in sources.items()
            ]
            for density, own in _thirds(kept["measured_count"].to_numpy()).items():
                row = _row(str(stain), measure, "predicted", predicted[own], true[own], wells=wells[own], max_error=1.0)
                rows.append(row | {"density": density, "verdict": "", "reason": ""})
    return pd.DataFrame(rows, columns=LABELLING_AGREEMENT.names) if rows else empty_table(LABELLING_AGREEMENT)


def _thirds(counts: NDArray[np.float64]) -> dict[str, NDArray[np.intp]]:
    """Positions of the fields of each third by `counts`; nothing with fewer than three fields in one."""
    if len(counts) < _LEAST_FIELDS * len(THIRDS):
        return {}
    return dict(zip(THIRDS, np.array_split(np.argsort(counts, kind="stable"), len(THIRDS)), strict=True))


def _row(
    stain: str,
    measure: str,
    source: str,
    found: NDArray[np.float64],
    true: NDArray[np.float64],
    *,
    wells: NDArray[np.object_],
    max_error: float,
) -> dict[str, object]:
    """One row of `LABELLING_AGREEMENT`: numbers of fields from a source against the measured ones."""
    agreement, interval = agreement_of_fields(found, true), conformal_ratio(found, true)
    n_wells = len(set(wells))
    is_predicted = source == "predicted"
    verdict = verdict_of(found, true, n_wells=n_wells, max_error=max_error) if is_predicted else None
    return {
        "stain": stain,
        "measure": measure,
        "source": source,
        "density": ALL_FIELDS,
        "n_wells": n_wells,
        **{name: getattr(agreement, name) for name in ("n_fields", "pearson", "spearman", "concordance")},
        **{name: getattr(agreement, name) for name in ("bias", "bias_lower", "bias_upper", "lower", "upper")},
        "interval_low": interval.low if is_predicted else math.nan,
        "interval_high": interval.high if is_predicted else math.nan,
        "verdict": verdict.word if verdict else "",
        "reason": verdict.reason if verdict else "",
    }
