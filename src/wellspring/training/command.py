"""The command ``wellspring predict``: a trained model used on new wells."""

import argparse
from pathlib import Path

__all__ = ["add_command"]


def add_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command; it sets ``run``, a function of the parsed arguments."""
    predict = commands.add_parser("predict", help="predict the cells of new wells with a trained model")
    predict.add_argument("model", type=Path, help="results/training/MODEL/REGIME/SEED/model.keras of the run it is of")
    predict.add_argument(
        "--crops",
        type=Path,
        nargs="+",
        required=True,
        help="crops of the new wells: folders PLATE/WELL.arrow such as results/cells/crops, or such files",
    )
    predict.add_argument(
        "--normalization",
        type=Path,
        help="results/dataset/normalization.parquet of the model's run; default: found from the model's folder",
    )
    predict.add_argument(
        "--target-channel",
        metavar="NAME",
        help="channel that the model predicts; needed where the crops have it, so that it is not taken for an input",
    )
    predict.add_argument("--output", type=Path, required=True, help="Parquet or CSV file; replaced if it is there")
    predict.add_argument("--batch-size", type=int, default=64, help="cells per batch; default: 64")
    predict.add_argument("--threads", type=int, default=2, help="processor threads; default: 2")
    predict.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> None:
    from wellspring.training.predict import predict_wells

    table = predict_wells(
        args.model,
        args.crops,
        normalization=args.normalization,
        target_channel=args.target_channel,
        output=args.output,
        batch_size=args.batch_size,
        threads=args.threads,
    )
    cut = int(table["is_cropped"].sum())
    note = f"; {cut} are larger than the model's image and were cut to it" if cut else ""
    wells = len(table[["plate", "well"]].drop_duplicates())
    print(f"{args.output}: {len(table):,} cells of {wells} well{'s' if wells != 1 else ''}{note}")
