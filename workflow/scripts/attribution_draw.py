"""Draw what a run looked at: importance, similarity, sanity, groups, maps → tables (CSV) and figures."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from wellspring.attribution import tables as tables
from wellspring.attribution.groups import group_importance
from wellspring.attribution.maps.stored import read_maps
from wellspring.attribution.report.groups import groups_figure
from wellspring.attribution.report.importance import importance_figure, ranking_table, sanity_figure, top_channels
from wellspring.attribution.report.panels import panels_figure
from wellspring.attribution.report.similarity import matrix_figure, similar_figure
from wellspring.attribution.similarity import similar_counts
from wellspring.attribution.tables import RANKING
from wellspring.attribution.trend import trend_table
from wellspring.jobs import logged_job
from wellspring.report.style import save_figure
from wellspring.tables import read_table, write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(*, inputs: Mapping[str, Path], outputs: Mapping[str, Path], params: Any) -> None:
    """Write ranking, trend, similarity and groups as tables, and the figures of all of them and of the maps."""
    importance = read_table(inputs["importance"], tables.IMPORTANCE)
    ranking = ranking_table(importance)
    print(ranking.to_string())
    shuffles = {"n_permutations": params["permutations"], "rng": np.random.default_rng(params["seed"])}
    similar = similar_counts(read_table(inputs["similarity"], tables.SIMILARITY))
    grouped = group_importance(importance, read_table(inputs["groups"], tables.GROUPS))
    write_table(ranking, outputs["table"], RANKING)
    write_table(trend_table(importance, **shuffles), outputs["trend"], tables.TREND)
    write_table(similar, outputs["similar_table"], tables.SIMILAR)
    write_table(grouped, outputs["groups_table"], tables.GROUP_IMPORTANCE)
    save_figure(importance_figure(ranking, marked=params["marked_channels"]), outputs["importance"])
    save_figure(sanity_figure(read_table(inputs["sanity"], tables.SANITY)), outputs["sanity"])
    save_figure(similar_figure(similar), outputs["similar"])
    save_figure(matrix_figure(similar), outputs["matrix"])
    save_figure(groups_figure(grouped, read_table(inputs["correlation"], tables.CORRELATION)), outputs["groups"])
    channels = top_channels(ranking, n=params["panel_channels"])
    save_figure(panels_figure(read_maps(inputs["maps"]), channels=channels), outputs["panels"])


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            inputs={name: Path(path) for name, path in snakemake.input.items()},
            outputs={name: Path(path) for name, path in snakemake.output.items()},
            params=snakemake.params,
        )
