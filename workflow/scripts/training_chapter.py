"""Write the chapter on the models: metrics, differences, histories, figures → training.json, metrics.csv, figures."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wellspring.dataset.tables import MANIFEST
from wellspring.jobs import logged_job
from wellspring.report.chapter import read_captions, write_chapter
from wellspring.report.style import save_figure
from wellspring.tables import read_table, write_table
from wellspring.training.report.chapter import Figures, chapter_of
from wellspring.training.report.comparison import (
    comparison_table,
    histories_figure,
    metrics_figure,
    read_published,
    validation_baseline_mae,
)
from wellspring.training.runs import run_of
from wellspring.training.tables import COMPARISON, DIFFERENCES, HISTORY, METRICS

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(*, inputs: Mapping[str, Any], outputs: Mapping[str, str], params: Any) -> None:
    """Write the table of all metrics, the figures of metrics and histories, and the chapter around them."""
    published = read_published(Path(inputs["published"]) if inputs["published"] else None)
    comparison = comparison_table(read_table(Path(inputs["metrics"]), METRICS), published)
    print(comparison.to_string())
    figures = Figures(
        metrics=Path(outputs["metrics"]),
        histories=Path(outputs["histories"]),
        table=Path(outputs["table"]),
        predictions={Path(path).stem.removeprefix("predictions_"): Path(path) for path in inputs["predictions"]},
    )
    write_table(comparison, figures.table, COMPARISON)
    save_figure(metrics_figure(comparison), figures.metrics)
    runs = {run_of(path): read_table(path, HISTORY) for path in map(Path, inputs["histories"])}
    cells = read_table(Path(inputs["manifest"]), MANIFEST)
    save_figure(histories_figure(runs, baseline_mae=validation_baseline_mae(cells)), figures.histories)
    chapter = chapter_of(
        comparison,
        read_table(Path(inputs["differences"]), DIFFERENCES),
        runs,
        cells,
        figures=figures,
        captions=read_captions([Path(path) for path in inputs["captions"]]),
        settings=params["training"],
        bootstrap_samples=params["bootstrap_samples"],
        stratify=params["stratify"],
        target_channel=params["target_channel"],
    )
    write_chapter(chapter, Path(outputs["chapter"]))


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(inputs=snakemake.input, outputs=snakemake.output, params=snakemake.params)
