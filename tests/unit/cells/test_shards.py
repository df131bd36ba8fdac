"""Crop shards: what is written is read, damage is told, a full disk leaves nothing."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from wellspring.cells.shards import Crop, Shard, ShardHeader, runs_of, shard_of_well, write_shard

HEADER = ShardHeader(plate="P", well="A1", channels=("DAPI", "EU"), background=np.array([0.1, 7.0]))


def crop(object_id: int = 3, *, n_channels: int = 2) -> Crop:
    """A cell of four pixels:  # # .
    . # #  (and nothing else)."""
    run_y, run_x, run_length = runs_of(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 2]))
    pixels = (np.arange(4 * n_channels, dtype=np.uint16) + 10 * object_id).reshape(4, n_channels)
    return Crop(object_id, 100, 200, 2, 3, run_y, run_x, run_length, pixels)


def test_runs_are_horizontal_and_in_raster_order() -> None:
    y, x = np.array([0, 0, 0, 0, 1, 1, 4]), np.array([0, 1, 3, 4, 0, 1, 2])
    run_y, run_x, run_length = runs_of(y, x)
    assert run_y.tolist() == [0, 0, 1, 4]
    assert run_x.tolist() == [0, 3, 0, 2]
    assert run_length.tolist() == [2, 2, 2, 1]
    assert {run_y.dtype, run_x.dtype, run_length.dtype} == {np.dtype(np.uint16)}


def test_a_run_does_not_go_on_in_the_next_row() -> None:
    # Column 5 of row 0, then column 6 of row 1: neighbours in x, not in y.
    assert runs_of(np.array([0, 1]), np.array([5, 6]))[2].tolist() == [1, 1]


def test_no_pixels_no_runs() -> None:
    assert [len(part) for part in runs_of(np.zeros(0, dtype=int), np.zeros(0, dtype=int))] == [0, 0, 0]


def test_a_crop_knows_its_mask_and_image() -> None:
    cell = crop()
    assert cell.flat_index.tolist() == [0, 1, 4, 5]
    assert cell.mask().tolist() == [[True, True, False], [False, True, True]]
    assert cell.image().shape == (2, 2, 3)
    assert cell.image()[0].tolist() == [[30, 32, 0], [0, 34, 36]]
    assert cell.image()[1].tolist() == [[31, 33, 0], [0, 35, 37]]


def test_what_is_written_is_read_by_row_in_any_order(tmp_path: Path) -> None:
    write_shard(tmp_path / "w.arrow", (crop(k) for k in (3, 1, 9)), header=HEADER)
    shard = Shard(tmp_path / "w.arrow")
    assert len(shard) == 3
    for row, object_id in ((2, 9), (0, 3), (1, 1)):
        found, expected = shard.read(row), crop(object_id)
        assert (found.object_id, found.y_min, found.x_min, found.height, found.width) == (object_id, 100, 200, 2, 3)
        np.testing.assert_array_equal(found.pixels, expected.pixels)
        assert found.pixels.dtype == np.uint16
        np.testing.assert_array_equal(found.mask(), expected.mask())
    assert shard.header.channels == ("DAPI", "EU")
    assert shard.header.background.tolist() == [0.1, 7.0]


def test_a_shard_without_cells_is_valid(tmp_path: Path) -> None:
    write_shard(tmp_path / "w.arrow", [], header=HEADER)
    shard = Shard(tmp_path / "w.arrow")
    assert len(shard) == 0
    assert shard.header.well == "A1"
    with pytest.raises(IndexError, match="expected a row from 0 to -1, got 0"):
        shard.read(0)


@pytest.mark.parametrize("row", [-1, 1])
def test_a_row_that_is_not_there_is_reported(tmp_path: Path, row: int) -> None:
    write_shard(tmp_path / "w.arrow", [crop()], header=HEADER)
    with pytest.raises(IndexError, match=f"w.arrow: expected a row from 0 to 0, got {row}"):
        Shard(tmp_path / "w.arrow").read(row)


def test_a_shard_takes_no_more_bytes_than_its_measured_pixels(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    y, x = np.nonzero(np.hypot(*np.mgrid[-50:51, -50:51]) < 50)
    # Counting noise on a smooth level: about 7 of the 16 bits are random.
    pixels = rng.poisson(900, (len(y), 20)).astype(np.uint16)
    write_shard(
        tmp_path / "w.arrow",
        [Crop(k, 0, 0, 101, 101, *runs_of(y, x), pixels) for k in range(5)],
        header=ShardHeader("P", "A1", tuple("abcdefghijklmnopqrst"), np.zeros(20)),
    )
    assert (tmp_path / "w.arrow").stat().st_size < 0.7 * 5 * pixels.nbytes


def test_a_crop_with_other_channels_is_reported_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"crop 3: expected \(n_px, 2\) pixels, got \(4, 3\)"):
        write_shard(tmp_path / "w.arrow", [crop(1), crop(3, n_channels=3)], header=HEADER)
    assert not list(tmp_path.iterdir())


def test_an_object_beyond_16_bits_is_reported() -> None:
    with pytest.raises(ValueError, match="spans 70001 x 1 px"):
        runs_of(np.array([0, 70000]), np.array([0, 0]))


def test_an_interrupted_well_leaves_nothing(tmp_path: Path) -> None:
    def interrupted() -> Iterator[Crop]:
        yield crop()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_shard(tmp_path / "w.arrow", interrupted(), header=HEADER)
    assert not list(tmp_path.iterdir())


class _FullDisk(pa.RecordBatchFileWriter):
    """A writer on a disk without space."""

    def write_batch(self, batch: pa.RecordBatch) -> None:
        """Fail as the operating system does."""
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_is_reported_once_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(sink: object, schema: pa.Schema, **options: object) -> _FullDisk:
        return _FullDisk(sink, schema, **options)

    monkeypatch.setattr(pa.ipc, "new_file", full)
    (tmp_path / "w.arrow").write_text("as it was", encoding="utf-8")
    with pytest.raises(OSError, match=r"No space left on device. Nothing was left behind. Free space") as error:
        write_shard(tmp_path / "w.arrow", [crop(1), crop(2)], header=HEADER)
    assert error.value.errno == errno.ENOSPC
    assert "w.arrow" in str(error.value)
    assert [p.name for p in tmp_path.iterdir()] == ["w.arrow"]
    assert (tmp_path / "w.arrow").read_text(encoding="utf-8") == "as it was"


def test_a_missing_shard_is_reported(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"w\.arrow: expected an Arrow crop shard"):
        Shard(tmp_path / "w.arrow")


@pytest.mark.parametrize("n_bytes", [0, 6, 500])
def test_a_truncated_shard_is_reported(tmp_path: Path, n_bytes: int) -> None:
    write_shard(tmp_path / "w.arrow", [crop()], header=HEADER)
    data = (tmp_path / "w.arrow").read_bytes()
    assert len(data) > 500
    (tmp_path / "w.arrow").write_bytes(data[:n_bytes])
    with pytest.raises(ValueError, match=r"w\.arrow: expected an Arrow crop shard, but it cannot be read"):
        Shard(tmp_path / "w.arrow")


def test_a_damaged_crop_is_reported_with_its_row(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    many = Crop(
        1, 0, 0, 1, 5000, *runs_of(np.zeros(5000, dtype=int), np.arange(5000)), rng.poisson(9, (5000, 2)).astype("u2")
    )
    write_shard(tmp_path / "w.arrow", [many], header=HEADER)
    data = bytearray((tmp_path / "w.arrow").read_bytes())
    middle = len(data) // 2
    data[middle - 2000 : middle + 2000] = bytes(4000)
    (tmp_path / "w.arrow").write_bytes(data)
    with pytest.raises(ValueError, match=r"w\.arrow: crop 0 cannot be read .* Run the rule cells_crop"):
        Shard(tmp_path / "w.arrow").read(0)


def test_one_flipped_bit_of_a_crop_is_reported(tmp_path: Path) -> None:
    write_shard(tmp_path / "w.arrow", [crop()], header=HEADER)
    frame = pa.ipc.open_file(str(tmp_path / "w.arrow")).get_batch(0).column("pixels")[0].as_py()
    data = (tmp_path / "w.arrow").read_bytes()
    (tmp_path / "w.arrow").write_bytes(data.replace(frame, frame[:-1] + bytes([frame[-1] ^ 1])))
    with pytest.raises(ValueError, match="its pixels are not those that were written"):
        Shard(tmp_path / "w.arrow").read(0)


def test_another_arrow_file_is_reported(tmp_path: Path) -> None:
    schema = pa.schema([("a", pa.int64())])
    with pa.OSFile(str(tmp_path / "w.arrow"), "wb") as sink, pa.ipc.new_file(sink, schema):
        pass
    with pytest.raises(ValueError, match="expected a crop shard of format 'wellspring-crops-1', found None"):
        Shard(tmp_path / "w.arrow")


def test_crops_of_another_well_in_their_place_are_reported(tmp_path: Path) -> None:
    write_shard(tmp_path / "P" / "A1.arrow", [crop()], header=HEADER)
    assert len(shard_of_well(tmp_path / "P" / "A1.arrow")) == 1
    (tmp_path / "P" / "A1.arrow").rename(tmp_path / "P" / "A1.2.arrow")
    with pytest.raises(ValueError, match=r"A1.2.arrow: expected the crops of the well .* but they are those of P/A1"):
        shard_of_well(tmp_path / "P" / "A1.2.arrow")
