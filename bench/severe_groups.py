"""Whether what a classifier finds of the severe group depends on its seed: ``python -m bench.severe_groups``.

Takes the fields of a finished ``make demo STUDY=profiling``, trains and judges the classifier once for each seed, and
prints what `wellspring truth` prints, a row per seed.
"""

import argparse
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import yaml

from wellspring.profiling.design import Design
from wellspring.profiling.embeddings import embedding
from wellspring.profiling.fields import read_fields
from wellspring.profiling.profiles import well_profiles
from wellspring.profiling.tables import CLUSTERS, VERDICT
from wellspring.profiling.verdict import judged
from wellspring.settings import settings_of
from wellspring.simulation.monolayer_truth import compare_monolayers
from wellspring.tables import write_table

ROOT = Path(__file__).resolve().parents[1]


def main(arguments: Sequence[str] | None = None) -> None:
    """Train with each seed and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.severe_groups", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "demo/profiling")
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3, 4, 5])
    given = parser.parse_args(arguments)
    print(seed_table(given.folder, given.seeds).round(3).to_string(index=False))


def seed_table(folder: Path, seeds: Sequence[int]) -> pd.DataFrame:
    """Columns of `MonolayerComparison.methods`, a row per seed, of a run in `folder` (``plate``, ``results``)."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import keras

    from wellspring.models.devices import prepared_device
    from wellspring.profiling.network_folds import embedded_fields

    prepared_device(threads=1)
    profiling = yaml.safe_load((ROOT / "config/profiling/config.yaml").read_text(encoding="utf-8"))["profiling"]
    sheet = pd.read_csv(folder / "plate/wells.tsv", sep="\t", dtype=str)
    people = sheet.assign(sample=sheet[profiling["sample"]], label=sheet[profiling["label"]])
    pairs = zip(people["plate"], people["well"], strict=True)
    fields = read_fields([folder / f"results/profiling/fields/{plate}/{well}.npz" for plate, well in pairs])
    classifier = embedding("classifier")
    settings = settings_of(classifier.settings_kind, classifier.settings_in(profiling))
    sides = {
        "needs_classes": True,
        "positive": profiling["positive"],
        "controls": profiling["controls"],
        "batch_columns": [],
    }
    with tempfile.TemporaryDirectory() as name:
        results = Path(name)
        (results / "quality").symlink_to((folder / "results/quality").resolve())
        for seed in seeds:
            keras.utils.set_random_seed(seed)
            design = Design(people, tuple(profiling["positive"]), profiling["folds"], seed)
            done = embedded_fields(classifier, fields, design=design, settings=settings, notify=print)
            spaces = well_profiles(done.embedding, people, source=f"seed {seed}")
            found = judged("classifier", spaces, **sides, n_permutations=199, n_bootstraps=0, seed=seed)
            write_table(found.verdict, results / f"profiling/verdicts/classifier {seed}.parquet", VERDICT)
            write_table(found.clusters, results / f"profiling/clusters/classifier {seed}.parquet", CLUSTERS)
        return compare_monolayers(folder / "plate", results).methods


if __name__ == "__main__":
    main()
