"""The images of a TIFF file, and whether all that they should hold is in the file: checked before pixels are read."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tifffile

from wellspring.errors import InputError
from wellspring.raw.memory import available_bytes, readable_size
from wellspring.raw.ome import OmeImage, ome_images, other_file

__all__ = ["check_page", "check_whole", "images_of", "ome_of"]

# No camera's image shrinks this far, since its noise cannot be compressed. An empty one does, so small ones may.
_LARGEST_RATIO, _SMALL_BYTES = 100, 2**28
# Pixels as they are decoded, as uint16 and as one copy that a job works on.
_COPIES = 3
_WHITE_IS_0, _COLOURS = 0, {2: "RGB", 5: "CMYK", 6: "YCbCr", 8: "CIE L*a*b*"}
_PALETTE, _MASK = 3, 4


def ome_of(tif: tifffile.TiffFile, *, path: Path) -> list[OmeImage]:
    """What the file's OME metadata say of its images; none without metadata.

    Raises
    ------
    ValueError
        When they name images in other files, which are not opened, or sizes that cannot be.
    """
    xml = tif.ome_metadata
    other = other_file(xml, name=path.name)
    if other is not None:
        raise InputError(
            f"{path}: its OME metadata name images that are not in this file but in {Path(other).name}, which was not "
            "opened. Export each site to a file of its own."
        )
    return ome_images(xml, path=path)


def images_of(tif: tifffile.TiffFile, *, path: Path) -> list[tifffile.TiffPageSeries]:
    """The images of an open file in their order: previews, pyramid levels and masks, which are tagged so, left out.

    Only the TIFF tag NewSubfileType says that an image is a smaller copy of another; of half the size it may as well
    be a site of its own.

    Raises
    ------
    ValueError
        When the metadata say another number of planes than the file has.
    """
    known = ome_of(tif, path=path)
    # Before tifffile makes room for each plane of which the metadata speak.
    first = tif.pages.first
    _check_size(first.shape, n_bytes=first.size * _itemsize(first), page=first, path=path)
    _check_planes(tif, known, path=path)
    found = []
    for series in tif.series:
        for number, level in enumerate(series.levels):
            if number == 0 or not (level.keyframe.is_subifd or level.keyframe.is_reduced):
                found.append(level)
    images = [one for one in found if not (one.keyframe.is_reduced or one.keyframe.subfiletype & _MASK)] or found
    _check_metadata(tif, images, known, path=path)
    return images


def _itemsize(page: tifffile.TiffPage) -> int:
    return page.dtype.itemsize if page.dtype is not None else 1


def _check_metadata(
    tif: tifffile.TiffFile, images: Sequence[tifffile.TiffPageSeries], known: Sequence[OmeImage], *, path: Path
) -> None:
    """Raise where metadata describe other images than the pages hold, which tifffile then reads without them."""
    if known:
        shapes = [one.shape_px for one in known]
        found = [(one.keyframe.imagelength, one.keyframe.imagewidth) for one in images]
        if shapes != found or any(one.kind != "ome" for one in images):
            raise InputError(
                f"{path}: its OME metadata say images of {_listed(shapes)} px, but its pages hold {_listed(found)}, or "
                "other planes than are named. Export the file again from the program that wrote it."
            )
    for image, metadata in zip(images, tif.shaped_metadata or (), strict=False):
        if image.kind == "shaped" and math.prod(metadata["shape"]) != image.size:
            raise InputError(
                f"{path}: its metadata say the shape {tuple(metadata['shape'])}, but its pages hold {image.shape}. "
                "Write the file again."
            )


def _listed(shapes: Sequence[tuple[int, int]]) -> str:
    shown = ", ".join(f"{height:,} x {width:,}" for height, width in shapes[:3])
    return f"{shown} and {len(shapes) - 3:,} more" if len(shapes) > 3 else shown


def _check_planes(tif: tifffile.TiffFile, images: list[OmeImage], *, path: Path) -> None:
    if images:
        claimed, source = sum(image.n_planes for image in images), "OME metadata"
    elif tif.imagej_metadata and not tif.is_shaped:
        claimed, source = _imagej_planes(tif.imagej_metadata), "ImageJ metadata"
    else:
        return
    last = max((image.last_page for image in images), default=0)
    if last > len(tif.pages):
        raise InputError(
            f"{path}: its {source} name page {last:,}, but the file has {len(tif.pages):,}. Export it again, or leave "
            "it out."
        )
    there = _planes(tif.pages.first) * len(tif.pages)
    if claimed == there:
        return
    if len(tif.pages) == 1:
        there = _planes_in_bytes(tif)
        # What lies behind the planes of a file's one page is no plane, but the text of its tags.
        is_wrong = there < claimed
    else:
        there = sum(_planes(page.aspage()) for page in tif.pages if not page.aspage().is_reduced)
        is_wrong = there != claimed
    if is_wrong:
        raise InputError(
            f"{path}: its {source} say {claimed:,} planes, but {there:,} {'is' if there == 1 else 'are'} in the file. "
            "The acquisition was stopped, or the file was changed afterwards: export it again, or leave it out."
        )


def _planes(page: tifffile.TiffPage) -> int:
    """Channels x z in one page: most pages have one plane."""
    return int(page.size // max(1, page.imagelength * page.imagewidth))


def _imagej_planes(found: Mapping[str, Any]) -> int:
    planes = math.prod(max(1, int(found.get(key, 1))) for key in ("frames", "slices", "channels"))
    return planes if planes > 1 else max(1, int(found.get("images", 1)))


def _planes_in_bytes(tif: tifffile.TiffFile) -> int:
    """Planes that lie one after the other behind a file's one page, as ImageJ writes large stacks."""
    first = tif.pages.first
    if not first.is_final or not first.nbytes:
        return _planes(first)
    return int((tif.filehandle.size - first.dataoffsets[0]) // first.nbytes) * _planes(first)


def check_whole(image: tifffile.TiffPageSeries, *, path: Path) -> None:
    """Compare what an image should hold with the bytes of its file and with the job's memory; no pixel is read.

    Raises
    ------
    ValueError
        When the file has fewer bytes than the image needs; when a plane, a strip or a tile is not in it, or is another
        one's; when the image does not fit in memory; when its values are colours, or count down from white. The
        message names `path`.
    """
    n_bytes = image.size * image.dtype.itemsize
    _check_size(image.shape, n_bytes=n_bytes, page=image.keyframe, path=path)
    _check_kind(image.keyframe, path=path)
    _check_pages(image, path=path)


def check_page(page: tifffile.TiffPage, *, path: Path, number: int) -> None:
    """`check_whole` of one page, where an index says which plane it is.

    Raises
    ------
    ValueError
        As `check_whole`; when the page has several planes or samples.
    """
    _check_size(page.shape, n_bytes=page.size * _itemsize(page), page=page, path=path)
    _check_kind(page, path=path)
    if len(page.shape) != 2:
        raise InputError(
            f"{path}: expected one plane of one channel on page {number + 1}, found an image of shape {page.shape}. "
            "Export each channel and plane as a grey image."
        )
    _check_segments(page, path=path, number=number)


def _check_kind(page: tifffile.TiffPage, *, path: Path) -> None:
    kind = int(page.photometric)
    if kind == _WHITE_IS_0:
        raise InputError(
            f"{path}: its values count down from white (photometric interpretation MinIsWhite): 0 is the brightest. "
            "Save the image so that 0 is black."
        )
    is_planar = page.samplesperpixel > 1 and int(page.planarconfig) == 2
    if kind in _COLOURS and (kind != 2 or is_planar):
        raise InputError(
            f"{path}: a colour picture ({_COLOURS[kind]}), whose values are no intensities of one channel. Export each "
            "channel as a grey image."
        )
    if kind == _PALETTE and page.colormap is not None and not _rises(page):
        raise InputError(
            f"{path}: its values are places in a table of colours that grow neither brighter nor darker. Export it "
            "as a grey image."
        )


def _rises(page: tifffile.TiffPage) -> bool:
    """Whether higher values are shown brighter, as by a look-up table for one colour."""
    import numpy as np

    light = np.asarray(page.colormap, dtype=np.int64).sum(axis=0)
    return page.parent.is_imagej or bool((np.diff(light) >= 0).all())


def _check_size(shape: Sequence[int], *, n_bytes: int, page: tifffile.TiffPage, path: Path) -> None:
    stored, size = path.stat().st_size, math.prod(shape)
    what = f"{path}: its header says {size:,} values ({' x '.join(f'{n:,}' for n in shape)})"
    if size < 1:
        raise InputError(f"{what}, so there is no image. Copy the file again from its source.")
    is_plain = int(page.compression) == 1
    if (is_plain and n_bytes > stored) or (n_bytes > _SMALL_BYTES and n_bytes > _LARGEST_RATIO * stored):
        raise InputError(
            f"{what}, {readable_size(n_bytes)}, but the file has {readable_size(stored)}: less than any image of "
            "that size. Copy the file again from its source."
        )
    needed, limit = _COPIES * size * 2, available_bytes()
    if needed > limit:
        raise InputError(
            f"{what}; reading them takes {readable_size(needed)} of memory, and this job has {readable_size(limit)}. "
            "Cut the image into sites, or run on a machine with more memory."
        )


def _check_pages(image: tifffile.TiffPageSeries, *, path: Path) -> None:
    pages = image.pages
    starts: dict[int, int] = {}
    for number, page in enumerate(pages):
        if page is None:
            raise InputError(
                f"{path}: plane {number + 1} of {len(pages)} is not in the file, though its metadata name it. Export "
                "it again, or leave it out."
            )
        start = _check_segments(page, path=path, number=number)
        if starts.setdefault(start, number) != number:
            raise InputError(
                f"{path}: planes {starts[start] + 1} and {number + 1} are the same bytes of the file. Export it again, "
                "or leave it out."
            )
    n_found = sum(page.size for page in pages if page is not None)
    if len(pages) > 1 and n_found != image.size:
        raise InputError(
            f"{path}: its metadata say {image.size // image.keyframe.size:,} planes, but {len(pages):,} are in the "
            "file. Export it again, or leave it out."
        )
    if len(pages) == 1 and image.size > image.keyframe.size:
        end = image.keyframe.dataoffsets[0] + image.size * image.dtype.itemsize
        if end > path.stat().st_size:
            raise InputError(
                f"{path}: its metadata say {image.size // image.keyframe.size:,} planes, but the file ends before the "
                "last of them. Export it again, or leave it out."
            )


def _check_segments(page: tifffile.TiffPage | tifffile.TiffFrame, *, path: Path, number: int) -> int:
    """The byte at which the page's pixels start; or raise."""
    key = page.keyframe
    n_wanted = math.prod(key.chunked)
    offsets, counts = page.dataoffsets, page.databytecounts
    kind = "tile" if key.is_tiled else "strip"
    absent = min(len(offsets), len(counts))
    if absent >= n_wanted:
        pairs = zip(offsets[:n_wanted], counts[:n_wanted], strict=True)
        absent = next((place for place, pair in enumerate(pairs) if 0 in pair), n_wanted)
    if absent < n_wanted:
        raise InputError(
            f"{path}: {kind} {absent} of {n_wanted:,} (counted from 0) of plane {number + 1} is not in the file. Copy "
            "the file again from its source."
        )
    end = max(offset + count for offset, count in zip(offsets[:n_wanted], counts[:n_wanted], strict=True))
    size = path.stat().st_size
    if end > size:
        raise InputError(
            f"{path}: its pixels end at byte {end:,}, but the file has {size:,} bytes: it is truncated. Copy the file "
            "again from its source."
        )
    if int(key.compression) == 1 and sum(counts[:n_wanted]) < key.size * key.dtype.itemsize:
        raise InputError(
            f"{path}: plane {number + 1} has {sum(counts[:n_wanted]):,} bytes of pixels, but needs "
            f"{key.size * key.dtype.itemsize:,}. Copy the file again from its source."
        )
    return int(offsets[0])
