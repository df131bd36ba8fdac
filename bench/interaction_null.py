"""p-values of the stage interaction over whole studies in which nothing is there, each simulated, measured, summed up.

`wellspring simulate-interaction --null` writes such studies; here they are smaller and many, since those of one
study share its cells. `python -m bench.interaction_null --studies N` draws as many as wanted.
"""

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from bench.table import Row, print_table
from wellspring.config import config_schema, validated_config
from wellspring.config.yaml_files import read_yaml
from wellspring.interaction.job import measured_images
from wellspring.interaction.settings import MeasureSettings, SummarySettings
from wellspring.interaction.summaries import annotated_images, summary_table
from wellspring.raw.dypfish import describe_cell_images, read_cell_images
from wellspring.settings import settings_of
from wellspring.simulation.interaction_plate import InteractionSettings, simulate_interaction_plate

CONFIG = Path(__file__).resolve().parents[1] / "config" / "interaction" / "config.yaml"
N_STUDIES, N_CELLS, LEVEL = 20, 4, 0.05


def run(*, n_studies: int = N_STUDIES) -> list[Row]:
    """Shares of p-values below 0.05 over all times, for each statistic, over wells and over cells."""
    found = pd.concat([_study(seed) for seed in range(n_studies)], ignore_index=True)
    over_time = found[found["time"] == "all"]
    kinds = sorted(over_time.loc[over_time["p_value"].notna(), "statistic"].unique())
    rows = [_row(f"{name}, over wells", over_time.loc[over_time["statistic"] == name, "p_value"]) for name in kinds]
    rows.append(_row("all statistics over all times, over wells", over_time["p_value"], is_judged=True))
    rows.append(_row("all statistics at one time, over wells", found.loc[found["time"] != "all", "p_value"]))
    return [*rows, _row("all statistics over all times, over cells", over_time["p_value_of_cells"])]


def _row(name: str, p_values: "pd.Series[float]", *, is_judged: bool = False) -> Row:
    values = p_values.dropna().to_numpy(np.float64)
    share = 100 * float((values <= LEVEL).mean()) if len(values) else float("nan")
    target, is_met = ("3 to 7 %", 3 <= share <= 7) if is_judged else ("", None)
    return Row("interaction_null", f"p up to 0.05: {name}, {len(values)} in all", share, "%", "", None, target, is_met)


def _study(seed: int) -> pd.DataFrame:
    block = validated_config(read_yaml(CONFIG), schema=config_schema(), source=str(CONFIG))["interaction"]
    measure = settings_of(MeasureSettings, block["measure"])
    names = ("gene", "molecule", "time", "condition", "control", "reference", "n_permutations", "seed")
    settings = SummarySettings(**{name: block[name] for name in names}, n_stripes=measure.n_stripes)
    with tempfile.TemporaryDirectory() as folder:
        plate = InteractionSettings(n_images=N_CELLS, is_null=True)
        sheet = simulate_interaction_plate(Path(folder) / "plate", settings=plate, seed=seed, report=lambda _: None)
        wells = pd.read_csv(sheet, sep="\t", dtype=str)
        cells = pd.concat(list(_cells(wells, sheet.parent, measure)), ignore_index=True)
    columns = ["plate", "well", "gene", "molecule", "time", "condition"]
    return summary_table(annotated_images(cells, wells[columns], settings), settings)


def _cells(wells: pd.DataFrame, folder: Path, measure: MeasureSettings) -> Iterator[pd.DataFrame]:
    for one in wells.itertuples():
        index = describe_cell_images(folder / str(one.path), plate=str(one.plate), well=str(one.well))
        yield measured_images(read_cell_images(index), measure, plate=index.plate, well=index.well)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.interaction_null", description=__doc__)
    parser.add_argument("--studies", type=int, default=N_STUDIES)
    print_table(run(n_studies=parser.parse_args().studies))
