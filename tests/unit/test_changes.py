"""Which keys and wells are other than those that the report was made with."""

from pathlib import Path

from wellspring.changes import changes_since, flat_config, write_record

CONFIG = {"spots": {"sigma_px": 1.5, "channels": ["RNA"], "threshold": {}}, "wells": "w.tsv"}
WELLS = {"P/A01": {"drug": "DMSO"}, "P/A02": {"drug": "X"}}


def test_keys_are_dotted_and_lists_are_values() -> None:
    expected = {"spots.sigma_px": 1.5, "spots.channels": ["RNA"], "spots.threshold": {}, "wells": "w.tsv"}
    assert flat_config(CONFIG) == expected


def test_each_change_has_a_line(tmp_path: Path) -> None:
    path = tmp_path / "made_with.json"
    assert changes_since(path, config=CONFIG, wells=WELLS) == []
    write_record(path, config={**CONFIG, "spots": {**CONFIG["spots"], "spacing_um": (1, 2)}}, wells=WELLS)
    spots = {**CONFIG["spots"], "sigma_px": [1.5, 2.0], "spacing_um": (1, 2)}
    wells = {"P/A01": {"drug": "Y", "remark": "dust"}, "Q/A01": {}}
    assert changes_since(path, config={**CONFIG, "spots": spots, "new": True}, wells=wells) == [
        "spots.sigma_px: 1.5 -> [1.5, 2.0]",
        "new: not there -> true",
        "sheet: 1 wells added: Q/A01",
        "sheet: 1 wells gone: P/A02",
        "sheet: column drug of 1 wells: P/A01",
        "sheet: column remark of 1 wells: P/A01",
    ]


def test_many_changes_and_long_values_are_cut(tmp_path: Path) -> None:
    path = tmp_path / "made_with.json"
    write_record(path, config={f"k{number}": 0 for number in range(20)}, wells={})
    found = changes_since(path, config={f"k{number}": "x" * 99 for number in range(20)}, wells={})
    assert len(found) == 13
    assert found[0] == f'k0: 0 -> "{"x" * 56}...'
    assert found[-1] == "(+8 more)"


def test_a_record_that_cannot_be_read_says_nothing(tmp_path: Path) -> None:
    path = tmp_path / "made_with.json"
    path.write_text("[1]", encoding="utf-8")
    assert changes_since(path, config=CONFIG, wells=WELLS) == []
