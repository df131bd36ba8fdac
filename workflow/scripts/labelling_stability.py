"""Indexes, the network of one stain → its numbers under corrupted light, and what light may be."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wellspring.jobs import log_device, logged_job
from wellspring.labelling.corruptions.tables import LABELLING_STABILITY, LABELLING_TOLERANCE
from wellspring.raw.index import read_index
from wellspring.tables import write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *, inputs: Mapping[str, Any], params: Mapping[str, Any], outputs: Mapping[str, str], stain: str, threads: int
) -> None:
    """Corrupt held-out fields of the wells, predict them, and write curves and tolerances."""
    # Imported here, since TensorFlow writes when it is imported: in here, that goes to the log.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from wellspring.labelling.corruptions.job import stability_of_stain
    from wellspring.models.devices import device_name, prepared_device

    prepared_device(threads=threads)
    log_device(device_name())
    light: Sequence[str] = params["light"]
    found = stability_of_stain(
        [read_index(Path(path)) for path in inputs["indexes"]],
        files={name: Path(inputs[name]) for name in ("model", "embedder", "about", "splits")},
        embeddings=[Path(path) for path in inputs["embeddings"]],
        stain=stain,
        light=light,
        offset=float(params["background"].get(light[0], 0.0)),
        stability=params["stability"],
        off=float(params["off"]),
        tile_px=int(params["tile_px"]),
        seed=int(params["seed"]),
    )
    print(found.tolerances.to_string())
    write_table(found.curves, Path(outputs["curves"]), LABELLING_STABILITY)
    write_table(found.tolerances, Path(outputs["tolerances"]), LABELLING_TOLERANCE)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        names = ("light", "background", "stability", "off", "tile_px", "seed")
        main(
            inputs=snakemake.input,
            params={name: snakemake.params[name] for name in names},
            outputs=snakemake.output,
            stain=snakemake.wildcards.stain,
            threads=snakemake.threads,
        )
