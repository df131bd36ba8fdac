"""Fine-tuning on annotated images: the split by well, scores by hand, the verdict, the command."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile

from wellspring.__main__ import main
from wellspring.errors import InputError
from wellspring.models.weights import read_weights
from wellspring.segmentation.learned.drawn import drawn_field
from wellspring.segmentation.learned.fine_tuning import AnnotatedSite, split_wells
from wellspring.segmentation.learned.scores import scores_of, verdict_of

TRUE = np.array([[1, 1, 1, 1, 0, 2, 2, 2, 2, 0, 3, 3]])


def _site(well: str, *, n_labelled: int = 1, labels_shape: tuple[int, ...] = (6, 6)) -> AnnotatedSite:
    labels = np.zeros(labels_shape, np.int32)
    labels.flat[:n_labelled] = 1
    return AnnotatedSite(well, f"{well}.tif", np.ones((6, 6)), labels)


def test_scores_by_hand() -> None:
    # IoU 3/4 with object 1, 4/5 with object 2, object 3 missed, one object too many; 7 of 9 and 10 pixels in both.
    found = np.array([[7, 7, 7, 0, 5, 5, 5, 5, 5, 9, 0, 0]])
    scores = scores_of(TRUE, found)
    assert (scores.f1, scores.ap, scores.dice) == pytest.approx((4 / 6, 2 / 4, 14 / 19))
    nothing = np.zeros_like(TRUE)
    assert (scores_of(nothing, nothing).f1, scores_of(nothing, TRUE).f1, scores_of(TRUE, nothing).dice) == (1, 0, 0)
    with pytest.raises(ValueError, match="expected the shape of the annotation"):
        scores_of(TRUE, TRUE.T)


def test_a_well_is_trained_on_or_held_out() -> None:
    sites = [_site(well) for well in "ABCDEFGHIJ" for _ in range(2)]
    training, held_out = split_wells(sites, seed=1)
    assert (len(training), len(held_out)) == (14, 6)
    assert not {one.well for one in training} & {one.well for one in held_out}
    assert [len(part) for part in split_wells([_site("A"), _site("B")], seed=1)] == [1, 1]


@pytest.mark.parametrize(
    ("sites", "told"),
    [
        ([], "annotated sites of two wells or more, got none"),
        ([_site("A"), _site("A")], "since one is held out, got A alone"),
        ([_site("A"), _site("B", labels_shape=(6, 7))], "B.tif: expected an image (Y, X) and labels of its size"),
        ([_site("A", n_labelled=0), _site("B", n_labelled=0)], "expected labelled nuclei in the wells to train on"),
    ],
)
def test_annotations_that_cannot_be_used_are_one_message(sites: list[AnnotatedSite], told: str) -> None:
    with pytest.raises(InputError, match=re.escape(told)):
        split_wells(sites, seed=1)


@pytest.mark.parametrize(
    ("f1", "advised"),
    [
        ((0.90, 0.905, 0.909), "log_otsu"),
        ((0.80, 0.905, 0.909), "unet without weights"),
        ((0.80, 0.85, 0.90), "unet with these weights"),
    ],
)
def test_the_simplest_method_of_those_near_the_best_is_advised(f1: tuple[float, ...], advised: str) -> None:
    rows = [("A", "a", name, value) for name, value in zip(("classical", "shipped", "fine-tuned"), f1, strict=True)]
    told = verdict_of(pd.DataFrame(rows, columns=["well", "name", "method", "f1"]))
    assert advised in told
    assert told.endswith(f"fine-tuned {f1[2]:.3f}.")


@pytest.mark.network
def test_the_command_writes_weights_scores_and_a_verdict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wellspring.models.devices.prepared_device", dict)
    rows = []
    for number, well in enumerate("ABC"):
        field = drawn_field(96, diameter_px=20, rng=np.random.default_rng(number + 3))
        for kind, image in (("image", field.image), ("labels", field.labels.astype(np.uint16))):
            tifffile.imwrite(tmp_path / f"{well}_{kind}.tif", image)
        rows.append((well, f"{well}_image.tif", f"{well}_labels.tif"))
    pd.DataFrame(rows, columns=["well", "image", "labels"]).to_csv(tmp_path / "a.csv", index=False)
    output = tmp_path / "w.npz"
    assert (
        main(["nuclei-train", str(tmp_path / "a.csv"), "--output", str(output), "--epochs", "1", "--steps", "1"]) == 0
    )
    assert capsys.readouterr().out.splitlines()[-1].startswith("Use segmentation.method: ")
    scores = pd.read_csv(tmp_path / "w.csv")
    assert list(scores) == ["well", "name", "method", "dice", "f1", "ap"]
    assert set(scores["method"]) == {"classical", "shipped", "fine-tuned"}
    assert scores["well"].nunique() == 1
    assert read_weights(output, task="nuclei", n_inputs=2, n_outputs=5).about["n_sites"] == 2
    assert not output.with_name("w.npz.training").exists()
    (tmp_path / "b.csv").write_text("well,image\nA,x.tif\n", encoding="utf-8")
    assert main(["nuclei-train", str(tmp_path / "b.csv"), "--output", str(output)]) == 1
    assert "expected the columns well, image, labels, got none called labels" in capsys.readouterr().err
