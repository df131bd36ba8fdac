"""Indexes of a plate's wells, a network → embeddings and scalars of their fields (Parquet)."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from wellspring.jobs import log_device, logged_job
from wellspring.labelling.drift.tables import LABELLING_EMBEDDINGS
from wellspring.raw.index import read_index
from wellspring.tables import write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    indexes: Sequence[Path],
    model: Path,
    light: Sequence[str],
    background: Mapping[str, float],
    tile_px: int,
    embeddings: Path,
    threads: int,
) -> None:
    """Embed the fields of the wells behind `indexes` and write the table `embeddings`."""
    # Imported here, since TensorFlow writes when it is imported: in here, that goes to the log.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from wellspring.labelling.drift.embedding import embed_wells
    from wellspring.models.devices import device_name, prepared_device

    prepared_device(threads=threads)
    log_device(device_name())
    offset = float(background.get(light[0], 0.0))
    wells = [read_index(path) for path in indexes]
    found = embed_wells(wells, model, light=light, offset=offset, tile_px=tile_px)
    print(f"{len(found)} fields")
    write_table(found, embeddings, LABELLING_EMBEDDINGS)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            indexes=[Path(path) for path in snakemake.input.indexes],
            model=Path(snakemake.input.model),
            light=snakemake.params.light,
            background=snakemake.params.background,
            tile_px=snakemake.params.tile_px,
            embeddings=Path(snakemake.output.embeddings),
            threads=snakemake.threads,
        )
