"""A SLURM cluster on this machine, made of real daemons: two CPU nodes, one node with a Tesla, accounting.

Everything listens on loopback, on free ports, with a key, a database and folders of its own, so that it neither needs
nor touches a SLURM, a munge or a database that runs already, and that two of them run side by side. It stops by process
id what it started.
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from string import Template

__all__ = ["NODES", "Cluster", "missing_parts", "running_cluster"]

# Begin with the cluster's configuration wherever they are called, also in a job whose variables Snakemake has tidied.
COMMANDS = ("sacct", "sacctmgr", "sbatch", "scancel", "scontrol", "sinfo", "squeue", "srun")
# In the environment of every process of a cluster; its value is the cluster's folder.
MARK = "WELLSPRING_TEST_CLUSTER"
# In the environment of a node's daemons; its value is the node. Jobs have SLURMD_NODENAME.
NODE_MARK = "WELLSPRING_TEST_NODE"
TEMPLATES = Path(__file__).parent / "conf"
# Debian's package of each program.
PACKAGES = {
    "munged": "munge",
    "mariadbd": "mariadb-server",
    "mariadb-install-db": "mariadb-server",
    "slurmdbd": "slurmdbd",
    "slurmctld": "slurm-wlm",
    "slurmd": "slurm-wlm",
    "sbatch": "slurm-wlm",
    "sacct": "slurm-wlm",
    "sacctmgr": "slurm-wlm",
}
NODES = ("cpu1", "cpu2", "gpu1")
# Daemons live where a login shell of an ordinary user does not look.
SEARCHED = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))
PATIENCE_S = 180.0


def missing_parts() -> str | None:
    """What this machine lacks for the cluster, with the remedy, in one line; None when it lacks nothing."""
    missing = sorted({package for name, package in PACKAGES.items() if not shutil.which(name, path=SEARCHED)})
    if missing:
        return f"The test cluster needs {', '.join(missing)}: apt-get install {' '.join(missing)}."
    if os.geteuid() != 0:
        return f"The test cluster needs root, since its daemons start jobs as their user; this is user {os.geteuid()}."
    return None


@contextmanager
def running_cluster() -> Iterator["Cluster"]:
    """A cluster that is up in the block and gone after it, with its processes and its folder.

    Raises
    ------
    RuntimeError
        When a daemon does not come up, with the end of its log.
    """
    # Sockets must have short names, and munge wants every user to reach its own.
    folder = Path(tempfile.mkdtemp(prefix="wellspring-slurm-"))
    folder.chmod(0o711)
    cluster = Cluster(folder=folder)
    # A polite kill ends the block as Ctrl-C does, so that nothing outlives it.
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(folder)
        signal.signal(signal.SIGTERM, before)


@dataclass
class Cluster:
    """The daemons of one cluster.

    Attributes
    ----------
    folder : Path
        Its configuration, sockets, states and logs.
    daemons : dict
        Running daemons by name: munged, mariadbd, slurmdbd, slurmctld, and slurmd of each node as the node's name.
    heads : list
        Processes that submit jobs, each the leader of its group.
    """

    folder: Path
    daemons: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    heads: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _ports: dict[str, int] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which `sbatch`, `sacct` and Snakemake run; its mark tells its processes."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("SLURM_", "SBATCH_"))}
        commands = os.pathsep.join((str(self._commands), SEARCHED))
        return {**clean, "PATH": commands, "SLURM_CONF": str(self._configuration), MARK: str(self.folder)}

    @property
    def _configuration(self) -> Path:
        return self.folder / "slurm.conf"

    @property
    def _commands(self) -> Path:
        return self.folder / "commands"

    def start(self) -> None:
        """Start every daemon, each once the one it leans on answers."""
        self._write_configuration()
        self._write_commands()
        self._start_munge()
        self._start_database()
        self._launch("slurmdbd", "slurmdbd", "-D")
        self._until(lambda: self._succeeds("sacctmgr", "-n", "list", "cluster"), what="slurmdbd")
        for entry in (
            ("cluster", "wellspring"),
            ("account", "lab", "Cluster=wellspring"),
            ("user", "root", "Account=lab", "DefaultAccount=lab"),
        ):
            self.ask("sacctmgr", "-i", "add", *entry)
        self.start_controller()
        for node in NODES:
            self.start_node(node)
        self._until(lambda: set(self.node_states().values()) == {"idle"}, what="slurmctld", told=NODES)

    def stop(self) -> None:
        """End every head, every job and every daemon, and wait until they are gone."""
        self.end_heads()
        if "slurmctld" in self.daemons:
            subprocess.run(["scancel", "--user=root"], env=self.environment, capture_output=True, check=False)
        for name in ("slurmctld", *NODES, "slurmdbd", "mariadbd", "munged"):
            process = self.daemons.pop(name, None)
            if process is not None:
                _end(process)
        for pid in self.processes():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def processes(self) -> list[int]:
        """Processes of this cluster that run beside its daemons: steps and the jobs in them."""
        mark = f"{MARK}={self.folder}".encode()
        daemons = {process.pid for process in self.daemons.values()}
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) in daemons:
                continue
            if mark in _environment(int(entry.name)):
                found.append(int(entry.name))
        return found

    def end_heads(self) -> None:
        """Kill the head processes that a test left running, with their children."""
        for process in self.heads:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self.heads.clear()

    def start_controller(self) -> None:
        """Start slurmctld; after a stop it takes up the jobs where they were."""
        self._launch("slurmctld", "slurmctld", "-D")
        self._until(lambda: self._succeeds("scontrol", "ping"), what="slurmctld")

    def stop_controller(self) -> None:
        """Stop slurmctld as for maintenance; jobs go on."""
        _end(self.daemons.pop("slurmctld"))

    def start_node(self, node: str) -> None:
        """Start the slurmd of a node."""
        self._launch(node, "slurmd", "-D", "-N", node, variables={NODE_MARK: node})

    def crash_node(self, node: str) -> None:
        """Kill a node's slurmd and all that runs on the node at once, as a power cut does: nobody is told."""
        process = self.daemons.pop(node)
        marks = f"{NODE_MARK}={node}".encode(), f"SLURMD_NODENAME={node}".encode()
        # The daemons of the steps first of all, since they would tell how their jobs ended.
        daemons, jobs = ([pid for pid in self.processes() if mark in _environment(pid)] for mark in marks)
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in (process.pid, *daemons, *jobs):
                with suppress(ProcessLookupError):
                    os.kill(pid, number)
        process.wait()

    def freeze_job(self, number: str) -> None:
        """Stop the processes of a job where they are, as on a machine that is far too slow."""
        mark = f"SLURM_JOB_ID={number}".encode()
        for pid in self.processes():
            if mark in _environment(pid):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGSTOP)

    def node_states(self) -> dict[str, str]:
        """State of each node, in small letters."""
        lines = self.ask("sinfo", "-h", "-N", "-o", "%N %T").split("\n")
        return dict(line.split() for line in lines if line)

    def ask(self, *command: str) -> str:
        """What a SLURM command prints.

        Raises
        ------
        RuntimeError
            When it fails, with its words.
        """
        result = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        if result.returncode:
            raise RuntimeError(f"{' '.join(command)}: exit status {result.returncode}: {result.stderr.strip()}")
        return result.stdout

    def _succeeds(self, *command: str) -> bool:
        done = subprocess.run(command, env=self.environment, capture_output=True, check=False, timeout=60)
        return done.returncode == 0

    def _start_munge(self) -> None:
        key = self.folder / "munge.key"
        key.touch(mode=0o600)
        key.write_bytes(secrets.token_bytes(128))
        files = {name: self.folder / f"munge.{name}" for name in ("socket", "pid", "log", "seed")}
        options = [f"--{name}-file={files[name]}" for name in ("pid", "log", "seed")]
        self._launch("munged", "munged", "-F", f"--key-file={key}", f"--socket={files['socket']}", *options)
        self._until(files["socket"].exists, what="munged")

    def _start_database(self) -> None:
        data, socket_file = self.folder / "database", self.folder / "mariadb.socket"
        install = ["mariadb-install-db", "--no-defaults", f"--datadir={data}", "--user=root", "--skip-test-db"]
        subprocess.run(install, env=self.environment, check=True, capture_output=True)
        options = (
            *("--no-defaults", f"--datadir={data}", "--user=root", f"--socket={socket_file}"),
            *("--bind-address=127.0.0.1", f"--port={self._ports['mariadbd']}", f"--pid-file={self.folder}/mariadb.pid"),
            *("--innodb-buffer-pool-size=64M", "--innodb-flush-log-at-trx-commit=0", "--innodb-lock-wait-timeout=900"),
        )
        self._launch("mariadbd", "mariadbd", *options)
        client = ("mariadb", "--no-defaults", f"--socket={socket_file}", "--user=root")
        self._until(lambda: self._succeeds(*client, "-e", "select 1"), what="mariadbd")
        self.ask(*client, "-e", "create database slurm; create user slurm@localhost identified by 'slurm';")
        self.ask(*client, "-e", "grant all on slurm.* to slurm@localhost;")

    def _write_configuration(self) -> None:
        self._ports = _free_ports("mariadbd", "slurmdbd", "slurmctld", *NODES)
        names: Mapping[str, object] = {
            **{f"{name}_port": port for name, port in self._ports.items()},
            "folder": self.folder,
            "host": socket.gethostname().split(".")[0],
        }
        for template in TEMPLATES.glob("*.conf"):
            path = self.folder / template.name
            path.touch(mode=0o600)
            path.write_text(Template(template.read_text(encoding="utf-8")).substitute(names), encoding="utf-8")

    def _write_commands(self) -> None:
        self._commands.mkdir(mode=0o755)
        for name in COMMANDS:
            path = self._commands / name
            program = shutil.which(name, path=SEARCHED)
            path.write_text(f'#!/bin/sh\nSLURM_CONF={self._configuration} exec {program} "$@"\n', encoding="utf-8")
            path.chmod(0o755)

    def _launch(self, name: str, *command: str, variables: Mapping[str, str] | None = None) -> None:
        with (self.folder / f"{name}.out").open("ab") as output:
            self.daemons[name] = subprocess.Popen(
                command,
                env={**self.environment, **(variables or {})},
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _until(self, holds: Callable[[], bool], *, what: str, told: tuple[str, ...] = ()) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not holds():
            ended = self.daemons[what].poll() is not None
            if ended or time.monotonic() > deadline:
                said = "\n".join(self._words_of(name) for name in (what, *told))
                raise RuntimeError(f"{what} {'ended' if ended else 'does not answer'}; it said:\n{said}")
            time.sleep(0.2)

    def _words_of(self, name: str) -> str:
        files = [self.folder / f"{name}.out", self.folder / f"{name}.log"]
        return "\n".join(path.read_text(errors="replace")[-2000:] for path in files if path.exists())


def _environment(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free_ports(*names: str) -> dict[str, int]:
    sockets = {name: socket.socket() for name in names}
    for held in sockets.values():
        held.bind(("127.0.0.1", 0))
    ports = {name: int(held.getsockname()[1]) for name, held in sockets.items()}
    for held in sockets.values():
        held.close()
    return ports
