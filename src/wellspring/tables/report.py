"""Tables of the report alone."""

from wellspring.tables import Column, Table
from wellspring.tables.columns import IMAGE_COLUMNS, RUN_COLUMNS, WELL_COLUMNS
from wellspring.tables.profiling import VERDICT

__all__ = ["COMPARISON", "COMPOSITION", "PUBLISHED_VERDICT", "QUALITY", "RANKING", "SPOT_QUALITY", "THUMBNAILS"]

SPOT_QUALITY = Table(
    "spot_quality",
    (
        *WELL_COLUMNS,
        IMAGE_COLUMNS[-1],
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
        *RUN_COLUMNS,
        Column("channel", "str", "", "input channel"),
        Column("rank", "int64", "", "1 = highest mean importance over all cells"),
        Column("level", "str", "", "low, medium or high target, or all"),
        Column("n_cells", "int64", "cells", "cells of that level"),
        Column("mean", "float64", "1", "mean importance; empty for a level without cells"),
        Column("lower", "float64", "1", "lower end of the mean's 99 % interval (Student's t); empty below 2 cells"),
        Column("upper", "float64", "1", "upper end of that interval"),
    ),
)
THUMBNAILS = Table(
    "thumbnails",
    (
        *WELL_COLUMNS,
        Column("site", "str", "", "field that is shown, the well's first kept one"),
        Column("png", "str", "", "image file, base64"),
    ),
)
PUBLISHED_VERDICT = Table(
    "published_verdict", (*(one for one in VERDICT.columns if one.name not in ("lower", "upper", "p_value")),)
)
