"""Numbers of the cells of all wells, and what the sheet says of the wells → statistics over wells (CSV)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from wellspring.interaction.settings import SummarySettings
from wellspring.interaction.summaries import annotated_images, summary_table
from wellspring.interaction.tables import INTERACTION, INTERACTION_SUMMARY
from wellspring.jobs import logged_job
from wellspring.settings import settings_of
from wellspring.tables import read_tables, write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    cells: Sequence[Path],
    annotations: Sequence[Mapping[str, Any]],
    settings: Mapping[str, Any],
    images: Path,
    table: Path,
) -> None:
    """Join `cells` with the `annotations` of their wells in `images`, and write the statistics to `table`."""
    known = settings_of(SummarySettings, settings)
    found = annotated_images(read_tables(cells, INTERACTION), pd.DataFrame(annotations), known)
    write_table(found, images, INTERACTION)
    summary = summary_table(found, known)
    print(summary[summary["time"] == "all"].to_string())
    write_table(summary, table, INTERACTION_SUMMARY)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            cells=[Path(file) for file in snakemake.input.cells],
            annotations=snakemake.params.annotations,
            settings=snakemake.params.settings,
            images=Path(snakemake.output.images),
            table=Path(snakemake.output.table),
        )
