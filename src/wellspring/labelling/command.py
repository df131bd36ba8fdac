"""The commands ``wellspring label-train`` and ``wellspring label-predict``: pairs of files, no workflow."""

import argparse
from pathlib import Path

__all__ = ["add_command"]

_PAIRS = (
    "CSV file with the columns well, transmitted, fluorescence and, if wanted, split (train, validation, test); "
    "paths are "
    "relative to its folder"
)


def add_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands; each sets ``run``, a function of the parsed arguments."""
    train = commands.add_parser("label-train", help="train a network that predicts a stain from transmitted light")
    train.add_argument("pairs", metavar="PAIRS.csv", type=Path, help=_PAIRS)
    train.add_argument("--output", metavar="MODEL.keras", type=Path, required=True, help="the model; replaced if there")
    train.add_argument("--stain", default="stain", help="name of the stain in messages; default: stain")
    train.add_argument("--steps", type=int, help="training steps; default: 6000")
    train.add_argument("--minutes", type=float, help="stop after so many minutes; default: 55")
    train.add_argument("--seed", type=int, default=1, help="of weights and crops; default: 1")
    train.add_argument("--threads", type=int, default=2, help="processor threads; default: 2")
    train.set_defaults(run=_run_train)
    predict = commands.add_parser("label-predict", help="predict a stain from transmitted light with a trained network")
    predict.add_argument("model", metavar="MODEL.keras", type=Path, help="of wellspring label-train or of a run")
    predict.add_argument("pairs", metavar="PAIRS.csv", type=Path, help=f"{_PAIRS}; fluorescence is not needed")
    predict.add_argument("--output", metavar="FOLDER", type=Path, required=True, help="for one .ome.tif per field")
    predict.add_argument("--threads", type=int, default=2, help="processor threads; default: 2")
    predict.set_defaults(run=_run_predict)


def _run_train(args: argparse.Namespace) -> None:
    from wellspring.labelling.pair_jobs import train_pairs

    train_pairs(
        args.pairs,
        output=args.output,
        stain=args.stain,
        steps=args.steps,
        minutes=args.minutes,
        seed=args.seed,
        threads=args.threads,
    )


def _run_predict(args: argparse.Namespace) -> None:
    from wellspring.labelling.pair_jobs import predict_pairs

    predict_pairs(args.pairs, model=args.model, output=args.output, threads=args.threads)
