"""The stage export, as the workflow sees it."""

from wellspring.plates.stage import STAGE as PLATES
from wellspring.raw.formats import has_images
from wellspring.segmentation.stage import has_objects
from wellspring.stage import Config, Stage

__all__ = ["OF_CELLS", "STAGE"]

OF_CELLS = ("anndata", "cytomining")
"""Formats made of the table of cells."""
_OF_MEASURED = ("geojson", "geoparquet")
_OF_PLATES = ("multiqc",)
_OF_EXPORTED = ("spatialdata",)
_OF_IMAGES = ("ome_zarr",)


def _is_wanted(config: Config) -> bool:
    return bool(config["export"]["formats"])


def _is_viewed(config: Config) -> bool:
    """Whether there is what a SpatialData store is a view of."""
    return {"ome_zarr", "anndata"} <= set(config["export"]["formats"]) and config["export"]["ome_zarr_version"] == "0.5"


def _mistakes(config: Config) -> list[str]:
    asked = config["export"]["formats"]
    features = config["cells"]["features"]
    is_measured = features is not None and has_objects(config)
    has_shape = features is not None and "shape" in features["families"]
    needs = [
        ((*OF_CELLS, *_OF_MEASURED), is_measured, "cells.features and segmented nuclei or cells"),
        (("anndata",), has_shape or not is_measured, "the family shape in cells.features.families"),
        (_OF_IMAGES, has_images(config), "images, raw.format tiff"),
        (_OF_PLATES, PLATES.is_wanted(config), "plates.maps and wells of images with results"),
        (_OF_EXPORTED, _is_viewed(config), "ome_zarr and anndata among the formats, and ome_zarr_version 0.5"),
    ]
    found = [(name, need) for names, is_there, need in needs for name in names if name in asked and not is_there]
    return [f"export.formats: {name} needs {need}; leave it out" for name, need in found]


STAGE = Stage(
    name="export",
    summary="results -> AnnData, cytomining profiles, OME-Zarr plates, SpatialData, GeoJSON, GeoParquet, MultiQC",
    after=("raw", "quality", "segmentation", "spots", "cells", "plates", "localization"),
    asked_by="export.formats (what other programs are to open)",
    is_wanted=_is_wanted,
    mistakes=_mistakes,
    grows_with={
        "export_anndata": "cells of all wells",
        "export_cytomining": "cells of all wells",
        "export_geojson": "pixels",
        "export_geoparquet": "pixels",
        "export_multiqc": "wells",
        "export_well": "pixels",
        "export_plate": "wells",
        "export_spatialdata": "cells of all wells",
        "export_chapter": "wells",
    },
)
