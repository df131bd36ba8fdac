"""Records as Snakemake writes them, and what is left of them on a bad day."""

from pathlib import Path

import pytest

from wellspring.jobs import device_of_log, log_device
from wellspring.plan.records import Record, read_records
from wellspring.plan.tasks import Task

PLAIN = "s\th:m:s\tmax_rss\n12.50\t0:00:12\t300.5\n"
EXTENDED = (
    "s\tmax_rss\twildcards\tparams\n3.00\t120.00\t{'plate': 'P', 'well': 'A1'}\t{'image_size': 24, 'code': 'x'}\n"
)


def _put(folder: Path, name: str, text: str) -> None:
    path = folder / "benchmarks" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_a_plain_record_takes_its_job_from_its_path(tmp_path: Path) -> None:
    _put(tmp_path, "cells_crop/P/A1.tsv", PLAIN)
    _put(tmp_path, "training_fit/linear/structure/1.tsv", PLAIN)
    _put(tmp_path, "raw_channels.tsv", PLAIN)
    tasks = [
        Task("cells_crop", {"plate": "P", "well": "A1"}, None),
        Task("raw_channels", {}, None),
        Task("training_fit", {"model": "linear", "regime": "structure", "seed": "1"}, None),
    ]
    found = read_records(tmp_path)
    assert found.complete == [Record(task, 12.5, 300.5, None) for task in tasks]
    assert found.broken == []


def test_an_extended_record_says_its_job_and_its_settings(tmp_path: Path) -> None:
    _put(tmp_path, "cells_crop/P/A1.tsv", EXTENDED)
    task = Task("cells_crop", {"plate": "P", "well": "A1"}, {"image_size": 24, "code": "x"})
    assert read_records(tmp_path).complete == [Record(task, 3.0, 120.0, None)]


def test_repeats_are_records_of_their_own(tmp_path: Path) -> None:
    _put(tmp_path, "raw_channels.tsv", "s\tmax_rss\n2.0\t90\n4.0\t95\n")
    assert [one.seconds for one in read_records(tmp_path).complete] == [2.0, 4.0]


@pytest.mark.parametrize(
    ("row", "memory_mb"), [("2.0\tNA", None), ("2.0\t-", None), ("0.4\t3.0", None), ("2.0\t7", 7.0)]
)
def test_memory_that_was_not_seen_is_not_known(tmp_path: Path, row: str, memory_mb: float | None) -> None:
    _put(tmp_path, "raw_channels.tsv", f"s\tmax_rss\n{row}\n")
    assert read_records(tmp_path).complete[0].memory_mb == memory_mb


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("s\tmax_rss\n1.2", "cut short"),
        ("s\tmax_rss\n", "no benchmark record"),
        ("s\tmax_rss\n1.2\n", "no benchmark record"),
        ("<html>\n</html>\n", "no benchmark record"),
        ("s\tmax_rss\nNA\t3\n", "seconds above 0.*'NA'"),
        ("s\tmax_rss\n0.00\t3\n", "seconds above 0"),
        ("s\tmax_rss\nnan\t3\n", "seconds above 0"),
    ],
)
def test_a_broken_record_is_told_and_the_others_count(tmp_path: Path, text: str, words: str) -> None:
    _put(tmp_path, "cells_crop/P/A1.tsv", text)
    _put(tmp_path, "cells_crop/P/A2.tsv", PLAIN)
    found = read_records(tmp_path)
    assert [one.task.wildcards["well"] for one in found.complete] == ["A2"]
    assert len(found.broken) == 1
    with pytest.raises(ValueError, match=rf"A1.tsv: .*{words}"):
        raise ValueError(found.broken[0])


def test_bytes_that_are_no_text_are_told(tmp_path: Path) -> None:
    _put(tmp_path, "raw_channels.tsv", "")
    (tmp_path / "benchmarks" / "raw_channels.tsv").write_bytes(b"\xff\xfe\n")
    assert [line.rpartition(": ")[2] for line in read_records(tmp_path).broken] == ["no text"]


def test_a_folder_without_records_has_none(tmp_path: Path) -> None:
    assert read_records(tmp_path).complete == []


def test_the_log_says_what_a_job_computed_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log_device("GPU Tesla T4")
    log = tmp_path / "logs" / "training_fit" / "linear" / "structure" / "1.log"
    log.parent.mkdir(parents=True)
    log.write_text(f"before\n{capsys.readouterr().out}after\n", encoding="utf-8")
    _put(tmp_path, "training_fit/linear/structure/1.tsv", PLAIN)
    assert read_records(tmp_path).complete[0].device == "GPU Tesla T4"
    assert device_of_log(tmp_path / "none.log") is None
