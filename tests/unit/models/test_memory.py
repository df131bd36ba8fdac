"""Memory that is freed stays with the process, so that it is not cleared again each time."""

import subprocess
import sys

import pytest

# Faults are pages that the system gave to the process; a block of 40 MiB has 10,240.
COUNT = """
import resource, sys, threading
from wellspring.models.memory import keep_freed_memory

def work():
    for _ in range(20):
        bytearray(40 * 2**20)

if sys.argv[1] == "kept":
    assert keep_freed_memory()
start = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
thread = threading.Thread(target=work)
thread.start()
thread.join()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - start)
"""


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc is the C library of Linux")
def test_blocks_that_come_and_go_are_given_to_the_process_once() -> None:
    faults = {}
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": ":".join(sys.path)}
    for name in ("kept", "as it is"):
        command = [sys.executable, "-c", COUNT, name]
        found = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        faults[name] = int(found.stdout)
    assert faults["kept"] < 2 * 10_240
    assert faults["as it is"] > 5 * faults["kept"]
