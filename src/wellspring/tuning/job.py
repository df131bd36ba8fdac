"""From a config and a well's name to the page of one field."""

import contextlib
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellspring.config.schema import SCHEMAS, config_schema
from wellspring.config.yaml_files import read_yaml
from wellspring.errors import InputError
from wellspring.files import replaced_when_whole
from wellspring.quality.correction import Correction, corrected, read_correction
from wellspring.raw.describe import describe_well
from wellspring.raw.formats import has_images
from wellspring.raw.images import read_sites
from wellspring.raw.index import WellIndex
from wellspring.sheet.reading import read_sheet, read_sheet_schema, well_paths
from wellspring.stage import raw_block
from wellspring.tuning.drawing import channel_figure, field_figure, png_bytes
from wellspring.tuning.field import Labels, Tried, segmented, tried
from wellspring.tuning.page import Column, page_of
from wellspring.tuning.summary import summary_of, text_table
from wellspring.tuning.variants import Variant, variants_of

__all__ = ["try_settings"]


def try_settings(
    config: Path,
    *,
    plate: str | None,
    well: str,
    site: str | None,
    settings: Sequence[str],
    folder: Path,
    output: Path,
) -> Iterator[str]:
    """Segment a field with each setting, find its spots, write `output`, and yield what is to be said.

    Parameters
    ----------
    config
        YAML file.
    plate, well, site
        The field; None: the only plate with such a well, the well's first site. A well may be given with its plate, as
        ``plate1/A01``.
    settings
        ``KEY=VALUE``, see `variants_of`.
    folder
        Of the run: the sheet's path is relative to it, and the plate's illumination is looked for in its results.
    output
        ``.html`` or ``.png``.

    Raises
    ------
    FileNotFoundError, InputError
        When something of this is wrong or is not there, or wells hold no images.
    """
    if output.suffix not in (".html", ".png"):
        raise InputError(f"--output {output}: expected a name that ends in .html or .png.")
    variants = variants_of(read_yaml(config), settings, schema=config_schema(), source=config)
    first = variants[0].config
    if not has_images(first):
        raise InputError(f"{config}: expected images, raw.format tiff; {first['raw']['format']} holds known objects.")
    index = _index_of(first, plate=plate, well=well, site=site, folder=folder)
    correction, notes = _correction(first, index, folder=folder)
    found = list(_each(variants, index, correction))
    names = [one.name for one in variants]
    summaries = [summary_of(one) for one in found]
    title = f"{index.name}, site {index.sites[0]}"
    images = _images(index, first, correction)
    with replaced_when_whole(output) as temporary:
        if output.suffix == ".png":
            temporary.write_bytes(png_bytes(field_figure(images, names, found)))
        else:
            columns = [
                Column(one.name, one.lines, _pictures(images, result), rows)
                for one, result, rows in zip(variants, found, summaries, strict=True)
            ]
            temporary.write_text(page_of(columns, title=title, notes=notes), encoding="utf-8")
    yield from [title, *notes, *text_table(names, summaries)]
    for one in variants[1:]:
        yield f"For the config, {one.name}:\n{one.lines}"
    yield f"{output}: written"


def _pictures(images: Mapping[str, NDArray[np.number]], found: Tried) -> dict[str, bytes]:
    """Channel to the picture of one setting."""
    return {name: png_bytes(channel_figure(image, name, found)) for name, image in images.items()}


def _each(variants: Sequence[Variant], index: WellIndex, correction: Correction) -> Iterator[Tried]:
    """Each setting's result; labels are made once for all that segment alike. What jobs print is for their logs."""
    known: list[tuple[Mapping[str, Any], Labels]] = []
    for one in variants:
        of_labels = {"raw": one.config["raw"], "segmentation": one.config["segmentation"]}
        with contextlib.redirect_stdout(io.StringIO()):
            labels = next((labels for block, labels in known if block == of_labels), None)
            if labels is None:
                labels = segmented(index, one.config, correction)
                known.append((of_labels, labels))
            yield tried(index, one.config, correction, labels)


def _index_of(config: Mapping[str, Any], *, plate: str | None, well: str, site: str | None, folder: Path) -> WellIndex:
    """The index of the one field."""
    sheet = read_sheet(folder / config["wells"], schema=read_sheet_schema(SCHEMAS))
    # As reports and messages name a well; neither name has a slash.
    if plate is None and "/" in well:
        plate, well = well.split("/", 1)
    keys = {key: path for key, path in well_paths(sheet).items() if key[1] == well and plate in (None, key[0])}
    if len(keys) != 1:
        wells = sorted({f"{one}/{name}" for one, name in well_paths(sheet)})
        if keys:
            raise InputError(f"--well {well}: there is one on {', '.join(key[0] for key in keys)}. Add --plate.")
        named = f"{plate}/{well}" if plate else well
        raise InputError(f"--well {named}: it is not in {config['wells']}, which has {', '.join(wells[:8])}.")
    ((key, path),) = keys.items()
    index = describe_well(path, plate=key[0], well=key[1], raw=raw_block(config))
    wanted = site or index.sites[0]
    if wanted not in index.sites:
        raise InputError(f"--site {wanted}: expected one of {', '.join(index.sites[:20])}.")
    return index.of_site(wanted)


def _correction(config: Mapping[str, Any], index: WellIndex, *, folder: Path) -> tuple[Correction, list[str]]:
    """The plate's illumination where a run has estimated it, and a remark on it."""
    quality = config["quality"]
    if not quality["channels"] or quality["use"] != "all":
        return Correction(), []
    results = (config.get("pathvars") or {}).get("results", "results")
    light = folder / results / "quality" / "plates" / index.plate / "correction.npz"
    if not light.is_file():
        return Correction(), [f"Images as recorded: no run has estimated the illumination of {index.plate} yet."]
    found = read_correction(light)
    return found, [f"Read with even illumination: {', '.join(found.functions) or 'none'}."]


def _images(index: WellIndex, config: Mapping[str, Any], correction: Correction) -> dict[str, NDArray[np.number]]:
    """Projections of the channels that the config names, or the first three."""
    block = config["segmentation"]
    cells = (block["cells"] or {}).get("channel")
    nuclei = None if block.get("nuclei") else block["nucleus_channel"]
    named = [name for name in (nuclei, cells, *config["spots"]["channels"]) if name is not None]
    wanted = list(dict.fromkeys(named)) or list(index.channels[:3])
    sites = read_sites(index, projection=config["raw"]["projection"], wanted=wanted)
    (site,) = corrected(sites, correction, background=config["raw"].get("background", {}))
    return dict(zip(site.channels, site.image, strict=True))
