"""The page of a plate of 96 wells, and of 384 wells of four sites: all wells, within ten screens and 10 MB."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from wellspring.plates.report.chapter import maps_figure, plates_chapter
from wellspring.plates.wells import WellSources, plate_sites, plate_wells
from wellspring.quality.tables import FLAGGED_IMAGES, KEPT_SITES
from wellspring.report.chapter import Chapter
from wellspring.report.chosen_wells import chosen_wells
from wellspring.report.gallery import write_gallery
from wellspring.report.images import ImageSources
from wellspring.report.page import MOST_PX, render_page
from wellspring.report.page_size import height_px
from wellspring.report.site_map import mapped_sites, site_map_figure
from wellspring.report.style import save_figure
from wellspring.segmentation.report.overlays import Overlay, overlay_figure, overlay_gallery
from wellspring.spots.report.chapter import spots_chapter
from wellspring.spots.report.counts import counts_figure
from wellspring.spots.report.curves import curves_figure, curves_note
from wellspring.spots.report.figures import spots_table
from wellspring.tables import empty_table

MOST_BYTES = 10_000_000
SPOTS = {
    "channels": ["RNA"],
    "sigma_px": 1.4,
    "threshold": {"method": "noise"},
    "decompose": True,
    "focus_min_spots": 4,
    "method": "classical",
    "weights": None,
    "focus_radius_um": 0.35,
}
DOUBTS = ("unstable count", "crowded", "saturated, crowded", "unlike its plate")


class Plate:
    """Drawn tables of a plate, every sixteenth well in doubt, and its chapters."""

    def __init__(self, folder: Path, *, n_rows: int, n_columns: int, n_sites: int) -> None:
        self.folder, self.rng = folder, np.random.default_rng(0)
        self.wells = [("p", f"{chr(65 + row)}{at + 1:02d}") for row in range(n_rows) for at in range(n_columns)]
        sites = pd.DataFrame(
            [(*key, str(site), n) for n, key in enumerate(self.wells) for site in range(1, n_sites + 1)],
            columns=["plate", "well", "site", "number"],
        ).assign(channel="RNA")
        doubts = [DOUBTS[n // 16 % 4] if n % 16 == 0 else "none" for n in sites["number"]]
        numbers = {
            "n_spots": 600,
            "threshold": 50.0,
            "sigma_px_median": 1.4,
            "level": 300.0,
            "instability": 0.1,
            "n_added": 0,
        }
        self.thresholds = sites.assign(doubts=doubts, **numbers)
        self.nuclei = sites.assign(n_nuclei=20, n_cells=20, doubts="none")
        self.cells = sites.loc[sites.index.repeat(20)].reset_index(drop=True)
        counts = self.rng.poisson(30, size=len(self.cells))
        borders = {"n_spots_uncertain": 1.0, "n_spots_beyond": 1.0}
        self.cells = self.cells.assign(n_spots=counts, **borders)
        curve = pd.DataFrame({"threshold": np.geomspace(10, 400, 12), "n_spots": np.arange(12)[::-1] * 50})
        self.curves = sites.merge(curve, how="cross")
        spot = {"label_in_site": 1, "focus_id": 0, "snr": 8.0, "contrast": 2.0, "sigma_px": 1.4}
        self.spots = sites.assign(**spot, is_added=False)
        self.sources = WellSources(
            nuclei=self.nuclei,
            cells=self.cells,
            thresholds=self.thresholds,
            images=empty_table(FLAGGED_IMAGES),
            sites=empty_table(KEPT_SITES),
        )

    def plates(self) -> Chapter:
        table = plate_wells(self.wells, self.sources)
        sites, label = plate_sites(self.sources)
        files = {"maps": self.folder / "maps.svg", "table": self.folder / "plates.csv"}
        save_figure(maps_figure(table), files["maps"])
        if mapped_sites(sites):
            files["sites"] = self.folder / "sites.svg"
            save_figure(site_map_figure(sites, column="value", label=label), files["sites"])
        return plates_chapter(table, captions={"plates": "", "plate_sites": ""}, files=files)

    def spots_chapter(self) -> Chapter:
        names = ("counts", "thresholds", "overlays")
        files = {name: self.folder / f"{name}.svg" for name in names}
        save_figure(counts_figure(self.cells, self.thresholds), files["counts"])
        save_figure(curves_figure(self.curves, self.thresholds), files["thresholds"])
        overlays = [self.overlay(one.well, ", ".join(one.doubts)) for one in self.chosen()]
        save_figure(overlay_figure(overlays[:1], channels=["RNA"], with_spots=True), files["overlays"])
        write_gallery(overlay_gallery(overlays, channels=["RNA"], with_spots=True), self.folder / "overlays.json")
        none = empty_table(KEPT_SITES)
        captions = dict.fromkeys(("spot_counts", "spot_thresholds", "spot_overlays"), "")
        given = {**files, "gallery": self.folder / "overlays.json", "table": self.folder / "spots.csv"}
        sources = ImageSources(files=given, captions=captions, corrected=[], left_out=none, sites=none)
        table = spots_table(self.thresholds, self.cells, self.spots, left_out=none)
        return spots_chapter(table, spots=SPOTS, curves_note=curves_note(self.thresholds), sources=sources)

    def chosen(self) -> list:  # type: ignore[type-arg]
        return chosen_wells(self.wells, self.thresholds, number=8)

    def overlay(self, well: str, doubts: str) -> Overlay:
        """Noise, the worst for a JPEG file, with 500 spots."""
        image = self.rng.normal(300, 30, size=(512, 512))
        labels = np.kron(np.arange(1, 17).reshape(4, 4), np.ones((128, 128))).astype(np.uint32)
        spots = pd.DataFrame(self.rng.uniform(0, 511, size=(500, 2)), columns=["y_px", "x_px"])
        return Overlay(
            "p", f"p / {well}", {"RNA": image}, labels, labels, spots.assign(channel="RNA", is_added=False), doubts
        )


@pytest.mark.slow
@pytest.mark.parametrize(("n_rows", "n_columns", "n_sites"), [(8, 12, 1), (16, 24, 4)])
def test_the_page_of_a_plate(tmp_path: Path, n_rows: int, n_columns: int, n_sites: int) -> None:
    plate = Plate(tmp_path, n_rows=n_rows, n_columns=n_columns, n_sites=n_sites)
    chapters = [plate.plates(), plate.spots_chapter()]
    page = render_page(chapters, title="t", n_wells=len(plate.wells), config={}, versions=[])
    assert len(page.encode("utf-8")) < MOST_BYTES
    assert height_px(chapters, is_folded=height_px(chapters) > MOST_PX) <= MOST_PX
    # Half of the tiles are wells in doubt, each kind of doubt among them.
    assert page.count('<a class="tile odd"') == 2 * 4 - 4
    assert len(re.findall(r'id="gallery-spots-\d"', page)) == 8
    words = " ".join(
        tile.words for part in chapters[1].sections[0].parts if part.kind == "gallery" for tile in part.tiles
    )
    assert all(doubt in words for doubt in ("unstable count", "crowded", "saturated", "unlike its plate"))
    # Each well in doubt is named in the page.
    doubtful = [well for n, (_, well) in enumerate(plate.wells) if n % 16 == 0]
    assert all(f">{well}<" in page for well in doubtful)
    assert ("Sites of the wells" in page) == (n_sites > 1)
