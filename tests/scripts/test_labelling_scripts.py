"""The scripts of the rules on predicted stains, one after the other, on a small simulated plate."""

import runpy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from wellspring.labelling.drift.tables import LABELLING_DRIFT
from wellspring.labelling.tables import LABELLING_AGREEMENT
from wellspring.labelling.well_images import read_predicted
from wellspring.raw.describe import describe_well
from wellspring.raw.index import write_index
from wellspring.report.chapter import read_chapter
from wellspring.simulation.labelling_camera import Camera
from wellspring.simulation.labelling_plate import LabellingSettings, LabellingWell, simulate_labelling_plate
from wellspring.simulation.labelling_truth import compare_labelling
from wellspring.tables import read_table

if TYPE_CHECKING:
    from wellspring.models.devices import CPU

SCRIPTS = Path(__file__).resolve().parents[2] / "workflow" / "scripts"
WELLS = tuple(
    LabellingWell(plate, well, "high", 1500.0, bool(split), split)
    for plate, well, split in (
        ("p", "A01", "train"),
        ("p", "A02", "validation"),
        ("p", "A03", "test"),
        ("q", "A01", ""),
    )
)
RAW = {"format": "tiff", "pattern": "{well}_s{site}_{channel}.tif", "channels": None, "pixel_size_um": 0.65}
LIGHT, STAIN = ["DIC"], "nucleus"
TRAINING = {"steps": 2, "steps_per_epoch": 2, "crop_px": 48, "batch_size": 1, "augmentation": {"max_scale": 1.0}}
STABILITY = {"kinds": ["exposure"], "fields": 1, "contrast": "dic", "aperture": 0.45, "condenser_aperture": 0.2}

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def _main(script: str) -> Any:
    return runpy.run_path(str(SCRIPTS / f"labelling_{script}.py"))["main"]


@pytest.fixture(autouse=True)
def one_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """TensorFlow's threads are set once a process, and the tests share one."""
    monkeypatch.setattr("wellspring.models.devices.prepared_device", lambda *, threads: CPU)


def test_from_images_to_the_chapter_and_the_truth(tmp_path: Path) -> None:
    settings = LabellingSettings(WELLS, n_sites=1, camera=Camera(size_px=64))
    simulate_labelling_plate(tmp_path / "plate", settings=settings, seed=1)
    results = tmp_path / "results"
    folder, report = results / "labelling", results / "report"
    indexes = {}
    for one in WELLS:
        indexes[one.plate, one.name] = results / "raw" / one.plate / f"{one.name}.json"
        index = describe_well(tmp_path / "plate" / one.plate, plate=one.plate, well=one.name, raw=RAW)
        write_index(index, indexes[one.plate, one.name])
    ends = {"model": "keras", "about": "json", "splits": "splits.parquet", "history": "history.parquet"}
    made = {name: folder / f"models/{STAIN}.{end}" for name, end in ends.items()}
    splits = {f"{one.plate}/{one.name}": one.split for one in WELLS}
    model = {"width": 4, "n_levels": 2, "window_px": 0}
    params = {"light": LIGHT, "splits": splits, "steps": [], "model": model, "training": TRAINING, "seed": 1}
    _main("train")(indexes=list(indexes.values()), stain=STAIN, outputs=made, params=params, threads=1)
    fields, examples = [], []
    common = {"light": LIGHT, "stains": [STAIN]}
    for (plate, well), index in indexes.items():
        images = folder / plate / f"{well}.ome.tif"
        _main("predict")(index=index, models=[made["model"]], **common, images=images, threads=1)
        assert [site for site, _ in read_predicted(images)] == ["1"]
        fields.append(folder / "fields" / plate / f"{well}.parquet")
        examples.append(folder / "examples" / plate / f"{well}.npz")
        examples[-1].parent.mkdir(parents=True, exist_ok=True)
        files = {"index": index, "images": images, "about": [made["about"]], "fields": fields[-1]}
        _main("measure")(**files, **common, steps=[], example=examples[-1])
    report.mkdir()
    tables = {"agreement": folder / "agreement.parquet", "table": report / "labelling.csv"}
    tables["all_fields"] = report / "labelling_fields.csv"
    _main("compare")(fields=fields, splits=[made["splits"]], max_error=0.1, seed=1, **tables)
    assert set(read_table(tables["agreement"], LABELLING_AGREEMENT)["verdict"]) <= {"", "not known"}
    drift, stable = _limits(tmp_path, indexes, made)
    inputs = {"agreement": tables["agreement"], "table": tables["table"], "fields": fields, "examples": examples}
    inputs |= {"splits": [made["splits"]], "histories": [made["history"]], "drift": drift, **stable}
    inputs["captions"] = sorted((SCRIPTS.parent / "report/labelling").glob("*.rst"))
    shown = {name: report / f"labelling_{name}.svg" for name in ("examples", "numbers", "training")}
    chapter = report / "chapters/labelling.json"
    _main("chapter")(inputs=inputs, outputs={**shown, "chapter": chapter}, settings={**common, "max_error": 0.1})
    found = read_chapter(chapter)
    assert [one.title for one in found.sections] == [
        "What is usable",
        "Pixels and nuclei",
        "Drift",
        "Stability",
        "Training",
    ]
    assert found.findings[0] == "Plate q: whether it is like the training plate is not known."
    assert "There is no alarm" in found.sections[2].text[0]
    # Two steps predict nothing: the truth says so.
    truth = compare_labelling(tmp_path / "plate", results)
    assert truth.densities["n_fields"].tolist() == [2]
    assert truth.later["verdict"].tolist() == ["not known"]
    assert any("F1 of nuclei is" in one for one in truth.mistakes)


def _limits(
    folder: Path, indexes: dict[tuple[str, str], Path], made: dict[str, Path]
) -> tuple[list[Path], dict[str, Any]]:
    """Drift and stability; what the chapter reads of them."""
    labelling, report = folder / "results/labelling", folder / "results/report"
    embeddings = []
    for plate in ("p", "q"):
        embeddings.append(labelling / "embeddings" / f"{plate}.parquet")
        own = [path for (name, _), path in indexes.items() if name == plate]
        _main("embed")(
            indexes=own,
            model=made["model"],
            light=LIGHT,
            background={},
            tile_px=64,
            embeddings=embeddings[-1],
            threads=1,
        )
    outputs = {"wells": labelling / "drift.parquet", "plates": labelling / "drift_plates.parquet"}
    outputs |= {"about": labelling / "drift.json", "table": report / "labelling_drift.csv"}
    outputs |= {"figure": report / "labelling_drift.svg", "alarm": labelling / "alarm.npz"}
    _main("drift")(
        embeddings=embeddings,
        model=made["model"],
        splits=made["splits"],
        window=4,
        expected_run=16,
        seed=1,
        outputs=outputs,
    )
    wells = read_table(outputs["wells"], LABELLING_DRIFT)
    assert wells[["plate", "well", "verdict"]].to_numpy().tolist() == [["q", "A01", "not known"]]
    assert pd.read_csv(outputs["table"])["well"].tolist() == ["A01"]
    curves, tolerances = labelling / "stability/nucleus.parquet", labelling / "stability/nucleus.tolerance.parquet"
    _main("stability")(
        inputs={
            "indexes": list(indexes.values()),
            "embeddings": embeddings,
            "model": made["model"],
            "embedder": made["model"],
            "about": made["about"],
            "splits": made["splits"],
        },
        params={
            "light": LIGHT,
            "background": {},
            "stability": {**STABILITY, "planes_um": []},
            "off": 0.1,
            "tile_px": 64,
            "seed": 1,
        },
        outputs={"curves": curves, "tolerances": tolerances},
        stain=STAIN,
        threads=1,
    )
    figure = report / "labelling_stability_nucleus.svg"
    _main("tolerances")(curves=curves, tolerances=tolerances, off=0.1, figure=figure)
    read = [outputs[name] for name in ("wells", "plates", "about", "table", "figure")]
    return read, {"tolerances": [tolerances], "stability": [figure]}
