"""Memory that a process keeps."""

import subprocess
import sys

import pytest

_PROGRAM = """
import resource
import numpy as np
from wellspring.models.memory import kept_memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(4):
        np.empty(2**24, np.uint8)[:] = 1
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

first = faults()
if kept_memory():
    faults()
    print(first, faults())
"""


def test_kept_memory_is_not_asked_for_again() -> None:
    # The setting is that of a whole process.
    found = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True).stdout.split()
    if not found:
        pytest.skip("the C library is not glibc")
    # Each 16 MB are 8 huge pages or 4,096 small ones.
    first, kept = map(int, found)
    assert first >= 4 * 8
    assert kept < 8
