"""How the C library treats memory that is freed."""

import ctypes
import sys

__all__ = ["keep_freed_memory"]

# Parameters of glibc's mallopt by their names in malloc.h: one heap for all threads, none of it mapped apart or given
# back, and 256 MiB more asked for at a time than needed, which cost nothing until they are written to.
_KEPT = {"M_ARENA_MAX": (-8, 1), "M_MMAP_MAX": (-4, 0), "M_TRIM_THRESHOLD": (-1, 2**31 - 1), "M_TOP_PAD": (-2, 2**28)}


def keep_freed_memory() -> bool:
    """Have the process keep the memory that it frees, and say whether that could be set.

    TensorFlow's kernels free memory and ask for the same again in each step; else the system takes it back and clears
    it each time, which takes a large share of the processor time of a training. The process stays as large
    as it was at its largest. Call it before the threads that compute are started. Where the C library is another one
    than glibc, nothing is changed.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and all(mallopt(parameter, value) == 1 for parameter, value in _KEPT.values())
