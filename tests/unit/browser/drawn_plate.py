"""A browser of drawn wells, written as the rules write it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.browser.data import write_data
from wellspring.browser.page import render_browser
from wellspring.browser.pictures import Light
from wellspring.browser.plates import plate_data, plate_pictures
from wellspring.browser.wells import Shown, WellPictures, cell_rows, well_pictures, well_sites
from wellspring.raw.images import SiteImage
from wellspring.report.channel_colors import channel_colors

__all__ = ["write_browser"]

CHANNELS = ("DAPI", "RNA")
_PITCH, _SIDE = 40, 24


def _site(rng: np.random.Generator, site: str, *, across: int) -> tuple[SiteImage, NDArray[np.uint32]]:
    """Square cells on a grid, each brighter than the one before."""
    size = across * _PITCH
    labels = np.zeros((size, size), np.uint32)
    for number in range(across * across):
        y, x = (8 + _PITCH * one for one in divmod(number, across))
        labels[y : y + _SIDE, x : x + _SIDE] = number + 1
    image = np.stack([100 + 40 * labels, rng.poisson(200, labels.shape)]).astype(np.uint16)
    return SiteImage(site, CHANNELS, image, 0.2), labels


def _cells(sites: Sequence[str], *, n: int) -> pd.DataFrame:
    labels = np.arange(1, n + 1)
    parts = [
        pd.DataFrame({"site": site, "label_in_site": labels, "object_id": labels + n * number, "area": labels * 10.0})
        for number, site in enumerate(sites)
    ]
    table = pd.concat(parts, ignore_index=True)
    names = {
        "Cells_AreaShape_Area_um2": table["area"],
        "Cells_Spots_n_spots_RNA": (table["object_id"] % 5).astype(float),
    }
    return table.drop(columns="area").assign(is_border_cell=False, missing_because="none", **names)


def write_browser(folder: Path, wells: Sequence[str], *, n_sites: int = 2, across: int = 3) -> Path:
    """Write a plate p and return its page. Cells of a site have areas of 10, 20, ... µm² and 0 to 4 spots each.

    The last of `wells` is in doubt.
    """
    rng, sites = np.random.default_rng(0), [str(one + 1) for one in range(n_sites)]
    shown = Shown(pixels=768, quality=85, columns=["*_Area_um2"])
    small: dict[str, WellPictures] = {}
    for well in wells:
        drawn = [_site(rng, site, across=across) for site in sites]
        pictures = small[well] = well_pictures([site for site, _ in drawn], shown=shown)
        labels = {site.site: image for site, image in drawn}
        cells = _cells(sites, n=across**2)
        places = rng.uniform(0, across * _PITCH, (20, 2))
        spots = pd.DataFrame({"site": "1", "channel": "RNA", "y_px": places[:, 0], "x_px": places[:, 1]})
        key = {"plate": "p", "well": well}
        found = well_sites(pictures, cells=cells, nuclei=None, outlines=labels, spots=spots)
        rows = cell_rows(cells, patterns=shown.columns)
        write_data(
            folder / f"wells/p/{well}.js", "well", {**key, "sites": found, "rows": rows, "lights": pictures.lights}
        )
        write_data(folder / f"images/p/{well}.js", "images", {**key, "sites": pictures.sites})
    numbers = pd.DataFrame({"plate": "p", "well": wells, "n_sites": n_sites, "n_left_out": 0, "doubtful_share": 0.0})
    is_last = [well == wells[-1] for well in wells]
    numbers = numbers.assign(is_odd=is_last, reasons=["no nuclei" if one else "none" for one in is_last])
    data = plate_data(
        "p",
        numbers=numbers.assign(nuclei_per_site=np.arange(len(wells), dtype=float)),
        measured=pd.DataFrame({"well": wells}),
        sheet=pd.DataFrame({"plate": "p", "well": wells, "drug": ["x"] * len(wells)}),
        lights=[{name: Light(**one) for name, one in own.lights.items()} for own in small.values()],
        colors=channel_colors(CHANNELS, nuclei=None),
        patterns=shown.columns,
    )
    write_data(folder / "plates/p.js", "plate", data)
    summaries = {well: {"pictures": own.thumbnails, "lights": own.lights} for well, own in small.items()}
    write_data(folder / "pictures/p.js", "pictures", plate_pictures("p", summaries))
    (folder / "index.html").write_text(render_browser(title="drawn", plates=["p"]), encoding="utf-8")
    return folder / "index.html"
