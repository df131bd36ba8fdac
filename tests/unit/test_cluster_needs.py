"""Where the test cluster cannot run it says what is missing, and what to do."""

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
