"""Index of one well, its predicted stains → numbers and agreement of its fields (Parquet), an example (NPZ)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from wellspring.files import replaced_when_whole
from wellspring.jobs import logged_job
from wellspring.labelling.measuring_well import measure_well, read_about
from wellspring.labelling.tables import LABELLING_FIELDS
from wellspring.raw.index import read_index
from wellspring.tables import write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    index: Path,
    images: Path,
    about: Sequence[Path],
    light: Sequence[str],
    stains: Sequence[str],
    steps: Sequence[Mapping[str, Any]],
    fields: Path,
    example: Path,
) -> None:
    """Measure the fields of the well behind `index` in the predicted `images`, and in measured ones if it has any."""
    known = [read_about(path) for path in about]
    table, shown = measure_well(read_index(index), images, light=light, stains=stains, about=known, steps=steps)
    write_table(table, fields, LABELLING_FIELDS)
    with replaced_when_whole(example) as temporary:
        np.savez_compressed(temporary, allow_pickle=False, **shown)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            index=Path(snakemake.input.index),
            images=Path(snakemake.input.images),
            about=[Path(path) for path in snakemake.input.about],
            light=snakemake.params.light,
            stains=snakemake.params.stains,
            steps=snakemake.params.steps,
            fields=Path(snakemake.output.fields),
            example=Path(snakemake.output.example),
        )
