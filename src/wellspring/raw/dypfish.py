"""Images of single cells in DypFISH's HDF5 layout: a group per molecule, gene, time and image.

A well is one group of images, ``/{mrna|protein}/{gene}/{time}``; in the sheet its path is that of the file followed by
the group, as in ``data/original.h5/mrna/arhgdia/2h``. Datasets of an image: ``cell_mask`` and ``nucleus_mask`` (0, 1),
and ``spots`` (x, y[, z]) or ``IF``; where known ``height_map`` with ``zero_level`` and ``mtoc_position`` (x, y).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.files import replaced_when_whole
from wellspring.raw.index import RawFile, WellIndex

if TYPE_CHECKING:
    import h5py

__all__ = ["CHANNEL", "CellImage", "describe_cell_images", "read_cell_images", "split_path", "write_cell_images"]

CHANNEL = "molecules"
"""What the index names as the only channel of a well: points of mRNA, or intensity of protein."""

_REQUIRED = ("cell_mask", "nucleus_mask")
# Under the cell the height is at least half a slice.
_LEAST_HEIGHT = 0.5


@dataclass(frozen=True)
class CellImage:
    """One image, which shows one cell.

    Attributes
    ----------
    name : str
    cell, nucleus : (Y, X) bool
    spots : (n, 2) or (n, 3) float64, or None
        y, x or z, y, x of molecules, px and slices; None for an image of intensity.
    intensity : (Y, X) float32, or None
        Sum over the slices; None for an image of molecules.
    height : (Y, X) float32, or None
        Height of the cell above the dish in slices, at least 0.5 inside the cell and 0 outside.
    mtoc : (2,) float64, or None
        y, x, px.
    molecule : str
        ``mrna`` or ``protein``, of a well that shows both; empty where the sheet says which one.
    mtoc_confidence : float
        How sure its position is, where it was found in a channel; 1 of one that is given.
    remark : str
        Why nothing is to be measured; empty of a cell that is whole.
    """

    name: str
    cell: NDArray[np.bool_]
    nucleus: NDArray[np.bool_]
    spots: NDArray[np.float64] | None = None
    intensity: NDArray[np.float32] | None = None
    height: NDArray[np.float32] | None = None
    mtoc: NDArray[np.float64] | None = None
    molecule: str = ""
    mtoc_confidence: float = 1.0
    remark: str = ""


def split_path(path: Path) -> tuple[Path, str]:
    """The HDF5 file of a well's path, and the group inside it that the rest names.

    Raises
    ------
    FileNotFoundError
        When no part of the path is a file.
    """
    for part in (path, *path.parents):
        if part.is_file():
            return part, "/" + "/".join(path.relative_to(part).parts)
    raise FileNotFoundError(
        f"{path}: expected an HDF5 file followed by a group, such as data.h5/mrna/gapdh/2h, found no file there. "
        "Correct the sheet."
    )


def describe_cell_images(path: Path, *, plate: str, well: str) -> WellIndex:
    """The index of a well: its images are its sites.

    Raises
    ------
    FileNotFoundError, ValueError
        When the file is missing, is no HDF5 file, lacks the group, or an image lacks a mask.
    """
    file, group = split_path(Path(path))
    with _opened(file) as tree:
        images = _group(tree, group, file=file)
        names = tuple(sorted(images))
        n_values = 0
        for name in names:
            missing = [one for one in _REQUIRED if one not in images[name]]
            if missing or ("spots" in images[name]) == ("IF" in images[name]):
                raise InputError(
                    f"{file}, {group}/{name}: expected cell_mask, nucleus_mask and one of spots and IF, found "
                    f"{sorted(images[name])}. Leave the image out, or write it again."
                )
            n_values += int(np.prod(images[name]["cell_mask"].shape))
    return WellIndex(
        plate=plate,
        well=well,
        format="dypfish",
        path=str(path),
        channels=(CHANNEL,),
        n_values=n_values,
        n_files=1,
        files=(RawFile.of(file),),
        n_sites=len(names),
        sites=names,
        site_sizes_um=(None,) * len(names),
    )


def read_cell_images(index: WellIndex) -> Iterator[CellImage]:
    """The images of a well, in the order of its index, one in memory at a time.

    Raises
    ------
    FileNotFoundError, ValueError
        As `describe_cell_images`; when masks differ in shape, or coordinates are no finite numbers.
    """
    file, group = split_path(Path(index.path))
    with _opened(file) as tree:
        images = _group(tree, group, file=file)
        for name in index.sites:
            yield _read(images[name], name=name, source=f"{file}, {group}/{name}")


def write_cell_images(path: Path, groups: Mapping[str, Iterable[CellImage]]) -> None:
    """Write images to one HDF5 file, under ``/{molecule}/{gene}/{time}`` as named by the keys of `groups`."""
    import h5py

    with replaced_when_whole(path) as temporary, h5py.File(temporary, "w") as tree:
        for group, images in groups.items():
            parent = tree.require_group(group)
            for image in images:
                _write(parent.create_group(image.name), image)


def _write(target: "h5py.Group", image: CellImage) -> None:
    options = {"compression": "gzip", "compression_opts": 1}
    rows, columns = np.nonzero(image.nucleus)
    centroid = [columns.mean(), rows.mean()] if len(rows) else [np.nan, np.nan]
    target.create_dataset("cell_mask", data=image.cell.astype(np.uint8), **options)
    target.create_dataset("nucleus_mask", data=image.nucleus.astype(np.uint8), **options)
    target.create_dataset("nucleus_centroid", data=np.array(centroid))
    if image.spots is not None:
        target.create_dataset("spots", data=np.asarray(image.spots)[:, ::-1])
    if image.intensity is not None:
        target.create_dataset("IF", data=image.intensity, **options)
    if image.height is not None:
        target.create_dataset("height_map", data=image.height, **options)
        target.create_dataset("zero_level", data=0)
    if image.mtoc is not None:
        target.create_dataset("mtoc_position", data=np.asarray(image.mtoc)[::-1])


def _opened(file: Path) -> "h5py.File":
    import h5py

    try:
        return h5py.File(file, "r")
    except OSError as error:
        raise InputError(f"{file}: expected an HDF5 file, but it cannot be read ({error}). Copy it again.") from None


def _group(tree: "h5py.File", group: str, *, file: Path) -> "h5py.Group":
    import h5py

    found = tree.get(group)
    if isinstance(found, h5py.Group):
        return found
    there = sorted(f"/{m}/{g}/{t}" for m in tree for g in tree[m] for t in tree[m][g])
    raise InputError(
        f"{file}: expected a group {group}, found {', '.join(there[:8]) or 'none'}"
        f"{' ...' if len(there) > 8 else ''}. Correct the path in the sheet."
    )


def _read(image: "h5py.Group", *, name: str, source: str) -> CellImage:
    cell, nucleus = (image[key][...] > 0 for key in _REQUIRED)
    maps = {key: np.asarray(image[key][...], dtype=np.float32) for key in ("IF", "height_map") if key in image}
    shapes = {cell.shape, nucleus.shape, *(one.shape for one in maps.values())}
    if len(shapes) > 1 or cell.ndim != 2:
        raise InputError(
            f"{source}: expected masks and maps of one shape (Y, X), got {sorted(shapes)}. Write the image again."
        )
    if not all(np.isfinite(one).all() for one in maps.values()):
        raise InputError(f"{source}: expected finite numbers in IF and height_map. Write the image again.")
    height = None
    if "height_map" in maps:
        level = float(np.asarray(image["zero_level"][...]).ravel()[0]) if "zero_level" in image else 0.0
        height = np.where(cell, np.maximum(maps["height_map"] - level, _LEAST_HEIGHT), 0).astype(np.float32)
    mtoc = _coordinates(image["mtoc_position"][...].reshape(1, -1), source) if "mtoc_position" in image else None
    return CellImage(
        name=name,
        cell=cell,
        nucleus=nucleus,
        spots=_coordinates(image["spots"][...], source) if "spots" in image else None,
        intensity=maps.get("IF"),
        height=height,
        mtoc=None if mtoc is None else mtoc[0, -2:],
    )


def _coordinates(values: Any, source: str) -> NDArray[np.float64]:
    """x, y[, z] to [z, ]y, x."""
    found = np.asarray(values, dtype=np.float64)
    if found.size == 0:
        return np.empty((0, 2))
    if found.ndim != 2 or found.shape[1] not in (2, 3) or not np.isfinite(found).all():
        raise InputError(f"{source}: expected finite coordinates x, y and if known z, got shape {found.shape}.")
    return found[:, ::-1]
