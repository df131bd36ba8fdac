"""The command ``wellspring points``."""

import argparse
from pathlib import Path

__all__ = ["add_command"]


def add_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command; it sets ``run``, a function of the parsed arguments."""
    points = commands.add_parser("points", help="write the spots of a well as points for napari")
    points.add_argument("spots", type=Path, help="results/spots/PLATE/WELL.parquet, where the run wrote it")
    points.add_argument("output", type=Path, help="CSV file; replaced if it is there")
    points.add_argument("--site", help="needed where the well has several")
    points.add_argument("--channel", help="needed where the well has several")
    points.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> None:
    from wellspring.files import replaced_when_whole
    from wellspring.spots.points import napari_points
    from wellspring.spots.tables import WELL_SPOT_THRESHOLDS, WELL_SPOTS
    from wellspring.tables import read_table

    spots = read_table(args.spots, WELL_SPOTS)
    plate = args.spots.parent
    images = read_table(plate.parent / "thresholds" / plate.name / args.spots.name, WELL_SPOT_THRESHOLDS)
    points = napari_points(spots, images, site=args.site, channel=args.channel)
    with replaced_when_whole(args.output) as temporary:
        points.to_csv(temporary)
    print(f"{args.output}: {len(points)} spots")
