"""Deprecated, until version 0.3: use `wellspring.profiling.batch_effects`."""

from wellspring.profiling.batch_effects import explained_p_value, explained_share, whitened

__all__ = ["explained_p_value", "explained_share", "whitened"]
