"""What a process does with memory that it no longer needs."""

import ctypes

__all__ = ["kept_memory"]

# Parameters of glibc's mallopt.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_KEPT_BYTES = 2**30


def kept_memory() -> bool:
    """Have the C library keep freed memory for what is allocated next; return whether it can, as glibc does.

    A training step allocates the same large tensors again and again. By default glibc gives each back to the system,
    which clears it page by page when it is asked for again. The process keeps its largest size instead.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and all(mallopt(one, _KEPT_BYTES) for one in (_TRIM_THRESHOLD, _MMAP_THRESHOLD))
