"""The fields of a well, read through its index; and the file of its predicted stains."""

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.files import as_readable, replaced_when_whole
from wellspring.labelling.fields import Field
from wellspring.labelling.images import checked_planes, checked_stain
from wellspring.quality.preprocessing import preprocessed
from wellspring.raw.images import read_stacks
from wellspring.raw.index import WellIndex

__all__ = ["PROBABILITY", "fields_of_well", "read_predicted", "write_predicted"]

# What a probability of 1 is in the file of predicted stains.
PROBABILITY = 65_535
_NO_SITE = ""


def fields_of_well(
    well: WellIndex, *, light: Sequence[str], stain: str | None, steps: Sequence[Mapping[str, Any]] = ()
) -> Iterator[tuple[str, Field]]:
    """The sites of a well, raw camera counts, one at a time.

    Parameters
    ----------
    light
        Channels of transmitted light; the planes of one after those of the other.
    stain
        Channel of fluorescence, projected by its maximum over planes; None: none is read.
    steps
        Preprocessing of the stain, as of `wellspring.quality.preprocessing.preprocessed`.

    Raises
    ------
    ValueError
        When a channel is missing, or an image is not what it should be.
    """
    wanted = [*light, *([stain] if stain else [])]
    for site in read_stacks(well, wanted=wanted):
        source = f"{well.name}, site {site.site}"
        planes = [np.atleast_3d(site.stacks[name].T).T for name in light]
        found = checked_planes(np.concatenate(planes), source=source)
        image = None
        if stain:
            given = site.stacks[stain]
            plane = preprocessed(given.max(axis=0) if given.ndim == 3 else given, channel=stain, steps=steps)
            image = checked_stain(plane, planes=found, source=f"{source}, {stain}")
        yield site.site, Field(well.name, source, found, image, site.pixel_size_um)


def write_predicted(
    path: Path,
    sites: Iterable[tuple[str, Sequence[NDArray[np.float32]]]],
    *,
    stains: Sequence[str],
    is_probability: Sequence[bool],
    pixel_size_um: float | None,
) -> None:
    """Write the predicted stains of a well: one image (C, Y, X) uint16 per site, channels named by the stains.

    Intensities are rounded to camera counts, so that the file is read like any image of a camera; probabilities are in
    units of 1 / 65,535. Without any site there is one image of a single pixel, without a name.

    Parameters
    ----------
    sites
        Site and an image (Y, X) for each stain.
    """
    common: dict[str, Any] = {"axes": "CYX", "UUID": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, path.as_posix())}"}
    common["Channel"] = {"Name": list(stains)}
    if pixel_size_um is not None:
        common |= {f"PhysicalSize{axis}{key}": v for axis in "XY" for key, v in (("", pixel_size_um), ("Unit", "µm"))}
    n_written = 0
    with replaced_when_whole(path) as temporary, tifffile.TiffWriter(temporary, ome=True) as writer:
        for site, images in sites:
            scaled = [
                image * PROBABILITY if probability else image
                for image, probability in zip(images, is_probability, strict=True)
            ]
            counts = np.rint(np.clip(np.stack(scaled), 0, PROBABILITY)).astype(np.uint16)
            _write(writer, counts, metadata={**common, "Name": site})
            n_written += 1
        if not n_written:
            nothing = np.zeros((len(stains), 1, 1), dtype=np.uint16)
            _write(writer, nothing, metadata={**common, "Name": _NO_SITE})


def _write(writer: tifffile.TiffWriter, image: NDArray[np.uint16], *, metadata: Mapping[str, Any]) -> None:
    writer.write(image, compression="zlib", photometric="minisblack", metadata=dict(metadata))


def read_predicted(path: Path) -> Iterator[tuple[str, NDArray[np.uint16]]]:
    """The sites of `write_predicted` and their images, (C, Y, X) uint16, one at a time.

    Raises
    ------
    FileNotFoundError, ValueError
        When the file is missing or unreadable.
    """
    with as_readable(path, expected="predicted stains"), tifffile.TiffFile(path) as tif:
        for series in tif.series:
            image = np.asarray(series.asarray())
            image = image[None] if image.ndim == 2 else image
            if image.ndim != 3 or image.dtype != np.uint16:
                raise InputError(f"site {series.name!r} holds {image.dtype} of shape {image.shape}")
            if series.name != _NO_SITE:
                yield series.name, image
