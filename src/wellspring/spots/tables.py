"""Tables of spots, of one image and of a well."""

import math

from wellspring.tables import SITE_COLUMNS, WELL_COLUMNS, Column, Table

__all__ = [
    "IMAGE_COLUMNS",
    "SPOTS",
    "SPOTS_PER_CELL",
    "SPOT_CURVE",
    "SPOT_FOCI",
    "SPOT_QUALITY",
    "SPOT_SUMMARY",
    "WELL_SPOTS",
    "WELL_SPOTS_PER_CELL",
    "WELL_SPOT_CURVES",
    "WELL_SPOT_FOCI",
    "WELL_SPOT_MARKS",
    "WELL_SPOT_THRESHOLDS",
]

IMAGE_COLUMNS = (*SITE_COLUMNS, Column("channel", "str", "", "channel that shows the spots"))


_PLANE = Column("z_px", "float64", "px", "plane of a stack, plane centres from 0")

SPOTS = Table(
    "spots",
    (
        Column("y_px", "float64", "px", "row, pixel centres from 0; in a stack the column z_px comes before it"),
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
    further=(_PLANE,),
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
        Column("y_px", "float64", "px", "mean row of its spots; in a stack the column z_px comes before it"),
        Column("x_px", "float64", "px", "mean column of its spots"),
        Column("label_in_site", "int64", "", "label of the cell of most of its spots, 0 = none"),
    ),
    is_open=True,
    further=(_PLANE,),
)
SPOTS_PER_CELL = Table(
    "spots_per_cell",
    (
        Column("label_in_site", "int64", "", "label of the cell"),
        Column("n_spots", "int64", "spots", "spots of the cell"),
        Column("n_free", "int64", "spots", "of them in no focus"),
        Column("n_in_foci", "int64", "spots", "of them in a focus"),
        Column("n_foci", "int64", "foci", "foci with most spots in the cell"),
        Column("n_in_nucleus", "int64", "spots", "of the spots inside a nucleus"),
    ),
)
_OBJECT = Column("object_id", "int64", "", "the cell's key in its well, as in the table of cells; 0 = no cell")
WELL_SPOTS = Table(
    "well_spots",
    (
        *IMAGE_COLUMNS,
        *SPOTS.columns,
        Column("is_added", "bool", "", "not a maximum of its own: a share of the light of a clump"),
        Column("nucleus_id", "int64", "", "label of the nucleus that it lies in, 0 = none"),
        Column("label_in_site", "int64", "", "label of the cell that it lies in, in the image of its site; 0 = none"),
        _OBJECT,
        Column("focus_id", "int64", "", "focus of its image that it belongs to, 0 = free"),
    ),
    is_open=True,
    further=(_PLANE,),
)
WELL_SPOT_MARKS = Table(
    "well_spot_marks",
    (
        *IMAGE_COLUMNS,
        *SPOTS.columns,
        Column("mark", "float64", "1", "height of the network's mark", minimum=0, maximum=1),
    ),
    is_open=True,
    further=(_PLANE,),
)
WELL_SPOTS_PER_CELL = Table(
    "well_spots_per_cell",
    (
        *IMAGE_COLUMNS,
        _OBJECT,
        *SPOTS_PER_CELL.columns,
        Column(
            "n_by_light",
            "float64",
            "spots",
            "integrated intensity of the cell over a single spot's, for cells too full to count; noise may put it "
            "below 0; empty if not known",
            minimum=-math.inf,
        ),
        Column(
            "n_spots_uncertain",
            "float64",
            "spots",
            "of n_spots, those that a second method gives to another cell: it may be so many less; empty if not known",
        ),
        Column(
            "n_spots_beyond",
            "float64",
            "spots",
            "spots of other cells that a second method gives to this one: it may be so many more; empty if not known",
        ),
        Column("n_detected", "int64", "spots", "maxima of the cell"),
        Column(
            "n_added",
            "int64",
            "spots",
            "spots more that its clumps have the light of; in n_spots unless the image has the doubt mostly in clumps",
        ),
    ),
)
WELL_SPOT_FOCI = Table("well_spot_foci", (*IMAGE_COLUMNS, *SPOT_FOCI.columns, _OBJECT), is_open=True, further=(_PLANE,))
WELL_SPOT_THRESHOLDS = Table(
    "well_spot_thresholds",
    (
        *IMAGE_COLUMNS,
        Column("method", "str", "", "noise, elbow, given or enhanced"),
        Column(
            "threshold",
            "float64",
            "intensity",
            "least response of a spot; of enhanced the least height of a mark, 0 to 1; empty of a constant image",
        ),
        Column("factor", "float64", "1", "least response in standard deviations of the local noise; 0 = not asked for"),
        Column("n_detected", "int64", "spots", "maxima above the threshold, before clumps are split"),
        Column("n_below", "int64", "spots", "maxima above 0.9 times the threshold"),
        Column("n_above", "int64", "spots", "maxima above 1.1 times the threshold"),
        Column("instability", "float64", "1", "(n_below - n_above) / n_detected"),
        Column("is_unstable", "bool", "", "the count depends strongly on the exact threshold"),
        Column("n_by_chance", "float64", "maxima", "noise alone would have above the threshold; empty of enhanced"),
        *SPOT_SUMMARY.columns,
        Column("saturated_share", "float64", "1", "pixels on flat tops of the highest value, of all"),
        Column("occupancy", "float64", "1", "spots around the usual spot, per room that only one fits in"),
        Column(
            "relative_noise",
            "float64",
            "1",
            "noise around the usual spot, over that of the camera; if not known, of the quietest tenth of the field",
        ),
        Column("doubts", "str", "", "reasons to look at the image before its count is believed, or none"),
        Column(
            "density",
            "float64",
            "1",
            "spots per room of one, by the moments of the response; too low in full fields and stacks",
        ),
        Column("spot_light", "float64", "intensity", "summed intensity of a single spot; empty if not known"),
        Column("level", "float64", "intensity", "median of the image; empty of an image without pixels"),
        Column(
            "n_added",
            "int64",
            "spots",
            "spots more that clumps have the light of; in n_spots unless the image has the doubt mostly in clumps",
        ),
        Column("n_refused", "int64", "spots", "that clumps have the light of, not added: clumps not split"),
    ),
)
WELL_SPOT_CURVES = Table("well_spot_curves", (*IMAGE_COLUMNS, *SPOT_CURVE.columns))
SPOT_QUALITY = Table(
    "spot_quality",
    (
        *WELL_COLUMNS,
        IMAGE_COLUMNS[-1],
        Column("n_images", "int64", "images", "sites of the well that were searched"),
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
        Column(
            "n_left_out", "int64", "images", "sites of the well that were left out, since an image of them is flagged"
        ),
        Column(
            "n_uncertain",
            "float64",
            "spots",
            "spots in cells that a second method gives to another cell; empty if not known or without cells",
        ),
        Column(
            "median_least",
            "float64",
            "spots",
            "median of the cells' counts if each lost its uncertain spots; empty if not known or without cells",
        ),
        Column(
            "median_most",
            "float64",
            "spots",
            "median of the cells' counts if each gained its neighbours' uncertain spots; empty if not known or without "
            "cells",
        ),
        Column(
            "n_added",
            "int64",
            "spots",
            "spots that clumps have the light of and that are no maxima; in n_spots but for sites mostly in clumps",
        ),
    ),
)
