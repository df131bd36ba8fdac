"""Every layout by its name: what writes it, and which raw format reads it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from wellspring.simulation.layouts.czi import write_czi
from wellspring.simulation.layouts.harmony import write_harmony
from wellspring.simulation.layouts.lif import write_lif
from wellspring.simulation.layouts.loaddata import write_loaddata
from wellspring.simulation.layouts.metaxpress import write_hcs_ai, write_metaxpress, write_metaxpress_database
from wellspring.simulation.layouts.micromanager import write_micromanager
from wellspring.simulation.layouts.nd2 import write_nd2
from wellspring.simulation.layouts.ome import write_companion, write_ome_tiffs, write_scanr
from wellspring.simulation.layouts.ome_zarr import write_ome_zarr
from wellspring.simulation.layouts.yokogawa import write_yokogawa

__all__ = ["LAYOUTS", "Layout"]


@dataclass(frozen=True)
class Layout:
    """One layout.

    Attributes
    ----------
    format : str
        The ``raw.format`` that reads it.
    write : function (folder, plate) -> Path
        Writes a `DrawnPlate` into a new folder and returns the path that a sheet has.
    """

    format: str
    write: Callable[..., Path]


LAYOUTS: Mapping[str, Layout] = {
    "harmony 5": Layout("harmony", write_harmony),
    "harmony 7": Layout("harmony", partial(write_harmony, version=7)),
    "metaxpress": Layout("metaxpress", write_metaxpress),
    "metaxpress database": Layout("metaxpress", write_metaxpress_database),
    "metaxpress HCS.ai": Layout("metaxpress", write_hcs_ai),
    "yokogawa": Layout("yokogawa", write_yokogawa),
    "yokogawa PNG": Layout("yokogawa", partial(write_yokogawa, ending=".png")),
    "loaddata": Layout("loaddata", write_loaddata),
    "scanr": Layout("scanr", write_scanr),
    "companion": Layout("ome-tiff", write_companion),
    "OME-TIFF set": Layout("ome-tiff", write_ome_tiffs),
    "micromanager": Layout("micromanager", write_micromanager),
    "OME-Zarr 0.4": Layout("ome-zarr", partial(write_ome_zarr, version="0.4")),
    "CZI": Layout("czi", write_czi),
    "LIF": Layout("lif", write_lif),
    "ND2": Layout("nd2", write_nd2),
    "OME-Zarr 0.5": Layout("ome-zarr", write_ome_zarr),
    "OME-Zarr 0.5 with shards": Layout("ome-zarr", partial(write_ome_zarr, is_sharded=True)),
}
