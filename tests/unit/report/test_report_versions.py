"""Which software made a run."""

import platform

import numpy as np

import wellspring
from wellspring.report.versions import PACKAGES, software_versions


def test_versions_are_those_that_are_installed():
    found = dict(software_versions())
    assert found["wellspring"] == wellspring.__version__
    assert found["python"] == platform.python_version()
    assert found["numpy"] == np.__version__
    assert list(found)[2:] == list(PACKAGES)


def test_a_package_of_another_environment_says_so():
    assert dict(software_versions(["no-such-package"]))["no-such-package"].startswith("not in the report's environment")
