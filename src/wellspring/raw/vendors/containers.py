"""Files that hold the images of many fields: CZI, LIF and ND2. One row of the index per plane, whatever the format.

A plane's number counts the planes of all scenes of its file: scene by scene, then times, planes and channels.
"""

import math
import re
import warnings
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.files import as_readable
from wellspring.raw.plate_index import PlateIndex, images_table
from wellspring.raw.vendors.names import distinct_names
from wellspring.raw.well_names import canonical_well

__all__ = [
    "ENDINGS",
    "Container",
    "Scene",
    "container_index",
    "container_plane",
    "container_sources",
    "opened",
    "package",
]

# Ending to the module that opens such files, the package that it needs and the extra that installs it.
ENDINGS = {
    ".czi": ("wellspring.raw.vendors.czi", "czifile", "czi"),
    ".lif": ("wellspring.raw.vendors.lif", "liffile", "lif"),
    ".nd2": ("wellspring.raw.vendors.nd2", "nd2", "nd2"),
}
# A1, A01_0000, A1-Site_2 and Well B3 at the begin of a name, plate1_B02 at its end, and A/1 as parts of a path.
_START = re.compile(r"(?:well[ _-]*)?([a-z]{1,2})(\d{1,2})(?![0-9a-z])", re.IGNORECASE)
_END = re.compile(r"(?<![0-9a-z])([a-p])(\d{2})$", re.IGNORECASE)
_PATH = re.compile(r"(?:^|/)([A-Za-z]{1,2})/(\d{1,2})(?:/|$)")
# Positions, sites, times and planes are numbered so: P1, S2, ...
_NUMBERED = tuple("PSTZ")
_MAJORITY = 0.5


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
    _, name, extra = ENDINGS[ending]
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
    module = import_module(ENDINGS[path.suffix.lower()][0])
    with _readable(path), ExitStack() as stack:
        # The packages warn of what is missing in a file, and read the rest.
        with warnings.catch_warnings(action="error", category=UserWarning):
            found = stack.enter_context(module.opened_file(path))
        yield found


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Errors of the packages, which are of any kind at damaged files, as one message."""
    with as_readable(path, expected=f"a complete {path.suffix[1:].upper()} file of grey images"):
        try:
            yield
        except (OSError, ValueError, KeyError):
            raise
        except Exception as error:
            raise InputError(f"{type(error).__name__}: {error}") from error


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


def container_sources(folder: Path, *, ending: str) -> list[Path]:
    """The files of that ending in a folder, or the file itself.

    Raises
    ------
    InputError
        When there are none.
    """
    if folder.is_file():
        found = [folder] if folder.suffix.lower() == ending else []
    else:
        found = sorted(one for one in folder.iterdir() if one.suffix.lower() == ending and not one.name.startswith("."))
    if not found:
        raise InputError(f"{folder}: expected {ending} files, found none.")
    return found


def container_index(sources: Sequence[Path], *, folder: Path, name: str) -> PlateIndex:
    """The index of all scenes of some files.

    A scene's well is in its name, or else in that of its file; otherwise one file is one well. Sites are counted from 1
    in each well, in the order of the files' names and of the scenes in them.

    Raises
    ------
    FileNotFoundError, InputError
        As `opened`; when there are several files and nothing names their wells.
    """
    root = folder if folder.is_dir() else folder.parent
    rows: dict[str, list[Any]] = {
        key: []
        for key in ("well", "site", "channel", "z", "time", "file", "page", "x_um", "y_um", "z_um", "pixel_size_um")
    }
    channels: dict[str, None] = {}
    notes: list[str] = []
    n_sites: dict[str, int] = {}
    for path in sources:
        with opened(path) as container:
            wells = _wells(path, container.scenes, n_files=len(sources))
            others = [one.name for one, well in zip(container.scenes, wells, strict=True) if well is None]
            if others:
                notes.append(
                    f"{path.name}: {len(others)} of {len(wells)} images name no well and are left out: {others[0]}"
                )
            first = 0
            for scene, well in zip(container.scenes, wells, strict=True):
                if well is not None:
                    n_sites[well] = n_sites.get(well, 0) + 1
                    file = path.relative_to(root).as_posix()
                    names = distinct_names(dict(enumerate(scene.channels)))
                    channels |= dict.fromkeys(names.values())
                    _add(
                        rows, scene, {"well": well, "site": str(n_sites[well]), "file": file}, names=names, first=first
                    )
                first += scene.n_numbers
    return PlateIndex(
        format=name,
        plate=sources[0].stem if len(sources) == 1 else root.name,
        root=str(root),
        images=images_table(rows, source=sources[0]),
        channels=tuple(channels),
        notes=tuple(notes),
    )


def _add(
    rows: dict[str, list[Any]], scene: Scene, fixed: Mapping[str, str], *, names: Mapping[int, str], first: int
) -> None:
    """Add a row for each plane that is stored."""
    places = np.ndindex(scene.n_times, scene.n_planes, len(scene.channels))
    for number, (time, z, channel) in enumerate(places):
        if (time, z, channel) in scene.absent:
            continue
        values = {
            **fixed,
            "channel": names[channel],
            "z": z,
            "time": time,
            "page": first + number,
            "x_um": scene.x_um,
            "y_um": scene.y_um,
            "z_um": z * scene.step_um if scene.n_planes > 1 else math.nan,
            "pixel_size_um": scene.pixel_size_um,
        }
        for key, value in values.items():
            rows[key].append(value)


def _wells(path: Path, scenes: Sequence[Scene], *, n_files: int) -> list[str | None]:
    """The well of each scene; None of one that is in none, such as an overview.

    Positions are often called P1, P2, ...: names that all have one letter, P, S, T or Z, are no wells.
    """
    found = [_well_in(scene.name) for scene in scenes]
    named = [well for well in found if well]
    letters = {well.rstrip("0123456789") for well in named}
    is_numbered = len(letters) == 1 and letters <= set(_NUMBERED)
    if len(named) > _MAJORITY * len(found) and not is_numbered:
        return [well or None for well in found]
    own = _well_in(path.stem)
    if not own and n_files > 1:
        raise InputError(
            f"{path}: expected the name of a well, such as A01, in the names of the file's images or of the file, "
            f"found images called {', '.join(scene.name for scene in scenes[:3])}. Rename the files, or give each its "
            "own line in the sheet, with the file as its path."
        )
    return [own] * len(scenes)


def _well_in(name: str) -> str:
    """``A01`` for ``A1``, ``A01_0003``, ``Well A1`` and ``Plate/A/1/R1``; empty where a name has none, or several."""
    found = {f"{a}{b}" for a, b in _PATH.findall(name)}
    if not found:
        parts = [part.strip() for part in name.split("/")]
        matches = [match for part in parts for match in (_START.match(part), _END.search(part)) if match]
        found = {canonical_well(f"{match[1]}{match[2]}") for match in matches}
    return canonical_well(found.pop()) if len(found) == 1 else ""
