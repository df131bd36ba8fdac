"""Wells measured, corrected, written and read again; the chapter of the report."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile
from matplotlib.text import Text

from wellspring.quality import job
from wellspring.quality.correction import Correction, corrected
from wellspring.quality.images import (
    Illumination,
    illumination_of_plate,
    read_illumination,
    read_small_sites,
    write_corrected,
    write_illumination,
    write_small_sites,
)
from wellspring.quality.outliers import flagged_images, kept_sites
from wellspring.quality.preprocessing import preprocessed_sites
from wellspring.quality.report.chapter import quality_chapter
from wellspring.quality.report.figures import (
    MAX_FLAGGED,
    FlaggedImage,
    chosen_flagged,
    flagged_figure,
    histograms_figure,
    illumination_figure,
    plate_contrasts,
)
from wellspring.quality.report.left_out import left_out_per_well, left_out_sections, left_out_sites, left_out_warnings
from wellspring.quality.tables import IMAGE_QUALITY, KEPT_SITES
from wellspring.raw.images import SiteImage
from wellspring.report.chapter import Chapter
from wellspring.report.style import save_figure
from wellspring.tables import check_table, write_table

KEY = ("p1", "A01")
CAPTIONS = {"images": "Measures.", "flagged_images": "Flagged.", "illumination": "Light."}
SETTINGS = {"channels": ["actin"], "judged_by": ["median", "std"], "max_z": 6.0, "use": "all", "preprocessing": []}


def _site(name: str, *, seed: int) -> SiteImage:
    light = np.stack([np.full((40, 50), 400.0), np.linspace(200, 600, 50) * np.ones((40, 1))])
    image = np.random.default_rng(seed).poisson(light).astype(np.uint16)
    return SiteImage(name, ("actin", "nuclei"), image, 0.5)


@pytest.fixture
def sites() -> list[SiteImage]:
    return [_site("1", seed=1), _site("2", seed=2)]


def test_a_well_is_measured_image_by_image(sites: list[SiteImage], tmp_path: Path) -> None:
    found = job.run(sites, key=KEY, background={"actin": 100}, bright_sd=3)
    check_table(found.images, IMAGE_QUALITY, source="test")
    assert list(zip(found.images["site"], found.images["channel"], strict=True)) == [
        *(("1", "actin"), ("1", "nuclei")),
        *(("2", "actin"), ("2", "nuclei")),
    ]
    assert found.images["mean"][0] == sites[0].image[0].mean()
    write_small_sites(tmp_path / "A01.npz", found.small, channels=["actin", "nuclei"])
    channels, small = read_small_sites(tmp_path / "A01.npz")
    assert channels == ("actin", "nuclei")
    assert [one.site for one in small] == ["1", "2"]
    assert np.array_equal(small[1].images[1].ratio, found.small[1].images[1].ratio)


def test_correction_of_a_well_makes_the_slope_flat(sites: list[SiteImage], tmp_path: Path) -> None:
    wells = [(("actin", "nuclei"), job.run(sites, key=KEY, background={}, bright_sd=3).small)]
    found = illumination_of_plate(wells, channels=["nuclei"], smoothing_share=0.3, min_images=2)
    write_illumination(tmp_path / "p1.npz", found)
    read = read_illumination(tmp_path / "p1.npz")
    assert (read["nuclei"].n_images, read["nuclei"].is_applied) == (2, True)
    nuclei = [SiteImage(one.site, ("nuclei",), one.image[1:], 0.5) for one in sites]
    even = corrected(nuclei, Correction({"nuclei": read["nuclei"].function}))
    done = preprocessed_sites(even, steps=[{"step": "crop", "size_px": 32}])
    write_corrected(tmp_path / "A01.ome.tif", done, channels=["nuclei"], pixel_size_um=0.5)
    with tifffile.TiffFile(tmp_path / "A01.ome.tif") as tif:
        assert 'PhysicalSizeX="0.5"' in (tif.ome_metadata or "")
        assert 'Name="nuclei"' in (tif.ome_metadata or "")
        assert [one.name for one in tif.series] == ["1", "2"]
        image = tif.series[0].asarray()
    assert image.shape == (32, 32)
    columns = image.mean(axis=0)
    assert columns[:8].mean() == pytest.approx(columns[-8:].mean(), rel=0.02)


def test_a_plate_without_kept_sites_is_not_corrected() -> None:
    found = illumination_of_plate([(("actin",), [])], channels=["actin"], smoothing_share=0.3, min_images=4)
    assert (found["actin"].function == 1).all()
    assert (found["actin"].n_images, found["actin"].is_applied) == (0, False)


def test_too_few_images_give_no_function(sites: list[SiteImage]) -> None:
    wells = [(("actin", "nuclei"), job.run(sites, key=KEY, background={}, bright_sd=3).small)]
    found = illumination_of_plate(wells, channels=["nuclei"], smoothing_share=0.3, min_images=3)
    assert (found["nuclei"].function == 1).all()
    assert (found["nuclei"].n_images, found["nuclei"].is_applied) == (2, False)


def test_steps_that_crop_the_channels_differently(sites: list[SiteImage]) -> None:
    steps = [{"step": "crop", "size_px": 32, "channels": ["actin"]}]
    with pytest.raises(ValueError, match="crop all channels alike; site 1 has"):
        list(preprocessed_sites(sites, steps=steps))


def test_a_copy_of_a_well_of_which_every_site_was_left_out(tmp_path: Path) -> None:
    write_corrected(tmp_path / "A01.ome.tif", [], channels=["actin", "nuclei"], pixel_size_um=None)
    with tifffile.TiffFile(tmp_path / "A01.ome.tif") as tif:
        assert [(one.name, one.shape) for one in tif.series] == [("", (2, 1, 1))]


def test_files_that_are_not_such_files(tmp_path: Path) -> None:
    (tmp_path / "A01.npz").write_bytes(b"PK")
    with pytest.raises(ValueError, match="expected the small images of a well"):
        read_small_sites(tmp_path / "A01.npz")
    with pytest.raises(FileNotFoundError, match="expected illumination functions"):
        read_illumination(tmp_path / "p1.npz")


def _chapter(folder: Path, *, bad: float, min_images: int, n_light: int = 9) -> tuple[pd.DataFrame, Chapter]:
    rows = [job.run([_actin(n)], key=("p1", f"A{n:02d}"), background={}, bright_sd=3) for n in range(9)]
    images = pd.concat([one.images for one in rows], ignore_index=True)
    images.loc[3, "median"] += bad
    judged = flagged_images(images, max_z=6, judged_by=["median", "std"], min_images=min_images)
    files = {name: folder / f"{name}.svg" for name in ("histograms", "flagged", "light")}
    save_figure(histograms_figure(judged, measures=["median", "std"]), files["histograms"])
    shown = [FlaggedImage("p1 A03", "median +9.0", np.ones((4, 5), dtype=np.float32), (0.0, 2.0))]
    save_figure(flagged_figure(shown if judged["is_flagged"].any() else []), files["flagged"])
    light = Illumination(np.ones((4, 5), dtype=np.float32), n_light, is_applied=n_light >= min_images)
    save_figure(illumination_figure({"p1": {"actin": light.function}}), files["light"])
    chapter = quality_chapter(
        judged,
        kept_sites(judged, drop=True),
        illumination={"p1": {"actin": light}},
        settings=SETTINGS,
        copies=[],
        captions=CAPTIONS,
        files={**files, "table": folder / "images.csv"},
    )
    return judged, chapter


def test_flagged_images_share_the_contrast_of_their_plate_and_the_worst_are_drawn() -> None:
    n = MAX_FLAGGED + 8
    images = pd.DataFrame(
        {"plate": "p1", "channel": "actin", "q01": 100.0, "q99": 300.0, "is_flagged": False}, range(n + 3)
    )
    images.loc[: n - 1, ["q01", "q99", "is_flagged"]] = [9.0, 9000.0, True]
    assert plate_contrasts(images) == {("p1", "actin"): (100.0, 300.0)}
    assert plate_contrasts(images[:n]) == {("p1", "actin"): (9.0, 9000.0)}
    images["z_std"] = np.arange(float(len(images)))
    images["z_median"] = np.nan
    images.loc[2, "z_median"] = -50.0
    drawn = chosen_flagged(images).index.tolist()
    # The worst of each measure, then the others by their worst measure.
    assert drawn == [n - 1, 2, *range(n - 2, n - MAX_FLAGGED, -1)]
    figure = flagged_figure([FlaggedImage("a", "b", np.ones((4, 5), dtype=np.float32), (100.0, 300.0))])
    assert figure.axes[0].images[0].get_clim() == (100.0, 300.0)


def test_the_colours_of_the_light_do_not_go_below_0() -> None:
    light = np.full((4, 5), 0.5, np.float32)
    light[1, 1] = 3
    axes, _ = illumination_figure({"p1": {"actin": 1 / light}}).axes
    assert axes.images[0].get_clim() == pytest.approx((0.0, 3.0))


def _actin(seed: int) -> SiteImage:
    site = _site("1", seed=seed)
    return SiteImage(site.site, ("actin",), site.image[:1], site.pixel_size_um)


def test_the_chapter_names_what_is_left_out(tmp_path: Path) -> None:
    judged, chapter = _chapter(tmp_path, bad=500, min_images=8)
    assert judged["is_flagged"].sum() == 1
    assert chapter.findings == ["1 of 9 images are flagged; sites that hold them, 1, are left out."]
    assert chapter.warnings == ["Every site is flagged and left out in 1 well: p1 / A03."]
    assert chapter.picture is not None
    assert chapter.picture.title == "Flagged images"
    titles = [part.title for part in chapter.sections[0].parts]
    assert titles == ["Flagged images", "Flagged sites", "Measures of the images", "Illumination"]
    assert chapter.sections[0].parts[1].rows[0][:4] == ("p1", "A03", "1", "left out")
    assert "Segmentation, spots, cells and profiles read" in chapter.sections[0].text[1]


def test_the_chapter_says_that_too_few_images_were_not_judged(tmp_path: Path) -> None:
    _, chapter = _chapter(tmp_path, bad=500, min_images=10)
    assert chapter.findings == ["None of 9 images is flagged."]
    assert chapter.warnings[0].startswith("Too few images to say which are unusual: p1 / actin.")
    assert "estimated from too few images: p1 / actin (9)" in chapter.warnings[1]
    assert chapter.picture is not None
    assert chapter.picture.title == "Measures of the images"


def test_the_left_out_sites_of_other_chapters(tmp_path: Path) -> None:
    rows = [("p1", "A01", "1", False, True), ("p1", "A01", "2", True, False), ("p1", "A02", "1", True, False)]
    table = pd.DataFrame([(*row, "actin: std +9.0") for row in rows], columns=KEPT_SITES.names)
    write_table(table, tmp_path / "p1" / "sites.parquet", KEPT_SITES)
    left_out, sites = left_out_sites([tmp_path / "p1" / "sites.parquet"])
    assert left_out["site"].tolist() == ["2", "1"]
    keys = pd.DataFrame({"plate": "p1", "well": ["A03", "A01"]}, index=[5, 7])
    assert left_out_per_well(left_out, keys).to_dict() == {5: 0, 7: 1}
    assert left_out_warnings(sites, verb="segmented") == [
        "Every site is flagged and left out, so nothing was segmented, in 1 well: p1 / A02."
    ]
    (section,) = left_out_sections(left_out, n_sites=len(sites), file="segmentation.csv")
    assert section.text[0].startswith("2 of 3 sites were left out")
    assert section.parts[0].rows[0] == ("p1", "A01", "2", "actin: std +9.0")
    none, no_sites = left_out_sites([])
    assert left_out_warnings(no_sites, verb="searched") == []
    assert left_out_sections(none, n_sites=0, file="") == []
    assert left_out_per_well(none, keys).tolist() == [0, 0]


@pytest.mark.slow
def test_headings_of_histograms_do_not_overlap() -> None:
    measures = ("focus_slope", "std", "saturated_share", "empty_share", "median", "q01")
    plates = ["a plate with a long name", "p2"] * 3
    images = pd.DataFrame({"plate": plates, "channel": "actin", "is_flagged": False})
    images = images.assign(**{name: np.linspace(5000, 9000, len(images)) for name in measures})
    figure = histograms_figure(images, measures=measures)
    figure.draw_without_rendering()
    words = ["focus (slope)", "standard deviation", "saturated share", "empty share", "median", "1st percentile"]
    drawn = [text for text in figure.findobj(Text) if text.get_text() in words]
    boxes = {text: text.get_window_extent() for text in drawn}
    assert sorted(text.get_text() for text in drawn) == sorted(2 * words)
    clashing = [(a.get_text(), b.get_text()) for a, b in combinations(drawn, 2) if boxes[a].overlaps(boxes[b])]
    assert clashing == []
