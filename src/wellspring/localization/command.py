"""The command ``wellspring patterns``: where the molecules of a table are in their cells, without a workflow."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from wellspring.errors import InputError

if TYPE_CHECKING:
    from wellspring.localization.classifier.model import Classifier

__all__ = ["DEFAULT_PATTERNS", "add_command"]

DEFAULT_PATTERNS = "random,intranuclear,extranuclear,nuclear_edge,cell_edge,foci,cell_extension,polarized"


def add_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command; it sets ``run``, a function of the parsed arguments."""
    patterns = commands.add_parser(
        "patterns", help="name the localization pattern of each gene in each cell of a table"
    )
    patterns.add_argument("points", type=Path, help="CSV or Parquet with the columns cell, gene, x, y")
    patterns.add_argument(
        "--outlines",
        type=Path,
        required=True,
        help="outlines of cells and nuclei: CSV (cell, shape, vertex, x, y), GeoJSON, GeoParquet or a label image",
    )
    patterns.add_argument("--nuclei", type=Path, help="outlines of nuclei, if they are in a file of their own")
    patterns.add_argument(
        "--pixel-size-um", type=float, required=True, help="by which coordinates are multiplied; 1 if they are in µm"
    )
    patterns.add_argument("--z-step-um", type=float, help="by which z is multiplied; default: as x and y")
    patterns.add_argument(
        "--merge-um", type=float, help="molecules of a gene in a cell that are this near, in µm, are one; default: none"
    )
    patterns.add_argument(
        "--patterns", default=DEFAULT_PATTERNS, help=f"two or more, with commas; default: {DEFAULT_PATTERNS}"
    )
    patterns.add_argument("--classifier", type=Path, help="a trained classifier (.npz); default: trained on first use")
    patterns.add_argument("--seed", type=int, default=123, help="of the training, 0 or more; default: 123")
    patterns.add_argument("--output", type=Path, required=True, help="CSV with a row for each gene in each cell")
    patterns.add_argument("--features", type=Path, help="write the features too (CSV)")
    patterns.add_argument("--genes", type=Path, help="write the mix of patterns of each gene over its cells too (CSV)")
    patterns.add_argument("--molecules", type=Path, help="write the compartment of each molecule too (CSV)")
    patterns.add_argument("--shapes", type=Path, help="write the outlines that were used too, in µm (GeoParquet)")
    patterns.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> None:
    from wellspring.files import replaced_when_whole
    from wellspring.localization.classify import checked_subset, classify_files
    from wellspring.localization.genes import gene_mixes
    from wellspring.localization.geoparquet import write_geoparquet
    from wellspring.tables import inert

    for name in ("pixel_size_um", "z_step_um", "merge_um"):
        size = getattr(args, name)
        if size is not None and not 0 < size < float("inf"):
            raise InputError(f"--{name.replace('_', '-')}: expected a number above 0, got {size}.")
    if args.seed < 0:
        raise InputError(f"--seed: expected 0 or more, got {args.seed}.")
    classifier = _classifier(args, checked_subset(args.patterns))
    found = classify_files(
        args.points,
        args.outlines,
        classifier=classifier,
        pixel_size_um=args.pixel_size_um,
        nuclei=args.nuclei,
        z_step_um=args.z_step_um,
        merge_um=args.merge_um,
    )
    measured = found.measured
    tables = {args.output: found.patterns, args.features: measured.pairs, args.molecules: measured.molecules}
    if args.genes is not None:
        tables[args.genes] = gene_mixes(found.patterns, classifier=classifier, seed=args.seed)
    for path, table in tables.items():
        if path is not None:
            with replaced_when_whole(path) as temporary:
                inert(table).to_csv(temporary, index=False)
    if args.shapes is not None:
        write_geoparquet(args.shapes, found.cells)
    for line in found.notes:
        print(line)
    counts = found.patterns["pattern"].value_counts()
    print(f"{args.output}: {len(found.patterns):,} genes in cells; {', '.join(f'{k} {v}' for k, v in counts.items())}")


def _classifier(args: argparse.Namespace, patterns: Sequence[str]) -> "Classifier":
    from wellspring.localization.classifier.model import TrainingSettings, kept_classifier, read_classifier

    if args.classifier is not None:
        found = read_classifier(args.classifier)
        if set(found.patterns) != set(patterns):
            raise InputError(
                f"{args.classifier}: expected a classifier of {', '.join(patterns)}, got one of "
                f"{', '.join(found.patterns)}. Give these as --patterns, or leave --classifier out."
            )
        return found
    print("training the classifier, or reading the one that was kept ...", file=sys.stderr, flush=True)
    found, is_new = kept_classifier(patterns, settings=TrainingSettings(seed=args.seed))
    if is_new:
        report = found.report
        print(
            f"trained on {report['n_examples']:,.0f} simulated examples; macro-F1 {report['macro_f1']:.3f} on cells "
            "that it had not seen"
        )
    return found
