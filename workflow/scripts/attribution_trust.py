"""Sum up the validation of all runs: measures, curves, randomised, importance → trust.csv, consistency.csv, figures."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from wellspring.attribution.report.validation import curves_figure, randomised_figure
from wellspring.attribution.tables import CONSISTENCY, CURVES, IMPORTANCE, MEASURES, RANDOMISED, TRUST
from wellspring.attribution.trust import SURVIVES, consistency_table, trust_table
from wellspring.jobs import logged_job
from wellspring.report.style import save_figure
from wellspring.tables import read_table, write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(*, inputs: Mapping[str, Sequence[Path]], outputs: Mapping[str, Path]) -> None:
    """Join the tables of the runs; write the two summaries and the two figures."""
    joined = {
        name: pd.concat([read_table(path, table) for path in inputs[name]], ignore_index=True)
        for name, table in (("measures", MEASURES), ("curves", CURVES), ("randomised", RANDOMISED))
    }
    trust = trust_table(joined["measures"], joined["randomised"])
    consistency = consistency_table([read_table(path, IMPORTANCE) for path in inputs["importance"]])
    print(trust.to_string(), consistency.to_string(), sep="\n\n")
    write_table(trust, outputs["trust"], TRUST)
    write_table(consistency, outputs["consistency"], CONSISTENCY)
    save_figure(curves_figure(joined["curves"]), outputs["curves"])
    save_figure(randomised_figure(joined["randomised"], survives=SURVIVES), outputs["randomised"])


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        names = ("measures", "curves", "randomised", "importance")
        main(
            inputs={name: [Path(path) for path in snakemake.input[name]] for name in names},
            outputs={name: Path(path) for name, path in snakemake.output.items()},
        )
