"""The start of a job that needs a network."""

import os

from wellspring.jobs import log_device

__all__ = ["prepare_networks"]


def prepare_networks(*, threads: int) -> None:
    """Load the library of networks, for so many threads, and say in the job's log what it computes on.

    It is not loaded sooner, since it writes when it is: in a logged job, that goes to the log.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from wellspring.models.devices import device_name, prepared_device

    prepared_device(threads=threads)
    log_device(device_name())
