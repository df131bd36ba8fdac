"""The command ``wellspring nuclei-train``: weights from annotated images, no workflow."""

import argparse
from pathlib import Path

__all__ = ["add_command"]


def add_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command; it sets ``run``, a function of the parsed arguments."""
    train = commands.add_parser("nuclei-train", help="train the network for nuclei further on annotated images")
    train.add_argument(
        "annotations",
        metavar="ANNOTATIONS.csv",
        type=Path,
        help="CSV file with the columns well, image, labels; files are TIFF, paths relative to its folder",
    )
    train.add_argument("--output", metavar="WEIGHTS.npz", type=Path, required=True, help="replaced if there")
    train.add_argument("--epochs", type=int, default=15, help="default: 15")
    train.add_argument("--steps", type=int, default=20, help="steps per epoch; default: 20")
    train.add_argument("--seed", type=int, default=1, help="of the split into wells, and of the crops; default: 1")
    train.add_argument("--threads", type=int, default=2, help="processor threads; default: 2")
    train.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> None:
    from wellspring.segmentation.learned.annotations import train_annotated

    train_annotated(
        args.annotations,
        output=args.output,
        n_epochs=args.epochs,
        steps_per_epoch=args.steps,
        seed=args.seed,
        threads=args.threads,
    )
