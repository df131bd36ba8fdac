"""A plate that is judged and corrected: what is left out, and what one replaced image runs again.

One study, changed by one test after the other: three wells of three sites, one of which is far too bright.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile
import yaml

from tests.workflow.studies import Snakemake, planned, said
from wellspring.quality.images import read_illumination

pytestmark = [
    pytest.mark.workflow,
    # Snakemake leaves files open that it reads.
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]

WELLS = ("B02", "B03", "B04")
TARGETS = ("results/report/spots.csv", "results/tables/wells.csv", "results/dataset/manifest.parquet")
CONFIG = {
    "wells": "wells.tsv",
    "raw": {
        "format": "tiff",
        "pattern": "{well}_s{site}_{channel}.tif",
        "pixel_size_um": 0.3,
        "background": {"DAPI": 100, "RNA": 100},
    },
    "quality": {"channels": ["DAPI", "RNA"], "min_images": 6, "judged_by": ["median"]},
    "segmentation": {
        "nucleus_channel": "DAPI",
        "method": "log_otsu",
        "cells": {"method": "expansion", "distance_px": 5},
    },
    "spots": {"channels": ["RNA"], "sigma_px": 1.3},
    "dataset": {"target_channel": "RNA", "select": {}, "filter": [], "split": {"stratify": []}},
    "cells": {"image_size": 24},
}
# Files of one well of a stage: those of pixels, and the table that is made of them.
OF_A_WELL = (
    "segmentation/p/{}.ome.tif",
    "segmentation/cells/p/{}.ome.tif",
    "spots/p/{}.parquet",
    "cells/crops/p/{}.parquet",
    "cells/p/{}.parquet",
    "dataset/p/{}.parquet",
)
CORRECTION = "results/quality/plates/p/correction.npz"


def write_site(folder: Path, well: str, site: int, *, seed: int, slope: float = 0.3, bright: float = 1.0) -> None:
    """Four nuclei with a dozen spots under a light that falls from right to left, above an offset of 100."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:72, :72]
    light = bright * (1 + slope * (2 * x / 71 - 1))
    nuclei = np.array([(18, 18), (18, 54), (54, 18), (54, 54)]) + rng.uniform(-3, 3, (4, 2))
    for channel, places, width, height in (("DAPI", nuclei, 4.5, 900), ("RNA", rng.uniform(8, 64, (12, 2)), 1.3, 500)):
        drawn = sum(height * np.exp(-((y - a) ** 2 + (x - b) ** 2) / (2 * width**2)) for a, b in places)
        image = 100 + rng.poisson((200 + drawn) * light)
        path = folder / "raw" / f"{well}_s{site}_{channel}.tif"
        tifffile.imwrite(path, image.clip(0, 65_535).astype(np.uint16), photometric="minisblack")


def _times(folder: Path, wells: Sequence[str]) -> dict[str, int]:
    names = [name.format(well) for well in wells for name in OF_A_WELL]
    return {name: (folder / "results" / name).stat().st_mtime_ns for name in names}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, run: Snakemake) -> Path:
    folder = tmp_path_factory.mktemp("kept") / "study"
    (folder / "raw").mkdir(parents=True)
    for number, well in enumerate(WELLS):
        for site in (1, 2, 3):
            write_site(folder, well, site, seed=10 * number + site, bright=20 if (well, site) == ("B04", 3) else 1)
    sheet = ["plate\twell\tpath", *(f"p\t{well}\traw" for well in WELLS)]
    (folder / "wells.tsv").write_text("\n".join(sheet) + "\n", encoding="utf-8")
    (folder / "config.yaml").write_text(yaml.safe_dump(CONFIG), encoding="utf-8")
    result = run(folder, *TARGETS)
    assert result.returncode == 0, said(result)
    return folder


def _left_out(folder: Path) -> set[tuple[str, str]]:
    sites = pd.read_parquet(folder / "results/quality/plates/p/sites.parquet")
    return set(sites.loc[~sites["is_kept"], ["well", "site"]].itertuples(index=False, name=None))


def _check_tables(folder: Path, kept: dict[str, set[str]]) -> None:
    """Spots, cells and labels are those of the kept sites alone, and so are the means of the page's tables."""
    means = pd.read_csv(folder / "results/report/spots.csv").set_index("well")
    for well, sites in kept.items():
        cells = pd.read_parquet(folder / f"results/cells/crops/p/{well}.parquet")
        counts = pd.read_parquet(folder / f"results/spots/cells/p/{well}.parquet")
        spots = pd.read_parquet(folder / f"results/spots/p/{well}.parquet")
        assert set(cells["site"]) == set(counts["site"]) == sites
        assert set(spots["site"]) <= sites
        with tifffile.TiffFile(folder / f"results/segmentation/p/{well}.ome.tif") as file:
            assert {one.name for one in file.series} == sites
        assert len(cells) == 4 * len(sites)
        assert means.loc[well, "n_left_out"] == 3 - len(sites)
        assert means.loc[well, "n_cells"] == len(counts)
        assert means.loc[well, "n_spots"] == len(spots)
        assert means.loc[well, "mean_per_cell"] == pytest.approx(counts["n_spots"].mean())
    manifest = pd.read_parquet(folder / "results/dataset/manifest.parquet")
    assert len(manifest) == sum(4 * len(sites) for sites in kept.values())


def test_a_flagged_site_is_in_no_spot_no_cell_and_no_mean(study: Path) -> None:
    assert _left_out(study) == {("B04", "3")}
    _check_tables(study, {"B02": {"1", "2", "3"}, "B03": {"1", "2", "3"}, "B04": {"1", "2"}})
    assert not planned(study, *TARGETS)


def test_a_replaced_image_runs_its_own_well_and_no_other(study: Path, run: Snakemake) -> None:
    before, correction = _times(study, WELLS), (study / CORRECTION).read_bytes()
    # Far brighter than all others: the well has a site less.
    write_site(study, "B02", 1, seed=99, bright=20)
    result = run(study, *TARGETS)
    assert result.returncode == 0, said(result)
    assert _left_out(study) == {("B04", "3"), ("B02", "1")}
    # The function of eight images and that of the seven that are left differ by less than their error.
    light = read_illumination(study / "results/quality/plates/p/illumination.npz")
    for one in light.values():
        assert one.n_images == 7
        assert one.change is not None
        assert 0 < one.change <= one.error
    assert said(result).count("the illumination is kept") == 2
    assert (study / CORRECTION).read_bytes() == correction
    after = _times(study, WELLS)
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {name.format("B02") for name in OF_A_WELL}
    _check_tables(study, {"B02": {"2", "3"}, "B03": {"1", "2", "3"}, "B04": {"1", "2"}})
    assert not planned(study, *TARGETS)


def test_a_light_that_changed_runs_all_wells_again(study: Path, run: Snakemake) -> None:
    before, correction = _times(study, WELLS), (study / CORRECTION).read_bytes()
    for well in ("B02", "B03"):
        for site in (1, 2, 3):
            write_site(study, well, site, seed=50 + site, slope=-0.4)
    result = run(study, *TARGETS)
    assert result.returncode == 0, said(result)
    light = read_illumination(study / "results/quality/plates/p/illumination.npz")
    assert [one.change for one in light.values()] == [None, None]
    assert (study / CORRECTION).read_bytes() != correction
    after = _times(study, WELLS)
    assert {name for name in after if after[name] == before[name]} == set()
    assert not planned(study, *TARGETS)
