"""The controller of the cluster goes away for a while, as for maintenance: the run waits for it."""

from collections.abc import Callable

import pytest

from tests.cluster.cluster import Cluster
from tests.cluster.studies import MANIFEST, WELLS, Head, Study, assert_same_results, until

pytestmark = pytest.mark.cluster


def test_a_run_outlasts_a_controller_that_is_away(
    copied: Callable[..., Study], cluster: Cluster, finished: Study
) -> None:
    study = copied("dataset", "cells")
    head = Head(study, MANIFEST)
    study.until_runs(WELLS)
    cluster.stop_controller()
    asked = until(head.question, what="a question to the controller that is away")
    until(lambda: head.question() != asked, what="the end of the question, without an answer")
    cluster.start_controller()
    head.finished()
    # A job that asks the controller for something meanwhile may fail, and is submitted again.
    assert study.states(WELLS)[-1] == "COMPLETED"
    assert_same_results(study, finished)
