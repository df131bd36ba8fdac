"""Train one model from scratch without part of its input: cells, importance, removal levels → error, importance."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wellspring.attribution.records import Run
from wellspring.attribution.roar import Lack
from wellspring.attribution.tables import IMPORTANCE, ROAR
from wellspring.dataset.tables import MANIFEST, NORMALIZATION
from wellspring.files import locked
from wellspring.jobs import logged_job, tell
from wellspring.tables import read_table, write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *, inputs: Mapping[str, Any], outputs: Mapping[str, str], run: Run, lack: Lack, params: Any, threads: int
) -> None:
    """Retrain `run` without what `lack` names, as the rule's `params` say; write error and importance."""
    # Imported here, since TensorFlow writes when it is imported: in here, that goes to the log.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from wellspring.attribution.retraining import retrained
    from wellspring.training.runs import opened

    tables = (
        read_table(Path(inputs["manifest"]), MANIFEST),
        read_table(Path(inputs["normalization"]), NORMALIZATION),
    )
    images = {key: params[key] for key in ("crops_folder", "target_channel", "image_size")}
    found = retrained(
        opened(*tables, threads=threads, **images),
        run,
        lack,
        importance=read_table(Path(inputs["importance"]), IMPORTANCE),
        levels=Path(inputs["levels"]) if inputs["levels"] else None,
        params=params,
        threads=threads,
        report=tell,
    )
    write_table(found.errors, Path(outputs["errors"]), ROAR)
    write_table(found.importance, Path(outputs["importance"]), IMPORTANCE)
    shutil.rmtree(params["resume_folder"])


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        of = snakemake.wildcards
        run = Run(of.model, of.regime, int(of.seed))
        lack = Lack(of.form, of.ranking, amount=int(of.amount), seed=int(of.retrained_seed))
        job = {"params": snakemake.params, "threads": snakemake.threads}
        # A trainer that outlived a killed run would write over what this one writes.
        with locked(Path(snakemake.params.resume_folder) / "lock"):
            main(inputs=snakemake.input, outputs=snakemake.output, run=run, lack=lack, **job)
