"""The chapter's figures, from the tables of all methods."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from wellspring.profiling.profiles import read_profiles
from wellspring.profiling.report.figures import accuracy_figure, curves_figure, dendrogram_figure, map_figure
from wellspring.profiling.tables import MULTIPLIED, PROFILE_HISTORY
from wellspring.report.style import save_figure
from wellspring.tables import read_table, read_tables

__all__ = ["draw_profiles"]


def draw_profiles(
    files: Mapping[str, Sequence[Path]],
    *,
    verdict: pd.DataFrame,
    clusters: pd.DataFrame,
    wells: pd.DataFrame,
    profiling: Mapping[str, Any],
    output: Mapping[str, Path],
) -> None:
    """Draw maps, accuracy, dendrograms and learning curves.

    Parameters
    ----------
    files
        ``verdicts``, named after the methods; ``embeddings`` (table `EMBEDDING`), ``{method}/{plate}/{well}``;
        ``histories`` (`PROFILE_HISTORY`), in folders of the methods; ``multiplied`` (`MULTIPLIED`).
    verdict, clusters
        Tables `VERDICT` and `CLUSTERS` of all methods.
    wells
        Annotations of every well.
    profiling
        The checked block of the config.
    output
        SVG files: ``map_*``, by what they are coloured by; ``accuracy``, ``dendrograms``, ``curves``.

    Raises
    ------
    FileNotFoundError, ValueError
        When a file is missing or is not what it should be.
    """
    keyed = clusters[["plate", "well"]].merge(wells, on=["plate", "well"], how="left", validate="m:1")
    for name, path in output.items():
        if name.startswith("map_"):
            column = name.removeprefix("map_")
            save_figure(map_figure(clusters, groups=keyed[column], name=column), path)
    chance = _chance(clusters, positive=profiling["positive"])
    save_figure(accuracy_figure(verdict, chance=chance), output["accuracy"])
    profiles = {}
    for method in (path.stem for path in files["verdicts"]):
        paths = [path for path in files["embeddings"] if path.parents[1].name == method]
        profiles[method] = read_profiles(paths, wells, source=method)[0]
    save_figure(dendrogram_figure(profiles), output["dendrograms"])
    histories = {path.parent.name: read_table(path, PROFILE_HISTORY) for path in files["histories"]}
    multiplied = read_tables(files["multiplied"], MULTIPLIED) if files["multiplied"] else None
    save_figure(curves_figure(histories, multiplied), output["curves"])


def _chance(clusters: pd.DataFrame, *, positive: Sequence[str]) -> float:
    """Share of the more frequent side among the wells that were classified; NaN without any."""
    unseen = clusters[clusters["unseen_score"].notna()].drop_duplicates(["plate", "well"])
    share = float(unseen["label"].isin(list(positive)).mean()) if len(unseen) else float("nan")
    return max(share, 1 - share)
