"""One row per well, from drawn tables of sites and cells."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from wellspring.plates.report.chapter import maps_figure, odd_findings
from wellspring.plates.tables import PLATE_WELLS
from wellspring.plates.wells import WellSources, label_of, mapped_columns, plate_sites, plate_wells
from wellspring.tables import check_table

WELLS = [("p", "A01"), ("p", "A02"), ("p", "A03")]


def _sources(**changes: pd.DataFrame) -> WellSources:
    """A01: two sites, one in doubt by spots. A02: no nuclei. A03: no site was kept."""
    sites = pd.DataFrame({"plate": "p", "well": ["A01", "A01", "A02"], "site": ["1", "2", "1"]})
    nuclei = sites.assign(n_nuclei=[10, 20, 0], n_cells=np.nan, doubts="none")
    spots = {"n_spots": [4, 6, 0], "sigma_px_median": [1.0, 2.0, np.nan], "level": [100.0, 110, 90]}
    thresholds = sites.assign(channel="RNA", doubts=["none", "crowded, saturated", "none"], **spots)
    cells = pd.DataFrame({"plate": "p", "well": ["A01"] * 3, "channel": "RNA", "n_spots": [1, 2, 6]})
    images = pd.DataFrame({name: [] for name in ("plate", "well", "channel", "median", "focus_slope")})
    kept = pd.DataFrame({"plate": ["p"], "well": ["A03"], "site": ["1"], "is_kept": [False], "is_flagged": [True]})
    given = {"nuclei": nuclei, "cells": cells, "thresholds": thresholds, "images": images, "sites": kept}
    return WellSources(**given | changes)


def test_numbers_are_means_and_wells_without_one_have_none() -> None:
    table = check_table(plate_wells(WELLS, _sources()), PLATE_WELLS, source="t").set_index("well")
    assert table["nuclei_per_site"].tolist()[:2] == [15, 0]
    assert table["spots_per_cell_RNA"]["A01"] == 3
    assert table["spot_size_RNA"]["A01"] == 1.5
    assert table["brightness_RNA"].tolist()[:2] == [105, 90]
    assert table.loc["A03", ["nuclei_per_site", "spots_per_cell_RNA"]].isna().all()
    assert table["n_sites"].tolist() == [2, 1, 1]
    assert table["n_left_out"].tolist() == [0, 0, 1]


def test_cells_are_counted_apart_from_nuclei_and_drawn_where_they_differ() -> None:
    nuclei = _sources().nuclei
    other = plate_wells(WELLS, _sources(nuclei=nuclei.assign(n_cells=[12, 22, 4])))
    assert other["cells_per_site"].tolist()[:2] == [17, 4]
    assert mapped_columns(other)[:2] == ["nuclei_per_site", "cells_per_site"]
    assert label_of("cells_per_site", other) == "Cells per site"
    assert label_of("spots_per_cell_RNA", other) == "Spots per cell, RNA"
    same = plate_wells(WELLS, _sources(nuclei=nuclei.assign(n_cells=nuclei["n_nuclei"])))
    assert "cells_per_site" not in mapped_columns(same)
    # Spots of nuclei alone are counted in these.
    assert label_of("spots_per_cell_RNA", plate_wells(WELLS, _sources())) == "Spots per nucleus, RNA"
    in_sites = _sources().cells.assign(site=["1", "1", "2"])
    assert plate_sites(_sources(nuclei=nuclei.assign(n_cells=5), cells=in_sites))[1] == "Spots per cell, RNA"
    # Of cells without any nuclei it is said that a well has no cells.
    alone = _sources(nuclei=nuclei.assign(n_nuclei=np.nan, n_cells=[12, 22, 0]))
    table = plate_wells(WELLS, alone)
    assert table["reasons"].tolist()[1] == "no cells"
    assert "nuclei_per_site" not in table
    assert plate_sites(replace(alone, cells=alone.cells.iloc[:0]))[1] == "Cells"


def test_a_well_is_odd_for_half_of_its_sites_or_without_nuclei() -> None:
    table = plate_wells(WELLS, _sources()).set_index("well")
    assert table["doubtful_share"].tolist() == [0.5, 0, 1]
    assert table["reasons"].tolist() == ["spots: crowded; spots: saturated", "no nuclei", "flagged image"]
    assert table["is_odd"].tolist() == [True, True, True]
    sure = _sources().thresholds.assign(doubts="none")
    first = plate_wells(WELLS, _sources(thresholds=sure)).iloc[0]
    assert (first["is_odd"], first["reasons"]) == (False, "none")


def test_a_well_without_sites_was_left_out_and_is_to_be_looked_at() -> None:
    table = plate_wells([*WELLS, ("p", "A04")], _sources()).set_index("well")
    assert (table["n_sites"]["A04"], table["is_odd"]["A04"], table["reasons"]["A04"]) == (0, True, "left out")
    assert "A04" in " ".join(odd_findings(table.reset_index()))


def test_a_well_whose_files_differ_is_to_be_looked_at() -> None:
    words = {("p", "A02"): "images of another size"}
    table = plate_wells(WELLS, replace(_sources(), differing=words)).set_index("well")
    assert table["reasons"]["A02"] == "no nuclei; images of another size"
    first = plate_wells(WELLS, replace(_sources(), differing={("p", "A01"): "another number of sites"})).iloc[0]
    assert (first["is_odd"], first["reasons"].split("; ")[-1]) == (True, "another number of sites")


def test_images_that_were_judged_give_focus_and_brightness() -> None:
    images = pd.DataFrame(
        {"plate": "p", "well": "A01", "channel": ["RNA"] * 2, "median": [7.0, 9.0], "focus_slope": -2.0}
    )
    table = plate_wells(WELLS, _sources(images=images))
    assert (table["brightness_RNA"][0], table["focus_RNA"][0]) == (8, -2)


def test_without_cells_spots_are_counted_per_site() -> None:
    table = plate_wells(WELLS, _sources(cells=_sources().cells.iloc[:0]))
    assert table["spots_per_site_RNA"].tolist()[:2] == [5, 0]


def test_the_maps_are_of_what_is_known_counts_first() -> None:
    table = plate_wells(WELLS, _sources())
    names = mapped_columns(table)
    assert names == ["nuclei_per_site", "spots_per_cell_RNA", "spot_size_RNA", "brightness_RNA", "doubtful_share"]
    titles = [axes.get_title(loc="left") for axes in maps_figure(table).axes if axes.get_title(loc="left")]
    assert titles == [label_of(name, table) for name in names]
    assert label_of("reasons", table) == ""


def test_the_findings_name_wells_by_their_reasons() -> None:
    table = plate_wells(WELLS, _sources())
    first, *others = odd_findings(table)
    assert first == "Of 3 wells, look first at 3 wells: p / A01, p / A02, p / A03."
    assert "No nuclei: 1 well: p / A02." in others
    assert "Spots: saturated: 1 well: p / A01." in others
    assert odd_findings(table.assign(is_odd=False)) == ["No well of 3 is in doubt."]


@pytest.mark.parametrize("n_wells", [1536])
def test_a_large_plate_is_a_small_file(n_wells: int, tmp_path) -> None:  # type: ignore[no-untyped-def]
    from wellspring.report.style import save_figure

    rows = [
        f"{'A' if row >= 26 else ''}{chr(65 + row % 26)}{column:02d}" for row in range(32) for column in range(1, 49)
    ]
    table = pd.DataFrame({"plate": "p", "well": rows[:n_wells], "is_odd": False, "reasons": "none"})
    table = table.assign(nuclei_per_site=np.arange(n_wells, dtype=float), doubtful_share=0.0)
    save_figure(maps_figure(table), tmp_path / "maps.svg")
    assert (tmp_path / "maps.svg").stat().st_size < 1_000_000


def test_sites_have_the_spots_per_cell_of_their_own_cells() -> None:
    cells = _sources().cells.assign(site=["1", "1", "2"])
    found, label = plate_sites(_sources(cells=cells))
    assert label == "Spots per nucleus, RNA"
    rows = found.set_index(["well", "site"])
    assert rows["value"].tolist()[:2] == [1.5, 6]
    assert rows["is_doubtful"].tolist() == [False, True, False, True]
    found, label = plate_sites(_sources(cells=cells.iloc[:0]))
    assert (label, found["value"].tolist()[:3]) == ("Nuclei", [10, 20, 0])
