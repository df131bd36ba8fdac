"""Files that hold the images of many fields: CZI, LIF and ND2. One row of the index per plane, whatever the format.

A plane's number counts the planes of all scenes of its file: scene by scene, then times, planes and channels.
"""

import math
import re
import warnings
import weakref
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.files import as_readable

__all__ = ["ENDINGS", "Container", "Scene", "container_plane", "opened", "package"]

# Ending to the package that such files need and the extra that installs it.
ENDINGS = {".czi": ("czifile", "czi"), ".lif": ("liffile", "lif"), ".nd2": ("nd2", "nd2")}

_BYTES = re.compile(r"""\bb(?:'[^']*'|"[^"]*")""")


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One field of a file, at all its times, planes and channels.

    Attributes
    ----------
    name : str
        As the file has it.
    channels : tuple of str
    n_times, n_planes : int
    shape : (int, int)
        Height and width, px.
    dtype : numpy dtype
    pixel_size_um, step_um : float
        NaN where the file does not say it.
    x_um, y_um : float
        Centre, y growing downwards; NaN where the file does not say it.
    absent : frozenset of (int, int, int)
        (time, plane, channel) that were not stored.
    well : str
        Where the file says it, besides the name; if it says it of one field, others without it are in no well.
    """

    name: str
    channels: tuple[str, ...]
    n_times: int
    n_planes: int
    shape: tuple[int, int]
    dtype: np.dtype[np.generic]
    pixel_size_um: float = math.nan
    step_um: float = math.nan
    x_um: float = math.nan
    y_um: float = math.nan
    absent: frozenset[tuple[int, int, int]] = field(default_factory=frozenset)
    well: str = ""

    @property
    def n_numbers(self) -> int:
        """Planes of all times and channels, absent ones included."""
        return self.n_times * self.n_planes * len(self.channels)


@dataclass(frozen=True)
class Container:
    """An open file.

    Attributes
    ----------
    scenes : tuple of Scene
    plane : function (scene, time, plane, channel) -> (Y, X) number
        All counted from 0.
    """

    scenes: tuple[Scene, ...]
    plane: Callable[[int, int, int, int], NDArray[np.generic]]

    def place(self, number: int) -> tuple[int, int, int, int]:
        """Scene, time, plane and channel of a plane's number.

        Raises
        ------
        InputError
            When there is no such plane.
        """
        rest = number
        for index, scene in enumerate(self.scenes):
            if rest < scene.n_numbers:
                rest, channel = divmod(rest, len(scene.channels))
                return index, *divmod(rest, scene.n_planes), channel
            rest -= scene.n_numbers
        raise InputError(f"expected plane {number + 1}, but the file has {number - rest}")


def package(ending: str) -> Any:
    """The package that reads files of that ending.

    Raises
    ------
    InputError
        When it is not installed.
    """
    name, extra = ENDINGS[ending]
    try:
        return import_module(name)
    except ImportError as error:
        raise InputError(
            f"raw.format {extra}: expected the package {name}, which reads {ending} files, found none ({error}). "
            f"Install it where the jobs run: pip install 'wellspring[{extra}]', or convert the files to OME-TIFF."
        ) from error


@contextmanager
def opened(path: Path) -> Iterator[Container]:
    """Open a file by its ending.

    Raises
    ------
    FileNotFoundError, InputError
        When it is missing, damaged, of another format or holds colour images; when the package is not installed.
    """
    package(path.suffix.lower())
    with _readable(path), ExitStack() as stack:
        # The packages warn of what is missing in a file, and read the rest.
        with warnings.catch_warnings(action="error", category=UserWarning):
            found = stack.enter_context(_opened_file(path))
        yield found


def _opened_file(path: Path) -> AbstractContextManager[Container]:
    """What the file's format has for it; imported by name, so that a change of its code is seen."""
    if path.suffix.lower() == ".czi":
        from wellspring.raw.vendors.czi import opened_file
    elif path.suffix.lower() == ".lif":
        from wellspring.raw.vendors.lif import opened_file
    else:
        from wellspring.raw.vendors.nd2 import opened_file
    return opened_file(path)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Errors of the packages, which are of any kind at damaged files, as one message."""
    with as_readable(path, expected=f"a complete {path.suffix[1:].upper()} file of grey images"):
        try:
            yield
        except (InputError, FileNotFoundError):
            raise
        except Exception as error:
            # Bytes of a damaged file say nothing to who reads the message.
            words = _BYTES.sub("...", str(error)).replace(str(path), path.name)
            raise InputError(words if isinstance(error, ValueError) else f"{type(error).__name__}: {words}") from error


def container_plane(path: Path, number: int) -> NDArray[np.generic]:
    """(Y, X) pixels of one plane.

    Raises
    ------
    FileNotFoundError, InputError
        As `opened`; when there is no such plane.
    """
    package(path.suffix.lower())
    with _readable(path):
        state = path.stat()
        container = _kept(path, state.st_size, state.st_mtime_ns)
        scene, time, z, channel = container.place(number)
        values = np.asarray(container.plane(scene, time, z, channel))
        shape = container.scenes[scene].shape
        if values.shape != shape:
            raise InputError(f"plane {number + 1} is said to have {shape} px, but has {values.shape}")
    return values


@lru_cache(maxsize=1)
def _kept(path: Path, size: int, time_ns: int) -> Container:
    """The file, open until another one is: the planes of a well are read one by one, and its directory only once."""
    stack = ExitStack()
    container = stack.enter_context(opened(path))
    weakref.finalize(container, stack.close)
    return container
