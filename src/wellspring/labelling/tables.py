"""Tables of predicted stains: fields, their agreement with what was measured, verdicts."""

from wellspring.tables import SITE_COLUMNS, Column, Table

__all__ = [
    "ALL_FIELDS",
    "LABELLING_AGREEMENT",
    "LABELLING_FIELDS",
    "LABELLING_HISTORY",
    "LABELLING_SPLITS",
    "MEASURES",
    "THIRDS",
]

ALL_FIELDS = "all"
THIRDS = ("fewest", "middle", "most")
"""Thirds of the fields, by the number of measured nuclei."""
MEASURES = ("count", "area", "total", "mean")
_UNITS = {"count": "nuclei", "area": "px", "total": "camera counts", "mean": "camera counts"}
_MEANINGS = {
    "count": "nuclei of the field",
    "area": "mean area of its nuclei",
    "total": "mean of their summed intensities above background",
    "mean": "mean of their mean intensities above background",
}
_COUNTS = {
    "n_matched": "nuclei matched at an intersection over union of 0.5",
    "n_merged": "predicted nuclei that cover two measured ones or more",
    "n_split": "measured nuclei that cover two predicted ones or more",
    "n_missed": "measured nuclei of which nothing is predicted",
    "n_invented": "predicted nuclei where nothing was measured",
    "n_invented_in_empty": "those of them that lie in empty field",
}

LABELLING_SPLITS = Table(
    "labelling_splits",
    (
        *SITE_COLUMNS,
        Column("stain", "str", "", "name of the stain"),
        Column("group", "str", "", "wells that are split together, since fields of theirs show the same cells"),
        Column("split", "str", "", "train, validation or test"),
    ),
)
LABELLING_HISTORY = Table(
    "labelling_history",
    (
        Column("step", "int64", "steps", "training steps done", minimum=0),
        Column("loss", "float64", "", "mean loss of the training crops since the row before"),
        Column("validation_loss", "float64", "", "mean loss of the validation fields; NaN without any"),
        Column("seconds", "float64", "s", "time since the start", minimum=0),
    ),
)
LABELLING_FIELDS = Table(
    "labelling_fields",
    (
        *SITE_COLUMNS,
        Column("stain", "str", "", "name of the stain"),
        Column("is_measured", "bool", "", "whether the field was stained"),
        *(
            Column(f"{kind}_{name}", "float64", _UNITS[name], f"{_MEANINGS[name]}, {words}; NaN without")
            for kind, words in (("predicted", "in the predicted stain"), ("measured", "in the measured stain"))
            for name in MEASURES
        ),
        Column("mean_in_measured", "float64", "camera counts", "predicted mean intensity inside measured nuclei"),
        Column("count_of_light", "float64", "nuclei", "nuclei counted in the light itself, without any stain"),
        *(
            Column(name, "float64", "", meaning, minimum=-1, maximum=1)
            for name, meaning in (
                ("r", "Pearson's correlation of all pixels"),
                ("r_log", "the same of the logarithms"),
                ("r_signal", "as r, in patches with signal"),
                ("r_log_signal", "as r_log, in patches with signal"),
                ("r_ceiling", "the largest r_log that the noise of the measured stain allows"),
                ("r_shuffled", "r_log with the measured stain of another field of the well; NaN with one field"),
                ("ssim", "mean structural similarity"),
            )
        ),
        *(Column(name, "float64", "nuclei", f"{meaning}; NaN without a stain") for name, meaning in _COUNTS.items()),
        Column("f1", "float64", "", "F1 of matched nuclei; NaN where both have none", minimum=0, maximum=1),
        Column("empty_px", "float64", "px", "pixels of empty field"),
        Column("shift_px", "float64", "px", "distance between predicted and measured stain", minimum=0),
        Column("pixel_size_um", "float64", "µm", "side of a pixel; NaN where not known"),
    ),
)
LABELLING_AGREEMENT = Table(
    "labelling_agreement",
    (
        Column("stain", "str", "", "name of the stain"),
        Column("measure", "str", "", "count, area, total or mean"),
        Column("source", "str", "", "predicted; or a baseline: light, mean of the training fields, shuffled"),
        Column("density", "str", "", "all fields, or the third of them with the fewest, middle or most nuclei"),
        Column("n_wells", "int64", "wells", "held-out wells", minimum=0),
        Column("n_fields", "int64", "fields", "their fields", minimum=0),
        *(
            Column(name, "float64", "", meaning, minimum=-1, maximum=1)
            for name, meaning in (
                ("pearson", "Pearson's correlation over fields"),
                ("spearman", "Spearman's correlation over fields"),
                ("concordance", "Lin's concordance"),
            )
        ),
        *(
            Column(name, "float64", "", meaning, minimum=0)
            for name, meaning in (
                ("bias", "geometric mean of predicted / measured"),
                ("bias_lower", "lower end of its 95 % interval"),
                ("bias_upper", "upper end"),
                ("lower", "lower limit of the ratios of 95 % of fields"),
                ("upper", "upper limit"),
                ("interval_low", "a new field's true number is at least so many times the predicted one, at 90 %"),
                ("interval_high", "and at most so many times; infinite with too few fields"),
            )
        ),
        Column("verdict", "str", "", "usable, not usable or not known; empty for baselines"),
        Column("reason", "str", "", "why"),
    ),
)
