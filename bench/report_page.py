"""Size and height of the page of a plate: 96 wells, and 384 wells of four sites, with the chapters of a measured study.

Its tables and images are drawn (noise, the worst for a picture file); every chapter is written by the code of its job.
Height in screens of 1,000 px, as chromium lays the page out 1,300 px wide, and before it is opened as estimated.
"""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench.table import Row
from tests.unit.browser.chromium import CHROMIUM, opened_page
from tests.unit.plates.test_page_of_a_plate import Plate
from wellspring.cells.report.chapter import cells_chapter, map_figure, most_different, shown_features
from wellspring.groups.choosing import choose_features
from wellspring.groups.comparing import Resampling, compare_groups
from wellspring.groups.job import labels_of
from wellspring.groups.report.chapter import groups_chapter
from wellspring.groups.report.drawing import drawn_features, drawn_measures
from wellspring.groups.report.figures import groups_figure
from wellspring.quality.outliers import flagged_images, kept_sites
from wellspring.quality.report.chapter import quality_chapter
from wellspring.quality.report.figures import (
    FlaggedImage,
    chosen_flagged,
    drawn,
    flagged_figure,
    histograms_figure,
    illumination_figure,
)
from wellspring.quality.tables import IMAGE_QUALITY, JUDGED, KEPT_SITES
from wellspring.report.chapter import Chapter
from wellspring.report.gallery import write_gallery
from wellspring.report.images import ImageSources
from wellspring.report.page import render_chapter, render_page
from wellspring.report.page_size import height_px
from wellspring.report.style import save_figure
from wellspring.segmentation.report.chapter import segmentation_chapter
from wellspring.segmentation.report.counts import segmentation_table
from wellspring.segmentation.report.overlays import overlay_figure, overlay_gallery
from wellspring.segmentation.tables import SITE_NUCLEI, WELL_SEGMENTED
from wellspring.tables import check_table, empty_table

MOST_MB, MOST_SCREENS, SCREEN_PX, WIDTH_PX = 10.0, 10.0, 1000, 1300
PLATES = {"96 wells": (8, 12, 1), "384 wells of 4 sites": (16, 24, 4)}
_FEATURES = {"families": ["shape", "intensity"], "background": "ring", "ring_gap_px": 3, "ring_width_px": 6}
_JUDGED_BY = ["focus_slope", "median", "std", "saturated_share", "empty_share"]
_SETTINGS: dict[str, Any] = {
    "channels": ["DAPI", "RNA"],
    "judged_by": _JUDGED_BY,
    "max_z": 6.0,
    "min_images": 10,
    "use": "all",
    "preprocessing": [],
}
_LAID_OUT = "location.protocol === 'file:' && document.readyState === 'complete'"
_N_FEATURES, _N_GROUPS, _DRAWN = 100, 24, 12


def _quality(plate: Plate) -> Chapter:
    """Two channels of all sites; 12 flagged images are drawn."""
    rng, folder = plate.rng, plate.folder
    keys = plate.nuclei[["plate", "well", "site"]].merge(pd.DataFrame({"channel": _SETTINGS["channels"]}), how="cross")
    values = rng.normal(1000, 60, size=(len(keys), len(JUDGED)))
    values[:: len(keys) // 40] *= 3
    shares = {name: rng.random(len(keys)) / 1e3 for name in JUDGED if name.endswith("_share")}
    numbers: dict[str, Any] = {
        **dict(zip(JUDGED, values.T, strict=True)),
        **shares,
        **{f"error_{name}": 0.0 for name in JUDGED},
    }
    measured = keys.assign(**numbers)
    images = flagged_images(
        check_table(measured[IMAGE_QUALITY.names], IMAGE_QUALITY, source="bench"),
        max_z=6.0,
        judged_by=_JUDGED_BY,
        min_images=10,
    )
    files = {name: folder / f"quality_{name}.svg" for name in ("histograms", "flagged", "light")}
    save_figure(histograms_figure(images, measures=_JUDGED_BY), files["histograms"])
    noise = [
        drawn(rng.normal(300, 30, size=(1024, 1024)).astype(np.uint16)) for _ in range(len(chosen_flagged(images)))
    ]
    flagged = [FlaggedImage(f"p A01, site {n}", "median +9.0", one, (200.0, 400.0)) for n, one in enumerate(noise)]
    save_figure(flagged_figure(flagged), files["flagged"])
    light = {"p": {name: np.ones((64, 64), dtype=np.float32) for name in _SETTINGS["channels"]}}
    save_figure(illumination_figure(light), files["light"])
    captions = dict.fromkeys(("images", "flagged_images", "illumination"), "")
    return quality_chapter(
        images,
        kept_sites(images, drop=False),
        illumination={},
        settings=_SETTINGS,
        copies=[],
        captions=captions,
        files={**files, "table": folder / "images.csv"},
    )


def _segmentation(plate: Plate) -> Chapter:
    """Cells without a doubt, and eight overlays."""
    folder, names = plate.folder, [name for name in WELL_SEGMENTED.names if name.startswith("is_")]
    sites = plate.nuclei[["plate", "well", "site"]]
    about: dict[str, Any] = {
        "label_in_site": 1,
        "has_nucleus": True,
        "has_cell": True,
        "nucleus_px": 900,
        "cell_px": 4000,
    }
    objects = sites.assign(**about, **dict.fromkeys(names, False), stain="inside", n_nuclei=1)
    one: tuple[Any, ...] = (20, 900.0, 0.3, 1.5, 1, False, 0.0, "none", 0, 0.3, 20)
    nuclei = sites.assign(**dict(zip(SITE_NUCLEI.names[3:], one, strict=True)))
    tiles = [plate.overlay(one.well, ", ".join(one.doubts)) for one in plate.chosen()]
    files = {
        name: folder / f"segmentation_{name}" for name in ("overlays.svg", "gallery.json", "wells.csv", "nuclei.csv")
    }
    save_figure(overlay_figure(tiles[:1], channels=["RNA"], with_spots=False), files["overlays.svg"])
    write_gallery(overlay_gallery(tiles, channels=["RNA"], with_spots=False), files["gallery.json"])
    none = empty_table(KEPT_SITES)
    sources = ImageSources(
        files={name.split(".")[0]: file for name, file in files.items()} | {"table": files["wells.csv"]},
        captions={"segmentation": ""},
        corrected=[],
        left_out=none,
        sites=none,
    )
    settings: dict[str, Any] = {
        "method": "log_otsu",
        "nucleus_channel": "DAPI",
        "cells": {"method": "own_edge", "channel": "CELL"},
    }
    table = segmentation_table(objects, wells=plate.wells, left_out=none)
    return segmentation_chapter(table, nuclei=nuclei, segmentation=settings, sources=sources)


def _cells(plate: Plate) -> Chapter:
    """Two channels."""
    rng, folder = plate.rng, plate.folder
    wells = pd.DataFrame(plate.wells, columns=["plate", "well"]).assign(n_cells=80, n_complete=70, doubts="none")
    names = ["AreaShape_Area_um2", "AreaShape_Area_px", *(f"Intensity_MeanLessBackground_{n}" for n in ("DAPI", "RNA"))]
    wells = wells.assign(**{f"median_Cells_{name}": rng.normal(100, 9, size=len(wells)) for name in names})
    area, lights = shown_features(wells, has_cells=True)
    files = {name: folder / f"cells_{name}.svg" for name in ("area", "intensity")}
    save_figure(map_figure(wells, area), files["area"])
    save_figure(map_figure(wells, most_different(wells, lights)), files["intensity"])
    captions = dict.fromkeys(("areas", "intensities"), "")
    files["wells"] = folder / "wells.csv"
    return cells_chapter(wells, features=_FEATURES, has_cells=True, files=files, captions=captions)


def _groups(plate: Plate) -> Chapter:
    """As many groups as columns of a plate of 384 wells, each compared in spots per cell and 100 features."""
    folder = plate.folder
    wells = pd.DataFrame(plate.wells, columns=["plate", "well"])
    group = [f"g{n % _N_GROUPS:02d}" for n in range(len(wells))]
    names = ["spots_per_cell_RNA", *(f"Cells_Texture_F{n:03d}_RNA" for n in range(_N_FEATURES))]
    about = wells.assign(unit="", group=group, replicate="", n=80, is_control=[one == "g00" for one in group])
    about = about.assign(is_doubtful=False)
    table = pd.concat(
        [about.assign(measure=name, value=plate.rng.normal(30, 3, size=len(about))) for name in names],
        ignore_index=True,
    )
    contrasts, units = compare_groups(table, controls=("g00",), resampling=Resampling(200, 200, 1))
    tables = {"wells": table, "contrasts": contrasts, "units": units}
    labels, counts = labels_of(names)
    look: dict[str, Any] = {"groups": sorted(set(group)), "controls": ("g00",)}
    files = {"counts": folder / "groups.svg", "drawn": folder / "features.svg"}
    features = choose_features(table, max_correlation=0.9, min_replicate_share=0.2)
    chosen = drawn_features(contrasts, features=features, counts=counts, number=_DRAWN)
    for name, shown in (("counts", counts), ("drawn", chosen)):
        measures = drawn_measures(shown, tables, labels=labels, cells=plate.cells, features=[])
        save_figure(groups_figure(measures, **look), files[name])
    return groups_chapter(
        contrasts,
        wells=table,
        features=features,
        labels=labels,
        counts=counts,
        without_group=wells[:0],
        by="condition",
        replicate=None,
        controls=("g00",),
        are_given=True,
        captions=dict.fromkeys(("groups", "group_features"), ""),
        files={
            **files,
            **{name: folder / f"{name}.csv" for name in ("contrasts", "features", "scores", "ratios", "units")},
        },
    )


def _written(folder: Path, shape: tuple[int, int, int]) -> tuple[Path, list[Chapter]]:
    """The page and its chapters' pages, written as the workflow does."""
    (folder / "pages").mkdir(parents=True)
    plate = Plate(folder, n_rows=shape[0], n_columns=shape[1], n_sites=shape[2])
    chapters = [
        plate.plates(),
        _quality(plate),
        _segmentation(plate),
        plate.spots_chapter(),
        _cells(plate),
        _groups(plate),
    ]
    for one in chapters:
        own = render_chapter(one, title="t", folder=folder / "pages", back="../report.html")
        (folder / "pages" / f"{one.stage}.html").write_text(own, encoding="utf-8")
    pages = {one.stage: f"pages/{one.stage}.html" for one in chapters}
    page = render_page(
        chapters, title="t", n_wells=len(plate.wells), config={}, versions=[], folder=folder, pages=pages
    )
    (folder / "report.html").write_text(page, encoding="utf-8")
    return folder / "report.html", chapters


def run() -> list[Row]:
    """Two plates; the page, and the largest page of a chapter."""
    rows = []
    for name, shape in PLATES.items():
        with tempfile.TemporaryDirectory() as folder:
            page, chapters = _written(Path(folder) / name.split()[0], shape)
            own = {f"page of {one.stage}": page.parent / f"pages/{one.stage}.html" for one in chapters}
            files = {"page": page, **own}
            for what, file in files.items():
                size = file.stat().st_size / 1e6
                rows.append(_row(f"{name}: {what}", size, "MB", MOST_MB))
            whole = height_px(chapters) / SCREEN_PX
            rows.append(Row("report_page", f"{name}: all on one page, estimated", whole, "screens", "", None, "", None))
            if CHROMIUM is not None:
                with opened_page(Path(folder) / "profile") as opened:
                    opened.go(page, width=WIDTH_PX, height=SCREEN_PX, ready=_LAID_OUT)
                    high = opened.value("document.documentElement.scrollHeight") / SCREEN_PX
                rows.append(_row(f"{name}: page", high, "screens", MOST_SCREENS))
    return rows


def _row(what: str, value: float, unit: str, most: float) -> Row:
    return Row("report_page", what, value, unit, "", None, f"< {most:g} {unit}", value < most)
