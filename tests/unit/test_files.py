"""Files are whole or absent, and readers' errors become one sentence."""

import errno
import fcntl
import os
import socket
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from wellspring.files import as_readable, is_of_well, locked, new_folder, replaced_when_whole, temporary_beside

HOST = socket.gethostname().split(".")[0]


def test_a_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.tar.gz"
    with replaced_when_whole(path) as temporary:
        temporary.write_text("all", encoding="utf-8")
        assert not path.exists()
        assert temporary.parent == path.parent
        assert temporary.suffixes[-2:] == [".tar", ".gz"]
    assert path.read_text(encoding="utf-8") == "all"
    assert [p.name for p in path.parent.iterdir()] == ["a.tar.gz"]


@pytest.mark.parametrize("error", [ValueError("bad"), KeyboardInterrupt(), OSError(errno.EACCES, "denied")])
def test_after_any_error_the_old_file_stands_and_nothing_else(tmp_path: Path, error: BaseException) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old", encoding="utf-8")

    def write() -> None:
        with replaced_when_whole(path) as temporary:
            temporary.write_text("half", encoding="utf-8")
            raise error

    with pytest.raises(type(error)) as caught:
        write()
    assert caught.value is error
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_is_told_with_file_and_remedy(tmp_path: Path, number: int) -> None:
    def write() -> None:
        with replaced_when_whole(tmp_path / "a.txt") as temporary:
            temporary.write_text("half", encoding="utf-8")
            raise OSError(number, "low-level words")

    with pytest.raises(OSError, match=r"a\.txt: could not be written: .*Free space or raise the quota") as caught:
        write()
    assert caught.value.errno == number
    assert not list(tmp_path.iterdir())


def test_what_a_killed_job_left_is_removed_but_not_what_another_job_writes(tmp_path: Path) -> None:
    (tmp_path / ".4711@node-1@01.txt").touch()
    with replaced_when_whole(tmp_path / "A-01.txt") as other:
        other.touch()
        with replaced_when_whole(tmp_path / "01.txt") as temporary:
            temporary.touch()
            assert sorted(p.name for p in tmp_path.iterdir()) == sorted([other.name, temporary.name])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["01.txt", "A-01.txt"]


def test_a_lock_keeps_others_out_and_ends_with_its_process(tmp_path: Path) -> None:
    path = tmp_path / "new" / "lock"
    code = "import sys; from wellspring.files import locked\nwith locked(sys.argv[1]): print('in', flush=True); input()"
    command = [sys.executable, "-c", code, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "in\n"
        with pytest.raises(OSError, match=f"process {holder.pid} on {HOST} is, left over .* End it"), locked(path):
            pass
        holder.kill()
    with locked(path):
        assert path.read_text(encoding="utf-8") == f"{os.getpid()} on {HOST}"


def test_a_file_system_without_locks_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_locks(file: object, operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    with locked(tmp_path / "lock"):
        pass
    monkeypatch.setattr(fcntl, "flock", lambda *_: (_ for _ in ()).throw(OSError(errno.EIO, "broken")))
    with pytest.raises(OSError, match="broken"), locked(tmp_path / "lock"):
        pass


def test_a_block_that_writes_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), replaced_when_whole(tmp_path / "a.txt"):
        pass


@pytest.mark.parametrize(
    "error", [ValueError("v"), OSError("o"), EOFError("e"), KeyError("k"), zipfile.BadZipFile("z")], ids=repr
)
def test_a_reader_s_error_names_the_file_what_was_expected_and_what_came(tmp_path: Path, error: Exception) -> None:
    path = tmp_path / "a.npy"
    path.touch()
    words = rf"a\.npy: expected a table, but it cannot be read \({error}\)\. Copy the file again"
    with pytest.raises(ValueError, match=words), as_readable(path, expected="a table"):
        raise error


def test_a_missing_file_is_told_before_it_is_read(tmp_path: Path) -> None:
    with (
        pytest.raises(FileNotFoundError, match=r"a\.npy: expected a table, but there is no such file"),
        as_readable(tmp_path / "a.npy", expected="a table"),
    ):
        pytest.fail("the block must not run")


def test_defects_pass_through(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    with pytest.raises(ZeroDivisionError), as_readable(tmp_path / "a", expected="a table"):
        _ = 1 / 0


def test_a_damaged_archive_is_told(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "a.npz", a=np.random.default_rng(0).random(5000))
    data = bytearray((tmp_path / "a.npz").read_bytes())
    data[len(data) // 2] ^= 0xFF
    (tmp_path / "a.npz").write_bytes(data)
    with (
        pytest.raises(ValueError, match=r"a\.npz: expected arrays, but it cannot be read"),
        as_readable(tmp_path / "a.npz", expected="arrays"),
        np.load(tmp_path / "a.npz", allow_pickle=False) as file,
    ):
        _ = file["a"]


def test_writers_of_one_number_on_two_hosts_do_not_meet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = []
    for host in ("node-1.site", "node-2.site"):
        monkeypatch.setattr(socket, "gethostname", lambda host=host: host)
        names.append(temporary_beside(tmp_path / "a.txt").name)
    assert names == [f".{os.getpid()}@node-1@a.txt", f".{os.getpid()}@node-2@a.txt"]


def test_what_a_killed_job_left_behind_on_any_host_is_removed_and_no_other_file(tmp_path: Path) -> None:
    left = [".12345@node-1@table.csv", ".12345@node-2@table.csv"]
    others = [".12345@node-1@other.csv", ".12345@node-1@b@table.csv", ".12345@node-1@2-table.csv", ".notes@table.csv"]
    for name in (*left, *others):
        (tmp_path / name).write_text("half", encoding="utf-8")
    with replaced_when_whole(tmp_path / "table.csv") as temporary:
        temporary.write_text("whole", encoding="utf-8")
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([*others, "table.csv"])


@pytest.mark.parametrize(
    ("name", "well", "is_own"),
    [
        ("p/B02.parquet", "B02", True),
        ("p/B02.cells.ome.tif", "B02", True),
        ("p/B02.2.arrow", "B02.2", True),
        ("p/B02.2.arrow", "B02", False),
        ("p/B02.arrow", "B02.2", False),
        ("p/B022.arrow", "B02", False),
        ("q/B02.arrow", "B02", False),
        ("p/B02", "B02", False),
    ],
)
def test_a_path_says_whose_file_it_is(name: str, well: str, is_own: bool) -> None:
    assert is_of_well(Path(name), plate="p", well=well) == is_own


def test_a_new_folder_is_whole_or_not_there(tmp_path: Path) -> None:
    with new_folder(tmp_path / "above/plate") as building:
        building.mkdir()
        (building / "a.txt").write_text("a", encoding="utf-8")
        assert not (tmp_path / "above/plate").exists()
    assert (tmp_path / "above/plate/a.txt").read_text(encoding="utf-8") == "a"

    def stopped() -> None:
        with new_folder(tmp_path / "above/other") as building:
            building.mkdir()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert [one.name for one in (tmp_path / "above").iterdir()] == ["plate"]
    with (
        pytest.raises(FileExistsError, match="plate: expected a new or empty folder"),
        new_folder(building.parent / "plate"),
    ):
        pass
