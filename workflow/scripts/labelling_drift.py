"""Embeddings of all wells, the network's splits → which wells are unlike the training plate, and the alarm."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from wellspring.files import replaced_when_whole
from wellspring.jobs import logged_job
from wellspring.labelling.drift.job import model_digest, read_embeddings, roles_of_wells, save_found
from wellspring.labelling.drift.judging import judge_drift
from wellspring.labelling.drift.tables import LABELLING_DRIFT, LABELLING_DRIFT_PLATES
from wellspring.labelling.report.limits import draw_drift
from wellspring.labelling.tables import LABELLING_SPLITS
from wellspring.report.style import save_figure
from wellspring.tables import inert, read_table, write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *, embeddings: list[Path], model: Path, splits: Path, window: int, expected_run: float, seed: int,
    outputs: Mapping[str, str],
) -> None:  # fmt: skip
    """Judge all wells and write what was found."""
    fields = read_embeddings(embeddings)
    roles = roles_of_wells(fields, read_table(splits, LABELLING_SPLITS))
    found = judge_drift(fields, roles, window=window, expected_run=expected_run, seed=seed)
    print(found.refused or f"alarm of {window} wells: verified {found.run_time}")
    print(found.wells[["plate", "well", "verdict", "moved"]].to_string())
    wells = found.wells
    write_table(wells, Path(outputs["wells"]), LABELLING_DRIFT)
    write_table(found.plates, Path(outputs["plates"]), LABELLING_DRIFT_PLATES)
    with replaced_when_whole(Path(outputs["table"])) as temporary:
        inert(wells).to_csv(temporary, index=False)
    save_found(Path(outputs["alarm"]), found, embedding=model_digest(model))
    about = {"refused": found.refused, "window": window, "expected_run": expected_run}
    about |= {"n_reference": len(found.reference), "verified": asdict(found.run_time) if found.run_time else None}
    with replaced_when_whole(Path(outputs["about"])) as temporary:
        temporary.write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    save_figure(draw_drift(found.wells), Path(outputs["figure"]))


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            embeddings=[Path(path) for path in snakemake.input.embeddings],
            model=Path(snakemake.input.model),
            splits=Path(snakemake.input.splits),
            window=snakemake.params.window,
            expected_run=snakemake.params.expected_run,
            seed=snakemake.params.seed,
            outputs=snakemake.output,
        )
