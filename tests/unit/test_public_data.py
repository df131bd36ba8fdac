"""The public images: their table, how they are fetched (from a server on this machine), the sheet of the real wells."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from bench import download, real

FILE = download.RemoteFile("set", "dev/a b#.tif", "owner/name", "c0ffee", "images/a b#.tif", 5)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def source(tmp_path: Path) -> Iterator[str]:
    """Address of a server that holds `FILE`."""
    there = tmp_path / "server" / FILE.repository / FILE.commit / FILE.path
    there.parent.mkdir(parents=True)
    there.write_bytes(b"12345")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=tmp_path / "server")) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_table() -> None:
    files = download.read_table()
    assert len({(file.set, file.file) for file in files}) == len(files)
    assert all(len(file.commit) == 40 and file.size_bytes > 0 for file in files)
    images = download.read_table(sets=["nf1_cellpainting3ch"])
    assert {file.file for file in images} >= {f"dev/{name}_001.tif" for name in ("B7_01_1_3_DAPI", "H12_01_3_1_RFP")}
    with pytest.raises(ValueError, match=r"no set \['moon'\]; expected some of .*nf1_cellpainting3ch"):
        download.read_table(sets=["moon"])


def test_fetch_and_go_on(tmp_path: Path, source: str) -> None:
    folder = tmp_path / "data"
    assert download.fetch([FILE], folder, source=source) == 1
    target = folder / "set" / "dev" / "a b#.tif"
    assert target.read_bytes() == b"12345"
    assert download.fetch([FILE], folder, source="http://127.0.0.1:9") == 0
    target.write_bytes(b"123")
    assert download.fetch([FILE], folder, source=source) == 1
    assert target.read_bytes() == b"12345"


def test_wrong_size_and_no_answer(tmp_path: Path, source: str) -> None:
    longer = download.RemoteFile(**{**vars(FILE), "size_bytes": 6})
    with pytest.raises(ValueError, match="expected 6 bytes, got 5"):
        download.fetch([longer], tmp_path / "data", source=source)
    absent = download.RemoteFile(**{**vars(FILE), "path": "absent.tif"})
    with pytest.raises(OSError, match=r"absent.tif: could not be fetched \(HTTP Error 404"):
        download.fetch([absent], tmp_path / "data", source=source)
    assert [path for path in (tmp_path / "data").rglob("*") if path.is_file()] == []


def test_download_command(tmp_path: Path, source: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert download.main([str(tmp_path / "data"), "--source", source, "--set", "stardist_nuclei"]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"download: {source}/stardist/stardist/")
    assert error.count("\n") == 1


def test_real_sheet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    images = tmp_path / "data" / "nf1_cellpainting3ch" / "dev"
    images.mkdir(parents=True)
    for name in ("B7_01_1_3_DAPI_001.tif", "B7_01_1_3_DAPI_001_MaskNuclei.tiff", "H12_01_2_1_GFP_001.tif"):
        (images / name).touch()
    sheet = tmp_path / "real" / "wells.tsv"
    for _ in range(2):
        assert real.main(["sheet", "--data", str(tmp_path / "data"), "--output", str(sheet)]) == 0
    assert sheet.read_text(encoding="utf-8").splitlines()[1:] == [
        "Plate_2\tB7\t../data/nf1_cellpainting3ch/dev\tinner",
        "Plate_2\tH12\t../data/nf1_cellpainting3ch/dev\tedge",
    ]
    assert real.main(["sheet", "--data", str(tmp_path / "nothing"), "--output", str(sheet)]) == 1
    assert "python bench/download.py FOLDER` and set WELLSPRING_DATA=FOLDER" in capsys.readouterr().err
