"""The chapter on predicted stains: what they may be used for, and why."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from wellspring.labelling.comparing import held_out
from wellspring.labelling.tables import ALL_FIELDS
from wellspring.report.chapter import MOST_FINDINGS, Chapter, Section, illustration
from wellspring.report.tables import PageColumn, count, page_table, value
from wellspring.report.words import listed, named_wells

__all__ = ["labelling_chapter", "labelling_findings", "labelling_warnings"]

_SHIFTED_PX = 1.0
# Correlation of logarithms from which a predicted stain resembles the measured one enough to be compared in position.
_ALIKE = 0.7
_WORDS = {
    "count": "counts of nuclei",
    "area": "areas of nuclei",
    "total": "total intensities",
    "mean": "mean intensities",
}
_TEXT = (
    "The same function finds nuclei in the predicted and in the measured stain, and fields of wells that trained "
    "nothing "
    "are compared. A measure is usable when 95 % of fields lie within the allowed error, not usable when that is "
    "surely "
    "not so, and otherwise not known. A correlation over fields does not show this: it is high wherever fields "
    "differ in "
    "density, even if every count is wrong. Rows of other sources are baselines: the count without any stain, "
    "the mean of "
    "the training fields, and predictions of other fields."
)


def labelling_findings(agreement: pd.DataFrame) -> list[str]:
    """For each stain: what is usable, with its error, what is not, and what is not known."""
    found = []
    predicted = agreement[(agreement["source"] == "predicted") & (agreement["density"] == ALL_FIELDS)]
    for stain, own in predicted.groupby("stain", sort=False):
        parts = []
        for word in ("usable", "not usable", "not known"):
            rows = own[own["verdict"] == word]
            named = [f"{_WORDS[row.measure]} ({row.reason})" for row in rows.itertuples()]
            if named:
                parts.append(f"{word}: {listed(named)}")
        found.append(f"{stain}: {'; '.join(parts)}.")
    return found


def labelling_warnings(fields: pd.DataFrame, splits: pd.DataFrame) -> list[str]:
    """Shared cells, few held-out wells, shifted pairs, nuclei in empty field."""
    found = []
    for stain, own in fields.groupby("stain", sort=False):
        parts = splits[splits["stain"] == stain]
        kept, kinds = held_out(own, parts)
        joined = sorted({name for name in parts["group"] if "+" in name})
        if joined:
            found.append(f"{stain}: wells show the same cells and are kept in one split: {listed(joined)}.")
        if "validation" in kinds:
            found.append(
                f"{stain}: fewer than three wells are held out for testing, so the wells that chose the weights "
                f"are judged "
                "too; errors may be somewhat larger. Stain more wells, or name them test in the sheet."
            )
        # A prediction that does not resemble the stain has no place either.
        shifted = own[(own["shift_px"] > _SHIFTED_PX) & (own["r_log"] >= _ALIKE)]
        if len(shifted):
            found.append(
                f"{stain}: in {len(shifted)} of {int(own['is_measured'].sum())} stained fields the stain lies "
                f"more than "
                f"1 px from where the other fields let expect it ({named_wells(shifted)}). Align these channels before "
                "training."
            )
        invented = float(kept["n_invented_in_empty"].sum())
        area_mm2 = float((kept["empty_px"] * (kept["pixel_size_um"] / 1000) ** 2).sum())
        if invented and area_mm2 > 0:
            found.append(f"{stain}: {invented / area_mm2:.3g} nuclei per mm² are predicted in empty field.")
    return found


def labelling_chapter(
    agreement: pd.DataFrame,
    fields: pd.DataFrame,
    splits: pd.DataFrame,
    *,
    settings: Mapping[str, Any],
    files: Mapping[str, Path],
    captions: Mapping[str, str],
    limits: Sequence[Section] = (),
) -> Chapter:
    """The chapter.

    Parameters
    ----------
    agreement, fields, splits
        Tables `LABELLING_AGREEMENT`, `LABELLING_FIELDS`, `LABELLING_SPLITS`.
    settings
        ``stains``, ``light`` and ``max_error`` of the config.
    files
        ``table``, ``examples``, ``numbers`` and ``training``.
    captions
        From `read_captions`.
    limits
        Sections on drift and stability, where they were asked for; their findings come first.
    """
    examples, numbers, training = (
        illustration(files[name], title=title, caption=captions[name])
        for name, title in (
            ("examples", "Light, predicted and measured stain"),
            ("numbers", "Numbers of held-out fields"),
            ("training", "Course of the training"),
        )
    )
    return Chapter(
        stage="labelling",
        title="Predicted stains",
        lead="For what may the stains that are predicted from transmitted light be used?",
        picture=examples,
        warnings=labelling_warnings(fields, splits),
        findings=[
            *(one for section in limits for one in section.findings),
            *labelling_findings(agreement),
        ][:MOST_FINDINGS],
        settings=[
            ("Transmitted light", ", ".join(settings["light"])),
            ("Stains predicted", ", ".join(settings["stains"])),
            ("Allowed error of a field", f"{float(settings['max_error']):.0%}"),
        ],
        sections=[
            Section(title="What is usable", text=[_TEXT], parts=[numbers, _verdict_table(agreement, files=files)]),
            Section(title="Pixels and nuclei", parts=[_pixel_table(fields, splits)]),
            *(replace(section, findings=()) for section in limits),
            Section(title="Training", parts=[training]),
        ],
        methods=(
            f"{listed(list(settings['stains']))} {'was' if len(settings['stains']) == 1 else 'were'} predicted from "
            f"{listed(list(settings['light']))} with a U-Net (LaChance and Cohen 2020) per stain. Nuclei were "
            f"segmented in "
            "predicted and measured images alike; agreement over fields of held-out wells is given as geometric "
            "mean ratio "
            "with 95 % limits of agreement (Bland and Altman 1986)."
        ),
        references=[
            "LaChance J, Cohen DJ. Practical fluorescence reconstruction microscopy for large samples and "
            "low-magnification "
            "imaging. PLoS Comput Biol 16, e1008443 (2020).",
            "Bland JM, Altman DG. Statistical methods for assessing agreement between two methods of clinical "
            "measurement. "
            "Lancet 327, 307-310 (1986).",
        ],
    )


def _verdict_table(agreement: pd.DataFrame, *, files: Mapping[str, Path]) -> Any:
    """Verdicts and baselines of all stains."""
    columns = [
        PageColumn("stain", "Stain"),
        PageColumn("measure", "Measure"),
        PageColumn("source", "Source"),
        PageColumn("density", "Fields by nuclei"),
        PageColumn("verdict", "Verdict"),
        PageColumn("bias", "Predicted / measured", value),
        PageColumn("lower", "95 % of fields from", value),
        PageColumn("upper", "to", value),
        PageColumn("pearson", "Pearson", value),
        PageColumn("spearman", "Spearman", value),
        PageColumn("concordance", "Concordance", value),
        PageColumn("n_fields", "Fields", count),
        PageColumn("n_wells", "Wells", count),
    ]
    return page_table(agreement, columns, title="Verdicts and baselines", file=str(files["table"]), folded=False)


def _pixel_table(fields: pd.DataFrame, splits: pd.DataFrame) -> Any:
    """Agreement of pixels and nuclei on held-out fields, a row per stain."""
    rows = []
    for stain, own in fields.groupby("stain", sort=False):
        kept, _ = held_out(own, splits[splits["stain"] == stain])
        names = ["r", "r_log", "r_signal", "r_log_signal", "r_ceiling", "r_shuffled", "ssim", "f1"]
        means = {name: float(kept[name].mean()) if len(kept) else math.nan for name in names}
        sums = {name: kept[name].sum() for name in ("n_missed", "n_invented", "n_merged", "n_split")}
        rows.append({"stain": stain, **means, **sums, "n": kept["measured_count"].sum()})
    columns = [
        PageColumn("stain", "Stain"),
        PageColumn("r", "r", value),
        PageColumn("r_log", "r of logarithms", value),
        PageColumn("r_log_signal", "in patches with signal", value),
        PageColumn("r_ceiling", "highest possible", value),
        PageColumn("r_shuffled", "other field", value),
        PageColumn("ssim", "SSIM", value),
        PageColumn("f1", "F1 of nuclei", value),
        PageColumn("n", "Nuclei", count),
        *(PageColumn(f"n_{name}", name.capitalize(), count) for name in ("missed", "invented", "merged", "split")),
    ]
    note = "Means over held-out fields; sums for nuclei. Highest possible: what the noise of the measured stain allows."
    return page_table(pd.DataFrame(rows), columns, title="Pixels and nuclei of held-out fields", note=note)
