"""Memory that a job may use: what a file's header asks for is compared with it before anything is allocated."""

import os
import resource
from collections.abc import Iterator
from pathlib import Path

__all__ = ["available_bytes", "readable_size"]

# Of control groups, version 2 and 1: what a cluster, or a container, allows a job.
_GROUP_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


def available_bytes() -> int:
    """The least of the machine's memory, the job's control group and the process's own limits, bytes."""
    return min(_limits())


def _limits() -> Iterator[int]:
    yield os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for kind in (resource.RLIMIT_AS, resource.RLIMIT_DATA):
        soft, _ = resource.getrlimit(kind)
        if soft != resource.RLIM_INFINITY:
            yield soft
    for path in _GROUP_LIMITS:
        try:
            text = path.read_text(encoding="ascii").strip()
        except OSError:
            continue
        if text.isdecimal():
            yield int(text)


def readable_size(n_bytes: float) -> str:
    """Bytes in words: ``800 MB``, ``2 TB``."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if n_bytes < 1000:
            return f"{n_bytes:.3g} {unit}"
        n_bytes /= 1000
    return f"{n_bytes:,.3g} TB" if n_bytes < 1000 else f"{n_bytes:,.0f} TB"
