"""Wells measured, corrected, written and read again; the chapter of the report."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile

from wellspring.quality.images import (
    illumination_functions,
    read_corrected,
    read_functions,
    read_small_sites,
    write_corrected,
    write_functions,
    write_small_sites,
)
from wellspring.quality.outliers import flagged_images, kept_sites
from wellspring.quality.report.figures import flagged_figure, histograms_figure, illumination_figure, images_section
from wellspring.quality.sites import corrected_sites, measured_well
from wellspring.quality.tables import FLAGGED_IMAGES, IMAGE_QUALITY, KEPT_SITES
from wellspring.raw.tiff import SiteImage
from wellspring.report.style import save_figure
from wellspring.tables import check_table, write_table

KEY = ("p1", "A01")


def _site(name: str, *, seed: int) -> SiteImage:
    light = np.stack([np.full((40, 50), 400.0), np.linspace(200, 600, 50) * np.ones((40, 1))])
    image = np.random.default_rng(seed).poisson(light).astype(np.uint16)
    return SiteImage(name, ("actin", "nuclei"), image, 0.5)


@pytest.fixture
def sites() -> list[SiteImage]:
    return [_site("1", seed=1), _site("2", seed=2)]


def test_a_well_is_measured_image_by_image(sites: list[SiteImage], tmp_path: Path) -> None:
    found = measured_well(sites, key=KEY, channels=["nuclei", "actin"], background={"actin": 100}, bright_sd=3)
    check_table(found.images, IMAGE_QUALITY, source="test")
    assert list(zip(found.images["site"], found.images["channel"], strict=True)) == [
        *(("1", "nuclei"), ("1", "actin")),
        *(("2", "nuclei"), ("2", "actin")),
    ]
    assert found.images["mean"][1] == sites[0].image[0].mean()
    write_small_sites(tmp_path / "A01.npz", found.small, channels=["nuclei", "actin"])
    channels, small = read_small_sites(tmp_path / "A01.npz")
    assert channels == ("nuclei", "actin")
    assert [one.site for one in small] == ["1", "2"]
    assert np.array_equal(small[1].images[1].ratio, found.small[1].images[1].ratio)


def test_a_channel_missing_in_a_well(sites: list[SiteImage]) -> None:
    with pytest.raises(ValueError, match=r"p1/A01, site 1: quality.channels names 'borders', but the channels are"):
        measured_well(sites, key=KEY, channels=["borders"], background={}, bright_sd=3)


def test_correction_of_a_well_makes_the_slope_flat(sites: list[SiteImage], tmp_path: Path) -> None:
    wells = [measured_well(sites, key=KEY, channels=["actin", "nuclei"], background={}, bright_sd=3)]
    small = [(("actin", "nuclei"), well.small) for well in wells]
    functions = illumination_functions(small, channels=["nuclei"], smoothing_share=0.3)
    write_functions(tmp_path / "p1.npz", functions, n_sites=2)
    read, n_sites = read_functions(tmp_path / "p1.npz")
    assert n_sites == 2
    done = corrected_sites(sites, read, key=KEY, background={}, steps=[{"step": "crop", "size_px": 32}])
    write_corrected(tmp_path / "A01.ome.tif", done, channels=list(read), pixel_size_um=0.5)
    images = list(read_corrected(tmp_path / "A01.ome.tif"))
    assert [one.site for one in images] == ["1", "2"]
    assert images[0].image.shape == (1, 32, 32)
    columns = images[0].image[0].mean(axis=0)
    assert columns[:8].mean() == pytest.approx(columns[-8:].mean(), rel=0.02)
    with tifffile.TiffFile(tmp_path / "A01.ome.tif") as tif:
        assert 'PhysicalSizeX="0.5"' in (tif.ome_metadata or "")
        assert 'Name="nuclei"' in (tif.ome_metadata or "")


def test_a_plate_without_kept_sites_is_not_corrected() -> None:
    functions = illumination_functions([(("actin",), [])], channels=["actin"], smoothing_share=0.3)
    assert (functions["actin"] == 1).all()


def test_steps_that_crop_the_channels_differently(sites: list[SiteImage]) -> None:
    functions = {name: np.ones((4, 5), dtype=np.float32) for name in ("actin", "nuclei")}
    steps = [{"step": "crop", "size_px": 32, "channels": ["actin"]}]
    with pytest.raises(ValueError, match="crop all channels alike; site 1 has"):
        list(corrected_sites(sites, functions, key=KEY, background={}, steps=steps))


def test_files_that_are_not_such_files(tmp_path: Path) -> None:
    (tmp_path / "A01.npz").write_bytes(b"PK")
    with pytest.raises(ValueError, match="expected the small images of a well"):
        read_small_sites(tmp_path / "A01.npz")
    with pytest.raises(FileNotFoundError, match="expected illumination functions"):
        read_functions(tmp_path / "p1.npz")
    with pytest.raises(ValueError, match="expected at least one site, got none"):
        write_corrected(tmp_path / "A01.ome.tif", [], channels=["actin"], pixel_size_um=None)


def _chapter(folder: Path, *, bad: float, min_images: int) -> tuple[pd.DataFrame, list[str], list[str]]:
    rows = [
        measured_well([_site("1", seed=n)], key=("p1", f"A{n:02d}"), channels=["actin"], background={}, bright_sd=3)
        for n in range(9)
    ]
    images = pd.concat([one.images for one in rows], ignore_index=True)
    images.loc[3, "median"] += bad
    judged = flagged_images(images, max_z=6, judged_by=["median", "std"], min_images=min_images)
    write_table(judged, folder / "images.parquet", FLAGGED_IMAGES)
    write_table(kept_sites(judged, drop=True), folder / "sites.parquet", KEPT_SITES)
    save_figure(histograms_figure(judged, measures=["median", "std"]), folder / "images.svg")
    save_figure(flagged_figure([]), folder / "flagged.svg")
    save_figure(illumination_figure({"p1": {"actin": np.ones((4, 5), dtype=np.float32)}}), folder / "light.svg")
    (section,) = images_section(
        {
            "images": folder / "images.parquet",
            "sites": folder / "sites.parquet",
            "image_histograms": folder / "images.svg",
            "flagged_images": folder / "flagged.svg",
            "illumination": folder / "light.svg",
        }
    )
    return judged, list(section.warnings), list(section.findings)


def test_the_chapter_names_what_is_left_out(tmp_path: Path) -> None:
    judged, warnings, findings = _chapter(tmp_path, bad=500, min_images=8)
    assert judged["is_flagged"].sum() == 1
    assert findings == ["1 of 9 images are flagged; sites that hold them, 1, are left out."]
    assert warnings == ["Every site of 1 well(s) is flagged and left out: p1 / A03."]


def test_the_chapter_says_that_too_few_images_were_not_judged(tmp_path: Path) -> None:
    _, warnings, findings = _chapter(tmp_path, bad=500, min_images=10)
    assert findings == ["None of 9 images is flagged."]
    assert warnings[0].startswith("Too few images to say which are unusual: p1 / actin.")


def test_without_judged_images_there_is_no_chapter() -> None:
    assert images_section({}) == []
