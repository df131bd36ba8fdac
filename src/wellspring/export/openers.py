"""What each exported format is, and the lines that open it."""

from dataclasses import dataclass

__all__ = ["OPENERS", "Opener", "readme"]


@dataclass(frozen=True)
class Opener:
    """A format: its title, its files below ``results/export``, what is in them, which program they are for, the lines
    that open one, with PLATE, WELL and SITE for names."""

    title: str
    files: str
    what: str
    program: str
    lines: str


OPENERS = {
    "anndata": Opener(
        "AnnData",
        "PLATE.h5ad",
        "A row per cell, a column per feature; keys, flags and the sheet's columns in obs, names and units of the "
        "features in var, numbers of spots in the layer counts, centres (x, y) of the cells in obsm.",
        "scanpy, squidpy",
        'import anndata\ncells = anndata.read_h5ad("results/export/PLATE.h5ad")\nprint(cells.obs["well"])',
    ),
    "cytomining": Opener(
        "Cytomining profiles",
        "PLATE.profiles.parquet",
        "A row per cell; columns Metadata_Plate, Metadata_Well, Metadata_Site, Metadata_ObjectNumber and those of the "
        "sheet, then the features under their names.",
        "pycytominer, copairs",
        'import pandas\ncells = pandas.read_parquet("results/export/PLATE.profiles.parquet")\n'
        'print(cells.groupby("Metadata_Well").size())',
    ),
    "geojson": Opener(
        "Outlines",
        "geojson/PLATE/WELL/SITE.geojson",
        "A polygon per cell, in the pixels of the image, with its nucleus, size, mean intensities, numbers of spots.",
        "QuPath",
        'Open the image of the site in QuPath.\nFile > Import objects from file...\nChoose "SITE.geojson".',
    ),
    "geoparquet": Opener(
        "Outlines in µm",
        "geoparquet/PLATE/WELL.parquet",
        "A polygon per cell and one per nucleus, in µm, with the keys of the tables.",
        "GeoPandas, QGIS, SpatialData",
        'import geopandas\ncells = geopandas.read_parquet("results/export/geoparquet/PLATE/WELL.parquet")\n'
        "print(cells.area.describe())",
    ),
    "ome_zarr": Opener(
        "OME-Zarr plates",
        "PLATE.ome.zarr",
        "An image per site, projected over z, with pyramid, labels of nuclei and cells, and the features of the cells.",
        "napari, ngio; version 0.4: QuPath, Fiji",
        'import ngio\nplate = ngio.open_ome_zarr_plate("results/export/PLATE.ome.zarr")\nprint(plate.images_paths())',
    ),
    "spatialdata": Opener(
        "SpatialData",
        "PLATE.spatialdata.zarr",
        "The OME-Zarr plate and the cells of the AnnData file as one store: pixels are links into the plate, each site "
        "has a coordinate system of its own.",
        "spatialdata, napari-spatialdata",
        'import spatialdata\nplate = spatialdata.read_zarr("results/export/PLATE.spatialdata.zarr")\nprint(plate)',
    ),
    "multiqc": Opener(
        "Tables for MultiQC",
        "multiqc/wells_mqc.tsv, multiqc/PLATE_mqc.tsv",
        "The numbers of the wells as a table, and the first of them as a heat map of each plate.",
        "MultiQC",
        "cd results/export\nmultiqc multiqc\nOpen multiqc_report.html.",
    ),
}
"""By the names in ``export.formats``, in the order in which they are described."""


def readme(formats: list[str]) -> str:
    """What is in the folder, as Markdown: a section for each of `formats`."""
    parts = ["# Exported results\n\nPLATE, WELL and SITE are names of this study.\n"]
    for name, one in OPENERS.items():
        if name in formats:
            parts.append(f"## {one.title}\n\n`{one.files}`, for {one.program}. {one.what}\n\n```\n{one.lines}\n```\n")
    return "\n".join(parts)
