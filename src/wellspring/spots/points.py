"""Spots in napari's own format of points, and the command ``wellspring points``."""

import argparse
from pathlib import Path

import pandas as pd

from wellspring.errors import InputError
from wellspring.files import replaced_when_whole
from wellspring.spots.tables import WELL_SPOT_THRESHOLDS, WELL_SPOTS
from wellspring.tables import read_table

__all__ = ["add_command", "napari_points"]


def napari_points(
    spots: pd.DataFrame, images: pd.DataFrame, *, site: str | None = None, channel: str | None = None
) -> pd.DataFrame:
    """The spots of one image as napari reads them from CSV: ``index``, then ``axis-0``, ... (z,) y, x.

    Parameters
    ----------
    spots
        Table `WELL_SPOTS` of one well.
    images
        Table `WELL_SPOT_THRESHOLDS` of the well: all its images, also those without a spot.
    site, channel
        Which image; None where the well has one only.

    Raises
    ------
    ValueError
        When the well has several sites or channels and none is chosen, or the chosen one is not there.
    """
    for column, wanted in (("site", site), ("channel", channel)):
        known = sorted(images[column].unique())
        if (wanted is None and len(known) > 1) or (wanted is not None and wanted not in known):
            raise InputError(f"--{column}: expected one of {known}, got {wanted}.")
        spots = spots if wanted is None else spots[spots[column] == wanted]
    axes = [name for name in ("z_px", "y_px", "x_px") if name in spots]
    points = spots[axes].reset_index(drop=True)
    return points.set_axis([f"axis-{place}" for place in range(len(axes))], axis="columns").rename_axis("index")


def add_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command; it sets ``run``, a function of the parsed arguments."""
    points = commands.add_parser("points", help="write the spots of a well as points for napari")
    points.add_argument("spots", type=Path, help="results/spots/PLATE/WELL.parquet; its other tables lie beside it")
    points.add_argument("output", type=Path, help="CSV file; replaced if it is there")
    points.add_argument("--site", help="needed where the well has several")
    points.add_argument("--channel", help="needed where the well has several")
    points.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> None:
    spots = read_table(args.spots, WELL_SPOTS)
    images = read_table(args.spots.with_suffix(".thresholds.parquet"), WELL_SPOT_THRESHOLDS)
    points = napari_points(spots, images, site=args.site, channel=args.channel)
    with replaced_when_whole(args.output) as temporary:
        points.to_csv(temporary)
    print(f"{args.output}: {len(points)} spots")
