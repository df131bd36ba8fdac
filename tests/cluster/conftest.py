"""One cluster for all tests of a process, an undisturbed study to compare with, copies of it to disturb."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cluster.cluster import NODES, Cluster, missing_parts, running_cluster
from tests.cluster.studies import Study, undisturbed, until


def pytest_sessionstart(session: pytest.Session) -> None:
    """Where a cluster cannot run, its tests end before they begin and say what is missing."""
    missing = missing_parts()
    if missing and session.config.getoption("markexpr") == "cluster":
        pytest.exit(missing, returncode=1)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """The cluster."""
    with running_cluster() as cluster:
        yield cluster
    assert not cluster.processes(), "processes of the cluster outlived it"
    assert not cluster.folder.exists()


@pytest.fixture(scope="session")
def finished(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Study:
    """The small demo study after an undisturbed run of the whole workflow; tests copy it."""
    return undisturbed(tmp_path_factory, cluster=cluster)


@pytest.fixture
def copied(finished: Study, tmp_path: Path) -> Callable[..., Study]:
    """A copy of the finished study without the results of the stages that are named."""

    def copy(*removed: str) -> Study:
        study = finished.copied(tmp_path / "study")
        for stage in removed:
            for path in sorted((study.folder / "results" / stage).rglob("*"), reverse=True):
                if path.is_file():
                    path.unlink()
        return study

    return copy


@pytest.fixture(autouse=True)
def whole_cluster(cluster: Cluster) -> Iterator[None]:
    """After each test, end what it left running and bring every daemon and node back."""
    yield
    cluster.end_heads()
    if "slurmctld" not in cluster.daemons:
        cluster.start_controller()
    cluster.ask("scancel", "--user=root")
    for node in NODES:
        if node not in cluster.daemons:
            cluster.start_node(node)
    until(lambda: set(cluster.node_states().values()) == {"idle"}, what="idle nodes")
