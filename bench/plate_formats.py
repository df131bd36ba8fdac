"""Real exports of microscopes: what each should be read as, and what it is read as. ``python -m bench.plate_formats``.

They are not part of the project: the folder ``plate_formats`` is looked for in $WELLSPRING_DATA.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from wellspring.errors import InputError
from wellspring.raw.describe import describe_well
from wellspring.raw.detection import found_plates
from wellspring.raw.images import read_stacks

_IPA, _PE = "faim-ipa/resources", "pe2loaddata/tests/data"
_CV = f"{_IPA}/CV8000/CV8000-Minimal-DataSet-2C-3W-4S-FP2-stack_20230918_135839"


@dataclass(frozen=True)
class Expected:
    """One export.

    Attributes
    ----------
    folder : str
        Below ``plate_formats``.
    well : str
    found : str
        What is to be read: format, wells; channels with planes and mean intensity; sites, sizes; or the message.
    time : int or None
        The time point, of several.
    """

    folder: str
    well: str
    found: str
    time: int | None = None


EXPECTED = (
    Expected(
        f"{_PE}/Version1",
        "A01",
        "harmony, 1 well, plate BR00121482: Alexa 647 1 855.8, Alexa 568 1 1179.8, 488 long 1 390.8, Alexa 488 1 "
        "863.7, HOECHST 33342 1 490.0, Brightfield 1 20984.4; sites 1; 0.5980 µm",
    ),
    Expected(f"{_PE}/Version5", "A01", "harmony, 1 well, plate BR00122249: 6 images without a file"),
    Expected(
        f"{_PE}/Version7", "A01", "harmony, 1 well, plate 240624_WES_Perturbs_n_densities_1.1: 7 images without a file"
    ),
    Expected(
        f"{_IPA}/ImageXpress_exported/9987_Plate_3420",
        "B02",
        "metaxpress, 1 well, plate 9987: DAPI 1 1051.8; sites 1; 1.3672 µm",
    ),
    Expected(
        f"{_IPA}/ImageXpress_exported/9987_Plate_3434",
        "B02",
        "metaxpress, 2 wells, plate 9987: DAPI 2 734.2, FITC 1 864.8, Texas Red 1 2321.3; sites 1 2; 1.3672 µm, planes "
        "3.01 µm apart",
    ),
    Expected(
        f"{_IPA}/ImageXpress_exported/9987_Plate_3435",
        "B03",
        "metaxpress, 2 wells, plate 9987: DAPI 1 984.1, FITC 1 880.6; sites 1 2; 1.3672 µm",
        time=1,
    ),
    Expected(
        f"{_IPA}/ImageXpress/1well-3C-2S-Zmix-T",
        "C07",
        "metaxpress, 1 well, plate 1well-3C-2S-Zmix-T: FITC 1 1434.3, Cy3 1 4674.6, Texas Red 1 381.1; sites 1 2; "
        "13.5504 µm",
        time=2,
    ),
    Expected(
        _CV,
        "E03",
        "yokogawa, 3 wells, plate CV8000-Minimal-DataSet-2C-3W-4S-FP2-stack: 405 4 0.0, 488 4 0.0; sites 1 2 3 4; "
        "0.3250 µm, planes 3 µm apart",
    ),
    Expected(
        "fractal-uzh/tests/data/scanr/1w_1p_1c_1z_1t",
        "B02",
        "scanr, 1 well, plate 1w_1p_1c_1z_1t: 1 image without a file",
    ),
    Expected(
        f"{_IPA}/ome-tiff/c3_z33.companion.ome", "any", "ome-tiff, 1 well, plate ome-tiff: 99 images without a file"
    ),
    Expected(
        f"{_IPA}/ome-tiff/20241003_experiment_488_7_640_3_1.companion.ome",
        "any",
        "ome-tiff, 1 well, plate ome-tiff: 12 images without a file",
    ),
    Expected(
        "ez_zarr/tests/example_data/plate_ones.zarr",
        "B03",
        "ome-zarr, 1 well, plate plate_ones: some-label-1 3 1.0, some-label-2 3 1.0; sites 0; 0.1625 µm, planes 1 "
        "µm apart",
    ),
    Expected(
        "ez_zarr/tests/example_data/plate_ones_mip.zarr",
        "B03",
        "ome-zarr, 1 well, plate plate_ones_mip: some-label-1 1 1.0, some-label-2 1 1.0; sites 0; 0.1625 µm",
    ),
    Expected("generated/p0.4.zarr", "B02", "ome-zarr, 2 wells, plate p: DAPI 1 502.7, RNA 1 494.6; sites 0; 0.5000 µm"),
    Expected("generated/p0.5.zarr", "A01", "ome-zarr, 2 wells, plate p: DAPI 1 498.6, RNA 1 495.9; sites 0; 0.5000 µm"),
)


def as_read(expected: Expected, *, data: Path) -> str:
    """What the folder of `expected` is read as, in the same words; `data` is the folder ``plate_formats``."""
    (plate,) = found_plates(data / expected.folder)
    index = plate.index
    wells = index.images["well"].nunique()
    head = f"{index.format}, {wells} well{'' if wells == 1 else 's'}, plate {index.plate}"
    settings: dict[str, object] = {"channels": None, "rename": {}, "pixel_size_um": None, "time": expected.time}
    raw = {"format": index.format, **settings}
    try:
        well = describe_well(plate.folder, plate="p", well=expected.well, raw=raw)
    except InputError:
        n_gone = int((index.images["file"] != "").sum())
        return f"{head}: {n_gone} image{'' if n_gone == 1 else 's'} without a file"
    sums: dict[str, list[float]] = {name: [] for name in well.channels}
    for site in read_stacks(well, wanted=well.channels):
        for name, stack in site.stacks.items():
            sums[name].append(float(stack.mean()))
    parts = [
        f"{name} {'-'.join(map(str, well.n_planes[name]))} {sum(means) / len(means):.1f}"
        for name, means in sums.items()
    ]
    size = "no size" if well.pixel_size_um is None else f"{well.pixel_size_um:.4f} µm"
    step = "" if well.plane_spacing_um is None else f", planes {well.plane_spacing_um:.3g} µm apart"
    return f"{head}: {', '.join(parts)}; sites {' '.join(well.sites)}; {size}{step}"


def main() -> None:
    """Print the table as Markdown."""
    data = Path(os.environ.get("WELLSPRING_DATA", "")) / "plate_formats"
    print("| folder | well | expected | read | same |\n|---|---|---|---|---|")
    for one in EXPECTED:
        found = as_read(one, data=data)
        print(f"| `{one.folder}` | {one.well} | {one.found} | {found} | {'yes' if found == one.found else 'NO'} |")


if __name__ == "__main__":
    main()
