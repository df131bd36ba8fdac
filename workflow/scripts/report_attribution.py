"""Draw what a run looked at: importance.parquet, sanity.parquet, maps.npz → importance.csv and three figures."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from wellspring.attribution.maps import read_maps
from wellspring.jobs import logged_job
from wellspring.report.attribution import importance_figure, ranking_table, sanity_figure, top_channels
from wellspring.report.panels import panels_figure
from wellspring.report.style import save_figure
from wellspring.tables import IMPORTANCE, RANKING, SANITY, read_table, write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    importance: Path,
    sanity: Path,
    maps: Path,
    outputs: Mapping[str, Path],
    marked_channels: list[str],
    panel_channels: int,
) -> None:
    """Write the ranking of the channels and the figures of importance, sanity check and score maps."""
    ranking = ranking_table(read_table(importance, IMPORTANCE))
    print(ranking.to_string())
    write_table(ranking, outputs["table"], RANKING)
    save_figure(importance_figure(ranking, marked=marked_channels), outputs["importance"])
    save_figure(sanity_figure(read_table(sanity, SANITY)), outputs["sanity"])
    channels = top_channels(ranking, n=panel_channels)
    save_figure(panels_figure(read_maps(maps), channels=channels), outputs["panels"])


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            importance=Path(snakemake.input.importance),
            sanity=Path(snakemake.input.sanity),
            maps=Path(snakemake.input.maps),
            outputs={name: Path(path) for name, path in snakemake.output.items()},
            marked_channels=snakemake.params.marked_channels,
            panel_channels=snakemake.params.panel_channels,
        )
