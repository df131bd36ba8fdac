"""Raw formats, a module each: what the config says as ``raw.format``.

A format is one module here with a `RawFormat` named ``METHOD``. Its keys in the config, the files that a well
depends on, its index and the reading of its pixels all follow from that. These modules are imported when the
workflow is parsed, so they import image libraries where they use them.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wellspring.errors import InputError
from wellspring.methods import Method, methods_in
from wellspring.raw.index import ImageHeader, WellIndex
from wellspring.raw.plate_readers import PlateReader

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from wellspring.raw.pixels import PixelTable

__all__ = ["RawFormat", "format_named", "formats", "has_images", "image_planes"]


@dataclass(frozen=True, kw_only=True)
class RawFormat(Method):
    """One raw format: images (`planes`), pixels already measured per object (`pixels`), or what one stage alone reads.

    Attributes
    ----------
    files : function (path, *, well, raw)
        The files that reading a well depends on. `path` and `well` are from the sheet, `raw` is the config's block.
        Used while the workflow is parsed.
    describe : function (path, *, plate, well, raw)
        The well's index, from headers alone.
    planes : function (header, *, path), or None
        (Z, Y, X) uint16 of each channel of one image in the file `path`.
    pixels : function (index, *, raw), or None
        The well's measured pixels and objects.
    columns : function (path, *, raw), or None
        Where `pixels` are stored: names of what is known of the objects of the well at `path`, from the first lines of
        its tables; None of a well without objects. Used while the workflow is parsed.
    reader : PlateReader or None
        What reads the index of a plate, of a format with one: its wells all have the plate's folder as path.
    state : function (path, *, well, raw), or None
        What the index says of one well, as a digest: the well is described again when it changes.
    indexed : tuple of str
        Keys of the block that `files` and `describe` use: an index is made again when one of them changes.
    """

    files: Callable[..., list[Path]]
    describe: Callable[..., WellIndex]
    planes: "Callable[..., Iterator[NDArray[np.uint16]]] | None" = None
    pixels: "Callable[..., PixelTable] | None" = None
    columns: Callable[..., set[str] | None] | None = None
    reader: PlateReader | None = None
    state: Callable[..., str] | None = None
    indexed: tuple[str, ...] = ()

    @property
    def module(self) -> str:
        """Dotted name of the module that declares it."""
        return f"{__name__}.{self.name.replace('-', '_')}"

    @property
    def has_images(self) -> bool:
        """Whether it stores images, which need a segmentation, and not pixels of known objects."""
        return self.planes is not None

    def settings_of_index(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        """The part of the block ``raw`` that an index depends on."""
        return {"format": self.name, **{key: raw[key] for key in self.indexed if key in raw}}

    def settings_of_pixels(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        """The rest of the block: what is done with the pixels when they are read."""
        return {key: value for key, value in raw.items() if key != "format" and key not in self.indexed}


@cache
def formats() -> Mapping[str, RawFormat]:
    """All raw formats by name."""
    return methods_in(__name__, RawFormat)


def format_named(name: str) -> RawFormat:
    """The raw format of that name.

    Raises
    ------
    ValueError
        When there is none.
    """
    if name not in formats():
        raise InputError(f"raw.format: expected one of {list(formats())}, got {name!r}. Correct the config.")
    return formats()[name]


def has_images(config: Mapping[str, Any]) -> bool:
    """Whether the wells of a checked config are stored as images."""
    return format_named(config["raw"]["format"]).has_images


def image_planes(index: WellIndex, header: ImageHeader) -> "Iterator[NDArray[np.uint16]]":
    """(Z, Y, X) uint16 of each channel of one image of a well.

    Raises
    ------
    FileNotFoundError, ValueError
        When its file is gone, unreadable, or another one than when the index was made; when the format has no images.
    """
    file = index.files[header.file]
    planes = format_named(index.format).planes
    if planes is None:
        raise InputError(f"{index.path}: expected images, but raw.format {index.format} has none. Correct the config.")
    path = Path(file.path)
    if path.is_file() and path.stat().st_size != file.size:
        raise InputError(
            f"{path}: expected {file.size} bytes as when its headers were read, found {path.stat().st_size}. It was "
            "replaced meanwhile: run again."
        )
    return planes(header, path=path)
