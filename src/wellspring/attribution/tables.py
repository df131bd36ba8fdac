"""Tables of attribution: importance, similarity, and the tests of the maps."""

from wellspring.tables import KEY_COLUMNS, Column, Table
from wellspring.training.tables import RUN_COLUMNS

__all__ = [
    "COMPLETENESS",
    "CONSISTENCY",
    "CORRELATION",
    "CURVES",
    "EXPLAINED_CELLS",
    "GROUPS",
    "GROUP_IMPORTANCE",
    "IMPORTANCE",
    "MEASURES",
    "RANDOMISED",
    "RANKING",
    "ROAR",
    "ROAR_SUMMARY",
    "SANITY",
    "SIMILAR",
    "SIMILARITY",
    "TREND",
    "TRUST",
]

EXPLAINED_CELLS = Table(
    "explained_cells",
    (
        *KEY_COLUMNS,
        Column("level", "str", "", "low, medium or high target"),
        Column("shown", "int64", "", "place among the cells whose maps are kept, from 0; -1: they are not", minimum=-1),
    ),
)
IMPORTANCE = Table(
    "importance",
    (
        *KEY_COLUMNS,
        *RUN_COLUMNS,
        Column("channel", "str", "", "input channel"),
        Column("importance", "float64", "1", "share of the cell's total score, sum 1; NaN where that total is 0"),
        Column("level", "str", "", "low, medium or high target"),
    ),
)
COMPLETENESS = Table(
    "completeness",
    (
        *KEY_COLUMNS,
        *RUN_COLUMNS,
        Column("target", "float64", "intensity", "true value"),
        Column("prediction", "float64", "intensity", "f(x)"),
        Column("baseline_prediction", "float64", "intensity", "f(baseline)"),
        Column("attribution_sum", "float64", "intensity", "sum of the integrated gradients"),
        Column("error", "float64", "intensity", "attribution_sum - (prediction - baseline_prediction)"),
        Column("relative_error", "float64", "1", "|error| / |prediction - baseline_prediction|; NaN where that is 0"),
        Column("steps", "int64", "", "steps of the integral"),
        Column("is_complete", "bool", "", "whether the error is within attribution.tolerance"),
        Column("is_rescored", "bool", "", "score map of the definition, as the estimator offset was too uncertain"),
    ),
)
TREND = Table(
    "trend",
    (
        *RUN_COLUMNS,
        Column("channel", "str", "", "input channel"),
        Column("n_cells", "int64", "cells", "cells with an importance, in wells with two levels or more"),
        Column("n_wells", "int64", "wells", "those wells"),
        Column("rho", "float64", "1", "Spearman's r of importance and level within wells; empty where one is constant"),
        Column("p_value", "float64", "1", "share of shuffles of the levels in each well with an r as far from 0"),
        Column("q_value", "float64", "1", "p_value with the false discovery rate controlled over the channels"),
    ),
)
GROUPS = Table(
    "groups",
    (
        Column("grouping", "str", "", "correlation: of the images' pixels; marker: what the markers stain"),
        Column("group", "str", "", "name of the group"),
        Column("channel", "str", "", "input channel"),
    ),
)
CORRELATION = Table(
    "correlation",
    (
        Column("channel", "str", "", "input channel"),
        Column("other", "str", "", "input channel"),
        Column("correlation", "float64", "1", "Pearson's r of the pixels within cells"),
    ),
)
GROUP_IMPORTANCE = Table(
    "group importance",
    (
        *RUN_COLUMNS,
        Column("grouping", "str", "", "as in the table of groups"),
        Column("group", "str", "", "name of the group"),
        Column("n_channels", "int64", "channels", "channels of the group"),
        Column("level", "str", "", "low, medium or high target, or all"),
        Column("n_cells", "int64", "cells", "cells of that level"),
        Column("mean", "float64", "1", "mean of the group's summed importance"),
        Column(
            "lower", "float64", "1", "lower end of the mean's 99 % interval over wells (one well: its cells), 0 to 1"
        ),
        Column("upper", "float64", "1", "upper end of that interval"),
        Column("n_wells", "int64", "wells", "wells of those cells; 1: the interval does not cover how wells differ"),
    ),
)
SIMILAR = Table(
    "similar",
    (
        *RUN_COLUMNS,
        Column("level", "str", "", "low, medium or high target, or all"),
        Column("channel", "str", "", "channel of the score map, or all"),
        Column("image_channel", "str", "", "channel of the image that is most similar"),
        Column("n_maps", "int64", "maps", "map channels of that level for which it is"),
        Column("percent", "float64", "%", "share of those maps"),
        Column("cumulative", "float64", "%", "sum of the shares so far"),
    ),
)
_WAY_COLUMNS = (
    Column("method", "str", "", "gradient, gradient_input, integrated_gradients; or random, intensity (no map)"),
    Column("copies", "str", "", "none, smoothgrad, vargrad, vargrad_sd; - = no map"),
    Column("baseline", "str", "", "black, noise, blur, mean, random; - = without meaning"),
)
MEASURES = Table(
    "measures",
    (
        *RUN_COLUMNS,
        *_WAY_COLUMNS,
        Column("measure", "str", "", "channel_auc, pixel_auc, deletion_area, insertion_area"),
        Column("n_cells", "int64", "cells", "cells whose maps were made"),
        Column("value", "float64", "1", "NaN where the cells do not allow it"),
    ),
)
CURVES = Table(
    "curves",
    (
        *RUN_COLUMNS,
        *_WAY_COLUMNS,
        Column("curve", "str", "", "deletion or insertion"),
        Column("n_cells", "int64", "cells", "cells whose values were removed"),
        Column("share", "float64", "1", "of the values, removed or put in"),
        Column("value", "float64", "1", "1 = predicted as for the complete image, 0 = as for the empty or blurred one"),
    ),
)
RANDOMISED = Table(
    "randomised",
    (
        *RUN_COLUMNS,
        *_WAY_COLUMNS,
        Column("layer", "str", "", "lowest layer whose weights are random, and all above it"),
        Column("depth", "int64", "", "1 = the output layer"),
        Column("n_cells", "int64", "cells", "cells whose maps were made again"),
        Column("correlation", "float64", "1", "Spearman's, of the maps before and after, mean over cells"),
    ),
)
ROAR = Table(
    "roar",
    (
        *RUN_COLUMNS,
        Column("form", "str", "", "pixels: values of pixels and channels; channels: complete channels"),
        Column("ranking", "str", "", "map, random or intensity: what was removed first; none: nothing was"),
        Column("amount", "int64", "", "percent of the values of each cell, or number of channels"),
        Column("retrained_seed", "int64", "", "seed of the training from scratch"),
        Column("n_cells", "int64", "cells", "test cells"),
        Column("mae", "float64", "intensity", "mean absolute error on the test cells"),
        Column("r2", "float64", "1", "R² on the test cells; NaN where their targets are equal"),
    ),
)
_POOLED_COLUMNS = RUN_COLUMNS[:2]
TRUST = Table(
    "trust",
    (
        *_POOLED_COLUMNS,
        *_WAY_COLUMNS,
        Column("measure", "str", "", "as in the table of measures, or randomised: correlation with all layers random"),
        Column("n_runs", "int64", "runs", "runs with a value; they differ in their seed"),
        Column("n_cells", "int64", "cells", "cells of each run"),
        Column("mean", "float64", "1", "mean over the runs"),
        Column("lower", "float64", "1", "lower end of the mean's 95 % interval (Student's t); empty below 2 runs"),
        Column("upper", "float64", "1", "upper end of that interval"),
        Column("survives", "bool", "", "of randomised: the maps show the image rather than the model"),
    ),
)
CONSISTENCY = Table(
    "consistency",
    (
        *RUN_COLUMNS,
        Column("other_seed", "int64", "", "seed of the other run"),
        Column("n_channels", "int64", "channels", "channels of both"),
        Column("rho", "float64", "1", "Spearman's correlation of the channels' mean importance"),
    ),
)
ROAR_SUMMARY = Table(
    "roar summary",
    (
        *_POOLED_COLUMNS,
        Column("form", "str", "", "pixels or channels"),
        Column("ranking", "str", "", "map, random or intensity: what was removed first"),
        Column("amount", "int64", "", "percent of the values of each cell, or number of channels"),
        Column("n_retrained", "int64", "trainings", "trainings from scratch"),
        Column("mae", "float64", "intensity", "mean absolute error on the test cells, mean over the trainings"),
        Column("mae_lower", "float64", "intensity", "lower end of its 95 % interval (Student's t); empty below 2"),
        Column("mae_upper", "float64", "intensity", "upper end of that interval"),
        Column("r2", "float64", "1", "R² on the test cells, mean over the trainings"),
    ),
)
SIMILARITY = Table(
    "similarity",
    (
        *KEY_COLUMNS,
        *RUN_COLUMNS,
        Column("level", "str", "", "low, medium or high target"),
        Column("channel", "str", "", "channel of the score map"),
        Column("image_channel", "str", "", "most similar channel of the image; empty where either is flat"),
    ),
)
SANITY = Table(
    "sanity",
    (
        *KEY_COLUMNS,
        *RUN_COLUMNS,
        Column("alpha", "float64", "1", "position on the path from baseline (0) to image (1)"),
        Column("cumulative", "float64", "intensity", "sum of the integrated gradients up to alpha"),
        Column("difference", "float64", "intensity", "f(x) - f(baseline)"),
    ),
)
RANKING = Table(
    "ranking",
    (
        *RUN_COLUMNS,
        Column("channel", "str", "", "input channel"),
        Column("rank", "int64", "", "1 = highest mean importance over all cells"),
        Column("level", "str", "", "low, medium or high target, or all"),
        Column("n_cells", "int64", "cells", "cells of that level"),
        Column("mean", "float64", "1", "mean importance; empty for a level without cells"),
        Column(
            "lower", "float64", "1", "lower end of the mean's 99 % interval over wells (one well: its cells), 0 to 1"
        ),
        Column("upper", "float64", "1", "upper end of that interval"),
        Column("n_wells", "int64", "wells", "wells of those cells; 1: the interval does not cover how wells differ"),
    ),
)
