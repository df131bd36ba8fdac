"""Tables of groups of wells."""

from wellspring.tables import WELL_COLUMNS, Column, Table

__all__ = ["CONTRASTS", "FEATURES", "MEASURED_WELLS", "NORMALISED_WELLS", "UNITS"]

_MEASURE = Column("measure", "str", "", "what was measured")
_OF_WELL = (
    Column("group", "str", "", "group of the well, from the column of the sheet that report.group_by names"),
    Column("replicate", "str", "", "replicate of the well, from the column that report.replicate names, or empty"),
    Column("is_control", "bool", "", "the group is a control"),
)
MEASURED_WELLS = Table(
    "measured_wells",
    (
        _MEASURE,
        Column("unit", "str", "", "unit of the value"),
        *WELL_COLUMNS,
        *_OF_WELL,
        Column("n", "int64", "", "cells, or sites, that the value is the mean of"),
        Column("value", "float64", "", "mean of the well; empty where there are too few cells"),
        Column("is_doubtful", "bool", "", "the value is in doubt: see the chapters on spots and segmentation"),
    ),
)
UNITS = Table(
    "units",
    (
        _MEASURE,
        Column("group", "str", "", "group that was compared, or the control's"),
        Column("compared", "str", "", "group whose comparison the unit is of"),
        Column("unit", "str", "", "well, replicate or plate that counts once"),
        Column("block", "str", "", "plate or replicate within which groups are compared, or all"),
        Column("n_wells", "int64", "wells", "wells of the unit that are not in doubt"),
        Column("value", "float64", "", "mean of these wells"),
    ),
)
_EFFECT = (
    ("n_units", "int64", "units", "units of the group"),
    ("n_units_control", "int64", "units", "units of the control"),
    ("mean", "float64", "", "mean of the group's units"),
    ("mean_control", "float64", "", "mean of the control's units"),
    ("difference", "float64", "", "of the means, within blocks where there are blocks"),
    ("low", "float64", "", "lower end of the 95 % interval of the difference"),
    ("high", "float64", "", "upper end of the 95 % interval of the difference"),
    ("hedges_g", "float64", "1", "difference over the standard deviation of units, corrected for few units"),
    ("p_value", "float64", "1", "share of the arrangements of the groups with as large a difference"),
    ("p_t", "float64", "1", "p-value of the t-test with the same units and blocks; assumes normally distributed units"),
    ("p_lowest", "float64", "1", "lowest p-value that so many units can give"),
    ("q_value", "float64", "1", "p_value adjusted for all measures and groups (Benjamini and Hochberg)"),
)
CONTRASTS = Table(
    "contrasts",
    (
        _MEASURE,
        Column("unit", "str", "", "unit of mean and difference"),
        Column("group", "str", "", "group that is compared"),
        Column("control", "str", "", "what it is compared with"),
        Column("counted", "str", "", "what counts once: well, replicate or plate"),
        Column("blocks", "str", "", "what groups are compared within: plate, replicate or none"),
        Column("interval", "str", "", "how the interval was found: t, bootstrap, or none"),
        *(Column(*one) for one in _EFFECT),
        Column("n_doubtful", "int64", "wells", "wells of the group in doubt, which are left out above"),
        Column("n_doubtful_control", "int64", "wells", "wells of the control in doubt, which are left out above"),
        *(Column(f"{name}_all", kind, unit, f"with all wells: {words}") for name, kind, unit, words in _EFFECT),
        Column("remarks", "str", "", "what limits the comparison, or none"),
    ),
)
NORMALISED_WELLS = Table(
    "normalised_wells",
    (
        *WELL_COLUMNS,
        *_OF_WELL,
        Column("reference", "str", "", "wells of the plate that the values are relative to: controls, or all wells"),
        Column("n_reference", "int64", "wells", "how many these are"),
    ),
    is_open=True,
)
FEATURES = Table(
    "features",
    (
        _MEASURE,
        Column("n_wells", "int64", "wells", "wells with a value"),
        Column("spread", "float64", "", "robust standard deviation over wells, less the median of their plate"),
        Column("replicate_share", "float64", "1", "of the variance over wells, the groups' share", minimum=-1.0),
        Column("most_correlated", "str", "", "chosen measure with the highest correlation, or none"),
        Column("correlation", "float64", "1", "with that one", minimum=-1.0, maximum=1.0),
        Column("is_chosen", "bool", "", "kept"),
        Column("reason", "str", "", "why not, or none"),
    ),
)
