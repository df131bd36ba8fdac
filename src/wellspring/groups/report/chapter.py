"""The chapter on groups of wells: which differ from the controls, by how much."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from wellspring.groups.report.words import said
from wellspring.report.chapter import MOST_FINDINGS, Chapter, Part, Section, illustration
from wellspring.report.methods import cited
from wellspring.report.tables import PageColumn, count, page_table, value, value_at
from wellspring.report.words import listed, named_wells

__all__ = ["group_findings", "group_warnings", "groups_chapter"]

_LEAD = "Which groups differ from the controls, by how much, and how sure is that?"
_TEXT = (
    "What was assigned to a condition counts once: a well, or all wells of a replicate, or a plate. Cells of a well do "
    "not repeat the experiment. The difference is that of the means of these units; its 95 % interval is Student's, or "
    "bootstrapped from ten units in each group on; the p-value is the share of all arrangements of the groups over the "
    "units with as large a difference. q is adjusted for all measures and groups (Benjamini and Hochberg): of the rows "
    "with q below 0.05, one in twenty is expected to be a false discovery."
)
_NOTE = (
    "Without wells in doubt; the last columns are with all wells. Hedges' g: the difference over the standard "
    "deviation of units. The file has means, intervals and remarks of both."
)
_COLUMNS = (
    PageColumn("label", "Measure"),
    PageColumn("group", "Group"),
    PageColumn("n_units", "Units", count),
    PageColumn("n_units_control", "Units of\ncontrol", count),
    PageColumn("mean", "Mean", value),
    PageColumn("mean_control", "Mean of\ncontrol", value),
    PageColumn("difference", "Difference", value),
    PageColumn("low", "95 %\nfrom", value),
    PageColumn("high", "to", value),
    PageColumn("hedges_g", "Hedges' g", value_at(1.0)),
    PageColumn("p_value", "p", value_at(0.01)),
    PageColumn("p_t", "p of\nt-test", value_at(0.01)),
    PageColumn("q_value", "q", value_at(0.01)),
    PageColumn("n_out", "Wells\nin doubt", count),
    PageColumn("difference_all", "Difference,\nall wells", value),
    PageColumn("p_value_all", "p,\nall wells", value_at(0.01)),
)
_CHOSEN = (
    PageColumn("measure", "Measure"),
    PageColumn("reason", "Left out since it"),
    PageColumn("most_correlated", "Most like"),
    PageColumn("replicate_share", "Groups' share\nof the variance", value_at(1.0)),
    PageColumn("correlation", "Correlation", value_at(1.0)),
)
_FALSE_DISCOVERIES = _LEVEL = 0.05
_MOST_ROWS = 200
_REFERENCES = (
    "Benjamini, Y. and Hochberg, Y. (1995). Controlling the false discovery rate: a practical and powerful approach to "
    "multiple testing. Journal of the Royal Statistical Society B 57, 289–300.",
    "Efron, B. and Tibshirani, R. J. (1993). An introduction to the bootstrap. Chapman and Hall.",
    "Hedges, L. V. (1981). Distribution theory for Glass's estimator of effect size and related estimators. Journal of "
    "Educational Statistics 6, 107–128.",
    "Welch, B. L. (1947). The generalization of 'Student's' problem when several different population variances are "
    "involved. Biometrika 34, 28–35.",
)
_UNEVEN = 0.34


def groups_chapter(
    contrasts: pd.DataFrame,
    *,
    wells: pd.DataFrame,
    features: pd.DataFrame,
    labels: Mapping[str, str],
    counts: Sequence[str],
    without_group: pd.DataFrame,
    by: str,
    replicate: str | None,
    controls: Sequence[str],
    are_given: bool,
    captions: Mapping[str, str],
    files: Mapping[str, Path],
) -> Chapter:
    """The chapter.

    Parameters
    ----------
    contrasts, wells, features
        Tables `CONTRASTS`, `MEASURED_WELLS`, `FEATURES`.
    labels
        Words of each measure.
    counts
        Measures that count something; the others are features.
    without_group
        plate and well of wells whose field of the column is empty.
    by, replicate
        Columns of the sheet.
    controls
        The groups compared with; `are_given`: by the config.
    captions
        ``groups`` and ``group_features``.
    files
        ``contrasts``, ``features``, ``scores``, ``ratios``, ``units`` and the SVG files ``counts``, ``drawn``; the last
        may be missing.
    """
    picture = illustration(files["counts"], title="Groups", caption=captions["groups"])
    shown = contrasts.assign(
        label=contrasts["measure"].map(labels), n_out=contrasts["n_doubtful"] + contrasts["n_doubtful_control"]
    )
    is_count = shown["measure"].isin(counts)
    parts: list[Part] = [picture, _table(shown[is_count], title="Counts by group", file=files["contrasts"])]
    sections = [Section(title="", text=[_TEXT], parts=parts)]
    methods = _methods(contrasts, by=by, controls=controls)
    if (~is_count).any():
        sections.append(_of_features(shown[~is_count], features, captions=captions, files=files))
    return Chapter(
        stage="groups",
        title="Groups",
        lead=_LEAD,
        picture=picture,
        warnings=group_warnings(contrasts, wells, without_group=without_group, by=by, are_given=are_given),
        findings=group_findings(contrasts, labels=labels, counts=counts),
        settings=[
            ("Groups", f"column {by}"),
            ("Controls", listed(list(controls))),
            ("Replicates", f"column {replicate}" if replicate else "each well"),
        ],
        sections=[*sections, _files_section(files)],
        methods=methods,
        references=cited(_REFERENCES, text=methods),
    )


def _methods(contrasts: pd.DataFrame, *, by: str, controls: Sequence[str]) -> str:
    """How groups were compared, for a paper."""
    units = listed([f"{name}s" for name in dict.fromkeys(contrasts["counted"])])
    blocks = [f"{name}s" for name in dict.fromkeys(contrasts["blocks"]) if name != "none"]
    within = f" within {listed(blocks)}" if blocks else ""
    is_t, is_whole = contrasts["interval"] == "t", contrasts["blocks"] == "none"
    kinds = {
        "Welch's t (Welch 1947)": is_t & is_whole,
        "Student's t of the additive model of groups and blocks": is_t & ~is_whole,
        "the bootstrap-t (Efron and Tibshirani 1993)": contrasts["interval"] == "bootstrap",
    }
    intervals = listed([words for words, are_such in kinds.items() if are_such.any()])
    given = "without intervals, for which there were too few units"
    if intervals:
        given = f"with 95 % intervals by {intervals} and as Hedges' g (Hedges 1981)"
    return (
        f"Groups ({by}) were compared with {listed(list(controls))}{within}; {units} were the units, and the value of "
        f"a well the mean of its cells. Wells in doubt were left out. Differences are given {given}; p-values are "
        "those of permutations of the groups over the units, adjusted for all measures and groups (Benjamini and "
        "Hochberg 1995)."
    )


def _table(rows: pd.DataFrame, *, title: str, file: Path) -> Part:
    return page_table(rows, _COLUMNS, title=title, file=str(file), note=_NOTE)


def _of_features(
    rows: pd.DataFrame, features: pd.DataFrame, *, captions: Mapping[str, str], files: Mapping[str, Path]
) -> Section:
    n_found = int((rows["q_value"] <= _FALSE_DISCOVERIES).sum())
    n_chosen = int(features["is_chosen"].sum())
    text = [
        f"{len(rows):,} comparisons of {rows['measure'].nunique():,} features; {n_found:,} have a q-value of "
        f"{_FALSE_DISCOVERIES:g} or less. {n_chosen:,} of {len(features):,} measures are neither constant nor as "
        "different between replicates as between groups, and no copies of another: use these for clusters and "
        "distances."
    ]
    first = rows.sort_values("p_value", kind="stable").head(_MOST_ROWS)
    parts: list[Part] = []
    if "drawn" in files:
        parts.append(
            illustration(files["drawn"], title="Features that differ most", caption=captions["group_features"])
        )
    title = f"Features by group, the {len(first)} lowest p-values" if len(first) < len(rows) else "Features by group"
    parts.append(_table(first, title=title, file=files["contrasts"]))
    left_out = features[~features["is_chosen"].astype(bool)]
    parts.append(page_table(left_out, _CHOSEN, title="Measures left out", file=str(files["features"]), folded=True))
    return Section(title="Features", text=text, parts=parts)


def _files_section(files: Mapping[str, Path]) -> Section:
    rows = pd.DataFrame(
        {
            "file": [str(files[name]) for name in ("contrasts", "units", "scores", "ratios", "features")],
            "holds": [
                "each comparison: means, difference, interval, p, q, with and without wells in doubt",
                "the values that were compared, a row per unit",
                "each well's measures as robust z-scores of the controls of its plate",
                "each well's measures over the median of the controls of its plate",
                "which measures vary, repeat and are no copies of others",
            ],
        }
    )
    columns = (PageColumn("file", "File"), PageColumn("holds", "Holds"))
    table = replace(page_table(rows, columns, title="Files", folded=False), file_column=0)
    return Section(title="Tables to take away", parts=[table])


def group_findings(contrasts: pd.DataFrame, *, labels: Mapping[str, str], counts: Sequence[str]) -> list[str]:
    """Comparisons of counts in a sentence each, and how many features differ.

    First those with a p-value of 0.05 or less, in the order of `counts`, then others; each by p-value.
    """
    own = contrasts[contrasts["measure"].isin(counts)]
    ordered = own.assign(
        is_unsure=~(own["p_value"] <= _LEVEL), place=[list(counts).index(one) for one in own["measure"]]
    ).sort_values(["is_unsure", "place", "p_value"], kind="stable")
    found = [said(row, label=labels[row["measure"]]) for _, row in ordered.iterrows()]
    others = contrasts[~contrasts["measure"].isin(counts)]
    last = []
    if len(others):
        n = int((others["q_value"] <= _FALSE_DISCOVERIES).sum())
        last.append(f"Features: {n:,} of {len(others):,} comparisons have a q-value of {_FALSE_DISCOVERIES:g} or less.")
    return [*found[: MOST_FINDINGS - len(last)], *last]


def group_warnings(
    contrasts: pd.DataFrame, wells: pd.DataFrame, *, without_group: pd.DataFrame, by: str, are_given: bool
) -> list[str]:
    """What limits the comparisons, a sentence each."""
    found = []
    if not are_given and len(contrasts):
        first = contrasts["control"].iloc[0]
        found.append(f"No controls are named, so groups are compared with {first}. Name them in report.controls.")
    if len(without_group):
        found.append(f"Without a value in the column {by}, so in no group: {named_wells(without_group)}.")
    remarks = contrasts[contrasts["remarks"] != "none"]
    for remark, rows in remarks.groupby("remarks", sort=False):
        groups = list(dict.fromkeys(rows["group"]))
        named = listed(groups[:10]) + (f" and {len(groups) - 10} more" if len(groups) > 10 else "")
        n = f" ({len(rows):,} of {len(contrasts):,} comparisons)" if len(rows) < len(contrasts) else ""
        found.append(f"Comparison of {named}{n}: {remark}.")
    missing = wells[wells["value"].isna()].drop_duplicates(["plate", "well"])
    if len(missing):
        found.append(
            f"Some or all measures have no value in {named_wells(missing)}, since too few cells have one or no site is "
            "used there; they are not compared there."
        )
    found += _uneven_doubts(wells)
    return found


def _uneven_doubts(wells: pd.DataFrame) -> list[str]:
    """Measures whose wells in doubt are mostly of some groups: leaving them out may itself make a difference."""
    shares = wells.groupby(["measure", "group"])["is_doubtful"].mean().unstack("group")
    uneven = shares[shares.max(axis=1) - shares.min(axis=1) > _UNEVEN]
    if uneven.empty:
        return []
    groups = list(dict.fromkeys(uneven.idxmax(axis=1)))
    return [
        f"Wells in doubt are unevenly spread over the groups (most in {listed(groups[:5])}), so leaving them out may "
        "itself make a difference: compare the numbers with and without them."
    ]
