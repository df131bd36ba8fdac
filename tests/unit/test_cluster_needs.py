"""Where the test cluster cannot run it says what is missing, and what to do."""

from pathlib import Path

import pytest

from tests.cluster import cluster


def test_missing_packages_are_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "SEARCHED", "")
    said = cluster.missing_parts()
    assert said
    assert said.endswith("apt-get install mariadb-server munge slurm-wlm slurmdbd.")


def test_an_ordinary_user_is_told_to_be_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "PACKAGES", {})
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert "needs root" in str(cluster.missing_parts())


def test_a_machine_of_another_slurm_is_left_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    configuration = tmp_path / "slurm.conf"
    configuration.touch()
    monkeypatch.setattr(cluster, "PACKAGES", {})
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(cluster, "USUAL_CONFIGURATION", configuration)
    assert str(configuration) in str(cluster.missing_parts())
