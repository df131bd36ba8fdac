"""What the stage makes of predicted stains: files, numbers, verdicts, chapter."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.unit.labelling.drawn import drawn_field
from wellspring.labelling.comparing import held_out, labelling_agreement
from wellspring.labelling.measuring import ceiling, count_of_light, measures_of_field
from wellspring.labelling.report.chapter import labelling_chapter, labelling_findings, labelling_warnings
from wellspring.labelling.report.figures import Example, chosen_examples, draw_examples, draw_numbers, draw_training
from wellspring.labelling.scaling import StainScale
from wellspring.labelling.splitting import split_of_groups
from wellspring.labelling.stage import STAGE
from wellspring.labelling.tables import LABELLING_AGREEMENT, LABELLING_FIELDS, LABELLING_SPLITS
from wellspring.labelling.well_images import read_predicted, write_predicted
from wellspring.report.chapter import read_chapter, write_chapter
from wellspring.report.style import save_figure
from wellspring.tables import check_table

SCALE = StainScale("asinh", background=200, softness=40, sd=1)


def test_predicted_stains_are_written_as_camera_counts(tmp_path: Path) -> None:
    image = np.array([[0.4, 1.6], [70_000, 3]], np.float32)
    sites = [("1", [image, image / 100_000]), ("2", [image, image * 0])]
    path = tmp_path / "A01.ome.tif"
    write_predicted(path, sites, stains=["nucleus", "mask"], is_probability=[False, True], pixel_size_um=0.65)
    found = dict(read_predicted(path))
    assert list(found) == ["1", "2"]
    assert found["1"][0].tolist() == [[0, 2], [65_535, 3]]
    assert found["1"][1, 1, 0] == round(0.7 * 65_535)


def test_a_well_without_sites_has_a_valid_file(tmp_path: Path) -> None:
    write_predicted(tmp_path / "a.ome.tif", [], stains=["n"], is_probability=[False], pixel_size_um=None)
    assert dict(read_predicted(tmp_path / "a.ome.tif")) == {}


def _measured(predicted: np.ndarray, measured: np.ndarray | None, **more) -> dict[str, float]:
    field = drawn_field(5, size=160, n_discs=14)
    return measures_of_field(predicted, measured, field.planes, scale=SCALE, threshold=500, brightest=1000, **more)


def test_a_perfect_prediction_agrees_in_everything() -> None:
    stain = drawn_field(5, size=160, n_discs=14).stain
    found = _measured(stain, stain, other=drawn_field(6, size=160, n_discs=14).stain)
    assert found["predicted_count"] == found["measured_count"] == found["n_matched"] > 5
    assert (found["f1"], found["r_log"], found["shift_px"]) == pytest.approx((1, 1, 0))
    assert found["mean_in_measured"] == found["measured_mean"] == pytest.approx(800, rel=0.05)
    assert abs(found["r_shuffled"]) < 0.5


def test_a_shifted_stain_is_seen_to_a_tenth_of_a_pixel() -> None:
    stain = drawn_field(5, size=160, n_discs=14).stain
    assert _measured(np.roll(stain, (2, 1), (0, 1)), stain)["shift_px"] == pytest.approx(np.hypot(2, 1), abs=0.15)


def test_a_field_without_a_stain_has_predicted_numbers_alone() -> None:
    found = _measured(drawn_field(5, size=160, n_discs=14).stain, None)
    assert found["predicted_count"] > 5
    assert math.isnan(found["measured_count"])
    assert math.isnan(found["r"])


def test_the_ceiling_is_that_of_the_noise() -> None:
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:200, :200]
    signal = 6 + np.sin(x / 15) * np.cos(y / 12)
    assert ceiling(np.expm1(signal)) > 0.999
    noisy = signal + rng.normal(0, 0.5, signal.shape)
    assert ceiling(np.expm1(noisy)) == pytest.approx(np.corrcoef(signal.ravel(), noisy.ravel())[0, 1], abs=0.02)
    assert math.isnan(ceiling(np.ones((5, 5))))


def test_cells_are_counted_in_the_light_without_a_stain() -> None:
    rng = np.random.default_rng(3)
    planes = rng.normal(5000, 20, (1, 200, 200))
    for y, x in ((40, 40), (40, 150), (120, 90), (160, 160)):
        planes[0, y - 8 : y + 8, x - 8 : x + 8] += rng.normal(0, 900, (16, 16))
    assert count_of_light(planes.astype(np.uint16)) == 4


def _tables(*, factor: float, n_wells: int = 10) -> tuple[pd.DataFrame, pd.DataFrame]:
    rng, rows, parts = np.random.default_rng(1), [], []
    for well in range(n_wells):
        split = ("train", "test", "validation")[0 if well < n_wells // 2 else 1 if well < n_wells - 1 else 2]
        for site in "12":
            key = {"plate": "p", "well": f"A{well + 1:02d}", "site": site, "stain": "nucleus"}
            true = 40.0 + 30 * well
            row: dict[str, object] = dict.fromkeys(LABELLING_FIELDS.names, math.nan) | key | {"is_measured": True}
            for name in ("count", "area", "total", "mean"):
                row |= {f"measured_{name}": true, f"predicted_{name}": true * factor * rng.normal(1, 0.01)}
            row |= {"count_of_light": true * 2, "shift_px": 0.2, "n_invented_in_empty": 3.0, "empty_px": 1e6}
            rows.append(row | {"pixel_size_um": 0.5})
            parts.append({**key, "group": key["well"], "split": split})
    return pd.DataFrame(rows)[LABELLING_FIELDS.names], pd.DataFrame(parts)[LABELLING_SPLITS.names]


def test_verdicts_come_from_wells_that_trained_nothing() -> None:
    fields, splits = _tables(factor=1.0)
    table = labelling_agreement(fields, splits, max_error=0.1, seed=1)
    check_table(table, LABELLING_AGREEMENT, source="test")
    rows = table[(table["source"] == "predicted") & (table["density"] == "all")].set_index("measure")
    assert rows.loc["count", ["n_wells", "n_fields", "verdict"]].tolist() == [4, 8, "usable"]
    light = table[table["source"] == "light"].iloc[0]
    assert (light["bias"], light["verdict"]) == (pytest.approx(2), "")
    assert table.loc[table["source"] == "shuffled", "pearson"].abs().max() < 0.99
    assert "nucleus: usable: counts of nuclei (95 % of fields" in labelling_findings(table)[0]


def test_agreement_is_given_by_density_too() -> None:
    fields, splits = _tables(factor=1.0, n_wells=20)
    sparse = fields["measured_count"] < fields.loc[splits["split"] == "test", "measured_count"].quantile(1 / 3)
    fields.loc[sparse, "predicted_count"] *= 1.5
    table = labelling_agreement(fields, splits, max_error=0.1, seed=1)
    thirds = table[(table["measure"] == "count") & (table["density"] != "all")].set_index("density")
    assert thirds.index.tolist() == ["fewest", "middle", "most"]
    assert thirds["n_fields"].tolist() == [6, 6, 6]
    assert thirds["bias"].tolist() == pytest.approx([1.5, 1, 1], rel=0.02)
    assert set(thirds["verdict"]) == {""}
    # Eight fields are too few for thirds.
    assert set(labelling_agreement(*_tables(factor=1.0), max_error=0.1, seed=1)["density"]) == {"all"}


def test_a_bias_is_not_usable_however_high_the_correlation() -> None:
    table = labelling_agreement(*_tables(factor=1.4), max_error=0.1, seed=1)
    count = table[(table["source"] == "predicted") & (table["measure"] == "count")].iloc[0]
    assert count["pearson"] > 0.99
    assert count["verdict"] == "not usable"


def test_with_few_test_wells_those_of_validation_are_judged_too_and_reported() -> None:
    fields, splits = _tables(factor=1.0, n_wells=4)
    kept, kinds = held_out(fields, splits)
    assert (sorted(set(kept["well"])), kinds) == (["A03", "A04"], "test and validation")
    warnings = " ".join(labelling_warnings(fields, splits))
    assert "fewer than three wells are held out" in warnings
    assert "6 nuclei per mm² are predicted in empty field" not in warnings
    assert "12 nuclei per mm²" in warnings


def test_shifted_and_shared_fields_are_reported() -> None:
    fields, splits = _tables(factor=1.0)
    fields.loc[0, ["shift_px", "r_log"]] = 3.0, 0.9
    fields.loc[5, ["shift_px", "r_log"]] = 3.0, 0.2
    warnings = labelling_warnings(fields, splits.assign(group="A01+A02"))
    assert "A01+A02" in warnings[0]
    assert any("in 1 of 20 stained fields" in line and "(1 well: p / A01)" in line for line in warnings)


def test_every_fifth_group_is_held_out_for_testing() -> None:
    splits = split_of_groups(list("ABCDEFGHIJ"), has_test=True)
    assert sorted(splits.values()) == ["test"] * 2 + ["train"] * 6 + ["validation"] * 2
    assert set(split_of_groups(["A", "B"], has_test=True).values()) == {"train", "validation"}


STABILITY = {"condenser_aperture": 0.2, "aperture": 0.45, "planes_um": [], "contrast": "dic", "kinds": []}


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ({"stains": []}, "name both light"),
        ({"stains": ["DIC"]}, "named as light too"),
        ({"model": {"window_px": 4}}, "odd number"),
        ({"training": {"loss": "bce", "target": "asinh"}}, "needs labelling.training.target mask"),
        ({"light": ["DAPI"]}, "reads raw counts"),
        ({"stability": {**STABILITY, "condenser_aperture": 0.5}}, "condenser_aperture: expected less"),
        ({"stability": {**STABILITY, "planes_um": [0.0, 5.0]}}, "one for each of the 1 channels of light"),
        ({"stability": {**STABILITY, "contrast": "bright_field", "kinds": ["defocus"]}}, "name planes_um"),
    ],
)
def test_mistakes_in_the_config(block: dict, message: str) -> None:
    defaults = {"light": ["DIC"], "stains": ["nucleus"], "model": {"window_px": 65}}
    labelling = {**defaults, "training": {"loss": "mse", "target": "asinh"}, "stability": STABILITY, **block}
    config = {"labelling": labelling, "quality": {"channels": ["DAPI"]}, "raw": {"format": "tiff"}}
    assert any(message in line for line in STAGE.mistakes(config))


def test_several_stains_are_shown_in_one_picture_too() -> None:
    names = [f"{kind}_{stain}" for kind in ("predicted", "measured") for stain in ("a", "b")]
    ramp = np.arange(64.0).reshape(8, 8)
    images = {"light": ramp, **{name: ramp if name.endswith("a") else ramp[::-1] for name in names}}
    figure = draw_examples([Example("p/A06", images)], stains=["a", "b"])
    # Rows a, b and both, three panels each.
    panels = figure.axes
    assert [one.get_title(loc="left") for one in panels[6:]] == ["p/A06, light", "a magenta, b green", "measured"]
    red, green, blue = np.moveaxis(np.asarray(panels[7].images[0].get_array()), -1, 0)
    assert (red[7, 7], green[7, 7], blue[7, 7]) == pytest.approx((1, 0.1, 1), abs=0.1)
    assert (red == blue).all()
    alone = draw_examples([Example("p/A07", {k: v for k, v in images.items() if "measured" not in k})], stains=["a"])
    assert [one.get_title(loc="left") for one in alone.axes] == ["p/A07, light", "a, predicted", ""]


@pytest.mark.slow
def test_the_chapter_is_written_and_read(tmp_path: Path) -> None:
    fields, splits = _tables(factor=1.0)
    agreement = labelling_agreement(fields, splits, max_error=0.1, seed=1)
    history = pd.DataFrame({"step": [1, 2], "loss": [1.0, 0.5], "validation_loss": [1.0, 0.6], "seconds": [1.0, 2.0]})
    images = {name: np.arange(64.0).reshape(8, 8) for name in ("light", "predicted_nucleus", "measured_nucleus")}
    (tmp_path / "p").mkdir()
    np.savez(tmp_path / "p" / "A06.npz", **images)
    shown = chosen_examples([tmp_path / "p" / "A06.npz"], splits=splits)
    figures = {
        "examples": draw_examples(shown, stains=["nucleus"]),
        "numbers": draw_numbers(fields, splits, max_error=0.1),
        "training": draw_training({"nucleus": history}),
    }
    for name, figure in figures.items():
        save_figure(figure, tmp_path / f"{name}.svg")
    files = {name: tmp_path / f"{name}.svg" for name in figures} | {"table": tmp_path / "labelling.csv"}
    settings = {"stains": ["nucleus"], "light": ["DIC"], "max_error": 0.1}
    captions = dict.fromkeys(figures, "caption")
    chapter = labelling_chapter(agreement, fields, splits, settings=settings, files=files, captions=captions)
    write_chapter(chapter, tmp_path / "labelling.json")
    assert [one.name for one in shown] == ["p/A06"]
    assert read_chapter(tmp_path / "labelling.json").findings == chapter.findings
    assert "usable: counts of nuclei" in chapter.findings[0]
