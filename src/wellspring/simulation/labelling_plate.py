"""Plates of transmitted light with stains for some wells, and their truth: ``wellspring simulate-labelling``."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import tifffile

from wellspring.errors import InputError
from wellspring.files import new_folder
from wellspring.segmentation.labels import write_labels
from wellspring.simulation.labelling_camera import Camera, Field, FieldLight, draw_field, flat_field
from wellspring.simulation.labelling_cells import STAINS, CellLine
from wellspring.simulation.labelling_tables import LABELLING_FIELDS, LABELLING_NUCLEI
from wellspring.tables import empty_table, write_table

__all__ = [
    "LABELLING_PRESETS",
    "LabellingSettings",
    "LabellingWell",
    "demo_labelling",
    "is_labelling_plate",
    "simulate_labelling_plate",
    "study_labelling",
]

TRAINING_PLATE, LATER_PLATE = "light01", "light02"
_DENSITIES = {"low": 150.0, "medium": 450.0, "high": 900.0}
_FIRST_DRIFTED = 4
# Density and split of the demo's training plate; "" is not stained.
_DEMO = (
    ("low", "train"), ("high", ""), ("high", "train"), ("low", ""), ("medium", "test"), ("low", ""),
    ("medium", "train"), ("medium", ""), ("medium", "validation"), ("high", ""), ("low", "train"), ("medium", ""),
    ("high", "test"), ("low", ""), ("high", "train"), ("high", ""), ("low", "test"), ("high", ""),
    ("medium", "train"), ("medium", ""), ("low", ""),
)  # fmt: skip
_MOST_COLUMNS = 12


@dataclass(frozen=True)
class LabellingWell:
    """A well: its plate and name, density (of `per_mm2` nuclei), whether it is stained, its split, its light, and how
    many times the plate's number of fields it has.
    """

    plate: str
    name: str
    density: str
    per_mm2: float
    is_stained: bool
    split: str
    light: FieldLight = field(default_factory=FieldLight)
    n_times: int = 1


@dataclass(frozen=True)
class LabellingSettings:
    """What the plates have.

    Attributes
    ----------
    wells : tuple of LabellingWell
    n_sites : int
        Fields of a well; of some wells a multiple.
    camera : Camera
    line : CellLine
    """

    wells: tuple[LabellingWell, ...]
    n_sites: int = 4
    camera: Camera = field(default_factory=Camera)
    line: CellLine = field(default_factory=CellLine)


def demo_labelling() -> LabellingSettings:
    """Ten stained wells of four fields among eleven unstained ones of two, and a later plate that goes out of focus.

    Densities are in no order, so that wells next to each other are no more alike than others.
    """
    wells = tuple(
        LabellingWell(
            plate=TRAINING_PLATE,
            name=_name(number),
            density=density,
            per_mm2=_DENSITIES[density],
            is_stained=bool(split),
            split=split,
            n_times=2 if split else 1,
        )
        for number, (density, split) in enumerate(_DEMO)
    )
    return LabellingSettings((*wells, *_later(8)), n_sites=2)


def study_labelling() -> LabellingSettings:
    """Twenty-four stained wells, half of them for training, and a later plate of twelve; fields of 512 px."""
    splits = ("train",) * 12 + ("validation",) * 3 + ("test",) * 9
    wells = _stained(tuple(list(_DENSITIES)[number % 3] for number in range(len(splits))), splits)
    return LabellingSettings((*wells, *_later(12)), n_sites=4, camera=Camera(size_px=512))


LABELLING_PRESETS: dict[str, Callable[[], LabellingSettings]] = {
    "demo": demo_labelling,
    "study": study_labelling,
}


def _stained(densities: Sequence[str], splits: Sequence[str]) -> tuple[LabellingWell, ...]:
    return tuple(
        LabellingWell(TRAINING_PLATE, _name(number), density, _DENSITIES[density], True, split)
        for number, (density, split) in enumerate(zip(densities, splits, strict=True))
    )


def _later(n: int) -> tuple[LabellingWell, ...]:
    """Wells without stains; from the fifth on each is 1.5 µm farther out of focus."""
    names = list(_DENSITIES)
    return tuple(
        LabellingWell(
            LATER_PLATE,
            _name(number),
            names[number % 3],
            _DENSITIES[names[number % 3]],
            False,
            "",
            FieldLight(z_um=1.5 * max(number + 1 - _FIRST_DRIFTED, 0)),
        )
        for number in range(n)
    )


def _name(number: int) -> str:
    return f"{'ABCDEFGH'[number // _MOST_COLUMNS]}{1 + number % _MOST_COLUMNS:02d}"


def is_labelling_plate(folder: Path) -> bool:
    """Whether `simulate_labelling_plate` wrote the folder."""
    return (Path(folder) / "truth" / "labelling.json").is_file()


def simulate_labelling_plate(
    folder: Path, *, settings: LabellingSettings, seed: int, report: Callable[[str], None] | None = None
) -> Path:
    """Write the plates to `folder`, complete or not at all; return the path of the sheet, ``wells.tsv``.

    In `folder` then lie the sheet (plate, well, path, density, stained, light_split) and
    ``<plate>/<well>_s<site>_<channel>.tif`` for each plane of the light (`light_channel`) and, in stained wells,
    `STAINS`. The truth, which the workflow never reads: ``truth/labelling.json``, ``truth/fields.parquet``,
    ``truth/nuclei.parquet`` and ``truth/<plate>/<well>.nuclei.ome.tif``. A field depends on `seed` and its place alone.

    Raises
    ------
    FileExistsError
        When `folder` is there and not empty.
    ValueError
        When a number is below 1.
    """
    if settings.n_sites < 1 or settings.camera.size_px < 1 or not settings.camera.planes_um:
        raise InputError(
            f"expected 1 site, 1 px and 1 plane or more, got {settings.n_sites}, {settings.camera.size_px} and "
            f"{len(settings.camera.planes_um)}. Choose more."
        )
    with new_folder(folder) as building:
        _write(building, settings=settings, seed=seed, report=report)
    return Path(folder) / "wells.tsv"


def _write(folder: Path, *, settings: LabellingSettings, seed: int, report: Callable[[str], None] | None) -> None:
    flat = flat_field(settings.camera, rng=np.random.default_rng([seed, 0]))
    fields: list[dict[str, object]] = []
    nuclei = [empty_table(LABELLING_NUCLEI)]
    for number, well in enumerate(settings.wells):
        key = {"plate": well.plate, "well": well.name}
        labels = {}
        for site in range(1, settings.n_sites * well.n_times + 1):
            drawn = draw_field(
                per_mm2=well.per_mm2,
                camera=settings.camera,
                line=settings.line,
                flat=flat,
                light=well.light,
                rng=np.random.default_rng([seed, 1 + number, site]),
            )
            _write_images(folder / well.plate, drawn, well=well, site=site)
            labels[str(site)] = drawn.labels
            nuclei.append(drawn.nuclei.assign(**key, site=str(site)))
            mean = float(drawn.nuclei["area_px"].mean()) if len(drawn.nuclei) else float("nan")
            known = {"z_um": drawn.z_um, "gain": drawn.gain, "n_nuclei": len(drawn.nuclei), "area_px": mean}
            fields.append({**key, "site": str(site), "density": well.density, **known})
        path = folder / "truth" / well.plate / f"{well.name}.nuclei.ome.tif"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_labels(path, labels, pixel_size_um=settings.camera.pixel_um)
        if report is not None:
            report(f"{well.plate} {well.name}: {sum(int(one.max()) for one in labels.values())} nuclei")
    write_table(pd.DataFrame(fields), folder / "truth" / "fields.parquet", LABELLING_FIELDS)
    write_table(pd.concat(nuclei, ignore_index=True), folder / "truth" / "nuclei.parquet", LABELLING_NUCLEI)
    known_of_all = {"seed": seed, "camera": asdict(settings.camera), "line": asdict(settings.line)}
    (folder / "truth" / "labelling.json").write_text(json.dumps(known_of_all, indent=1) + "\n", encoding="utf-8")
    _sheet(settings).to_csv(folder / "wells.tsv", sep="\t", index=False)


def _write_images(folder: Path, drawn: Field, *, well: LabellingWell, site: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for channel, image in drawn.images.items():
        if well.is_stained or channel not in STAINS:
            tifffile.imwrite(folder / f"{well.name}_s{site}_{channel}.tif", image, compression="zlib")


def _sheet(settings: LabellingSettings) -> pd.DataFrame:
    rows = [
        (well.plate, well.name, well.plate, well.density, "yes" if well.is_stained else "no", well.split)
        for well in settings.wells
    ]
    return pd.DataFrame(rows, columns=["plate", "well", "path", "density", "stained", "light_split"])
