"""Write the chapter on what the models used: tables of runs and tests, figures → attribution.json, tables, figures."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from wellspring.attribution import tables as tables
from wellspring.attribution.report.chapter import ExplainedRun, chapter_of
from wellspring.attribution.report.trust import Validation
from wellspring.attribution.report.validation_figures import curves_figure, randomised_figure, roar_figure
from wellspring.attribution.validation.trust import SURVIVES, consistency_table, roar_summary, trust_table
from wellspring.jobs import logged_job
from wellspring.report.chapter import read_captions, write_chapter
from wellspring.report.style import save_figure
from wellspring.tables import read_table, read_tables, write_table
from wellspring.training.runs import run_of

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(*, inputs: Mapping[str, Any], outputs: Mapping[str, str], params: Any) -> None:
    """Sum up the tests of the maps where there are any; write their tables and figures, and the chapter."""
    files = {name: [Path(path) for path in paths] for name, paths in inputs.items()}
    explained = []
    for index, path in enumerate(files["importance"]):
        run = run_of(path)
        folder = files["trend"][index].parent
        explained.append(
            ExplainedRun(
                run=run,
                importance=read_table(path, tables.IMPORTANCE),
                completeness=read_table(files["completeness"][index], tables.COMPLETENESS),
                sanity=read_table(files["sanity"][index], tables.SANITY),
                trend=read_table(files["trend"][index], tables.TREND),
                figures={figure.stem: figure for figure in files["figures"] if figure.parent == folder},
            )
        )
    chapter = chapter_of(
        explained,
        _tests(files, {name: Path(path) for name, path in outputs.items()}) if "measures" in files else None,
        captions=read_captions(files["captions"]),
        settings=params["attribution"],
        marked=params["marked_channels"],
    )
    write_chapter(chapter, Path(outputs["chapter"]))


def _tests(inputs: Mapping[str, Sequence[Path]], outputs: Mapping[str, Path]) -> Validation:
    randomised = read_tables(inputs["randomised"], tables.RANDOMISED)
    trust = trust_table(read_tables(inputs["measures"], tables.MEASURES), randomised)
    importance = [read_table(path, tables.IMPORTANCE) for path in (*inputs["importance"], *inputs["restarted"])]
    consistency = consistency_table(importance)
    print(trust.to_string(), consistency.to_string(), sep="\n\n")
    write_table(trust, outputs["trust"], tables.TRUST)
    write_table(consistency, outputs["consistency"], tables.CONSISTENCY)
    save_figure(curves_figure(read_tables(inputs["curves"], tables.CURVES)), outputs["curves"])
    save_figure(randomised_figure(randomised, survives=SURVIVES), outputs["randomised"])
    summed: pd.DataFrame | None = None
    if inputs["retrained"]:
        summed = roar_summary(read_tables(inputs["retrained"], tables.ROAR))
        print(summed.to_string())
        write_table(summed, outputs["roar_table"], tables.ROAR_SUMMARY)
        save_figure(roar_figure(summed), outputs["roar"])
    tested = {name: outputs[name] for name in ("curves", "randomised")}
    files = {"trust_file": outputs["trust"], "consistency_file": outputs["consistency"]}
    files |= {f"{name}_figure": path for name, path in tested.items()}
    return Validation(
        trust, consistency, **files, roar=summed, roar_file=outputs.get("roar_table"), roar_figure=outputs.get("roar")
    )


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(inputs=snakemake.input, outputs=snakemake.output, params=snakemake.params)
