"""Lists of pairs, and the two commands on them."""

from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
import tifffile

from tests.unit.labelling.drawn import drawn_field
from wellspring.__main__ import main
from wellspring.errors import InputError
from wellspring.labelling.pairs import output_name, read_field, read_pairs

if TYPE_CHECKING:
    from wellspring.models.devices import CPU

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture(autouse=True)
def _threads_are_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """TensorFlow fixes its threads once in a process."""
    monkeypatch.setattr("wellspring.labelling.pair_jobs.prepared_device", lambda *, threads: CPU)


def _write_field(folder: Path, seed: int) -> str:
    field = drawn_field(seed, size=64)
    folder.mkdir(exist_ok=True)
    metadata = {
        "axes": "YX",
        "PhysicalSizeX": 0.5,
        "PhysicalSizeXUnit": "µm",
        "PhysicalSizeY": 0.5,
        "PhysicalSizeYUnit": "µm",
    }
    tifffile.imwrite(folder / f"light{seed}.ome.tif", field.planes[0], metadata=metadata)
    tifffile.imwrite(folder / f"stain{seed}.tif", field.stain)
    return f"W{seed},images/light{seed}.ome.tif,images/stain{seed}.tif"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pairs")
    rows = [_write_field(folder / "images", seed) for seed in range(3)]
    (folder / "pairs.csv").write_text("well,transmitted,fluorescence\n" + "\n".join(rows) + "\n")
    (folder / "new.csv").write_text("well,transmitted\nW9,images/light2.ome.tif\n")
    return folder


def test_a_model_is_trained_and_predicts(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["label-train", str(folder / "pairs.csv"), "--output", str(folder / "m.keras"), "--steps", "2"]) == 0
    lines = capsys.readouterr().out
    assert "2/2 steps" in lines
    assert "done in" in lines
    assert not list(folder.glob("*.npz"))
    assert main(["label-predict", str(folder / "m.keras"), str(folder / "new.csv"), "--output", str(folder / "o")]) == 0
    (path,) = (folder / "o").iterdir()
    assert path.name == "light2.ome.tif"
    image = tifffile.imread(path)
    assert (image.dtype, image.shape) == (np.float32, (64, 64))
    assert np.isfinite(image).all()
    assert image.min() >= 0
    with tifffile.TiffFile(path) as tif:
        assert 'PhysicalSizeX="0.5"' in tif.ome_metadata
    size = {"PhysicalSizeX": 1.0, "PhysicalSizeY": 1.0, "PhysicalSizeXUnit": "µm", "PhysicalSizeYUnit": "µm"}
    tifffile.imwrite(folder / "other.ome.tif", drawn_field(1).planes[0], metadata={"axes": "YX", **size})
    (folder / "other.csv").write_text("well,transmitted\nW9,other.ome.tif\n")
    assert (
        main(["label-predict", str(folder / "m.keras"), str(folder / "other.csv"), "--output", str(folder / "o")]) == 1
    )
    assert "pixels of 0.5 µm, this field has 1 µm" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected a header"),
        ("well,fluorescence\nA,images/stain0.tif\n", "Add transmitted"),
        ("well,transmitted\nA,images/light0.ome.tif\n", "Add fluorescence"),
        ("well,transmitted,fluorescence\n", r"0 row\(s\)"),
        ("well,transmitted,fluorescence\n,images/light0.ome.tif,\n", "row 2: expected a well"),
        ("well,transmitted,fluorescence\nA,none.tif,\n", "row 2: transmitted: expected the file"),
        ("well,transmitted,fluorescence\nA,images/light0.ome.tif,none.tif\n", "row 2: fluorescence: expected the file"),
        ("well,transmitted,fluorescence\nA,images/light0.ome.tif,\n", "nothing can be learned"),
        (
            "well,transmitted,fluorescence,split\nA,images/light0.ome.tif,images/stain0.tif,all\n",
            "split: expected one of",
        ),
        (
            "well,transmitted,fluorescence\nA,images/light0.ome.tif,images/stain0.tif\nA,images/light0.ome.tif,\n",
            "listed more than once",
        ),
        (
            "well,transmitted,fluorescence,split\nA,images/light0.ome.tif,images/stain0.tif,train\n"
            "B,images/light1.ome.tif,images/stain1.tif,\n",
            "given for some of the fields only",
        ),
    ],
)
def test_lists_with_mistakes_are_refused(folder: Path, text: str, message: str) -> None:
    (folder / "wrong.csv").write_text(text)
    with pytest.raises((InputError, FileNotFoundError), match=message):
        read_pairs(folder / "wrong.csv", needs_fluorescence=True)


def test_names_of_results_are_those_of_the_light(folder: Path) -> None:
    pairs = read_pairs(folder / "pairs.csv", needs_fluorescence=True)
    assert output_name(pairs[0]) == "light0.ome.tif"
    for name, expected in (("a.b.tif", "a.b.ome.tif"), ("c.PNG", "c.ome.tif"), ("d", "d.ome.tif")):
        assert output_name(type(pairs[0])("A", Path(name), None, None)) == expected


def test_grey_images_of_other_formats_are_read_and_colours_refused(tmp_path: Path) -> None:
    grey = np.arange(64, dtype=np.uint16).reshape(8, 8)
    cv2.imwrite(str(tmp_path / "a.png"), grey)
    cv2.imwrite(str(tmp_path / "b.png"), np.zeros((8, 8, 3), np.uint8))
    (tmp_path / "p.csv").write_text("well,transmitted\nA,a.png\nB,b.png\n")
    first, second = read_pairs(tmp_path / "p.csv", needs_fluorescence=False)
    np.testing.assert_array_equal(read_field(first, with_stain=False).planes[0], grey)
    with pytest.raises(InputError, match="expected a grey image, got colours"):
        read_field(second, with_stain=False)


def test_two_fields_of_one_name_are_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "copy").mkdir()
    tifffile.imwrite(folder / "copy" / "light2.tif", drawn_field(2).planes[0])
    (folder / "twice.csv").write_text("well,transmitted\nA,images/light2.ome.tif\nB,copy/light2.tif\n")
    assert main(["label-predict", "none.keras", str(folder / "twice.csv"), "--output", str(folder / "o")]) == 1
    assert "would both be written to light2.ome.tif" in capsys.readouterr().err
