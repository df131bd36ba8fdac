"""Run the benchmarks one after the other and print their figures as one table: ``python -m bench``."""

import argparse
import importlib
import sys
from collections.abc import Sequence

from bench.table import Row, print_table

MODULES = (
    *("mpm_crops", "normalization", "loader", "attribution", "estimator", "startup", "dry_run", "cluster_model"),
    *("harmony_index",),
    *(
        "segmentation",
        "cell_accuracy",
        "spot_accuracy",
        "spot_enhancement",
        "spot_speed",
        "spot_job",
        "image_cleaning",
        "illumination_memory",
        "embedding_speed",
        "localization",
        "outline_shapes",
        "cell_features",
        "interval_coverage",
        "interaction",
        "interaction_null",
        "score_intervals",
        "export",
        "browser",
        "report_page",
        "labelling_defocus",
        "labelling_drift",
        "labelling_embeddings",
        "labelling_speed",
        "domain_adaptation",
    ),
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, then print. A missed target is shown, not an error: figures depend on the machine."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", choices=MODULES, action="append", help="run this benchmark (may be repeated)")
    chosen = parser.parse_args(arguments).only or MODULES
    rows: list[Row] = []
    for name in chosen:
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        rows += importlib.import_module(f"bench.{name}").run()
    print_table(rows)


if __name__ == "__main__":
    main()
