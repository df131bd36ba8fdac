"""A Python whose imports are made: programs that are run by it begin at once.

A study of a test is some thirty jobs, each a program that imports for longer than it works. Here a server imports once
what the jobs import; a program is run by a copy of it (`os.fork`), with the working folder, environment, input and
outputs of who asks. Who asks is a small program that can stand where a path of Python is expected, as in
`sys.executable` of Snakemake. What it cannot do so, such as `-c`, or an environment that decides on imports, it
leaves to the real Python. Programs of users run in processes of their own; so do those of the demos, of the tests on a
cluster, and of tests that kill, measure or trace them.
"""

import atexit
import contextlib
import importlib
import json
import os
import runpy
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NoReturn

__all__ = ["preloaded_python"]

MODULES = (
    *("snakemake.cli", "snakemake.script", "snakemake.report", "snakemake_executor_plugin_slurm"),
    *("pandas", "pyarrow.parquet", "jsonschema", "pydantic", "yaml", "tifffile", "cv2", "h5py", "zarr"),
    *("scipy.ndimage", "scipy.stats", "scipy.optimize", "scipy.spatial", "scipy.signal", "scipy.fft"),
    *("skimage.measure", "skimage.segmentation", "skimage.morphology", "skimage.filters", "skimage.feature"),
    *("sklearn.mixture", "sklearn.cluster", "sklearn.linear_model", "sklearn.decomposition", "sklearn.ensemble"),
    *("sklearn.manifold", "sklearn.metrics", "sklearn.pipeline", "sklearn.model_selection"),
    *("matplotlib.figure", "matplotlib.patches", "matplotlib.collections", "matplotlib.backends.backend_svg"),
    *("matplotlib.backends.backend_agg", "keras", "tensorflow"),
)
DECISIVE = ("KERAS_BACKEND", "PYTHONHOME", "OMP_NUM_THREADS", "CUDA_VISIBLE_DEVICES")
"""Variables that are read as modules are imported; `PYTHONPATH` is one more."""
LIBRARY = str(Path(__file__).resolve().parents[1] / "src")

CLIENT = """#!{python} -IS
import json, os, signal, socket, sys
arguments = sys.argv[1:]
script = bool(arguments) and not arguments[0].startswith("-")
if not (script or arguments[:1] == ["-m"]):
    os.execv({python!r}, [{python!r}, *arguments])
server = socket.socket(socket.AF_UNIX)
server.connect({address!r})
asked = json.dumps([arguments, os.getcwd(), dict(os.environ)]).encode()
socket.send_fds(server, [len(asked).to_bytes(8, "big")], [0, 1, 2])
server.sendall(asked)
answer = server.makefile("r")
pid = int(answer.readline())
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda number, frame: os.kill(pid, number))
code = int(answer.readline() or 255)
if code < 0:
    if -code in (signal.SIGINT, signal.SIGTERM):
        signal.signal(-code, signal.SIG_DFL)
    os.kill(os.getpid(), -code)
sys.exit(code)
"""


@cache
def preloaded_python() -> str:
    """Path of a program that runs Python scripts and modules, started on first use; it ends with this process."""
    folder = Path(tempfile.mkdtemp(prefix="python_"))
    address = str(folder / "server")
    client = folder / "python"
    client.write_text(CLIENT.format(python=sys.executable, address=address), encoding="utf-8")
    client.chmod(0o755)
    # Its input is a pipe of ours: when we end, however that comes, the server reads its end, and ends too.
    server = subprocess.Popen(
        [sys.executable, str(Path(__file__).resolve()), address, str(client)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    assert server.stdout.readline() == "ready\n"
    atexit.register(_end, server, folder)
    return str(client)


def _end(server: subprocess.Popen[str], folder: Path) -> None:
    server.communicate()
    shutil.rmtree(folder, ignore_errors=True)


def _serve(address: str, client: str) -> None:
    for name in MODULES:
        importlib.import_module(name)
    # Snakemake starts the scripts of jobs by this name.
    real, sys.executable = sys.executable, client
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(address)
    listening.listen(64)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    print("ready", flush=True)
    ends = _when_closed(sys.stdin.fileno())
    while True:
        connection, _ = listening.accept()
        if os.fork() == 0:
            listening.close()
            os.close(ends)
            _attend(connection, real)
        connection.close()


def _when_closed(pipe: int) -> int:
    """End this process once `pipe` is closed at its other end: a copy of us waits for it."""
    server = os.getpid()
    if os.fork() == 0:
        os.setsid()
        while os.read(pipe, 1):
            pass
        with contextlib.suppress(ProcessLookupError):
            os.kill(server, signal.SIGKILL)
        os._exit(0)
    return pipe


def _attend(connection: socket.socket, real: str) -> NoReturn:
    """Run one program in a copy of us and say how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    head, files, _, _ = socket.recv_fds(connection, 8, 3)
    size, data = int.from_bytes(head, "big"), b""
    while len(data) < size:
        data += connection.recv(size - len(data))
    arguments, folder, environment = json.loads(data)
    pid = os.fork()
    if pid == 0:
        connection.close()
        _become(arguments, folder, environment, files, real)
    for file in files:
        os.close(file)
    connection.sendall(f"{pid}\n".encode())
    _, status = os.waitpid(pid, 0)
    with contextlib.suppress(BrokenPipeError):
        connection.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def _decisive(environment: Mapping[str, str]) -> list[object]:
    """What decides on imports. The workflow puts our library before other paths, where it is found without, too."""
    paths = environment.get("PYTHONPATH", "").split(os.pathsep)
    return [[path for path in paths if path not in ("", LIBRARY)], *(environment.get(name) for name in DECISIVE)]


def _become(arguments: list[str], folder: str, environment: dict[str, str], files: list[int], real: str) -> NoReturn:
    """Be the program: as Python would run it."""
    for ours, theirs in enumerate(files):
        os.dup2(theirs, ours)
        os.close(theirs)
    os.chdir(folder)
    if _decisive(os.environ) != _decisive(environment):
        os.execve(real, [real, *arguments], environment)
    os.environ.clear()
    os.environ.update(environment)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    code = 0
    try:
        if arguments[0] == "-m":
            sys.argv = arguments[1:]
            sys.path[0] = folder
            runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
        else:
            sys.argv = arguments
            sys.path[0] = str(Path(arguments[0]).resolve().parent)
            runpy.run_path(arguments[0], run_name="__main__")
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        if end.code is not None and not isinstance(end.code, int):
            print(end.code, file=sys.stderr)
    except BaseException:  # noqa: BLE001
        traceback.print_exc()
        code = 1
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    _serve(*sys.argv[1:])
