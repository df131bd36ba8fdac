"""wellspring: from raw microscopy wells to paper figures."""

__version__ = "0.1.0"
