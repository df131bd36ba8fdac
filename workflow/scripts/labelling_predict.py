"""Index of one well, networks of all stains → its predicted stains (OME-TIFF, an image per site)."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from wellspring.jobs import log_device, logged_job
from wellspring.raw.index import read_index

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *, index: Path, models: Sequence[Path], light: Sequence[str], stains: Sequence[str], images: Path, threads: int
) -> None:
    """Predict the `stains` of the well behind `index` and write `images`."""
    # Imported here, since TensorFlow writes when it is imported: in here, that goes to the log.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from wellspring.labelling.job import predict_well
    from wellspring.models.devices import device_name, prepared_device

    prepared_device(threads=threads)
    log_device(device_name())
    predict_well(read_index(index), models, light=light, stains=stains, output=images)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            index=Path(snakemake.input.index),
            models=[Path(path) for path in snakemake.input.models],
            light=snakemake.params.light,
            stains=snakemake.params.stains,
            images=Path(snakemake.output.images),
            threads=snakemake.threads,
        )
