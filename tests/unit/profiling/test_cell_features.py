"""Features of cells, summarised by field; and a study without them."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from wellspring.cells.tables import MEASURED
from wellspring.config import config_schema, validated_config
from wellspring.errors import InputError
from wellspring.profiling.cell_features import field_features
from wellspring.profiling.features import features_of_fields
from wellspring.tables import write_table

ROOT = Path(__file__).resolve().parents[3]
AREA, LIGHT = "Nuclei_AreaShape_Area_px", "Nuclei_Intensity_Mean_GFP"


def _cells() -> pd.DataFrame:
    """Three cells of site 1; one of site 2, and a nucleus in no cell."""
    about = {"plate": "p", "well": "A1", "object_id": [1, 2, 3, 4, 5], "site": ["1", "1", "1", "2", "2"]}
    flags = dict.fromkeys(("has_nucleus", "is_border_nucleus", "is_border_cell"), False)
    areas, lights = [10.0, 20.0, 60.0, 5.0, 99.0], [1.0, np.nan, 3.0, np.nan, 9.0]
    features = {AREA: areas, LIGHT: lights, "Nuclei_AreaShape_Center_Y_px": 7.0}
    about |= {"label_in_site": [1, 2, 3, 1, 2], "is_in_no_cell": [False] * 4 + [True]}
    return pd.DataFrame({**about, **flags, "missing_because": "none", **features})


def test_a_field_has_median_and_spread_of_its_cells_by_the_names_of_the_features() -> None:
    found = field_features(_cells(), sites=["2", "1", "3"]).set_index("site")
    assert list(found) == ["n_cells", f"median {AREA}", f"median {LIGHT}", f"spread {AREA}", f"spread {LIGHT}"]
    assert found["n_cells"].to_dict() == {"2": 1.0, "1": 3.0, "3": 0.0}
    assert found.loc["1"].tolist() == [3, 20, 2, 10, 1]
    assert found.loc["2", f"median {AREA}"] == 5
    assert math.isnan(found.loc["2", f"median {LIGHT}"])
    assert found.loc["3"].drop("n_cells").isna().all()
    assert list(field_features(_cells(), sites=[])) == ["site", "n_cells"]


def test_fields_are_in_the_order_that_is_asked_for(tmp_path: Path) -> None:
    write_table(_cells(), tmp_path / "p/A1.parquet", MEASURED)
    keys = pd.DataFrame({"plate": "p", "well": ["A2", "A1", "A1"], "site": ["1", "2", "1"]})
    write_table(_cells().assign(well="A2"), tmp_path / "p/A2.parquet", MEASURED)
    found = features_of_fields(keys, [tmp_path / "p/A1.parquet", tmp_path / "p/A2.parquet"])
    assert found.index.tolist() == [0, 1, 2]
    assert found["n_cells"].tolist() == [3, 1, 3]


def test_the_method_features_needs_the_features_of_cells() -> None:
    config = {
        "wells": "wells.tsv",
        "raw": {"format": "tiff", "pattern": "{well}.tif"},
        "quality": {"channels": ["DAPI"]},
        "cells": {"features": None},
        "profiling": {"methods": ["features"]},
    }
    with pytest.raises(InputError, match=r"profiling\.methods: features: needs cells\.features"):
        validated_config(config, schema=config_schema(ROOT / "workflow/schemas"), source="config")
