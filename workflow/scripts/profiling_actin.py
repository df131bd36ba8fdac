"""Corrected images of all wells → how well a U-Net finds the actin inside cells (Parquet), history of its fit (CSV)."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from wellspring.jobs import logged_job, tell
from wellspring.profiling.tables import ACTIN, PROFILE_HISTORY
from wellspring.quality.images import read_corrected
from wellspring.quality.tables import KEPT_SITES
from wellspring.tables import read_table, write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(*, images: Sequence[Path], sites: Path, params: Any, threads: int, output: tuple[Path, Path]) -> None:
    """Train on tiles of the kept sites and judge on unseen samples; write `output` = (tiles, history)."""
    # Imported here, since TensorFlow writes when it is imported: in here, that goes to the log.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import keras

    from wellspring.models.devices import prepared_device
    from wellspring.profiling.actin_model import joined_tiles, judged_actin, well_tiles

    prepared_device(threads=threads)
    keras.utils.set_random_seed(params["seed"])
    table, settings, tiles = read_table(sites, KEPT_SITES), params["settings"], []
    for path in images:
        key = path.parent.name, path.name.removesuffix(".ome.tif")
        is_own = (table["plate"] == key[0]) & (table["well"] == key[1]) & table["is_kept"]
        kept = table.loc[is_own, "site"].tolist()
        found = read_corrected(path)
        tiles.append(well_tiles(found, key=key, kept=kept, channels=params["channels"], settings=settings))
    design = {"annotations": pd.DataFrame(params["annotations"]), "n_folds": params["folds"], "seed": params["seed"]}
    results = judged_actin(joined_tiles(tiles), settings=settings, **design)
    tell(str(results.tiles.groupby("split")[["iou", "iou_of_actin"]].mean()))
    write_table(results.tiles, output[0], ACTIN)
    write_table(results.history, output[1], PROFILE_HISTORY)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            images=[Path(path) for path in snakemake.input.images],
            sites=Path(snakemake.input.sites),
            params=snakemake.params,
            threads=snakemake.threads,
            output=(Path(snakemake.output.tiles), Path(snakemake.output.history)),
        )
