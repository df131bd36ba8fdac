"""The Python whose imports are made runs programs as Python does."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.preloaded import LIBRARY, preloaded_python

pytestmark = pytest.mark.workflow


def _done(script: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [preloaded_python(), str(script), *arguments]
    own = {**os.environ, **environment}
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=script.parent, env=own)


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """A program that says where it runs, and ends as it is asked to."""
    text = """import os, sys
print(__name__, os.getcwd(), sys.argv[1:], os.environ.get("COLOUR"), "keras" in sys.modules)
import beside
print(beside.NUMBER, file=sys.stderr)
exec(sys.argv[1])
"""
    (tmp_path / "beside.py").write_text("NUMBER = 7", encoding="utf-8")
    (tmp_path / "script.py").write_text(text, encoding="utf-8")
    return tmp_path / "script.py"


def test_folder_arguments_environment_and_neighbours_are_the_program_s_own(script: Path) -> None:
    done = _done(script, "pass", "x y", COLOUR="blue")
    assert done.stdout.split() == ["__main__", str(script.parent), "['pass',", "'x", "y']", "blue", "True"]
    assert (done.stderr, done.returncode) == ("7\n", 0)
    assert "None True" in _done(script, "pass").stdout


@pytest.mark.parametrize(
    ("end", "code", "said"),
    [
        ("sys.exit(3)", 3, ""),
        ("sys.exit('no more')", 1, "no more"),
        ("raise ValueError('wrong')", 1, "ValueError: wrong"),
        (f"os.kill(os.getpid(), {int(signal.SIGKILL)})", -signal.SIGKILL, ""),
    ],
)
def test_a_program_ends_as_it_would(script: Path, end: str, code: int, said: str) -> None:
    done = _done(script, end)
    assert done.returncode == code
    assert said in done.stderr


def test_where_the_environment_decides_on_imports_the_program_makes_its_own(script: Path) -> None:
    assert "False" in _done(script, "pass", KERAS_BACKEND="none").stdout
    assert "False" in _done(script, "pass", PYTHONPATH=str(script.parent)).stdout
    assert "True" in _done(script, "pass", PYTHONPATH=LIBRARY).stdout
