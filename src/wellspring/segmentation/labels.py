"""Label images: one OME-TIFF per well, one uint32 image per site; 0 is background."""

import re
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import tifffile
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.files import as_readable, replaced_when_whole

__all__ = ["label_writer", "read_labels", "touches_border", "write_labels"]

_Labels = NDArray[np.uint32]
_ENDINGS = r"(\.[A-Za-z]\w*)+$"
# Name of the image of a file without sites.
_NO_SITE = ""


def touches_border(labels: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Which objects have a pixel in the first or last row or column.

    Parameters
    ----------
    labels : (Y, X) int
        0 = background.

    Returns
    -------
    (labels.max(),) bool
        Element i belongs to label i + 1; a label that does not occur is False. No labels, no elements.
    """
    if labels.size == 0:
        return np.zeros(0, dtype=bool)
    touches = np.zeros(int(labels.max()) + 1, dtype=bool)
    for edge in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        touches[edge] = True
    return touches[1:]


def write_labels(
    path: Path,
    labels: Mapping[str, NDArray[np.integer]] | Iterable[tuple[str, NDArray[np.integer]]],
    *,
    pixel_size_um: float | None,
) -> None:
    """Write the label images of a well to one file, as `label_writer` does.

    Parameters
    ----------
    path, pixel_size_um
        As in `label_writer`.
    labels
        Site name to (Y, X) labels; or an iterable of such pairs, so that one site at a time is in memory.

    Raises
    ------
    ValueError, OSError
        As `label_writer`.
    """
    with label_writer(path, pixel_size_um=pixel_size_um) as write:
        for site, image in labels.items() if isinstance(labels, Mapping) else labels:
            write(site, image)


@contextmanager
def label_writer(
    path: Path, *, pixel_size_um: float | None, z_step_um: float | None = None
) -> Iterator[Callable[[str, NDArray[np.integer]], None]]:
    """A function that writes the label image of one site, (site name, (Y, X) labels), to the OME-TIFF of a well.

    uint32, deflate. Each site is an image (series) of its own, named by the site; Fiji opens them through Bio-Formats.
    Without any site (all were left out) there is one image of a single pixel, without a name: OME-TIFF knows no empty
    file. The file is there when the context ends.

    Parameters
    ----------
    path
        Ends in ``.ome.tif``.
    pixel_size_um
        Written as physical size where known.
    z_step_um
        Distance of slices: labels are (Z, Y, X).

    Raises
    ------
    ValueError
        When a site repeats or has no name, or when an image has another number of axes.
    OSError
        When the disk is full; nothing is left behind.
    """
    path = Path(path)
    axes = "YX" if z_step_um is None else "ZYX"
    # A random UUID, the default, would make every file differ.
    common: dict[str, Any] = {"axes": axes, "UUID": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, path.as_posix())}"}
    if z_step_um is not None:
        common |= {"PhysicalSizeZ": z_step_um, "PhysicalSizeZUnit": "µm"}
    # Whose labels these are, so that those of another well are not taken for them.
    common["Description"] = _well_of(path)
    if pixel_size_um is not None:
        common |= {f"PhysicalSize{axis}{key}": v for axis in "XY" for key, v in (("", pixel_size_um), ("Unit", "µm"))}
    written: set[str] = set()
    with replaced_when_whole(path) as temporary, tifffile.TiffWriter(temporary, ome=True) as writer:

        def write(site: str, image: NDArray[np.integer]) -> None:
            if image.ndim != len(axes) or site in written or site == _NO_SITE:
                expected = f"one ({', '.join(axes)}) label image per site"
                raise InputError(f"{path}: expected {expected}, got site {site!r} {image.shape}.")
            written.add(site)
            writer.write(
                image.astype(np.uint32, copy=False),
                compression="zlib",
                photometric="minisblack",
                metadata={**common, "Name": site},
            )

        yield write
        if not written:
            nothing = np.zeros((1, 1), dtype=np.uint32)
            writer.write(nothing, photometric="minisblack", metadata={**common, "axes": "YX", "Name": _NO_SITE})


def read_labels(path: Path, *, of_well: bool = False) -> Mapping[str, _Labels]:
    """The label images that `write_labels` wrote: site name to (Y, X) uint32, each read when it is asked for.

    Of a file that `label_writer` wrote with a `z_step_um`, (Z, Y, X).

    Sites that were left out are not in it.

    Parameters
    ----------
    of_well
        Whether the file is that of the well that its path names: it must have been written for it.

    Raises
    ------
    FileNotFoundError, ValueError
        When the file is missing, unreadable, not such a file (then or when a site is asked for), or that of another
        well.
    """
    return _LabelFile(Path(path), of_well=of_well)


def _well_of(path: Path) -> str:
    """``plate/well`` of a file of labels: its name without endings, which begin with letters."""
    return f"{path.parent.name}/{re.sub(_ENDINGS, '', path.name)}"


class _LabelFile(Mapping[str, _Labels]):
    def __init__(self, path: Path, *, of_well: bool) -> None:
        self._path = path
        with as_readable(path, expected="an OME-TIFF of label images"), tifffile.TiffFile(path) as tif:
            self._sites = {series.name: index for index, series in enumerate(tif.series)}
            if not tif.is_ome or len(self._sites) != len(tif.series):
                raise InputError("it is not an OME-TIFF whose images are named by site")
            self._sites.pop(_NO_SITE, None)
            said = ElementTree.fromstring(tif.ome_metadata or "<OME/>").findtext("{*}Image/{*}Description", default="")
            if of_well and said not in ("", _well_of(path)):
                raise InputError(
                    f"{path}: expected the labels of the well that the path names, but they are those of {said}: it "
                    "was put in the place of another. Remove it and run again."
                )

    def __getitem__(self, site: str) -> _Labels:
        index = self._sites[site]
        with as_readable(self._path, expected="label images"), tifffile.TiffFile(self._path) as tif:
            labels = np.asarray(tif.series[index].asarray())
            if labels.ndim not in (2, 3) or labels.dtype != np.uint32:
                raise InputError(f"site {site!r} holds {labels.dtype} of shape {labels.shape}, not (Y, X) uint32")
        return labels

    def __iter__(self) -> Iterator[str]:
        return iter(self._sites)

    def __len__(self) -> int:
        return len(self._sites)
