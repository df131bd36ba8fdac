"""The jobs of the workflow on three wells: two are stained, one is predicted only; another has no split."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest
import tifffile

from tests.unit.labelling.drawn import drawn_field
from wellspring.errors import InputError
from wellspring.labelling.measuring_well import measure_well, read_about
from wellspring.labelling.settings import ModelSettings
from wellspring.labelling.tables import LABELLING_FIELDS, LABELLING_HISTORY, LABELLING_SPLITS
from wellspring.labelling.well_images import read_predicted
from wellspring.raw.index import WellIndex
from wellspring.raw.tiff import describe_tiff
from wellspring.tables import check_table

if TYPE_CHECKING:
    from wellspring.labelling.job import predict_well, train_stain, training_settings

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SMALL = ModelSettings(width=4, n_levels=2, window_px=0)
STEPS = {"steps": 3, "steps_per_epoch": 3, "crop_px": 48, "batch_size": 1, "augmentation": {"max_scale": 1.0}}


@pytest.fixture(scope="module")
def wells(tmp_path_factory: pytest.TempPathFactory) -> list[WellIndex]:
    folder = tmp_path_factory.mktemp("plate")
    for number, well in enumerate(("A01", "A02", "A03")):
        for site in (1, 2):
            field = drawn_field(10 * number + site, size=64)
            tifffile.imwrite(folder / f"{well}_s{site}_DIC.tif", field.planes[0])
            if well != "A03":
                tifffile.imwrite(folder / f"{well}_s{site}_nucleus.tif", field.stain)
    pattern = "{well}_s{site}_{channel}.tif"
    return [
        describe_tiff(folder, plate="p", well=well, pattern=pattern, channels=None, pixel_size_um=0.5)
        for well in ("A01", "A02", "A03")
    ]


def _train(wells: list[WellIndex], folder: Path, splits: dict[str, str] | None) -> tuple[pd.DataFrame, pd.DataFrame]:
    return train_stain(
        wells,
        light=["DIC"],
        stain="nucleus",
        splits=splits,
        steps=[],
        model=SMALL,
        training=training_settings(STEPS, seed=2),
        output=folder / "nucleus.keras",
        about=folder / "nucleus.json",
        report=print,
    )


def test_stained_wells_train_and_all_are_predicted_and_measured(wells: list[WellIndex], tmp_path: Path) -> None:
    splits, history = _train(wells, tmp_path, None)
    check_table(splits, LABELLING_SPLITS, source="test")
    check_table(history, LABELLING_HISTORY, source="test")
    assert splits.groupby("well")["split"].unique().map(list).to_dict() == {"A01": ["train"], "A02": ["validation"]}
    tables = []
    for well in wells:
        path = tmp_path / "p" / f"{well.well}.ome.tif"
        predict_well(well, [tmp_path / "nucleus.keras"], light=["DIC"], stains=["nucleus"], output=path)
        assert [(site, image.shape) for site, image in read_predicted(path)] == [("1", (1, 64, 64)), ("2", (1, 64, 64))]
        about = [read_about(tmp_path / "nucleus.json")]
        table, example = measure_well(well, path, light=["DIC"], stains=["nucleus"], about=about)
        check_table(table, LABELLING_FIELDS, source="test")
        assert ("measured_nucleus" in example) == (well.well != "A03")
        tables.append(table)
    fields = pd.concat(tables)
    assert fields.groupby("well")["is_measured"].all().to_dict() == {"A01": True, "A02": True, "A03": False}
    assert fields["measured_count"].isna().tolist() == [False] * 4 + [True] * 2


def test_a_stain_that_no_well_has_is_refused(wells: list[WellIndex], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no well has the channel 'nucleus'"):
        _train([wells[2]], tmp_path, None)
    with pytest.raises(InputError, match="no well has the channel"):
        _train([replace(wells[0], left_out="damaged")], tmp_path, None)


def test_a_stained_well_without_a_split_is_refused(wells: list[WellIndex], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="p/A02 have the stain nucleus and no split"):
        _train(wells, tmp_path, {"p/A01": "train", "p/A02": ""})
