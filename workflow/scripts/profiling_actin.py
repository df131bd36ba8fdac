"""Indexes of all wells, illumination and kept sites → how well a U-Net finds the actin inside cells (Parquet, CSV)."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from wellspring.jobs import logged_job, notify
from wellspring.profiling.job import ReadingSettings, read_kept_sites
from wellspring.profiling.settings import ActinSettings, DesignSettings
from wellspring.profiling.tables import ACTIN, PROFILE_HISTORY
from wellspring.quality.left_out import left_out_of_well
from wellspring.settings import settings_of
from wellspring.tables import write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(*, wells: Sequence[tuple[Path, Path, Path]], params: Any, threads: int, tiles: Path, history: Path) -> None:
    """Train on tiles of the kept sites and judge on unseen samples; write `tiles` and `history`.

    `wells`: index, correction, and sites that are left out, of each.
    """
    # Imported here, since TensorFlow writes when it is imported: in here, that goes to the log.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import keras

    from wellspring.models.devices import prepared_device
    from wellspring.profiling.actin_model import joined_tiles, judged_actin, well_tiles

    prepared_device(threads=threads)
    design, settings = settings_of(DesignSettings, params["design"]), settings_of(ActinSettings, params["actin"])
    keras.utils.set_random_seed(design.seed)
    reading, found = ReadingSettings(**params["reading"]), []
    for index, correction, sites in wells:
        left_out = left_out_of_well(sites, plate=index.parent.name, well=index.stem)
        key, images = read_kept_sites(index, correction=correction, left_out=left_out, reading=reading)
        found.append(well_tiles(images, key=key, steps=params["steps"], settings=settings))
    people: Sequence[Mapping[str, str]] = params["annotations"]
    results = judged_actin(
        joined_tiles(found),
        annotations=pd.DataFrame(list(people)),
        n_folds=design.folds,
        settings=settings,
        seed=design.seed,
    )
    notify(str(results.tiles.groupby("split")[["iou", "iou_of_actin"]].mean()))
    write_table(results.tiles, tiles, ACTIN)
    write_table(results.history, history, PROFILE_HISTORY)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        paths = ([Path(one) for one in snakemake.input[name]] for name in ("index", "correction", "left_out"))
        main(
            wells=list(zip(*paths, strict=True)),
            params=snakemake.params,
            threads=snakemake.threads,
            tiles=Path(snakemake.output.tiles),
            history=Path(snakemake.output.history),
        )
