"""Label images of other programs: which files, what is refused, and which nucleus is in which cell."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pytest
import tifffile
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.raw.bad_wells import ExpectedWell, described
from wellspring.raw.images import SiteImage
from wellspring.segmentation.flags import count_flags
from wellspring.segmentation.given.doubts import EXCHANGED, OUTSIDE, doubts_of_given
from wellspring.segmentation.given.files import counting_of, given_files, has_cells
from wellspring.segmentation.given.job import GivenWell, given_nuclei, given_well, in_sequence
from wellspring.segmentation.given.labels import GREATEST_ID, GivenLabels, checked_labels, pieces_of_labels
from wellspring.segmentation.given.objects import describe_given, match_nuclei, with_matches
from wellspring.segmentation.job import run_cells, run_nuclei, seed_channels
from wellspring.segmentation.labels import write_labels
from wellspring.segmentation.settings import GivenSettings
from wellspring.segmentation.site_counts import with_cells
from wellspring.segmentation.stage import STAGE
from wellspring.segmentation.tables import MATCHED

SHAPE = (20, 30)
KEY = "segmentation.pattern"


def _cells() -> NDArray[np.uint32]:
    """Cells 7, 9 and 12 of 100 pixels side by side, ids with gaps."""
    cells = np.zeros(SHAPE, np.uint32)
    for place, label in enumerate((7, 9, 12)):
        cells[5:15, 10 * place : 10 * place + 10] = label
    return cells


def _block(**keys: Any) -> dict[str, Any]:
    given = {"method": "given", "nucleus_channel": None, "cells": None, "pattern": None, "nuclei": None, "folder": None}
    return {**given, **keys}


# Files


def test_files_are_those_of_the_well(tmp_path: Path) -> None:
    for name in ("A01_s1_cells.tif", "A01_s2_cells.tif", "A02_s1_cells.tif", "A01_s1_DAPI.tif"):
        (tmp_path / name).touch()
    block = _block(pattern="{well}_s{site}_cells.tif")
    found = given_files(tmp_path, plate="P", well="A01", segmentation=block, kind="cells")
    assert [file.name for file in found] == ["A01_s1_cells.tif", "A01_s2_cells.tif"]
    assert given_files(tmp_path, plate="P", well="A01", segmentation=block, kind="nuclei") == []


def test_a_folder_of_their_own_by_plate_and_well(tmp_path: Path) -> None:
    (tmp_path / "labels/P2/A01").mkdir(parents=True)
    (tmp_path / "labels/P2/A01/1.png").touch()
    block = _block(nuclei="{site}.png", folder=f"{tmp_path}/labels/{{plate}}/{{well}}")
    found = given_files(tmp_path, plate="P2", well="A01", segmentation=block, kind="nuclei")
    assert found == [tmp_path / "labels/P2/A01/1.png"]


def test_a_well_that_is_one_file_has_its_labels_in_the_same_folder(tmp_path: Path) -> None:
    for name in ("A01.ome.tif", "A01_cells.png"):
        (tmp_path / name).touch()
    block = _block(pattern="{well}_cells.png")
    found = given_files(tmp_path / "A01.ome.tif", plate="P", well="A01", segmentation=block, kind="cells")
    assert found == [tmp_path / "A01_cells.png"]


@pytest.mark.parametrize(
    ("name", "pattern", "words"),
    [
        ("A01_x.tif", "{well}_cells.tif", "well P/A01: .*no file matches the pattern.*Change segmentation.pattern"),
        ("A01_seg.npy", "{well}_seg.npy", "A01_seg.npy: expected a label image as TIFF or PNG"),
        ("A01_{1}.tif", "{well}_{_}.tif", "without braces"),
        ("A01.tif", "{wel}.tif", r"unknown part \{wel\}"),
    ],
)
def test_files_that_cannot_be(name: str, pattern: str, words: str, tmp_path: Path) -> None:
    (tmp_path / name).touch()
    with pytest.raises((InputError, FileNotFoundError), match=words):
        given_files(tmp_path, plate="P", well="A01", segmentation=_block(pattern=pattern), kind="cells")


# Reading


def _read(path: Path, *, sites: tuple[str, ...] = ("1",), pattern: str | None = None) -> GivenLabels:
    return GivenLabels([path], pattern=pattern or path.name.replace("1", "{site}"), sites=sites, key=KEY)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32", "int32", "float32", "float64"])
def test_every_type_of_tiff_keeps_its_ids(dtype: str, tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "s1.tif", _cells().astype(dtype), compression="zlib")
    found = _read(tmp_path / "s1.tif").of_site("1", shape=SHAPE)
    assert found.dtype == np.uint32
    assert (found == _cells()).all()


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_png_keeps_its_ids(dtype: str, tmp_path: Path) -> None:
    labels = _cells().astype(dtype) * (1 if dtype == "uint8" else 1000)
    cv2.imwrite(str(tmp_path / "s1.png"), labels)
    assert (_read(tmp_path / "s1.png")["1"] == labels).all()


def test_labels_that_wellspring_wrote_are_found_by_the_names_of_their_sites(tmp_path: Path) -> None:
    write_labels(tmp_path / "A01.ome.tif", {"2": 2 * _cells(), "1": _cells()}, pixel_size_um=0.5)
    found = _read(tmp_path / "A01.ome.tif", sites=("1", "2"), pattern="{well}.ome.tif")
    assert [int(found[site].max()) for site in ("1", "2")] == [12, 24]


def test_images_without_names_are_those_of_the_sites_in_order(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "A01.tif") as writer:
        for factor in (1, 3):
            writer.write(factor * _cells(), metadata=None, contiguous=False)
    found = _read(tmp_path / "A01.tif", sites=("1-1", "1-2"), pattern="{well}.tif")
    assert [int(found[site].max()) for site in found] == [12, 36]
    with pytest.raises(InputError, match=r"holds 2 label image.s., but the well has 3 sites"):
        _read(tmp_path / "A01.tif", sites=("1", "2", "3"), pattern="{well}.tif")


def test_a_site_without_labels_and_one_with_two(tmp_path: Path) -> None:
    for name in ("s1.tif", "s1.png"):
        (cv2.imwrite if name.endswith("png") else tifffile.imwrite)(str(tmp_path / name), _cells().astype(np.uint16))
    with pytest.raises(InputError, match=r"none of 2 is among .*s1.tif"):
        _read(tmp_path / "s1.tif", sites=("1", "2"))
    files = [tmp_path / "s1.png", tmp_path / "s1.tif"]
    with pytest.raises(InputError, match=r"s1.tif: site 1 has labels in .*s1.png too"):
        GivenLabels(files, pattern="s{site}.{_}", sites=("1",), key=KEY)


@pytest.mark.parametrize("name", ["s1.tif", "s1.png"])
def test_a_damaged_file(name: str, tmp_path: Path) -> None:
    labels = np.random.default_rng(0).integers(0, 999, (200, 200)).astype(np.uint16)
    (cv2.imwrite if name.endswith("png") else tifffile.imwrite)(str(tmp_path / name), labels)
    data = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(data[:400] if name.endswith("tif") else data[:20])
    with pytest.raises(InputError, match=f"{name}: "):
        _read(tmp_path / name).of_site("1", shape=(200, 200))


def _whole(change: Callable[[NDArray[np.float64]], None]) -> NDArray[np.float64]:
    labels = _cells().astype(np.float64)
    change(labels)
    return labels


def _set(value: float) -> NDArray[np.float64]:
    return _whole(lambda labels: labels.__setitem__((0, 0), value))


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (_set(0.5), "whole numbers, 0 = background, got 0.5 among 1 values"),
        (_set(np.nan), "got nan among 1 values"),
        (_set(-1), "ids of 0 or more, got -1"),
        (_set(GREATEST_ID + 1), "ids up to 10,000,000, got 10,000,001"),
        (np.stack([_cells()] * 3, axis=-1), r"one \(Y, X\) image of labels, got the shape \(20, 30, 3\)"),
        (_cells().T, "20 x 30 px, the size of the site's images, got 30 x 20. Its axes seem exchanged"),
        (_cells()[::2, ::2], "got 10 x 15. Export them at the full size"),
        (_cells().astype(complex), "whole numbers, 0 = background, got complex128"),
        ((_cells() == 7) | (_cells() == 12), "all 2 have 1: it is a mask"),
    ],
)
def test_each_wrong_image_has_its_message(image: NDArray[Any], words: str) -> None:
    with pytest.raises(InputError, match=f"^here: .*{words}"):
        checked_labels(image, shape=SHAPE, source="here")


def test_axes_of_length_one_and_images_without_objects_are_fine() -> None:
    assert (checked_labels(_cells()[None, :, :, None], shape=SHAPE, source="here") == _cells()).all()
    assert checked_labels(np.zeros(SHAPE), shape=SHAPE, source="here").max() == 0
    # One object with a fragment is no mask.
    alone = np.where(_cells() == 7, 7, 0)
    alone[0, 0] = 7
    assert checked_labels(alone, shape=SHAPE, source="here")[0, 0] == 7


def test_pieces() -> None:
    labels = np.array([[1, 1, 0, 1], [0, 0, 0, 0], [4, 0, 0, 0], [0, 4, 0, 2]])
    assert pieces_of_labels(labels).tolist() == [0, 2, 1, 0, 1]
    assert pieces_of_labels(np.zeros((0, 3), int)).tolist() == [0]


# Matching


def _nuclei() -> NDArray[np.uint32]:
    """3 and 5 in cell 7; 4 half in 7, half in 9; 8 of 12 pixels, 4 of them in cell 12; none in the middle of 9."""
    nuclei = np.zeros(SHAPE, np.uint32)
    nuclei[6:8, 1:3], nuclei[10:12, 1:3] = 3, 5
    nuclei[7:9, 8:12] = 4
    nuclei[14:17, 25:29] = 8
    return nuclei


def test_a_nucleus_belongs_to_the_cell_that_holds_half_of_it_or_more() -> None:
    found = match_nuclei(_nuclei(), _cells())
    # 4 is 4 px in 7 and 4 px in 9: a tie, so 7. 8 has 4 of 12 px in 12, so it is in no cell: 13, the next number.
    rows = found.matches[["nucleus_id", "label_in_site", "n_px", "n_in_cell_px", "n_pieces"]].to_numpy().tolist()
    assert rows == [[3, 7, 4, 4, 1], [4, 7, 8, 4, 1], [5, 7, 4, 4, 1], [8, 13, 12, 0, 1]]
    assert [int(found.nuclei[place]) for place in ((6, 1), (7, 11), (15, 26), (0, 0))] == [7, 7, 13, 0]


def test_without_cells_nuclei_keep_their_ids_and_without_nuclei_there_are_no_rows() -> None:
    found = match_nuclei(_nuclei(), None)
    assert (found.nuclei == _nuclei()).all()
    assert found.matches["label_in_site"].tolist() == [3, 4, 5, 8]
    nothing = match_nuclei(np.zeros(SHAPE, np.uint32), _cells())
    assert len(nothing.matches) == 0
    assert not nothing.nuclei.any()
    with pytest.raises(InputError, match="expected the shape of the nuclei"):
        match_nuclei(_nuclei(), _cells()[:5])


def test_what_is_said_of_each_object() -> None:
    cells = _cells()
    cells[0, 29] = 12
    found = match_nuclei(_nuclei(), cells)
    table = describe_given(found.nuclei, cells, found.matches).set_index("label_in_site")
    assert table["n_nuclei"].to_dict() == {7: 3, 9: 0, 12: 0, 13: 1}
    assert table["nucleus_ids"].to_dict() == {7: "3 4 5", 9: "", 12: "", 13: "8"}
    assert table["has_nucleus"].tolist() == [True, False, False, True]
    assert table["has_cell"].tolist() == [True, True, True, False]
    assert table["nucleus_px"].tolist() == [16, 0, 0, 12]
    assert table["cell_px"].tolist() == [100, 100, 101, 0]
    assert table["is_in_pieces"].tolist() == [False, False, True, False]
    assert table["is_border_cell"].tolist() == [True, False, True, False]
    assert not table["is_nucleus_larger"].any()
    # Cells count as such with and without a nucleus; a nucleus in no cell is no cell of odd size.
    assert not table["is_cell_size_out"].any()
    found = count_flags(table.reset_index(), are_all_labelled=True).iloc[0]
    assert (found["n_border_cells"], found["n_without_nucleus"]) == (2, 2)
    nothing, inside = np.zeros((2, *SHAPE), np.uint32)
    for label, size in enumerate((8, 7, 2)):
        inside[5 : 5 + size, 10 * label + 1 : 10 * label + 1 + size] = label + 1
    sizes = describe_given(nothing, inside, match_nuclei(nothing, inside).matches)
    assert sizes["is_cell_size_out"].tolist() == [False, False, True]


def test_a_nucleus_that_is_larger_than_its_cell_or_in_pieces() -> None:
    nuclei = np.zeros(SHAPE, np.uint32)
    nuclei[4:16, 0:10] = 1
    nuclei[0, 0] = 1
    found = match_nuclei(nuclei, _cells())
    table = describe_given(found.nuclei, _cells(), found.matches).set_index("label_in_site")
    assert table["nucleus_px"][7] == 121
    assert table["is_nucleus_larger"].to_dict() == {7: True, 9: False, 12: False}
    assert table["is_in_pieces"].to_dict() == {7: True, 9: False, 12: False}


def test_nuclei_in_no_cell_are_no_neighbours_of_a_cell() -> None:
    cells, nuclei = np.zeros((2, 40, 40), np.uint32)
    cells[1:7, 1:7] = 1
    for number in range(8):
        nuclei[30:33, 4 * number : 4 * number + 3] = number + 1
    found = match_nuclei(nuclei, cells)
    assert len(found.matches) == 8
    assert not describe_given(found.nuclei, cells, found.matches)["is_larger_than_neighbors"].any()


def test_sites_full_of_given_cells_are_doubted() -> None:
    full = np.ones(SHAPE, np.uint32)
    full[:, 15:] = 2
    table = describe_given(np.zeros(SHAPE, np.uint32), full, match_nuclei(np.zeros(SHAPE, np.uint32), full).matches)
    assert table["is_in_full_site"].tolist() == [True, True]


def test_matches_of_found_nuclei_change_nothing() -> None:
    objects = describe_given(_cells(), _cells(), match_nuclei(_cells(), _cells()).matches)
    again = with_matches(objects, match_nuclei(_cells(), None).matches)
    pd.testing.assert_frame_equal(again[objects.columns], objects)


# What is odd about both


def _doubts(nuclei: NDArray[np.uint32], cells: NDArray[np.uint32]) -> list[str]:
    return doubts_of_given(nuclei, cells, match_nuclei(nuclei, cells).matches)


@pytest.mark.parametrize("side", [2, 5, 8, 9])
def test_exchanged_labels_are_noticed_however_much_larger_the_cells_are(side: int) -> None:
    """Cells of 10 x 10 px, nuclei of 2 to 9 px in them: 25 times to 1.2 times as large."""
    nuclei = np.zeros(SHAPE, np.uint32)
    for place in range(3):
        nuclei[6 : 6 + side, 10 * place + 1 : 10 * place + 1 + side] = place + 1
    assert _doubts(nuclei, _cells()) == []
    assert _doubts(_cells(), nuclei) == [EXCHANGED]
    # A cell without a nucleus, and two of them.
    one = np.where(nuclei == 2, 0, nuclei)
    assert _doubts(_cells(), one) == [EXCHANGED]
    assert _doubts(np.where(nuclei == 2, 2, 0).astype(np.uint32), _cells()) == []


def test_labels_that_are_the_same_or_empty_are_not_exchanged() -> None:
    nothing = np.zeros(SHAPE, np.uint32)
    for nuclei, cells in ((_cells(), _cells()), (nothing, _cells()), (nothing, nothing)):
        assert _doubts(nuclei, cells) == []
    assert doubts_of_given(_cells(), None, match_nuclei(_cells(), None).matches) == []


@pytest.mark.parametrize(("n_outside", "found"), [(2, []), (3, [OUTSIDE])])
def test_many_nuclei_in_no_cell_are_a_doubt(n_outside: int, found: list[str]) -> None:
    nuclei = _nuclei()
    nuclei[14:17, 25:29] = 0
    for number in range(n_outside):
        nuclei[17:19, 3 * number : 3 * number + 2] = 20 + number
    assert _doubts(nuclei, _cells()) == found


def test_cells_and_nuclei_of_a_site_are_counted_apart() -> None:
    matched = match_nuclei(_nuclei(), _cells())
    key = {"plate": "P", "well": "A01", "site": "1"}
    objects = describe_given(matched.nuclei, _cells(), matched.matches).assign(**key)
    sites = pd.DataFrame([{**key, "n_nuclei": 4}, {**key, "site": "2", "n_nuclei": 0}])
    given = counting_of(_block(pattern="c.tif", nuclei="n.tif"))
    assert with_cells(sites, objects, **given)[["n_nuclei", "n_cells"]].to_numpy().tolist() == [[4, 3], [0, 0]]
    assert with_cells(sites, None, **given)["n_cells"].isna().all()
    # Cells without a nucleus that the stain shows are no more than a doubt, unless they are seeds.
    found = counting_of({"nucleus_channel": "DAPI", "cells": {"method": "own_edge", "unstained": "ignore"}})
    assert with_cells(sites, objects, **found)["n_cells"].tolist() == [1, 0]
    seeds = counting_of({"nucleus_channel": None, "cells": {"method": "own_edge", "unstained": "seed"}})
    assert with_cells(sites, objects, **seeds)["n_cells"].tolist() == [3, 0]
    assert with_cells(sites, objects, **seeds)["n_nuclei"].isna().all()


# Through the stage's job


def _well(tmp_path: Path, **images: NDArray[Any]) -> GivenWell:
    files = {"nuclei": [], "cells": []}
    keys = {"nuclei": None, "pattern": None}
    for kind, labels in images.items():
        tifffile.imwrite(tmp_path / f"s1_{kind}.tif", labels.astype(np.uint16))
        files[kind] = [tmp_path / f"s1_{kind}.tif"]
        keys["nuclei" if kind == "nuclei" else "pattern"] = f"s{{site}}_{kind}.tif"
    return given_well(files, segmentation=_block(**keys), sites=["1"])


def _settings(*, nuclei: str | None = None, pattern: str | None = None, channel: str | None = None) -> GivenSettings:
    return GivenSettings(
        nucleus_channel=channel,
        smoothing_sigma_px=None,
        min_diameter_px=None,
        cells=None,
        z_step_um=None,
        annotated=None,
        method="given",
        pattern=pattern,
        nuclei=nuclei,
        folder=None,
    )


def test_nuclei_and_cells_of_a_site(tmp_path: Path) -> None:
    well = _well(tmp_path, nuclei=_nuclei(), cells=_cells())
    site = SiteImage("1", (), np.zeros((0, *SHAPE), np.uint16), None)
    settings = _settings(nuclei="s{site}_nuclei.tif", pattern="s{site}_cells.tif")
    assert seed_channels(settings) == []
    (nuclei,) = run_nuclei([site], settings, key=("P", "A01"), given=well)
    assert int(nuclei.about["n_nuclei"][0]) == 4
    assert float(nuclei.about["median_px"][0]) == 6.0
    assert nuclei.about["doubts"][0] == "none"
    assert set(nuclei.matches.columns) == set(MATCHED.names)
    stacks: Any = type("Stacks", (), {"site": "1", "stacks": {}, "pixel_size_um": None})()
    (cells,) = run_cells([stacks], {"1": nuclei.labels}, None, matches=nuclei.matches, given=well)
    assert (cells.labels == _cells()).all()
    assert cells.objects["label_in_site"].tolist() == [7, 9, 12, 13]
    with pytest.raises(InputError, match=r"segmentation\.cells: expected a method"):
        list(run_cells([stacks], {"1": nuclei.labels}, None, matches=nuclei.matches))
    exchanged = _well(tmp_path, nuclei=_cells(), cells=_nuclei())
    (wrong,) = run_nuclei([site], settings, key=("P", "A01"), given=exchanged)
    assert wrong.about["doubts"][0] == EXCHANGED


def test_which_channel_nuclei_come_from() -> None:
    assert seed_channels(_settings(pattern="x.tif", channel="DAPI")) == ["DAPI"]
    assert seed_channels(_settings(pattern="x.tif")) == []
    assert seed_channels(_settings(nuclei="x.tif", channel="DAPI")) == []


def test_cells_alone_have_no_nuclei(tmp_path: Path) -> None:
    site = SiteImage("1", (), np.zeros((0, *SHAPE), np.uint16), None)
    found = given_nuclei(site, _well(tmp_path, cells=_cells()))
    assert not found.labels.any()
    assert found.view.n_classes == 1
    assert in_sequence(found).labels.max() == 0


def test_mistakes_in_the_config() -> None:
    config = {"raw": {"format": "tiff"}}

    def mistakes(**keys: Any) -> list[str]:
        return STAGE.mistakes({**config, "segmentation": _block(**keys)})

    assert mistakes(pattern="{well}.tif") == []
    assert "needs the names of label images" in mistakes()[0]
    assert "cells are given by segmentation.pattern" in mistakes(pattern="{well}.tif", cells={"method": "expansion"})[0]
    assert mistakes(nuclei="{wel}.tif")[0].startswith("segmentation.nuclei: pattern '{wel}.tif': unknown part")
    assert has_cells(_block(pattern="x"))
    assert not has_cells(_block(nuclei="x"))


def test_two_files_of_one_site_but_for_zeros_are_one_message_that_names_both(tmp_path: Path) -> None:
    for name in ("B04_s1_cells.tif", "B04_s10_cells.tif", "B04_s01_cells.tif"):
        (tmp_path / name).touch()
    block = _block(pattern="{well}_s{site}_cells.tif")
    words = "segmentation.pattern, well P/B04: B04_s01_cells.tif and B04_s1_cells.tif in .* name one site.* Remove the"
    with pytest.raises(InputError, match=words):
        given_files(tmp_path, plate="P", well="B04", segmentation=block, kind="cells")
    (tmp_path / "B04_s01_cells.tif").unlink()
    assert len(given_files(tmp_path, plate="P", well="B04", segmentation=block, kind="cells")) == 2


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (None, "A01_s1_cells.tif: "),
        (_cells()[:10], "expected labels of 20 x 30 px"),
        ((_cells() == 7) | (_cells() == 12), "it is a mask"),
    ],
)
def test_a_well_whose_label_images_are_damaged_is_left_out(
    labels: NDArray[Any] | None, words: str, tmp_path: Path
) -> None:
    raw = {"format": "tiff", "pattern": "{well}_s{site}_{channel}.tif", "without": ["{well}_s{site}_cells.tif"]}
    tifffile.imwrite(tmp_path / "A01_s1_RNA.tif", np.ones(SHAPE, np.uint16))
    file = tmp_path / "A01_s1_cells.tif"
    tifffile.imwrite(file, _cells())
    config = {"segmentation": _block(pattern="{well}_s{site}_cells.tif")}
    about: dict[str, Any] = {"plate": "P", "well": "A01", "raw": {**raw, "channels": None, "pixel_size_um": None}}
    about |= {"expected": ExpectedWell(("RNA",), SHAPE), "checks": STAGE.checks(config)}
    assert described(tmp_path, **about).left_out == ""
    if labels is None:
        file.write_bytes(b"")
    else:
        tifffile.imwrite(file, labels.astype(np.uint16))
    left = described(tmp_path, **about)
    assert words in left.left_out
    assert left.sites == ()
    assert STAGE.checked_files(config, tmp_path, "P", "A01") == [file]
    assert STAGE.checked_files(config, tmp_path, "P", "A02") == []
    assert STAGE.checks({"segmentation": {"method": "log_otsu"}}) == {}


def test_a_well_without_its_label_images_says_so(tmp_path: Path) -> None:
    block = {"pattern": "{well}_cells.tif", "nuclei": None, "folder": None}
    (tmp_path / "A01_cells.tif").write_bytes(b"")
    config = {"segmentation": block}
    assert STAGE.missing_of_well(config, tmp_path, "P", "A01") == ""
    missing = STAGE.missing_of_well(config, tmp_path, "P", "A02")
    assert missing.startswith("segmentation.pattern, well P/A02: ")
    assert "\n" not in missing
