"""wellspring: from raw microscopy wells to paper figures."""

__version__ = "0.2.0"
