"""Fields of all wells → agreement of predicted and measured numbers, verdicts (Parquet, CSV)."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from wellspring.files import replaced_when_whole
from wellspring.jobs import logged_job
from wellspring.labelling.comparing import labelling_agreement
from wellspring.labelling.tables import LABELLING_AGREEMENT, LABELLING_FIELDS, LABELLING_SPLITS
from wellspring.tables import inert, read_tables, write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    fields: Sequence[Path],
    splits: Sequence[Path],
    max_error: float,
    seed: int,
    agreement: Path,
    table: Path,
    all_fields: Path,
) -> None:
    """Compare the `fields` of held-out wells and write the tables."""
    measured, parts = read_tables(fields, LABELLING_FIELDS), read_tables(splits, LABELLING_SPLITS)
    found = labelling_agreement(measured, parts, max_error=max_error, seed=seed)
    print(found.to_string())
    write_table(found, agreement, LABELLING_AGREEMENT)
    for frame, path in ((found, table), (measured, all_fields)):
        with replaced_when_whole(path) as temporary:
            inert(frame).to_csv(temporary, index=False)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            fields=[Path(path) for path in snakemake.input.fields],
            splits=[Path(path) for path in snakemake.input.splits],
            max_error=snakemake.params.max_error,
            seed=snakemake.params.seed,
            agreement=Path(snakemake.output.agreement),
            table=Path(snakemake.output.table),
            all_fields=Path(snakemake.output.fields),
        )
