"""Tables of the stability of predicted stains."""

from wellspring.tables import Column, Table

__all__ = ["LABELLING_STABILITY", "LABELLING_TOLERANCE"]

_KIND = (
    Column("stain", "str", "", "name of the stain"),
    Column("kind", "str", "", "corruption of the light"),
    Column("unit", "str", "", "of its severity"),
)
LABELLING_STABILITY = Table(
    "labelling_stability",
    (
        *_KIND,
        Column("measure", "str", "", "count, area, mean (of predicted nuclei), f1, alarm"),
        Column("level", "int64", "", "place of the severity, 0 is none", minimum=-99),
        Column("value", "float64", "", "severity in the kind's unit"),
        Column("change", "float64", "1", "ratio to level 0 (count), difference (f1), value itself (alarm)"),
        Column("lower", "float64", "1", "lower end of its 95 % interval over wells; NaN without"),
        Column("upper", "float64", "1", "upper end"),
        Column("n_wells", "int64", "wells", "held-out wells"),
        Column("clipped", "float64", "1", "share of pixels that became black or saturated"),
    ),
)
LABELLING_TOLERANCE = Table(
    "labelling_tolerance",
    (
        *_KIND,
        Column("side", "int64", "", "-1: lower levels, 1: higher levels", minimum=-1),
        Column("tolerance", "float64", "", "severity at which the count is off; NaN where it is not"),
        Column("lower", "float64", "", "lower end of its 95 % interval; NaN without"),
        Column("upper", "float64", "", "upper end"),
        Column("reached", "bool", "", "whether the count gets off at any severity tried"),
        Column("largest", "float64", "", "last severity tried"),
        Column(
            "alarm_at", "float64", "", "severity at which half of the fields are unlike the training fields; NaN: none"
        ),
        Column(
            "alarm_first", "str", "", "yes: the alarm comes no later than the wrong count; no, neither or not known"
        ),
    ),
)
