"""Wells of a plate that has an index: which rows are theirs, which of their sites are complete, and their own index."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from wellspring.errors import InputError
from wellspring.raw.index import ImageHeader, RawFile, WellIndex
from wellspring.raw.mosaic import SITE, Mosaic, mosaic_of_fields
from wellspring.raw.names import is_file
from wellspring.raw.plane_files import PlaneHeader, plane_headers
from wellspring.raw.plate_index import PlateIndex
from wellspring.raw.plate_readers import PlateReader, rows_of_well
from wellspring.raw.sites import indexed_sites

__all__ = ["describe_indexed", "digest_of_rows", "files_of_indexed_well"]

_MOST_SHOWN = 4
# Distances of planes that differ by no more than this share are one distance, as stages read them.
_SAME_STEP = 0.1


def files_of_indexed_well(path: Path, *, well: str, raw: Mapping[str, Any], reader: PlateReader) -> list[Path]:
    """The image files of a well that are there, sorted; those that are missing become doubts when it is described.

    Raises
    ------
    FileNotFoundError, InputError
        When there is no index, no such well in it, or none of its files.
    """
    index, rows = _chosen_rows(path, well=well, raw=raw, reader=reader)
    names = sorted(set(rows.loc[rows["state"] == "", "file"]))
    found = [file for name in names if is_file(file := Path(index.root) / name)]
    if not found:
        raise InputError(_nothing(path, index, well=well, rows=rows))
    if reader.contents is not None:
        return sorted(inner for file in found for inner in reader.contents(file))
    return found


def digest_of_rows(path: Path, *, well: str, raw: Mapping[str, Any], reader: PlateReader) -> str:
    """16 hexadecimal digits of what the index says of a well: another well's rows do not change them."""
    _, rows = _chosen_rows(path, well=well, raw=raw, reader=reader)
    return hashlib.sha256(pd.util.hash_pandas_object(rows, index=False).to_numpy().tobytes()).hexdigest()[:16]


def describe_indexed(path: Path, *, plate: str, well: str, raw: Mapping[str, Any], reader: PlateReader) -> WellIndex:
    """The index of one well, from its rows and the headers of its files.

    A site with an image that is missing, failed, or not recorded is left out, and a doubt says so: its other
    images cannot be compared with those of complete sites, and nothing is put in the place of what is missing.

    Parameters
    ----------
    path, plate, well
        From the sheet.
    raw
        ``channels``, ``rename``, ``pixel_size_um`` and ``time`` of the config's block.
    reader
        Of the format.

    Raises
    ------
    FileNotFoundError, InputError
        When there is no index, no such well, no complete site; when a file is damaged; when images of a site
        differ in shape or pixel size. The message names the file.
    """
    index, rows = _chosen_rows(path, well=well, raw=raw, reader=reader)
    rows, doubts = _complete_sites(rows, index=index, path=path, well=well)
    files, headers = _headers_of(rows, root=Path(index.root))
    rows = _filled(rows, headers)
    if reader.refined is not None:
        rows, further = reader.refined(rows, root=Path(index.root))
        doubts += further
    steps = _steps(rows)
    doubts += _step_doubts(steps)
    placed = _placed(rows, headers, files=files, steps=steps)
    names = _names(index, rows, raw=raw)
    content = indexed_sites(
        placed, files=tuple(files.values()), channels=list(names), is_sorted=False, pixel_size_um=raw["pixel_size_um"]
    )
    rename = {str(old): str(new) for old, new in (raw.get("rename") or {}).items()}
    content["site_positions_um"] = _positions(rows, sites=content["sites"])
    if raw.get("mosaic") == "cut":
        doubts += _joined(content)
    known = {rename.get(name, name): nm for name, nm in index.wavelengths.items() if nm}
    dtypes = {str(header.dtype) for header in headers.values()}
    return WellIndex(
        plate=plate,
        well=well,
        format=reader.name,
        path=str(path),
        files=tuple(files.values()),
        n_files=len(files),
        dtype=dtypes.pop() if len(dtypes) == 1 else None,
        doubts=tuple(doubts),
        wavelengths={name: known[name] for name in names if name in known},
        **content,
    )


def _chosen_rows(
    path: Path, *, well: str, raw: Mapping[str, Any], reader: PlateReader
) -> tuple[PlateIndex, pd.DataFrame]:
    """The rows of a well at the chosen time and of the chosen channels, with the new names of the channels."""
    index, rows = rows_of_well(reader, path, well=well)
    times = index.times
    time = raw.get("time")
    if (time is None and len(times) > 1) or (time is not None and time not in times):
        raise InputError(
            f"{path}: expected images of one time point, but the plate has {len(times)}: "
            f"{', '.join(map(str, times[:6]))}{', ...' if len(times) > 6 else ''}. Choose one with raw.time, and "
            "analyse the others in runs of their own."
        )
    rows = rows.assign(n_in_file=rows.groupby("file")["page"].transform("size"))
    rows = rows[rows["time"] == (times[0] if time is None else time)]
    there = index.all_channels
    rename = {str(old): str(new) for old, new in (raw.get("rename") or {}).items()}
    unknown = [name for name in rename if name not in there]
    if unknown:
        raise InputError(
            f"raw.rename: expected channels of {path}, {', '.join(there)}; got {', '.join(unknown)}. Correct the "
            "config."
        )
    rows = rows.assign(channel=rows["channel"].map({name: rename.get(name, name) for name in there}))
    wanted = raw.get("channels")
    if wanted is not None:
        known = [rename.get(name, name) for name in there]
        unknown = [name for name in wanted if name not in known]
        if unknown:
            raise InputError(
                f"raw.channels: expected channels of {path}, {', '.join(known)}; got {', '.join(unknown)}. Correct "
                "the config."
            )
        rows = rows[rows["channel"].isin(wanted)]
    return index, rows


def _names(index: PlateIndex, rows: pd.DataFrame, *, raw: Mapping[str, Any]) -> list[str]:
    """The channels in the order of the config, or else of the index."""
    if raw.get("channels") is not None:
        return list(raw["channels"])
    rename = {str(old): str(new) for old, new in (raw.get("rename") or {}).items()}
    there = set(rows["channel"])
    return [name for one in index.channels if (name := rename.get(one, one)) in there]


def _complete_sites(rows: pd.DataFrame, *, index: PlateIndex, path: Path, well: str) -> tuple[pd.DataFrame, list[str]]:
    """The rows of sites whose every image can be read, and what is said of the others."""
    names = set(rows.loc[rows["state"] == "", "file"])
    absent = {name for name in names if not is_file(Path(index.root) / name)}
    state = rows["state"].where(~(rows["file"].isin(absent) & (rows["state"] == "")), "no such file")
    rows = rows.assign(state=state)
    bad = rows[rows["state"] != ""]
    if bad.empty:
        return rows, []
    sites = list(dict.fromkeys(bad["site"]))
    kept = rows[~rows["site"].isin(sites)]
    if kept.empty:
        raise InputError(_nothing(path, index, well=well, rows=rows))
    shown = [_row_words(row) for row in bad.head(_MOST_SHOWN).itertuples()]
    more = f"; and {len(bad) - _MOST_SHOWN} more" if len(bad) > _MOST_SHOWN else ""
    return kept, [
        f"{len(bad):,} of {len(rows):,} planned images cannot be used, so {len(sites)} of "
        f"{rows['site'].nunique()} sites {'is' if len(sites) == 1 else 'are'} left out ({', '.join(sites[:8])}"
        f"{', ...' if len(sites) > 8 else ''}): {'; '.join(shown)}{more}"
    ]


def _row_words(row: Any) -> str:
    file = f" ({row.file})" if row.file else ""
    return f"site {row.site}, channel {row.channel}, plane {row.z}: {row.state}{file}"


def _nothing(path: Path, index: PlateIndex, *, well: str, rows: pd.DataFrame) -> str:
    bad = rows[rows["state"] != ""]
    first = next(iter(rows.loc[rows["state"] == "", "file"]), "")
    why = _row_words(next(bad.itertuples())) if len(bad) else f"there is no file {Path(index.root) / first}"
    return (
        f"{path}: expected at least one complete site of well {well} in the {index.format} index of plate "
        f"{index.plate}, found none; the first image that is missing: {why}. Copy the files again, name the channels "
        "that are complete in raw.channels, or leave the well out."
    )


def _headers_of(rows: pd.DataFrame, *, root: Path) -> tuple[dict[str, RawFile], dict[tuple[str, int], PlaneHeader]]:
    """Each file once, in the order of its path, and the header of each of its planes."""
    files: dict[str, RawFile] = {}
    headers: dict[tuple[str, int], PlaneHeader] = {}
    for name, own in rows.groupby("file", sort=True):
        path = root / str(name)
        numbers = [int(number) for number in own["page"]]
        found = plane_headers(path, numbers, n_indexed=int(own["n_in_file"].iloc[0]))
        files[str(name)] = RawFile.of(path)
        headers.update({(str(name), number): header for number, header in zip(numbers, found, strict=True)})
    return files, headers


def _filled(rows: pd.DataFrame, headers: Mapping[tuple[str, int], PlaneHeader]) -> pd.DataFrame:
    """What the index leaves open of sizes and positions, from the files' headers."""
    found = [headers[key] for key in zip(rows["file"], rows["page"].tolist(), strict=True)]
    nothing = (math.nan, math.nan, math.nan)
    places = np.array([one.position_um or nothing for one in found], dtype=np.float64)
    sizes = np.array([math.nan if one.pixel_size_um is None else one.pixel_size_um[0] for one in found])
    filled = {
        name: rows[name].fillna(pd.Series(places[:, k], index=rows.index))
        for k, name in enumerate(("z_um", "y_um", "x_um"))
    }
    return rows.assign(**filled, pixel_size_um=rows["pixel_size_um"].fillna(pd.Series(sizes, index=rows.index)))


@dataclass(frozen=True)
class _Step:
    """Distance of the planes of one stack, µm: the mean, and whether it is the same all along."""

    mean_um: float
    is_even: bool


def _steps(rows: pd.DataFrame) -> dict[tuple[str, str], _Step]:
    """(site, channel) to the distance of its planes, where it has several whose height is known."""
    found = {}
    for key, own in rows.groupby(["site", "channel"], sort=False):
        if len(own) > 1 and own["z_um"].notna().all():
            steps = np.abs(np.diff(own.sort_values("z")["z_um"].to_numpy()))
            mean = float(steps.mean())
            if mean > 0:
                # Heights in nm and stages that read 3.01 for 3.00 are no reason to say more digits than are known.
                found[str(key[0]), str(key[1])] = _Step(round(mean, 4), bool(np.ptp(steps) <= _SAME_STEP * mean))
    return found


def _step_doubts(steps: Mapping[tuple[str, str], _Step]) -> list[str]:
    uneven = [key for key, step in steps.items() if not step.is_even]
    if not uneven:
        return []
    site, channel = uneven[0]
    return [
        f"the distance between planes is not the same all along in {len(uneven)} of {len(steps)} stacks (site {site}, "
        f"channel {channel} first); its mean, {steps[uneven[0]].mean_um:g} µm, is used. Set "
        "spots.spacing_um if it is wrong"
    ]


def _placed(
    rows: pd.DataFrame,
    headers: Mapping[tuple[str, int], PlaneHeader],
    *,
    files: Mapping[str, RawFile],
    steps: Mapping[tuple[str, str], _Step],
) -> list[ImageHeader]:
    place = {name: number for number, name in enumerate(files)}
    counts = rows.groupby(["site", "channel"])["z"].transform("size")
    overall = sorted({step.mean_um for step in steps.values()})
    # Stages stop within a few nm of where they should: one step of the well, unless its stacks truly differ.
    common = (
        round(float(np.median(overall)), 4)
        if overall and overall[-1] - overall[0] <= _SAME_STEP * overall[-1]
        else None
    )
    found = []
    for row, count in zip(rows.itertuples(index=False), counts, strict=True):
        step = steps.get((row.site, row.channel))
        size = None if math.isnan(row.pixel_size_um) else (row.pixel_size_um, row.pixel_size_um)
        found.append(
            ImageHeader(
                file=place[row.file],
                number=int(row.page),
                axes="YX",
                shape=headers[row.file, row.page].shape,
                site=row.site,
                z=str(row.z) if count > 1 else "",
                channels=(row.channel,),
                pixel_size_um=size,
                plane_spacing_um=(common or step.mean_um) if step else None,
            )
        )
    return found


def _joined(content: dict[str, Any]) -> list[str]:
    """Turn the fields of `content` into one site; or leave them as they are, and say why."""
    shapes = {header.height_width for header in content["headers"]}
    counts = [name for name, planes in content["n_planes"].items() if len(planes) > 1]
    places = dict(zip(content["sites"], content["site_positions_um"] or [None] * len(content["sites"]), strict=True))
    found: Mosaic | str
    if len(shapes) > 1 or counts:
        found = "fields differ in their size" if len(shapes) > 1 else f"fields differ in the planes of {counts[0]}"
    else:
        found = mosaic_of_fields(places, shape=next(iter(shapes)), pixel_size_um=content["pixel_size_um"])
    if isinstance(found, str):
        return [f"its {len(places)} fields are read one by one and not as a mosaic: {found}"]
    middle = np.mean([place for place in places.values() if place is not None], axis=0)
    content |= {"mosaic": found, "sites": (SITE,), "n_sites": 1, "site_sizes_um": (content["pixel_size_um"],)}
    content["site_positions_um"] = ((round(float(middle[0]), 4), round(float(middle[1]), 4)),)
    return []


def _positions(rows: pd.DataFrame, *, sites: Sequence[str]) -> tuple[tuple[float, float] | None, ...]:
    """Centre (y, x) of each site; none at all where no site has one."""
    found: dict[str, tuple[float, float]] = {}
    for row in rows.itertuples(index=False):
        if row.site not in found and not math.isnan(row.x_um) and not math.isnan(row.y_um):
            found[row.site] = (round(row.y_um, 4), round(row.x_um, 4))
    return tuple(found.get(site) for site in sites) if found else ()
