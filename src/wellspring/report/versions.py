"""Which software made a run."""

import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

import wellspring

__all__ = ["PACKAGES", "software_versions"]

PACKAGES = (
    *("snakemake", "numpy", "scipy", "pandas", "pyarrow", "scikit-image", "opencv-python-headless", "tifffile"),
    *("scikit-learn", "umap-learn", "tensorflow", "keras", "matplotlib"),
)


def software_versions(packages: Sequence[str] = PACKAGES) -> list[tuple[str, str]]:
    """Name and version of wellspring, Python and `packages` as installed where the page is written.

    Where each stage has an environment of its own, a package that is not in the report's says so.
    """
    found = [("wellspring", wellspring.__version__), ("python", platform.python_version())]
    for name in packages:
        try:
            found.append((name, version(name)))
        except PackageNotFoundError:
            found.append((name, "not in the report's environment; see the folder envs"))
    return found
