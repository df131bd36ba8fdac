"""Annotated sites: from files to the training, the comparison in the report, mistakes in the config."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tifffile

from wellspring.errors import InputError
from wellspring.raw.images import SiteImage
from wellspring.report.images import ImageSources
from wellspring.report.style import save_figure
from wellspring.segmentation.given.files import annotated_files
from wellspring.segmentation.learned.annotated_wells import (
    annotated_labels,
    annotated_site,
    digest_of,
    read_annotated,
    scores_by_site,
)
from wellspring.segmentation.learned.examples import Example, read_examples, write_examples
from wellspring.segmentation.report.trained import draw_compared, trained_findings, trained_sections
from wellspring.segmentation.stage import STAGE
from wellspring.segmentation.tables import NUCLEUS_SCORES
from wellspring.tables import write_table

BLOCK = {"nuclei": "{well}_s{site}_nuclei.tif", "folder": None}
LABELS = np.array([[0, 1, 1], [2, 2, 0]], np.uint16)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Labels of the second site of well A01."""
    tifffile.imwrite(tmp_path / "A01_s2_nuclei.tif", LABELS)
    return tmp_path


def _files(folder: Path, well: str = "A01", **block: Any) -> list[Path]:
    return annotated_files(folder, plate="P", well=well, annotated={**BLOCK, **block})


def _scores(*f1: float) -> pd.DataFrame:
    methods = ("classical", "shipped", "fine-tuned")
    rows = [("P", "A01", "2", method, 0.9, value, value) for method, value in zip(methods, f1, strict=True)]
    return pd.DataFrame(rows, columns=NUCLEUS_SCORES.names)


def test_only_sites_with_a_label_image_are_annotated(folder: Path) -> None:
    assert _files(folder, well="B01") == []
    assert _files(folder / "nowhere") == []
    labels = annotated_labels(_files(folder), pattern=BLOCK["nuclei"] or "", sites=["1", "2", "3"])
    assert list(labels) == ["2"]
    image = np.arange(6, dtype=np.uint16).reshape(1, 2, 3)
    site = annotated_site(SiteImage("2", ("DAPI",), image, None), labels)
    np.testing.assert_array_equal(site.labels["annotated"], LABELS)
    write_examples([site], folder / "P" / "A01.npz")
    (read,) = read_annotated([folder / "P" / "A01.npz"])
    assert (read.well, read.name) == ("P/A01", "P/A01/2")
    np.testing.assert_array_equal(read.image, image[0])
    np.testing.assert_array_equal(read.labels, LABELS)


def test_an_empty_label_image_is_a_site_without_nuclei(folder: Path) -> None:
    tifffile.imwrite(folder / "A01_s1_nuclei.tif", np.zeros((2, 3), np.uint8))
    labels = annotated_labels(_files(folder), pattern=BLOCK["nuclei"] or "", sites=["1", "2"])
    assert {site: int(one.max()) for site, one in labels.items()} == {"1": 0, "2": 2}


def test_labels_that_do_not_fit_are_one_message(folder: Path) -> None:
    with pytest.raises(InputError, match=r"segmentation\.annotated\.nuclei: expected label images of the sites 1, 3"):
        annotated_labels(_files(folder), pattern=BLOCK["nuclei"] or "", sites=["1", "3"])
    labels = annotated_labels(_files(folder), pattern=BLOCK["nuclei"] or "", sites=["2"])
    with pytest.raises(InputError, match=r"expected labels of 4 x 4 px, the size of the site's images, got 2 x 3"):
        annotated_site(SiteImage("2", ("DAPI",), np.zeros((1, 4, 4), np.uint16), None), labels)
    (folder / "A01_s3_nuclei.csv").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match=r"as TIFF or PNG. Export it so, or correct segmentation\.annotated\.nuclei"):
        _files(folder, nuclei="{well}_s{site}_nuclei.{ext}".replace("{ext}", "csv"))


def test_a_training_of_other_annotations_has_another_name(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1")
    (tmp_path / "b").write_bytes(b"2")
    names = {digest_of([tmp_path / name for name in which]) for which in ("a", "b", "ab")}
    assert len(names) == 3
    assert all(re.fullmatch("[0-9a-f]{8}", name) for name in names)


def test_scores_are_named_by_site() -> None:
    found = pd.DataFrame([("P/A01", "P/A01/s/2", "classical", 0.5, 0.6, 0.7)])
    found.columns = pd.Index(["well", "name", "method", "dice", "f1", "ap"])
    assert scores_by_site(found).to_numpy().tolist() == [["P", "A01", "s/2", "classical", 0.5, 0.6, 0.7]]


def test_the_report_compares_the_methods_on_held_out_sites(tmp_path: Path) -> None:
    scores = _scores(0.5, 0.7, 0.86)
    assert trained_findings(None) == []
    (finding,) = trained_findings(scores)
    assert finding.startswith(
        "Use segmentation.method: unet with these weights. Mean F1 on 1 held-out sites of 1 wells"
    )
    example = Example("P/A01/2", np.arange(6.0).reshape(2, 3), dict.fromkeys(("annotated", *scores["method"]), LABELS))
    write_examples([example], tmp_path / "examples.npz")
    figure = draw_compared(read_examples(tmp_path / "examples.npz"), scores)
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["A01, site 2", "annotated: 2", "log_otsu: 0.50", "shipped weights: 0.70", "fine-tuned: 0.86"]
    save_figure(figure, tmp_path / "compared.svg")
    write_table(scores, tmp_path / "compared.csv", NUCLEUS_SCORES)
    sources = ImageSources(
        files={"compared": tmp_path / "compared.svg", "compared_table": tmp_path / "compared.csv"},
        captions={"trained": "Words."},
        corrected=[],
        left_out=pd.DataFrame(),
        sites=pd.DataFrame(),
    )
    assert trained_sections(None, sources) == []
    (section,) = trained_sections(scores, sources)
    assert "difference of a few hundredths may be chance" in section.warnings[0]
    rows = [list(row) for row in section.parts[0].rows]  # type: ignore[union-attr]
    assert rows[2] == ["unet, fine-tuned", "0.90", "0.86", "0.86", "0.86"]
    assert not draw_compared([], scores).axes


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ({"nucleus_channel": None}, "segmentation.annotated: needs images with a nucleus_channel"),
        ({"annotated": {**BLOCK, "apply": True}}, "segmentation.annotated.apply: needs segmentation.method unet"),
        ({"annotated": {**BLOCK, "nuclei": "{x", "apply": False}}, "segmentation.annotated.nuclei: "),
    ],
)
def test_mistakes_in_the_config(block: dict[str, Any], message: str) -> None:
    segmentation = {
        "method": "log_otsu",
        "nucleus_channel": "DAPI",
        "cells": None,
        "annotated": {**BLOCK, "apply": False},
        **block,
    }
    config = {"raw": {"format": "tiff"}, "segmentation": segmentation}
    assert STAGE.mistakes(config)[0].startswith(message)
    assert STAGE.files_in_wells({**config, "segmentation": {**segmentation, "annotated": BLOCK}}) == [BLOCK["nuclei"]]
