"""The index of a well: everything that reading it needs to know, so that no file's header is read twice.

Standard library only: a job that reads pixels loads this first, whatever the format.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from wellspring.errors import InputError
from wellspring.files import as_readable, replaced_when_whole
from wellspring.raw.mosaic import SITE, FieldPlace, Mosaic

__all__ = ["ImageHeader", "RawFile", "WellIndex", "read_index", "write_index"]


@dataclass(frozen=True)
class RawFile:
    """A file of a well as it was when the index was made.

    Attributes
    ----------
    path : str
        As given: relative to the run's folder, or absolute.
    size : int
        Bytes.
    mtime_ns : int
        Time of its last change, ns since 1970.
    """

    path: str
    size: int
    mtime_ns: int

    @classmethod
    def of(cls, path: Path) -> "RawFile":
        """The file as it is now."""
        status = Path(path).stat()
        return cls(str(path), status.st_size, status.st_mtime_ns)


@dataclass(frozen=True)
class ImageHeader:
    """One image in a file: where it is and what it shows.

    Attributes
    ----------
    file : int
        Index of its file in `WellIndex.files`.
    number : int
        Which image of the file, counted from 0.
    axes : str
        Y and X, and Z (planes) or C (channels) where there are several, in the order of `shape`.
    shape : tuple of int
        Lengths of the axes.
    site : str
    z : str
        The ``{z}`` part of the file name; empty without one.
    channels : tuple of str
        In the order of the axis C; one name without that axis.
    pixel_size_um : (float, float) or None
        (y, x), as the file says.
    plane_spacing_um : float or None
        Distance of planes, as the file says.
    """

    file: int
    number: int
    axes: str
    shape: tuple[int, ...]
    site: str
    z: str
    channels: tuple[str, ...]
    pixel_size_um: tuple[float, float] | None
    plane_spacing_um: float | None = None

    @property
    def height_width(self) -> tuple[int, int]:
        """Lengths of Y and X, px."""
        return self.shape[self.axes.index("Y")], self.shape[self.axes.index("X")]

    @property
    def n_planes(self) -> int:
        """Planes of each of its channels."""
        return self.shape[self.axes.index("Z")] if "Z" in self.axes else 1


@dataclass(frozen=True, kw_only=True)
class WellIndex:
    """What is in a well, and where.

    Attributes
    ----------
    plate, well : str
    format : str
        Name of the raw format, as in ``raw.format``.
    path : str
        The well's path, as in the sheet.
    channels : tuple of str
        In the order in which pixels have them.
    n_px : int or None
        Measured pixels, of a format that stores these; None where that is not known before segmentation.
    n_sites : int or None
        Sites, of a format that stores images.
    n_values : int
        Intensities in the files: pixels x channels, and x planes of images. The measure of work on pixels.
    n_files : int
        Files that reading the well depends on.
    dtype : str or None
        Type of the intensities on disk, where all are of one.
    n_planes : dict of str to tuple of int
        By channel, every number of planes that a site has, ascending; empty without images.
    pixel_size_um : float or None
        Side of a pixel, µm, where all sites have one known size.
    plane_spacing_um : float or None
        Distance of planes, µm, where all images with several say the same.
    sites : tuple of str
        Names, in the order in which they are read.
    site_sizes_um : tuple of (float or None)
        Side of a pixel of each site, µm; None where it is not known.
    files : tuple of RawFile
        In the order of their paths.
    headers : tuple of ImageHeader
        In the order of `files`; empty without images.
    tables : dict of str to str
        Config key to the path of the table that it names, of a format with tables.
    left_out : str
        Why the well is left out, and so has no sites and no pixels; empty of one that is used.
    doubts : tuple of str
        What is missing of the well, or odd about it, in words.
    pixel_size_in_files_um : float or None
        Side of a pixel as the files or their index say, µm, whatever the config says.
    site_positions_um : tuple of ((float, float) or None)
        Centre (y, x) of each site, µm, y growing downwards as rows do; empty where no file says.
    wavelengths : dict of str to str
        Channel to its wavelengths in words, where known.
    mosaic : Mosaic or None
        Where the fields lie, of a well whose fields are read as one image: then the well has one site, and the sites of
        `headers` are its fields.
    """

    plate: str
    well: str
    format: str
    path: str
    channels: tuple[str, ...]
    n_values: int
    n_files: int
    files: tuple[RawFile, ...]
    n_px: int | None = None
    n_sites: int | None = None
    dtype: str | None = None
    n_planes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    pixel_size_um: float | None = None
    plane_spacing_um: float | None = None
    sites: tuple[str, ...] = ()
    site_sizes_um: tuple[float | None, ...] = ()
    headers: tuple[ImageHeader, ...] = ()
    tables: Mapping[str, str] = field(default_factory=dict)
    left_out: str = ""
    doubts: tuple[str, ...] = ()
    pixel_size_in_files_um: float | None = None
    site_positions_um: tuple[tuple[float, float] | None, ...] = ()
    wavelengths: Mapping[str, str] = field(default_factory=dict)
    mosaic: Mosaic | None = None

    @property
    def name(self) -> str:
        """Plate and well, for messages."""
        return f"{self.plate}/{self.well}"

    def of_site(self, site: str) -> "WellIndex":
        """The same index with one of its sites alone; a mosaic is one site."""
        if self.mosaic is not None:
            return self
        place = self.sites.index(site)
        return replace(
            self,
            n_sites=1,
            sites=(site,),
            site_sizes_um=(self.site_sizes_um[place],),
            site_positions_um=self.site_positions_um[place : place + 1],
            headers=tuple(header for header in self.headers if header.site == site),
        )

    def headers_of_sites(self) -> dict[str, list[ImageHeader]]:
        """The images of each site, in the order of `sites`; of a mosaic those of all its fields."""
        if self.mosaic is not None:
            return {SITE: list(self.headers)}
        found: dict[str, list[ImageHeader]] = {site: [] for site in self.sites}
        for header in self.headers:
            found[header.site].append(header)
        return found


def write_index(index: WellIndex, path: Path) -> None:
    """Write `index` to `path` as JSON (UTF-8), one file and one image a line."""
    values: dict[str, Any] = asdict(index)
    lists = {name: [list(one.values()) for one in values.pop(name)] for name in ("files", "headers")}
    lines = [f" {json.dumps(name)}: {_json(value)}" for name, value in values.items()]
    for name, rows in lists.items():
        inner = ",\n".join(f"  {_json(row)}" for row in rows)
        lines.append(f" {json.dumps(name)}: [\n{inner}\n ]" if rows else f" {json.dumps(name)}: []")
    with replaced_when_whole(path) as temporary:
        temporary.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def read_index(path: Path) -> WellIndex:
    """Read an index that `write_index` wrote.

    Raises
    ------
    FileNotFoundError, ValueError
        When the file is missing, is no index of this version, or in the folder ``raw`` is that of another well.
    """
    path = Path(path)
    with as_readable(path, expected="the index of a well, as the rule raw_describe writes it"):
        found = json.loads(path.read_text(encoding="utf-8"))
        try:
            index = _index(found)
        except (TypeError, AttributeError) as error:
            raise InputError(f"another version wrote it: {error}") from error
    if path.parts[-3:-2] == ("raw",) and (index.plate, index.well) != (path.parent.name, path.stem):
        raise InputError(
            f"{path}: expected the index of well {path.parent.name}/{path.stem}, but it is that of {index.name}: it "
            "was put in the place of another. Remove it and run again."
        )
    return index


def _index(found: dict[str, Any]) -> WellIndex:
    return WellIndex(
        **{
            **found,
            "channels": tuple(found["channels"]),
            "files": tuple(RawFile(*row) for row in found["files"]),
            "headers": tuple(_header(*row) for row in found["headers"]),
            "n_planes": {name: tuple(numbers) for name, numbers in found["n_planes"].items()},
            "sites": tuple(found["sites"]),
            "site_sizes_um": tuple(found["site_sizes_um"]),
            "doubts": tuple(found["doubts"]),
            "mosaic": _mosaic(found["mosaic"]),
            "site_positions_um": tuple(None if one is None else (one[0], one[1]) for one in found["site_positions_um"]),
        }
    )


def _mosaic(found: dict[str, Any] | None) -> Mosaic | None:
    if found is None:
        return None
    fields = [
        FieldPlace(**{**one, "rows": tuple(one["rows"]), "columns": tuple(one["columns"])}) for one in found["fields"]
    ]
    return Mosaic((found["shape"][0], found["shape"][1]), tuple(fields))


def _header(
    file: int,
    number: int,
    axes: str,
    shape: list[int],
    site: str,
    z: str,
    channels: list[str],
    size: Any,
    spacing: float | None,
) -> ImageHeader:
    size_yx = None if size is None else tuple(size)
    return ImageHeader(file, number, axes, tuple(shape), site, z, tuple(channels), size_yx, spacing)
