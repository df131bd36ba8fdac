"""Mistakes in the sheet of a study: what stops before anything is measured, and what is named as a likely mistake."""

import dataclasses
from pathlib import Path

import pandas as pd
import pytest

from wellspring.interaction.positions import check_positions, check_table, n_positions, positions_of_table
from wellspring.interaction.settings import SummarySettings
from wellspring.interaction.sheet import annotated_wells, checked_sheet

SETTINGS = SummarySettings(
    gene="gene",
    molecule="molecule",
    time="time",
    condition="drug",
    control="none",
    reference="gapdh",
    n_permutations=99,
    n_stripes=3,
    seed=1,
)


def _sheet() -> pd.DataFrame:
    """Three genes, of which Rab5 and Rab7 differ in a letter, both molecules, two times, two wells each."""
    rows = [
        (gene, molecule, time)
        for gene in ("gapdh", "actb", "Rab5", "Rab7")
        for molecule in ("mrna", "protein")
        for time in ("2", "3")
        for _ in range(2)
    ]
    sheet = pd.DataFrame(rows, columns=["gene", "molecule", "time"])
    wells = [f"A{number:02d}" for number in range(len(sheet))]
    return sheet.assign(plate="p", well=wells, drug="none", path=f"{__file__}/all")


def _changed(changes: dict[int, str], *, column: str = "gene") -> pd.DataFrame:
    sheet = _sheet()
    for row, value in changes.items():
        sheet.loc[row, column] = value
    return sheet


def _said(sheet: pd.DataFrame) -> list[str]:
    return checked_sheet(sheet, SETTINGS, molecules=None)


def test_a_sheet_without_mistakes_is_passed_in_silence() -> None:
    assert _said(_sheet()) == []
    # Blanks around a name are none of it.
    assert _said(_changed({8: " actb", 0: "gapdh "})) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({8: "ActB"}, "the genes 'ActB' (well p/A08) and 'actb' (wells p/A09, p/A10, p/A11 and 4 more) differ in case"),
        ({8: "act-b", 9: "act-b"}, "the genes 'act-b' (wells p/A08, p/A09) and 'actb'"),
        ({8: "atcb"}, "the gene 'atcb' (well p/A08) differs in one letter from actb"),
        ({8: "actbb", 9: "actbb"}, "the gene 'actbb' (wells p/A08, p/A09) differs in one letter from actb"),
        (
            dict.fromkeys(range(12, 16), "acttb"),
            "the gene 'actb' (wells p/A08, p/A09, p/A10 and 1 more) differs in one letter from acttb",
        ),
        ({8: "Beta-actin"}, "the gene 'Beta-actin' (well p/A08) has only one well, other genes have 8"),
        (
            {8: "Beta-actin", 9: "Beta-actin"},
            "the gene 'Beta-actin' (wells p/A08, p/A09) has only one time, other genes",
        ),
        (dict.fromkeys(range(12, 16), "Beta-actin"), "p/A14 and 1 more) has protein and no mRNA; is it spelled"),
    ],
)
def test_names_that_may_be_misspelled_are_one_line(changes: dict[int, str], expected: str) -> None:
    (line,) = _said(_changed(changes))
    assert expected in line


def test_conditions_in_two_spellings_and_a_reference_with_holes_are_named() -> None:
    drugs = _changed({row: "Drug" if row % 2 else "drug" for row in range(8, 32)}, column="drug")
    spelling, holes = _said(drugs)
    assert "the conditions 'Drug' (wells p/A09, p/A11, p/A13 and 9 more) and 'drug'" in spelling
    assert "reference gene gapdh has no well of Drug; drug: other genes" in holes
    sheet = _sheet()
    (line,) = _said(sheet[~((sheet["gene"] == "gapdh") & (sheet["time"] == "3") & (sheet["molecule"] == "mrna"))])
    assert "gapdh has no well of mrna at 3 in none" in line
    (line,) = _said(sheet[~((sheet["gene"] == "gapdh") & (sheet["molecule"] == "protein"))])
    assert "gapdh has no well of protein in none" in line


@pytest.mark.parametrize(
    ("changes", "column", "message"),
    [
        ({0: "Gapdh"}, "gene", "column gene: 'Gapdh' .well p/A00. differs from interaction.reference, gapdh, in case"),
        ({3: "None"}, "drug", "column drug: 'None' .well p/A03. differs from interaction.control, none, in case"),
        (dict.fromkeys(range(8), "GAPDH"), "gene", r"the gene gapdh; .* Add the wells of gapdh .*did you mean GAPDH"),
        ({3: "2h"}, "time", r"column time: expected numbers .* got '2h' \(well p/A03\)"),
        ({3: "2,5"}, "time", r"got '2,5'"),
        ({3: "mRNA"}, "molecule", r"expected mrna or protein, got \['mRNA'\]"),
    ],
)
def test_what_is_certain_to_be_wrong_stops(changes: dict[int, str], column: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        checked_sheet(_changed(changes, column=column), SETTINGS, molecules=None)


def test_equal_times_are_one_time_and_text_is_kept_where_nothing_is_ordered() -> None:
    times = ["2.0", "2", "02", "2.50", *["3"] * 28]
    wells = annotated_wells(_sheet().assign(time=times), SETTINGS, molecules=None)
    assert wells["time"].tolist()[:5] == ["2", "2", "2", "2.5", "3"]
    alone = _sheet()[lambda sheet: sheet["molecule"] == "mrna"].assign(time="early")
    assert set(annotated_wells(alone, SETTINGS, molecules=None)["time"]) == {"early"}
    assert set(annotated_wells(alone, SETTINGS, molecules=["mrna"])["time"]) == {"early"}
    with pytest.raises(ValueError, match="expected numbers such as 2"):
        annotated_wells(alone, SETTINGS, molecules=["mrna", "protein"])


def test_the_sheet_is_compared_with_the_groups_of_the_files() -> None:
    sheet = _sheet()
    groups = [f"{__file__}/{one.molecule}/my_{one.gene}/{one.time}h" for one in sheet.itertuples()]
    assert _said(sheet.assign(path=groups)) == []
    changed = sheet.assign(path=groups)
    changed.loc[8, ["gene", "time"]] = ["Rab5", "3"]
    gene, time = _said(changed)
    assert "whose path has the gene my_actb, 7 have 'actb' and well p/A08 'Rab5'" in gene
    assert "whose path has the time 2h, 15 have '2' and well p/A08 '3'" in time
    changed.loc[8, "molecule"] = "protein"
    with pytest.raises(ValueError, match=r"well p/A08: the molecule is protein, but the path ends in mrna/my_actb/2h"):
        _said(changed)


def test_wells_of_images_show_each_molecule() -> None:
    sheet = _sheet().drop(columns="molecule")
    settings = dataclasses.replace(SETTINGS, time=None, condition=None, control=None)
    assert checked_sheet(sheet, settings, molecules=["mrna", "protein"]) == []


def test_a_table_of_mtocs_that_fits_no_well_or_no_site_stops_and_one_that_fits_some_says_so(tmp_path: Path) -> None:
    path = tmp_path / "mtocs.csv"
    path.write_text("plate,well,site,y_px,x_px,label\np,A1,s,3,4,\nq,A1,s,5.5,6,7\n", encoding="utf-8")
    wells = [("p", "A1"), ("p", "A2"), ("p", "A3")]
    without, unknown = check_table(path, wells)
    assert without.endswith("2 of 3 wells of the sheet have no MTOC in it: p/A2, p/A3")
    assert unknown.endswith("1 of its 2 wells are not in the sheet: q/A1")
    assert n_positions(path, wells) == 1
    with pytest.raises(ValueError, match=r"mtocs.csv: expected plates and wells of the sheet, P/A01; found p/A1, q/A1"):
        check_table(path, [("P", "A01")])
    assert len(positions_of_table(path, plate="p", well="A1", sites=["s", "t"])) == 1
    with pytest.raises(ValueError, match=r"mtocs.csv, well p/A1: expected sites .* 1, 2; found s. Correct the column"):
        positions_of_table(path, plate="p", well="A1", sites=["1", "2"])
    path.write_text("plate,well,site,y_px,x_px,label\np,A1,s,3,4,x\n", encoding="utf-8")
    with pytest.raises(ValueError, match="a row of well p/A1 has a label that is no whole number"):
        check_table(path, wells)


def test_mtocs_in_the_sheet_are_checked_for_all_wells() -> None:
    sheet = pd.DataFrame({"plate": "p", "well": ["A1", "A2"], "my": ["3", "x"], "mx": ["4", "5"]})
    check_positions(sheet, [])
    with pytest.raises(ValueError, match="well p/A2: expected y and x of the MTOC in px in my and mx, got x, 5"):
        check_positions(sheet, ["my", "mx"])
