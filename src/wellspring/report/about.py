"""How the page came about: what was run, with which software, and how to make each figure again."""

import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import pandas as pd
import yaml

import wellspring
from wellspring.report.page import Details, Grid, Illustration, Section

__all__ = [
    "PACKAGES",
    "config_section",
    "imaging_run_section",
    "reproduce_section",
    "run_section",
    "software_versions",
]

PACKAGES = (
    *("snakemake", "numpy", "scipy", "pandas", "pyarrow", "scikit-image", "opencv-python-headless", "tifffile"),
    *("scikit-learn", "tensorflow", "keras", "matplotlib"),
)


def software_versions(packages: Sequence[str] = PACKAGES) -> list[tuple[str, str]]:
    """Name and version of wellspring, Python and `packages` as installed where the page is written.

    A package that is not installed there (the learning ones, where each environment has its own) says so.
    """
    found = [("wellspring", wellspring.__version__), ("python", platform.python_version())]
    for name in packages:
        try:
            found.append((name, version(name)))
        except PackageNotFoundError:
            found.append((name, "not in the environment of the report; see envs/learning.yaml"))
    return found


def run_section(
    config: Mapping[str, Any], *, filtered: pd.DataFrame, manifest: pd.DataFrame, versions: Sequence[tuple[str, str]]
) -> Section:
    """Data, settings and software of the run.

    Parameters
    ----------
    config
        The checked config; this page is about it, so it comes whole.
    filtered, manifest
        Tables `FILTERED` and `MANIFEST`.
    versions
        From `software_versions`.
    """
    found = filtered[filtered["step"] == 0]
    data = [
        ("Plates", f"{found['plate'].nunique():,}"),
        ("Wells", f"{len(found):,}, in the format {config['raw']['format']}"),
        ("Cells found", f"{int(found['n_left'].sum()):,}"),
        ("Cells in the dataset", f"{len(manifest):,}"),
    ]
    rows = [*data, *_spots_rows(config), *_dataset_rows(config), *_training_rows(config), *_attribution_rows(config)]
    return _run_section(rows, versions=versions)


def imaging_run_section(config: Mapping[str, Any], *, n_wells: int, versions: Sequence[tuple[str, str]]) -> Section:
    """As `run_section`, of a run without a target: wells, and how spots were looked for."""
    rows = [("Wells", f"{n_wells:,}, in the format {config['raw']['format']}"), *_spots_rows(config)]
    return _run_section(rows, versions=versions)


def _run_section(rows: Sequence[tuple[str, str]], *, versions: Sequence[tuple[str, str]]) -> Section:
    return Section(
        anchor="run",
        title="What was run",
        parts=[
            Grid(title="Data and settings", file="", head=("What", "Value"), rows=rows, n_text=2),
            Grid(title="Software", file="", head=("Package", "Version"), rows=versions, n_text=2, folded=True),
        ],
    )


def _spots_rows(config: Mapping[str, Any]) -> list[tuple[str, str]]:
    spots, cells = config["spots"], config["segmentation"]["cells"]
    rows = [("Cells", f"by {cells['method']} from the nuclei")] if cells else []
    if not spots["channels"]:
        return rows
    sigma = spots["sigma_px"]
    sizes = ", ".join(f"{value:g}" for value in (sigma if isinstance(sigma, list) else [sigma]))
    return [
        *rows,
        ("Spots in", ", ".join(spots["channels"])),
        ("Standard deviation of a spot", f"{sizes} px"),
        ("Threshold", f"{spots['threshold']['method']}"),
        ("Clumps", "taken apart by their light" if spots["decompose"] else "left as they are"),
        ("Foci", f"{spots['focus_min_spots']} spots or more within {spots['focus_radius_um']:g} µm"),
    ]


def _dataset_rows(config: Mapping[str, Any]) -> list[tuple[str, str]]:
    dataset, split, scaling = config["dataset"], config["dataset"]["split"], config["dataset"]["normalization"]
    inputs = dataset["input_channels"]
    rest = 1 - split["train"] - split["validation"]
    steps = [
        f"cut at percentile {scaling['percentile']:g}" if scaling["clip"] else "",
        "mean subtracted, divided by the standard deviation" if scaling["z_score"] else "",
        "mean subtracted" if scaling["mean_extraction"] else "",
        f"divided by percentile {scaling['percentile']:g}" if scaling["linear_scaling"] else "",
    ]
    return [
        ("Predicted", f"mean {dataset['target_channel']} of a cell"),
        ("Input channels", f"{len(inputs)}: {', '.join(inputs)}" if inputs else "all but the target"),
        ("Image", f"{config['cells']['image_size']} × {config['cells']['image_size']} px around a cell"),
        (
            "Split",
            f"{100 * split['train']:g} % train, {100 * split['validation']:g} % validation, {100 * rest:.3g} % test",
        ),
        ("Split evenly by", ", ".join(split["stratify"]) or "nothing"),
        ("Kept on one side of the split", split["group"] or "each cell by itself"),
        ("Normalization per channel", ", then ".join(step for step in steps if step) or "none"),
    ]


def _training_rows(config: Mapping[str, Any]) -> list[tuple[str, str]]:
    training = config["training"]
    rates = [f"{name} {training['learning_rate'][name]:g}" for name in training["models"]]
    return [
        ("Models", ", ".join(training["models"])),
        ("Regimes", ", ".join(training["regimes"])),
        ("Seeds", ", ".join(str(seed) for seed in training["seeds"])),
        ("Training", f"at most {training['epochs']:,} epochs, patience {training['patience']:,}"),
        ("Cells per step", str(training["batch_size"])),
        ("Learning rates", ", ".join(rates)),
        ("Huber δ", f"{training['huber_delta']:g} (intensity units)"),
    ]


def _attribution_rows(config: Mapping[str, Any]) -> list[tuple[str, str]]:
    attribution = config["attribution"]
    if not attribution["models"]:
        return [("Explained", "no model")]
    most = attribution["max_cells"]
    estimator = attribution["estimator"]
    points = f"{estimator['points']} points" if "points" in estimator else f"{estimator['steps']} steps"
    noisy = (
        f"{attribution['copies']}, {estimator['samples']} noisy copies (standard deviation "
        f"{attribution['noise_sd']:g}) with {points} each ({estimator['method']})"
    )
    maps = attribution["method"].replace("_", " ") + f", {'no copies' if attribution['copies'] == 'none' else noisy}"
    return [
        ("Explained", ", ".join(attribution["models"])),
        ("Cells explained", f"{attribution['split']} cells, {'all' if most is None else f'at most {most:,}'}"),
        ("Score maps", maps),
        (
            "Integral of the image",
            f"{attribution['rule']}, {attribution['steps']} to {attribution['max_steps']} steps from a "
            f"{attribution['baseline']['method']} image, tolerance {100 * attribution['tolerance']:g} %",
        ),
    ]


def reproduce_section(sections: Sequence[Section]) -> Section:
    """One command per file that `sections` show."""
    files: dict[str, str] = {}
    for section in sections:
        for part in section.parts:
            if isinstance(part, Illustration | Grid) and part.file:
                files.setdefault(part.file, part.title)
    rows = [(title, f"snakemake {file} --force") for file, title in files.items()]
    text = (
        "Run a command in the folder of this analysis, and put the options of your first run (--snakefile, "
        "--configfile, --cores and so on) after it. It makes that file again and, before it, whatever is out of date. "
        "The same config, wells and software give the same tables. Figures are SVG files with text that can be edited."
    )
    grid = Grid(title="One command per figure and table", file="", head=("What", "Command"), rows=rows, n_text=2)
    return Section(anchor="reproduce", title="How to reproduce", text=[text], parts=[grid])


def config_section(config: Mapping[str, Any]) -> Section:
    """The whole config, defaults filled in, as YAML."""
    text = yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True)
    return Section(
        anchor="config", title="Full config", parts=[Details(title="Show the config of this run", text=text)]
    )
