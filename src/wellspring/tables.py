"""Every table's columns, dtypes and units, and the check that enforces them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from wellspring.files import as_readable, replaced_when_whole

__all__ = [
    "CELLS",
    "COMPARISON",
    "COMPLETENESS",
    "COMPOSITION",
    "CONSISTENCY",
    "CORRELATION",
    "CURVES",
    "DIFFERENCES",
    "FILTERED",
    "GROUPS",
    "GROUP_IMPORTANCE",
    "HISTORY",
    "IMPORTANCE",
    "KEY",
    "MANIFEST",
    "MEAN_PREFIX",
    "MEASURES",
    "METRICS",
    "NORMALIZATION",
    "PREDICTIONS",
    "QUALITY",
    "RANDOMISED",
    "RANKING",
    "ROAR",
    "ROAR_SUMMARY",
    "SANITY",
    "SEGMENTED",
    "SEGMENTED_COUNTS",
    "SIMILAR",
    "SIMILARITY",
    "SMFISH_CELLS",
    "SMFISH_SPOTS",
    "SPOTS",
    "SPOTS_PER_CELL",
    "SPOT_CURVE",
    "SPOT_FOCI",
    "SPOT_QUALITY",
    "SPOT_SUMMARY",
    "TREND",
    "TRUST",
    "TRUTH",
    "WELL_SEGMENTED",
    "WELL_SEGMENTED_COUNTS",
    "WELL_SPOTS",
    "WELL_SPOTS_PER_CELL",
    "WELL_SPOT_CURVES",
    "WELL_SPOT_FOCI",
    "WELL_SPOT_THRESHOLDS",
    "Column",
    "Table",
    "check_table",
    "empty_table",
    "read_table",
    "read_tables",
    "write_table",
]

KEY = ("plate", "well", "object_id")
MEAN_PREFIX = "mean_"

_KINDS = {"str": "string", "int64": "integer", "float64": "number", "bool": "true/false"}


@dataclass(frozen=True)
class Column:
    """One declared column: its name, dtype (`str`, `int64`, `float64`, `bool`), unit and meaning."""

    name: str
    dtype: str
    unit: str
    meaning: str


@dataclass(frozen=True)
class Table:
    """A declared table. An `is_open` table may carry further columns (annotations, one mean per channel)."""

    name: str
    columns: tuple[Column, ...]
    is_open: bool = False

    @property
    def names(self) -> list[str]:
        """The declared columns' names, in order."""
        return [column.name for column in self.columns]


_KEY_COLUMNS = (
    Column("plate", "str", "", "plate name from the sheet"),
    Column("well", "str", "", "well name from the sheet"),
    Column("object_id", "int64", "", "integer, unique in its well"),
)
_RUN_COLUMNS = (
    Column("model", "str", "", "architecture"),
    Column("regime", "str", "", "color-structure or structure"),
    Column("seed", "int64", "", "seed of the run"),
)

CELLS = Table(
    "cells",
    (
        *_KEY_COLUMNS,
        Column("n_px", "int64", "px", "measured pixels"),
        Column("y_min", "int64", "px", "first row of the bounding box, 0-based"),
        Column("x_min", "int64", "px", "first column of the bounding box, 0-based"),
        Column("height_px", "int64", "px", "rows of the bounding box"),
        Column("width_px", "int64", "px", "columns of the bounding box"),
        Column("cell_size_ratio", "float64", "1", "1 - 2 * smallest margin / image_size"),
        Column("is_cropped", "bool", "", "larger than image_size, so cropped centrally when a batch is made"),
    ),
    is_open=True,
)
FILTERED = Table(
    "filtered",
    (
        Column("plate", "str", "", "plate name from the sheet"),
        Column("well", "str", "", "well name from the sheet"),
        Column("step", "int64", "", "position of the criterion, 0 = before any"),
        Column("criterion", "str", "", "what the criterion drops"),
        Column("n_matching", "int64", "cells", "cells of the well that meet the criterion, whatever came before"),
        Column("n_removed", "int64", "cells", "cells that this criterion removed from those still left"),
        Column("n_left", "int64", "cells", "cells left after it"),
    ),
)
MANIFEST = Table(
    "manifest",
    (
        *_KEY_COLUMNS,
        Column("row", "int64", "", "record batch of the cell in its well's crop shard"),
        Column("split", "str", "", "train, validation or test"),
        Column("target", "float64", "intensity", "the quantity to predict"),
        Column("cell_size_ratio", "float64", "1", "1 - 2 * smallest margin / image_size"),
        Column("is_cropped", "bool", "", "larger than image_size"),
    ),
    is_open=True,
)
SEGMENTED = Table(
    "segmented",
    (
        Column("label", "int64", "", "label of nucleus and cell; of a cell without nucleus, a number after the last"),
        Column("has_nucleus", "bool", "", "false: stained like a cell, but it holds no nucleus"),
        Column("has_cell", "bool", "", "false: less than half of the nucleus is stained like a cell"),
        Column("nucleus_px", "int64", "px", "pixels of the nucleus; 0 without one"),
        Column("cell_px", "int64", "px", "pixels of the cell, its nucleus included"),
        Column("is_border_nucleus", "bool", "", "the nucleus touches the edge of the image"),
        Column("is_border_cell", "bool", "", "the cell touches the edge of the image"),
        Column("is_nucleus_size_out", "bool", "", "nucleus_px is out of bounds"),
        Column("is_cell_size_out", "bool", "", "cell_px is out of bounds"),
    ),
    is_open=True,
)
SEGMENTED_COUNTS = Table(
    "segmented_counts",
    (
        Column("n_nuclei", "int64", "nuclei", "nuclei found"),
        Column("n_without_cell", "int64", "nuclei", "nuclei less than half of which is stained like a cell"),
        Column("n_without_nucleus", "int64", "cells", "cells that hold no nucleus"),
        Column("n_border_nuclei", "int64", "nuclei", "nuclei that touch the edge of their image"),
        Column("n_border_cells", "int64", "cells", "cells, with a nucleus, that touch the edge of their image"),
        Column("n_nuclei_size_out", "int64", "nuclei", "nuclei of a size out of bounds"),
        Column("n_cells_size_out", "int64", "cells", "cells, with a nucleus, of a size out of bounds"),
    ),
    is_open=True,
)
NORMALIZATION = Table(
    "normalization",
    (
        Column("channel", "str", "", "channel name, in the order of the crops"),
        Column("n_px", "int64", "px", "measured pixels of training cells"),
        Column("percentile", "float64", "%", "percentile that clips or scales"),
        Column("upper", "float64", "intensity", "that percentile, after background subtraction"),
        Column("mean", "float64", "intensity", "mean after clipping (if clipping is on)"),
        Column("std", "float64", "intensity", "population standard deviation after clipping (if clipping is on)"),
        Column("clip", "float64", "intensity", "upper bound applied; infinite without clipping"),
        Column("shift", "float64", "intensity", "subtracted after clipping"),
        Column("scale", "float64", "intensity", "divided by after the shift"),
    ),
)
HISTORY = Table(
    "history",
    (
        Column("epoch", "int64", "", "1 = first"),
        Column("loss", "float64", "intensity", "training loss (Huber), mean over the epoch's batches"),
        Column("mae", "float64", "intensity", "training mean absolute error"),
        Column("val_loss", "float64", "intensity", "validation loss, mean over the 8 flips and rotations"),
        Column("val_mae", "float64", "intensity", "validation mean absolute error, mean over the 8"),
        Column("seconds", "float64", "s", "wall time of the epoch"),
    ),
)
PREDICTIONS = Table(
    "predictions",
    (
        *_KEY_COLUMNS,
        Column("split", "str", "", "train, validation or test"),
        *_RUN_COLUMNS,
        Column("target", "float64", "intensity", "true value"),
        Column("prediction", "float64", "intensity", "the model's value"),
    ),
)
METRICS = Table(
    "metrics",
    (
        *_RUN_COLUMNS,
        Column("metric", "str", "", "mean_error, sd_error, r2, mae, mse, huber"),
        Column("value", "float64", "", "on the test cells"),
        Column("lower", "float64", "", "2.5 % point of the bootstrap over cells"),
        Column("upper", "float64", "", "97.5 % point of the bootstrap over cells"),
        Column("n_cells", "int64", "cells", "test cells"),
    ),
)
DIFFERENCES = Table(
    "differences",
    (
        Column("model", "str", "", "architecture"),
        Column("regime", "str", "", "color-structure or structure"),
        Column("rival_model", "str", "", "architecture that it is compared with, or baseline"),
        Column("rival_regime", "str", "", "regime that it is compared with; - for the baseline"),
        Column("value", "float64", "1", "R² less the rival's on the test cells, mean over the seeds"),
        Column("lower", "float64", "1", "2.5 % point of the paired bootstrap over cells"),
        Column("upper", "float64", "1", "97.5 % point of the paired bootstrap over cells"),
    ),
)
IMPORTANCE = Table(
    "importance",
    (
        *_KEY_COLUMNS,
        *_RUN_COLUMNS,
        Column("channel", "str", "", "input channel"),
        Column("importance", "float64", "1", "share of the cell's total score, sum 1; NaN where that total is 0"),
        Column("level", "str", "", "low, medium or high target"),
    ),
)
COMPLETENESS = Table(
    "completeness",
    (
        *_KEY_COLUMNS,
        *_RUN_COLUMNS,
        Column("target", "float64", "intensity", "true value"),
        Column("prediction", "float64", "intensity", "f(x)"),
        Column("baseline_prediction", "float64", "intensity", "f(baseline)"),
        Column("attribution_sum", "float64", "intensity", "sum of the integrated gradients"),
        Column("error", "float64", "intensity", "attribution_sum - (prediction - baseline_prediction)"),
        Column("relative_error", "float64", "1", "|error| / |prediction - baseline_prediction|; NaN where that is 0"),
        Column("steps", "int64", "", "steps of the integral"),
        Column("is_complete", "bool", "", "whether the error is within attribution.tolerance"),
    ),
)
TREND = Table(
    "trend",
    (
        *_RUN_COLUMNS,
        Column("channel", "str", "", "input channel"),
        Column("n_cells", "int64", "cells", "cells with an importance"),
        Column("rho", "float64", "1", "Spearman's correlation of importance and level; NaN where either is constant"),
        Column("p_value", "float64", "1", "share of shuffled levels with a correlation as far from 0"),
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
        *_RUN_COLUMNS,
        Column("grouping", "str", "", "as in the table of groups"),
        Column("group", "str", "", "name of the group"),
        Column("n_channels", "int64", "channels", "channels of the group"),
        Column("level", "str", "", "low, medium or high target, or all"),
        Column("n_cells", "int64", "cells", "cells of that level"),
        Column("mean", "float64", "1", "mean of the group's summed importance"),
        Column("lower", "float64", "1", "lower end of the mean's 99 % interval (Student's t); empty below 2 cells"),
        Column("upper", "float64", "1", "upper end of that interval"),
    ),
)
SIMILAR = Table(
    "similar",
    (
        *_RUN_COLUMNS,
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
        *_RUN_COLUMNS,
        *_WAY_COLUMNS,
        Column("measure", "str", "", "channel_auc, pixel_auc, deletion_area, insertion_area"),
        Column("n_cells", "int64", "cells", "cells whose maps were made"),
        Column("value", "float64", "1", "NaN where the cells do not allow it"),
    ),
)
CURVES = Table(
    "curves",
    (
        *_RUN_COLUMNS,
        *_WAY_COLUMNS,
        Column("curve", "str", "", "deletion or insertion"),
        Column("n_cells", "int64", "cells", "cells whose values were removed"),
        Column("share", "float64", "1", "of the values, removed or put in"),
        Column("value", "float64", "1", "1 = predicted as for the whole image, 0 = as for the empty or blurred one"),
    ),
)
RANDOMISED = Table(
    "randomised",
    (
        *_RUN_COLUMNS,
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
        *_RUN_COLUMNS,
        Column("form", "str", "", "pixels: values of pixels and channels; channels: whole channels"),
        Column("ranking", "str", "", "map, random or intensity: what was removed first; none: nothing was"),
        Column("amount", "int64", "", "percent of the values of each cell, or number of channels"),
        Column("retrained_seed", "int64", "", "seed of the training from scratch"),
        Column("n_cells", "int64", "cells", "test cells"),
        Column("mae", "float64", "intensity", "mean absolute error on the test cells"),
        Column("r2", "float64", "1", "R² on the test cells; NaN where their targets are equal"),
    ),
)
_POOLED_COLUMNS = _RUN_COLUMNS[:2]
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
        *_RUN_COLUMNS,
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
        *_KEY_COLUMNS,
        *_RUN_COLUMNS,
        Column("level", "str", "", "low, medium or high target"),
        Column("channel", "str", "", "channel of the score map"),
        Column("image_channel", "str", "", "most similar channel of the image; empty where either is flat"),
    ),
)
SANITY = Table(
    "sanity",
    (
        *_KEY_COLUMNS,
        *_RUN_COLUMNS,
        Column("alpha", "float64", "1", "position on the path from baseline (0) to image (1)"),
        Column("cumulative", "float64", "intensity", "sum of the integrated gradients up to alpha"),
        Column("difference", "float64", "intensity", "f(x) - f(baseline)"),
    ),
)

SPOTS = Table(
    "spots",
    (
        Column("y_px", "float64", "px", "row, pixel centres from 0; in a stack the column z_px stands before it"),
        Column("x_px", "float64", "px", "column, pixel centres from 0"),
        Column(
            "sigma_px", "float64", "px", "standard deviation in the plane, from the pair of kernels that responds most"
        ),
        Column("response", "float64", "intensity", "difference of Gaussians at the maximum"),
        Column("snr", "float64", "1", "amplitude over the standard deviation of the local background"),
        Column("contrast", "float64", "1", "amplitude over the local background; infinite where that is 0 or less"),
        Column("intensity", "float64", "intensity", "of the image at the maximum's pixel"),
        Column("background", "float64", "intensity", "median of the ring around the spot"),
    ),
    is_open=True,
)
SPOT_CURVE = Table(
    "spot_curve",
    (
        Column("threshold", "float64", "intensity", "response"),
        Column("n_spots", "int64", "spots", "maxima above it"),
    ),
)
SPOT_SUMMARY = Table(
    "spot_summary",
    (
        Column("n_spots", "int64", "spots", "spots of the image"),
        *(
            Column(f"{name}_{part}", "float64", unit, f"{words} of the spots; empty without spots")
            for name, unit in (("snr", "1"), ("contrast", "1"), ("sigma_px", "px"))
            for part, words in (("q25", "lower quartile"), ("median", "median"), ("q75", "upper quartile"))
        ),
    ),
)
SPOT_FOCI = Table(
    "spot_foci",
    (
        Column("focus_id", "int64", "", "1.. in the order of the first spot"),
        Column("n_spots", "int64", "spots", "spots of the focus"),
        Column("y_px", "float64", "px", "mean row of its spots; in a stack the column z_px stands before it"),
        Column("x_px", "float64", "px", "mean column of its spots"),
        Column("cell_id", "int64", "", "cell of most of its spots, 0 = none"),
    ),
    is_open=True,
)
SPOTS_PER_CELL = Table(
    "spots_per_cell",
    (
        Column("cell_id", "int64", "", "label of the cell"),
        Column("n_spots", "int64", "spots", "spots of the cell"),
        Column("n_free", "int64", "spots", "of them in no focus"),
        Column("n_in_foci", "int64", "spots", "of them in a focus"),
        Column("n_foci", "int64", "foci", "foci with most spots in the cell"),
        Column("n_in_nucleus", "int64", "spots", "of the spots inside a nucleus"),
    ),
)

_SITE_COLUMNS = (
    *_KEY_COLUMNS[:2],
    Column("site", "str", "", "field of view, as in the file's name; object ids are unique in the well, labels here"),
)
_IMAGE_COLUMNS = (*_SITE_COLUMNS, Column("channel", "str", "", "channel that shows the spots"))
_OBJECT = Column("object_id", "int64", "", "the cell's key in its well, as in the table of cells; 0 = no cell")

WELL_SEGMENTED = Table("well_segmented", (*_SITE_COLUMNS, *SEGMENTED.columns))
WELL_SEGMENTED_COUNTS = Table("well_segmented_counts", (*_KEY_COLUMNS[:2], *SEGMENTED_COUNTS.columns))
WELL_SPOTS = Table(
    "well_spots",
    (
        *_IMAGE_COLUMNS,
        *SPOTS.columns,
        Column("is_added", "bool", "", "not a maximum of its own: a share of the light of a clump"),
        Column("nucleus_id", "int64", "", "label of the nucleus that it lies in, 0 = none"),
        Column("cell_id", "int64", "", "label of the cell that it lies in, 0 = none"),
        _OBJECT,
        Column("focus_id", "int64", "", "focus of its image that it belongs to, 0 = free"),
    ),
    is_open=True,
)
WELL_SPOTS_PER_CELL = Table("well_spots_per_cell", (*_IMAGE_COLUMNS, _OBJECT, *SPOTS_PER_CELL.columns))
WELL_SPOT_FOCI = Table("well_spot_foci", (*_IMAGE_COLUMNS, *SPOT_FOCI.columns), is_open=True)
WELL_SPOT_THRESHOLDS = Table(
    "well_spot_thresholds",
    (
        *_IMAGE_COLUMNS,
        Column("method", "str", "", "noise, elbow or given"),
        Column("threshold", "float64", "intensity", "least response of a spot; empty of a constant image"),
        Column("factor", "float64", "1", "least response in standard deviations of the local noise; 0 = not asked for"),
        Column("n_detected", "int64", "spots", "maxima above the threshold, before clumps are taken apart"),
        Column("n_below", "int64", "spots", "maxima above 0.9 times the threshold"),
        Column("n_above", "int64", "spots", "maxima above 1.1 times the threshold"),
        Column("instability", "float64", "1", "(n_below - n_above) / n_detected"),
        Column("is_unstable", "bool", "", "the count hangs on where exactly the threshold is"),
        Column("n_by_chance", "float64", "maxima", "that noise alone would have above the threshold"),
        *SPOT_SUMMARY.columns,
        Column("saturated_share", "float64", "1", "pixels on flat tops of the highest value, of all"),
        Column("occupancy", "float64", "1", "spots around the usual spot, per room that only one fits in"),
        Column("unrest", "float64", "1", "noise around the usual spot, over that of the quietest tenth of the field"),
        Column("doubts", "str", "", "reasons to look at the image before its count is believed, or none"),
    ),
)
SPOT_QUALITY = Table(
    "spot_quality",
    (
        *_KEY_COLUMNS[:2],
        _IMAGE_COLUMNS[-1],
        Column("n_images", "int64", "images", "sites of the well"),
        Column("n_doubtful", "int64", "images", "sites with a reason to look at them before their count is believed"),
        Column("doubts", "str", "", "the reasons, of any site, or none"),
        Column("instability", "float64", "1", "largest of the sites"),
        Column("threshold", "float64", "intensity", "least response of a spot, median of the sites"),
        Column("n_cells", "int64", "cells", "cells of the well"),
        Column("n_spots", "int64", "spots", "spots of the well"),
        Column("n_in_cells", "int64", "spots", "of them in cells"),
        Column("n_in_foci", "int64", "spots", "of those in foci"),
        Column("mean_per_cell", "float64", "spots", "mean of the cells; empty without cells"),
        Column("median_per_cell", "float64", "spots", "median of the cells; empty without cells"),
        Column("snr_median", "float64", "1", "median of the spots; empty without spots"),
        Column("contrast_median", "float64", "1", "median of the spots; empty without spots"),
        Column("sigma_px_median", "float64", "px", "median of the spots; empty without spots"),
    ),
)
WELL_SPOT_CURVES = Table("well_spot_curves", (*_IMAGE_COLUMNS, *SPOT_CURVE.columns))

_METRIC_COLUMNS = tuple(
    Column(f"{name}{bound}", "float64", unit, f"{words}{bound_words}")
    for name, unit, words in (
        ("mean_error", "intensity", "mean of true - predicted value"),
        ("sd_error", "intensity", "standard deviation of the error"),
        ("r2", "1", "coefficient of determination"),
        ("mae", "intensity", "mean absolute error"),
        ("mse", "intensity squared", "mean squared error"),
        ("huber", "intensity", "mean Huber loss"),
    )
    for bound, bound_words in (
        ("", ""),
        ("_lower", ", 2.5 % point of the bootstrap; empty where there is none"),
        ("_upper", ", 97.5 % point of the bootstrap; empty where there is none"),
    )
)
QUALITY = Table(
    "quality",
    (
        Column("plate", "str", "", "plate name from the sheet; all = every plate"),
        Column("well", "str", "", "well name from the sheet; all = every well"),
        Column("n_cells", "int64", "cells", "cells found, before any criterion"),
        Column("n_left", "int64", "cells", "cells left after every criterion"),
        Column("percent_left", "float64", "%", "n_left of n_cells; empty for a well without cells"),
    ),
    is_open=True,
)
COMPOSITION = Table(
    "composition",
    (
        Column("grouping", "str", "", "annotation that the cells are grouped by, split (not at all) or target level"),
        Column("value", "str", "", "value of that annotation; all = every cell"),
        Column("split", "str", "", "train, validation, test, or total"),
        Column("n_cells", "int64", "cells", "cells of that value in that split"),
        Column("percent", "float64", "%", "of the dataset where grouping is split, else of the cells in that split"),
    ),
)
COMPARISON = Table(
    "comparison",
    (
        Column("source", "str", "", "this run, or where a published figure stands"),
        Column("model", "str", "", "architecture, or baseline"),
        Column("regime", "str", "", "color-structure, structure, or what the baseline predicts"),
        Column("seed", "str", "", "seed of the run; mean = over the seeds; - = none stated"),
        Column("n_cells", "int64", "cells", "test cells; 0 = not stated"),
        *_METRIC_COLUMNS,
    ),
)
RANKING = Table(
    "ranking",
    (
        *_RUN_COLUMNS,
        Column("channel", "str", "", "input channel"),
        Column("rank", "int64", "", "1 = highest mean importance over all cells"),
        Column("level", "str", "", "low, medium or high target, or all"),
        Column("n_cells", "int64", "cells", "cells of that level"),
        Column("mean", "float64", "1", "mean importance; empty for a level without cells"),
        Column("lower", "float64", "1", "lower end of the mean's 99 % interval (Student's t); empty below 2 cells"),
        Column("upper", "float64", "1", "upper end of that interval"),
    ),
)

TRUTH = Table(
    "truth",
    (
        *_KEY_COLUMNS,
        Column("perturbation", "str", "", "compound of the well, or normal"),
        Column("phase", "str", "", "G1, S, G2 or M"),
        Column("is_border", "bool", "", "cut by the mosaic's edge"),
        Column("is_polynucleated", "bool", "", "two lobes"),
        Column("n_px", "int64", "px", "pixels of the nucleus"),
        Column("speckle_area", "float64", "1", "share of the nucleus' pixels in nuclear speckles"),
        Column("n_pml_bodies", "int64", "", "PML bodies"),
        Column("n_nucleoli", "int64", "", "nucleoli"),
        Column("n_cajal_bodies", "int64", "", "Cajal bodies"),
        Column("n_foci", "int64", "", "replication foci"),
        Column("activity", "float64", "1", "latent activity, which moves the mean of some channels"),
        Column("structure_term", "float64", "intensity", "part of the target from speckle area and PML bodies"),
        Column("activity_term", "float64", "intensity", "part of the target from the activity"),
        Column("effect_term", "float64", "intensity", "part of the target from the compound"),
        Column("noise_term", "float64", "intensity", "part of the target that nothing tells"),
        Column("eu", "float64", "intensity", "the target: mean of EU over the nucleus, above background"),
    ),
)

_SMFISH_CELL = Column("cell", "int64", "", "number of the simulated cell in its site")
SMFISH_CELLS = Table(
    "smfish_cells",
    (
        *_SITE_COLUMNS,
        _SMFISH_CELL,
        Column("y_px", "float64", "px", "row of the nucleus' centre"),
        Column("x_px", "float64", "px", "column of the nucleus' centre"),
        Column("n_spots", "int64", "spots", "spots of the cell, those of its focus included"),
    ),
)
SMFISH_SPOTS = Table(
    "smfish_spots",
    (
        *_SITE_COLUMNS,
        _SMFISH_CELL,
        Column("z_px", "float64", "px", "plane, centres from 0"),
        Column("y_px", "float64", "px", "row, pixel centres from 0"),
        Column("x_px", "float64", "px", "column, pixel centres from 0"),
        Column("is_focus", "bool", "", "one of the spots of a focus"),
    ),
)


def empty_table(table: Table, *, extra: Iterable[Column] = ()) -> pd.DataFrame:
    """An empty frame with the table's columns and dtypes (and `extra` ones, for an open table)."""
    return pd.DataFrame({c.name: pd.Series(dtype=c.dtype) for c in (*table.columns, *extra)})


def check_table(frame: pd.DataFrame, table: Table, *, source: str) -> pd.DataFrame:
    """Return `frame` with the declared columns first, or raise.

    Raises
    ------
    ValueError
        When a declared column is missing, has another kind of values or (whole numbers, true/false) gaps, when a
        closed table has other columns, or when the key (plate, well, object_id) of a table with one row per cell
        repeats. The message names `source`.
    """
    missing = [name for name in table.names if name not in frame.columns]
    unknown = [str(name) for name in frame.columns if name not in table.names]
    if missing or (unknown and not table.is_open):
        raise ValueError(
            f"{source}: expected the columns of table {table.name!r}; missing: {missing or 'none'}, "
            f"unknown: {unknown if not table.is_open else 'none'}. Make the table again with this version."
        )
    for column in table.columns:
        _check_kind(frame[column.name], column, table=table, source=source)
    if table in (CELLS, MANIFEST) and frame.duplicated(list(KEY)).any():
        repeated = frame.loc[frame.duplicated(list(KEY)), "object_id"].tolist()[:5]
        raise ValueError(f"{source}: expected one row per cell, but these object ids repeat: {repeated}.")
    return frame[[*table.names, *[c for c in frame.columns if c not in table.names]]]


def _check_kind(values: pd.Series, column: Column, *, table: Table, source: str) -> None:
    fits = {
        "str": pd.api.types.is_string_dtype,
        "int64": pd.api.types.is_integer_dtype,
        "float64": pd.api.types.is_float_dtype,
        "bool": pd.api.types.is_bool_dtype,
    }[column.dtype]
    if len(values) and not fits(values.dtype):
        raise ValueError(
            f"{source}: column {column.name!r} of table {table.name!r} must hold {_KINDS[column.dtype]} values "
            f"({column.dtype}), but holds {values.dtype}."
        )
    if column.dtype in ("int64", "bool") and values.isna().any():
        raise ValueError(
            f"{source}: column {column.name!r} of table {table.name!r} must be filled, but {int(values.isna().sum())} "
            "of its values are missing."
        )


def write_table(frame: pd.DataFrame, path: Path, table: Table) -> None:
    """Check `frame` and write it to `path` as Parquet (zstd), units and meanings in the column metadata.

    A path that ends in `.csv` is written as CSV.
    """
    frame = check_table(frame, table, source=str(path))
    frame = frame.astype({c.name: c.dtype for c in table.columns})
    with replaced_when_whole(path) as temporary:
        if path.suffix == ".csv":
            frame.to_csv(temporary, index=False)
            return
        arrow = pa.Table.from_pandas(frame, preserve_index=False)
        for column in table.columns:
            place = arrow.schema.get_field_index(column.name)
            field = arrow.schema.field(place).with_metadata({"unit": column.unit, "meaning": column.meaning})
            arrow = arrow.set_column(place, field, arrow.column(place))
        pq.write_table(arrow, temporary, compression="zstd")


def read_tables(paths: Sequence[Path], table: Table) -> pd.DataFrame:
    """The rows of several files of one table, in the order of `paths`; errors are those of `read_table`."""
    parts = [found for found in (read_table(path, table) for path in paths) if len(found)]
    return pd.concat(parts, ignore_index=True) if parts else empty_table(table)


def read_table(path: Path, table: Table) -> pd.DataFrame:
    """Read and check a table that `write_table` wrote.

    Raises
    ------
    FileNotFoundError, ValueError
        When the file is missing, unreadable, or not such a table.
    """
    path = Path(path)
    # Text that looks like a number ("01") stays text.
    text = {column.name: "str" for column in table.columns if column.dtype == "str"}
    with as_readable(path, expected=f"table {table.name!r}"):
        frame = pd.read_csv(path, dtype=text) if path.suffix == ".csv" else pd.read_parquet(path)
    return check_table(frame, table, source=str(path))
