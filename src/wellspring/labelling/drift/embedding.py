"""The job that embeds the fields of wells. Imports Keras."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from wellspring.labelling.drift.charts import field_scalars
from wellspring.labelling.drift.tables import LABELLING_EMBEDDINGS
from wellspring.labelling.embeddings.bottleneck import bottleneck_of, field_embedding
from wellspring.labelling.network import load_label_model, step_px
from wellspring.labelling.well_images import fields_of_well
from wellspring.raw.index import WellIndex
from wellspring.tables import empty_table

__all__ = ["embed_wells"]


def embed_wells(
    wells: Sequence[WellIndex], model: Path, *, light: Sequence[str], offset: float, tile_px: int
) -> pd.DataFrame:
    """Table `LABELLING_EMBEDDINGS` of the fields of wells, in the order of the wells.

    Fields smaller than a tile are one tile. A field that is constant has no numbers and is left out.
    """
    network = load_label_model(model)
    bottleneck, step = bottleneck_of(network), step_px(network)
    rows = []
    for well in wells:
        for site, field in fields_of_well(well, light=light, stain=None):
            planes = np.asarray(field.planes)
            side = min(tile_px, *(length // step * step for length in planes.shape[1:]))
            if np.ptp(planes[0]) == 0:
                continue
            most = float(np.iinfo(planes.dtype).max) if planes.dtype.kind in "ui" else 65535.0
            values = field_embedding(bottleneck, planes, tile_px=side)
            row = {"plate": well.plate, "well": well.well, "site": site}
            rows.append(
                row
                | field_scalars(planes[0], offset=offset, saturation=most)
                | {f"e_{number}": float(one) for number, one in enumerate(values)}
            )
    return pd.DataFrame(rows) if rows else empty_table(LABELLING_EMBEDDINGS)
