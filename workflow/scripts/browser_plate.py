"""Numbers, medians and small pictures of the wells of one plate → the plate for the plate browser."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from wellspring.browser.data import write_data
from wellspring.browser.pictures import Light
from wellspring.browser.plates import plate_data, plate_pictures
from wellspring.cells.tables import WELL_MEASURED
from wellspring.jobs import logged_job
from wellspring.plates.tables import PLATE_WELLS
from wellspring.report.channel_colors import channel_colors
from wellspring.tables import empty_table, read_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    numbers: Path,
    measured: Path | None,
    summaries: Sequence[Path],
    sheet: Sequence[Mapping[str, str | None]],
    columns: Sequence[str],
    nucleus_channel: str | None,
    output: Mapping[str, Path],
) -> None:
    """Write `output` of the plate that `sheet` has the rows of, in the order of the `summaries` of its wells."""
    plate = str(sheet[0]["plate"])
    of_wells = empty_table(WELL_MEASURED) if measured is None else read_table(measured, WELL_MEASURED)
    found = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in summaries}
    lights = [{name: Light(**one) for name, one in well["lights"].items()} for well in found.values()]
    channels = list(dict.fromkeys(name for own in lights for name in own))
    table = read_table(numbers, PLATE_WELLS)
    data = plate_data(
        plate,
        numbers=table[table["plate"] == plate],
        measured=of_wells[of_wells["plate"] == plate],
        sheet=pd.DataFrame(list(sheet)),
        lights=lights,
        colors=channel_colors(channels, nuclei=nucleus_channel),
        patterns=columns,
    )
    write_data(output["plate"], "plate", data)
    write_data(output["pictures"], "pictures", plate_pictures(plate, found))
    print(f"{len(data['wells'])} wells, {len(data['columns'])} numbers")


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            numbers=Path(snakemake.input.numbers),
            measured=Path(snakemake.input.measured) if snakemake.input.measured else None,
            summaries=[Path(path) for path in snakemake.input.summaries],
            sheet=snakemake.params.sheet,
            columns=snakemake.params.columns,
            nucleus_channel=snakemake.params.nucleus_channel,
            output={name: Path(path) for name, path in snakemake.output.items()},
        )
