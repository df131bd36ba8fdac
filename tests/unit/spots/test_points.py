"""Spots as points for napari."""

from pathlib import Path

import pandas as pd
import pytest

from wellspring.__main__ import main
from wellspring.spots.points import napari_points
from wellspring.spots.tables import WELL_SPOT_THRESHOLDS, WELL_SPOTS
from wellspring.tables import empty_table, write_table


def spots() -> pd.DataFrame:
    rows = [{"site": site, "channel": "RNA", "z_px": 1.0, "y_px": 2.0, "x_px": x} for site, x in (("1", 3.5), ("2", 4))]
    table = empty_table(WELL_SPOTS).reindex(range(2)).drop(columns=["site", "channel", "y_px", "x_px"])
    known = {
        "plate": "P",
        "well": "A",
        "is_added": False,
        "nucleus_id": 0,
        "label_in_site": 0,
        "object_id": 0,
        "focus_id": 0,
    }
    return table.assign(**known).join(pd.DataFrame(rows))


def images(*sites: str, channel: str = "RNA") -> pd.DataFrame:
    table = empty_table(WELL_SPOT_THRESHOLDS).reindex(range(len(sites)))
    known = {"plate": "P", "well": "A", "channel": channel, "method": "noise", "doubts": "none", "is_unstable": False}
    numbers = {c.name: 0 for c in WELL_SPOT_THRESHOLDS.columns if c.dtype == "int64"}
    return table.assign(**known, **numbers, site=list(sites))


def test_axes_are_z_y_x_of_the_chosen_site() -> None:
    points = napari_points(spots(), images("1", "2"), site="2")
    assert list(points) == ["axis-0", "axis-1", "axis-2"]
    assert points.index.name == "index"
    assert points.to_numpy().tolist() == [[1.0, 2.0, 4.0]]


def test_a_choice_that_is_missing_or_not_there() -> None:
    with pytest.raises(ValueError, match=r"--site: expected one of \['1', '2'\], got None"):
        napari_points(spots(), images("1", "2"))
    with pytest.raises(ValueError, match=r"--channel: expected one of \['RNA'\], got DNA"):
        napari_points(spots(), images("1", "2"), site="1", channel="DNA")


def test_the_command_writes_what_napari_reads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_table(spots(), tmp_path / "p" / "A.parquet", WELL_SPOTS)
    write_table(images("1", "2"), tmp_path / "thresholds" / "p" / "A.parquet", WELL_SPOT_THRESHOLDS)
    assert main(["points", str(tmp_path / "p" / "A.parquet"), str(tmp_path / "p.csv"), "--site", "1"]) == 0
    assert (tmp_path / "p.csv").read_text().splitlines() == ["index,axis-0,axis-1,axis-2", "0,1.0,2.0,3.5"]
    assert "1 spots" in capsys.readouterr().out


def test_an_image_without_spots_has_no_points_and_its_channel_is_known(tmp_path: Path) -> None:
    assert len(napari_points(spots().iloc[:0], images("1"), channel="RNA")) == 0
    assert len(napari_points(spots(), images("1", "2", "3"), site="3")) == 0
    with pytest.raises(ValueError, match="--channel: expected one of"):
        napari_points(spots(), pd.concat([images("1"), images("1", channel="OTHER")]), site="1")
    write_table(spots(), tmp_path / "A.parquet", WELL_SPOTS)
    assert main(["points", str(tmp_path / "A.parquet"), str(tmp_path / "p.csv")]) == 1
    assert not (tmp_path / "p.csv").exists()
