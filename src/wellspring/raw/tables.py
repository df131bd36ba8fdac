"""Tables of the wells as they are stored."""

from wellspring.tables import WELL_COLUMNS, Column, Table

__all__ = ["WELLS"]

WELLS = Table(
    "wells",
    (
        *WELL_COLUMNS,
        Column("n_channels", "int64", "channels", "channels of every site"),
        Column("n_sites", "float64", "sites", "sites; none where pixels of cells are stored"),
        Column("n_planes", "str", "", "planes of a site, by channel where these differ; none where pixels are stored"),
        Column("image_size_px", "str", "px", "rows x columns of its images, every size; none where pixels are stored"),
        Column("pixel_size_um", "float64", "µm", "side of a pixel, where all sites have one known size"),
        Column("n_px", "float64", "px", "measured pixels of cells; none where images are stored"),
        Column("n_files", "int64", "files", "files that the well's reading depends on"),
        Column("n_bytes", "int64", "bytes", "size of these files; tables of the plate are counted in each well"),
        Column("left_out", "str", "", "why the well was left out; empty of one that was used"),
        Column("doubts", "str", "", "images that are missing of the well, and what is odd about others; empty without"),
    ),
)
