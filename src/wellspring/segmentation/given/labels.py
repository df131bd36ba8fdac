"""Label images of other programs, read and checked: TIFF, OME-TIFF and PNG, of any type that holds whole numbers."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.files import as_readable
from wellspring.segmentation.given.files import site_names

__all__ = ["GREATEST_ID", "GivenLabels", "checked_labels", "pieces_of_labels"]

_Labels = NDArray[np.uint32]

GREATEST_ID = 10_000_000
"""Tables are indexed by label, so a larger id would take too much memory."""

# Of a single label in pieces, the share of its pixels below which its largest piece is one object of a mask.
_MASK_SHARE = 0.75
# The last axis of a picture in colours is no longer than that.
_MOST_COLOURS = 4


class GivenLabels(Mapping[str, _Labels]):
    """The label images of a well by site, each read and checked when it is asked for.

    Parameters
    ----------
    files
        Of the well, from `given_files`.
    pattern
        Of their names. Without ``{site}`` the well has one site, or each image of a file bears a site's name, as in an
        OME-TIFF of labels that wellspring wrote; else the images of a file that holds as many as the well has sites are
        taken in their order.
    sites
        Names of the well's sites, in their order.
    key
        Config key, for messages.

    Raises
    ------
    FileNotFoundError, InputError
        When a file cannot be read, a site has no label image or two, or a file's images cannot be told apart.
    """

    def __init__(self, files: Sequence[Path], *, pattern: str, sites: Sequence[str], key: str) -> None:
        self._key = key
        self._places: dict[str, tuple[Path, int | None]] = {}
        # Of a well that was left out nothing is wanted.
        wanted = files if sites else []
        for path, name in zip(wanted, site_names(wanted, pattern=pattern), strict=True):
            names = _image_names(path, are_planes=name is None and len(sites) > 1)
            for number, site in enumerate(_sites_of(names, name=name, sites=sites, path=path, key=key)):
                if site in self._places:
                    raise InputError(
                        f"{path}: site {site} has labels in {self._places[site][0]} too. Tell the files apart by "
                        f"{{site}} in {key}, or remove one."
                    )
                self._places[site] = (path, number if len(names) > 1 else None)
        missing = [site for site in sites if site not in self._places]
        if missing:
            raise InputError(
                f"{key}: expected label images of the sites {', '.join(sites)}, but none of {', '.join(missing)} is "
                f"among {', '.join(str(file) for file in files[:3])}{' ...' if len(files) > 3 else ''}. Add them, or "
                f"correct {key}."
            )

    def of_site(self, site: str, *, shape: tuple[int, ...]) -> _Labels:
        """(Y, X) uint32 labels of a site whose images have this shape; see `checked_labels`."""
        path, number = self._places[site]
        return checked_labels(_read(path, number), shape=shape, source=f"{path}")

    def __getitem__(self, site: str) -> _Labels:
        path, number = self._places[site]
        return checked_labels(_read(path, number), shape=None, source=f"{path}")

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def checked_labels(image: NDArray[Any], *, shape: tuple[int, ...] | None, source: str) -> _Labels:
    """The labels of one image as uint32, ids unchanged.

    Parameters
    ----------
    image
        As read from a file; axes of length 1 are left out. Whole numbers of any type, 0 = background.
    shape
        (Y, X) of the site's images; None: not compared.
    source
        Named in messages.

    Raises
    ------
    InputError
        When it has other axes or another shape, values are negative, no whole numbers or above `GREATEST_ID`, or all
        objects have one id, as in a mask. An image without objects is fine.
    """
    plane = image if image.ndim == 2 else np.squeeze(image)
    if plane.ndim != 2:
        raise InputError(
            f"{source}: expected one (Y, X) image of labels, got the shape {image.shape}: a picture in colours, an "
            "overlay, or a stack. Export the labels themselves, one plane a site."
        )
    if shape is not None and plane.shape != tuple(shape):
        turned = " Its axes seem exchanged." if plane.shape == tuple(shape)[::-1] else ""
        raise InputError(
            f"{source}: expected labels of {shape[0]} x {shape[1]} px, the size of the site's images, got "
            f"{plane.shape[0]} x {plane.shape[1]}.{turned} Export them at the full size of the images."
        )
    _check_values(plane, source=source)
    labels = plane.astype(np.uint32)
    _check_ids(labels, source=source)
    return labels


def _check_values(plane: NDArray[Any], *, source: str) -> None:
    if plane.dtype.kind not in "uifb":
        raise InputError(f"{source}: expected whole numbers, 0 = background, got {plane.dtype}. Export label ids.")
    if plane.size == 0:
        return
    if plane.dtype.kind == "f":
        is_whole = np.isfinite(plane) & (plane == np.floor(plane))
        if not is_whole.all():
            odd = plane[~is_whole][0]
            raise InputError(
                f"{source}: expected whole numbers, 0 = background, got {odd:g} among {int((~is_whole).sum()):,} "
                "values that are none: probabilities, or labels that were resized. Export ids without interpolation."
            )
    low, high = plane.min(), plane.max()
    if low < 0:
        raise InputError(f"{source}: expected ids of 0 or more, got {low:g}. Set what is no object to 0.")
    if high > GREATEST_ID:
        raise InputError(
            f"{source}: expected ids up to {GREATEST_ID:,}, got {int(high):,}. Number the objects from 1 on, or look "
            "whether this is an image of intensities."
        )


def _check_ids(labels: _Labels, *, source: str) -> None:
    present = labels[labels > 0]
    if present.size == 0 or (present != present[0]).any():
        return
    sizes = _piece_sizes(labels > 0)
    if sizes.max() < _MASK_SHARE * sizes.sum():
        raise InputError(
            f"{source}: expected an id of its own for each object, but all {len(sizes):,} have {present[0]}: it is a "
            "mask. Label it, for instance with skimage.measure.label or Analyze Particles of ImageJ."
        )


def _piece_sizes(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    import cv2

    _, parts = cv2.connectedComponents(mask.view(np.uint8), connectivity=8)
    return np.asarray(np.bincount(parts.ravel())[1:], dtype=np.int64)


def pieces_of_labels(labels: NDArray[np.integer]) -> NDArray[np.int64]:
    """Of how many separate pieces each object is; pixels that share a corner are one piece.

    Parameters
    ----------
    labels : (Y, X) int
        0 = background.

    Returns
    -------
    (labels.max() + 1,) int64
        By label; 0 for the background and for labels that do not occur.
    """
    from skimage.measure import label

    if labels.size == 0:
        return np.zeros(1, dtype=np.int64)
    parts = label(labels, background=0, connectivity=2)
    owner = np.zeros(int(parts.max()) + 1, dtype=np.int64)
    owner[parts.ravel()] = labels.ravel()
    found = np.bincount(owner[1:], minlength=int(labels.max()) + 1)
    return np.asarray(found, dtype=np.int64)


def _sites_of(names: Sequence[str], *, name: str | None, sites: Sequence[str], path: Path, key: str) -> list[str]:
    """The site of each image of a file."""
    if len(names) == 1 and name is not None:
        return [name]
    if set(names) <= set(sites) and len(set(names)) == len(names):
        return list(names)
    if name is not None:
        return [f"{name}-{number + 1}" for number in range(len(names))]
    if len(names) == len(sites):
        return list(sites)
    raise InputError(
        f"{path}: it holds {len(names)} label image(s), but the well has {len(sites)} sites, "
        f"{', '.join(sites[:5])}, and nothing says which is which. Put {{site}} in {key}."
    )


def _image_names(path: Path, *, are_planes: bool) -> list[str]:
    """Names of a file's images in their order, empty where they have none; `are_planes`: one a plane of a stack."""
    if path.suffix.lower() == ".png":
        return [""]
    from wellspring.raw.tiff_headers import opened_tiff

    with opened_tiff(path) as tif:
        names = [str(series.name) if tif.is_ome else "" for series in tif.series]
        return names * _n_planes(tif.series[0].shape) if len(names) == 1 and are_planes else names


def _n_planes(shape: Sequence[int]) -> int:
    """Planes of a (n, Y, X) stack; 1 of an image, and of what has more axes or colours."""
    axes = [length for length in shape if length > 1]
    return axes[0] if len(axes) == 3 and axes[-1] > _MOST_COLOURS else 1


def _read(path: Path, number: int | None) -> NDArray[Any]:
    """One image of a file, or one plane of its stack; None: its only image."""
    if path.suffix.lower() != ".png":
        from wellspring.raw.tiff_headers import opened_tiff

        with opened_tiff(path) as tif:
            is_stack = number is not None and len(tif.series) == 1
            image = np.asarray(tif.series[0 if is_stack else number or 0].asarray())
            return np.squeeze(image)[number] if is_stack else image
    import cv2

    with as_readable(path, expected="a PNG image of labels"):
        found = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        if found is None:
            raise InputError("it is no PNG, or damaged")
    return np.asarray(found)
