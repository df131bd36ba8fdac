"""What is stored of each well and plate, and where wells differ from the others of their run."""

from collections import Counter
from collections.abc import Callable, Hashable, Sequence

import pandas as pd

from wellspring.raw.index import WellIndex
from wellspring.raw.tables import WELLS
from wellspring.report.words import named_wells

__all__ = ["differing_wells", "plates_table", "wells_table", "wells_warnings"]

# Pixel sizes are the same when they agree to this share, as vendors round them.
_SAME_SIZE = 1e-3
_MOST_LINES = 5
# Column of a table `WELLS` to what is said of a well that differs in it from most of its plate.
_DIFFERENCES = {
    "image_size_px": "images of another size",
    "n_planes": "another number of planes",
    "n_sites": "another number of sites",
    "pixel_size_um": "another side of a pixel",
}


def wells_table(indexes: Sequence[WellIndex]) -> pd.DataFrame:
    """Table `WELLS`, a row per well, in the order given."""
    rows = [
        {
            "plate": one.plate,
            "well": one.well,
            "n_channels": len(one.channels),
            "n_sites": one.n_sites,
            "n_planes": _planes(one),
            "image_size_px": _sizes(one),
            "pixel_size_um": one.pixel_size_um,
            "n_px": one.n_px,
            "n_files": one.n_files,
            "n_bytes": sum(file.size for file in one.files),
            "left_out": one.left_out,
            "doubts": "; ".join(one.doubts),
        }
        for one in indexes
    ]
    table = pd.DataFrame(rows, columns=WELLS.names)
    return table.astype({column.name: column.dtype for column in WELLS.columns})


def _planes(index: WellIndex) -> str:
    """``1``, ``17``, ``17 or 18``, or by channel: ``DAPI 1, RNA 17``."""
    by_channel = {name: " or ".join(map(str, numbers)) for name, numbers in index.n_planes.items()}
    if len(set(by_channel.values())) <= 1:
        return next(iter(by_channel.values()), "")
    return ", ".join(f"{name} {planes}" for name, planes in by_channel.items())


def _sizes(index: WellIndex) -> str:
    """``1080 x 1280`` (rows and columns), or, of a well with several: ``1080 x 1280 or 512 x 512``."""
    return " or ".join(f"{y} x {x}" for y, x in dict.fromkeys(one.height_width for one in index.headers))


def plates_table(wells: pd.DataFrame) -> pd.DataFrame:
    """One row per plate of table `WELLS`, numbers that differ between its wells as their span, all as text.

    Columns: plate, wells, channels, sites, planes, pixel_size, px, files, gigabytes.
    """
    rows = [
        {
            "plate": str(plate),
            "wells": f"{len(rows):,}",
            "channels": _span(rows["n_channels"]),
            "sites": _span(rows["n_sites"]),
            "planes": "; ".join(sorted(set(rows["n_planes"].dropna()) - {""})),
            "pixel_size": _span(rows["pixel_size_um"], form="{:.4g}".format),
            "px": _span(rows["n_px"]),
            "files": _span(rows["n_files"]),
            "gigabytes": f"{rows['n_bytes'].sum() / 1e9:.3g}",
        }
        for plate, rows in wells.groupby("plate", sort=False)
    ]
    return pd.DataFrame(rows)


def _span(values: pd.Series, *, form: Callable[[float], str] = "{:,.0f}".format) -> str:
    known = values.dropna()
    if known.empty:
        return ""
    low, high = form(float(known.min())), form(float(known.max()))
    return low if low == high else f"{low} to {high}"


def wells_warnings(wells: pd.DataFrame) -> list[str]:
    """Which wells differ from the most common one in sites, planes or pixel size, and which have no pixels of cells.

    Parameters
    ----------
    wells
        Table `WELLS`. Wells that were left out are named first, with the reasons, and compared no further.
    """
    is_out = wells["left_out"].fillna("") != ""
    gone, wells = wells[is_out], wells[~is_out]
    found = [
        *(f"Well {one.plate}/{one.well} was left out: {one.left_out}" for one in gone.itertuples(index=False)),
        *_differing(wells, "n_sites", what="sites", form=lambda value: f"{value:.0f}"),
        *_differing(wells, "n_planes", what="planes of a site", form=str),
        *_uneven_sites(wells),
        *_other_sizes(wells),
    ]
    found += _doubtful(wells)
    sizes = wells["pixel_size_um"]
    if sizes.notna().any() and sizes.isna().any():
        found.append(
            "The side of a pixel is known of some wells only, so sizes in µm of the others are not. Not known of "
            f"{named_wells(wells[sizes.isna()])}. Set raw.pixel_size_um if it is the same in all."
        )
    if sizes.notna().any() and sizes.max() - sizes.min() > _SAME_SIZE * sizes.max():
        found.append(
            f"The side of a pixel differs between wells ({sizes.min():.4g} to {sizes.max():.4g} µm), so sizes "
            "in pixels cannot be compared between them."
        )
    empty = wells[wells["n_px"] == 0]
    if len(empty):
        found.append(f"No pixels of cells are stored for {named_wells(empty)}.")
    return found


def differing_wells(wells: pd.DataFrame) -> dict[tuple[str, str], str]:
    """(plate, well) to how its files differ from those of more than half of its plate, joined by semicolons.

    Parameters
    ----------
    wells
        Table `WELLS`. Wells that were left out are not compared; those that differ in nothing have no entry.
    """
    found: dict[tuple[str, str], list[str]] = {}
    for _, plate in wells[wells["left_out"].fillna("") == ""].groupby("plate", sort=False):
        for column, words in _DIFFERENCES.items():
            values = [f"{one:.4g}" if isinstance(one, float) else str(one) for one in plate[column]]
            usual, count = Counter(values).most_common(1)[0]
            keys = zip(plate["plate"], plate["well"], values, strict=True)
            for name, well, value in keys if 2 * count > len(values) else ():
                if value != usual:
                    found.setdefault((str(name), str(well)), []).append(words)
    return {key: "; ".join(words) for key, words in found.items()}


def _doubtful(wells: pd.DataFrame) -> list[str]:
    """A line for each doubt in up to five wells, then how many more there are."""
    rows = wells[wells["doubts"].fillna("") != ""]
    lines = [f"Well {one.plate}/{one.well}: {one.doubts}." for one in rows.head(_MOST_LINES).itertuples(index=False)]
    rest = rows.iloc[_MOST_LINES:]
    return [*lines, *([f"The table has doubts about {named_wells(rest)}."] if len(rest) else [])]


def _uneven_sites(wells: pd.DataFrame) -> list[str]:
    uneven = wells[wells["n_planes"].fillna("").str.contains(" or ")]
    if uneven.empty:
        return []
    return [
        f"The number of planes differs between the sites of {named_wells(uneven)}: {uneven['n_planes'].iloc[0]} in the "
        "first. Sites with fewer planes lack what lay in the others; look whether files are missing."
    ]


def _other_sizes(wells: pd.DataFrame) -> list[str]:
    known = wells[wells["image_size_px"].fillna("") != ""]
    counts = Counter(known["image_size_px"].tolist())
    if len(counts) < 2:
        return []
    usual, n_usual = counts.most_common(1)[0]
    others = known[known["image_size_px"] != usual]
    found = ", ".join(dict.fromkeys(others["image_size_px"]))
    return [
        f"The size of the images differs between wells: {usual} px in {n_usual:,} of {len(known):,} wells, {found} px "
        f"in {named_wells(others)}. If they were binned, their pixels are larger, and sizes in px cannot be compared."
    ]


def _differing(wells: pd.DataFrame, column: str, *, what: str, form: Callable[[Hashable], str]) -> list[str]:
    known = wells.dropna(subset=[column])
    counts: Counter[Hashable] = Counter(known[column].tolist())
    if len(counts) < 2:
        return []
    usual, n_usual = counts.most_common(1)[0]
    others = known[known[column] != usual]
    numbers = ", ".join(form(value) for value in sorted(set(others[column])))
    return [
        f"The number of {what} differs between wells: {form(usual)} in {n_usual:,} of {len(known):,} wells, {numbers} "
        f"in {named_wells(others)}. Sums over a well cannot be compared between them."
    ]
