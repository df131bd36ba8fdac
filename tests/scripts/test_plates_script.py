"""The script of the rule plates_chapter, called as a function on tables of a drawn plate."""

from pathlib import Path

import pandas as pd
import pytest

from tests.scripts.test_groups_scripts import COUNTING, SCRIPTS, WELLS, _script, given
from wellspring.plates.tables import PLATE_WELLS
from wellspring.raw.tables import WELLS as RAW_WELLS
from wellspring.report.chapter import read_chapter
from wellspring.tables import read_table, write_table

__all__ = ["given"]


@pytest.mark.slow
def test_the_maps_and_the_table_of_all_wells(tmp_path: Path, given: dict[str, list[Path]]) -> None:
    output = {
        name: tmp_path / f"{name}.{ending}"
        for name, ending in (("chapter", "json"), ("table", "csv"), ("maps", "svg"), ("sites", "svg"))
    }
    files = {"nuclei": given["nuclei"], "objects": [], "cells": given["spots"], "thresholds": given["thresholds"]}
    captions = sorted((SCRIPTS.parent / "report" / "plates").glob("*.rst"))
    stored = pd.DataFrame({"plate": "p", "well": [*WELLS, "H12"], "image_size_px": "20 x 30", "left_out": ""})
    stored.loc[stored["well"] == "A02", "image_size_px"] = "40 x 60"
    stored.loc[stored["well"] == "H12", "left_out"] = "x.tif is damaged"
    numbers = dict.fromkeys(("n_channels", "n_sites", "n_files", "n_bytes"), 1) | {"pixel_size_um": 0.2, "n_px": None}
    stored = stored.assign(**numbers, n_planes="1", doubts="")
    write_table(stored.astype({one.name: one.dtype for one in RAW_WELLS.columns}), tmp_path / "wells.csv", RAW_WELLS)
    _script("plates_chapter").main(
        given={**files, "images": [], "sites": [], "captions": captions},
        stored=tmp_path / "wells.csv",
        wells=[("p", well) for well in [*WELLS, "H12"]],
        counting=COUNTING,
        output=output,
    )
    table = read_table(output["table"], PLATE_WELLS).set_index("well")
    cells = pd.concat(pd.read_parquet(path) for path in given["spots"])
    assert table["spots_per_cell_RNA"].drop("H12").tolist() == cells.groupby("well")["n_spots"].mean().tolist()
    # H12 was left out.
    assert table.index[table["is_odd"]].tolist() == ["A02", "A08", "H12"]
    assert table["reasons"]["A02"] == "images of another size"
    assert table["n_sites"]["H12"] == 0
    chapter = read_chapter(output["chapter"])
    assert chapter.opens_page
    assert "Spots: unstable count: 1 well: p / A08." in chapter.findings
    assert "Images of another size: 1 well: p / A02." in chapter.findings
    # Each well has one site, so a grid of sites is left out.
    assert "Sites of the wells" not in [part.title for part in chapter.sections[0].parts]
    assert "look at this well first" in output["maps"].read_text(encoding="utf-8")
