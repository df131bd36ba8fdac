"""The docs page of the features, written from their declarations."""

from collections.abc import Iterator

from wellspring.cells.features.declared import COMPARTMENTS, Feature
from wellspring.cells.features.families import FAMILIES
from wellspring.cells.features.missing import REASONS

__all__ = ["features_page"]

_TOP = """# Features of cells

Written by `wellspring features --output docs/features.md --force`; a test holds this page equal to the code.

`results/cells/<plate>/<well>.parquet` has one row per cell, of every well whose nuclei or cells are segmented
(`cells.features` in the [config](config.md); null = none). `results/tables/cells.parquet` and `cells.csv` are those
of all wells in one table, with the sheet's columns and the counts of spots (`Cells_Spots_n_spots_RNA`; of nuclei alone
`Nuclei_Spots_n_spots_RNA`); `results/tables/wells.csv` has one row per well. The key is `plate`, `well`, `object_id` in
every table; `label_in_site` is the number in the label images of the site.

A column is called `<compartment>_<family>_<feature>`, in the words of CellProfiler: `Nuclei_AreaShape_Area_um2`,
`Cytoplasm_Intensity_Mean_GFP`. Unit, meaning and formula are in the metadata of each Parquet column:

```python
import pyarrow.parquet as pq

for field in pq.read_schema("results/tables/cells.parquet"):
    print(field.name, field.metadata)
```

All objects of a site are measured at once. Features that scikit-image's `regionprops_table` has are equal to it in
tests.

| compartment | pixels |
|---|---|
"""
_BACKGROUND = """
Where cells are not segmented, there are nuclei alone, and they count as the cells; where no channel shows nuclei,
cells alone.

## Background

Intensities are given as they are in the images (evened, if `quality.channels` names the channel), and less the local
background, so that ratios between channels and wells mean something. `cells.features.background: ring`, the default,
takes the median of the free pixels around each cell (`ring_gap_px` and `ring_width_px`); a cell with fewer than 16 of
them has the median of all rings of its site. `dark` takes `raw.background`, or the camera's offset that the stage
quality estimated, or 0. Where cells are not segmented, the ring is around the nucleus, in the cytoplasm.

## Border

`is_border_nucleus`: the nucleus touches the edge of the image; `is_border_cell`: the cell does (the nucleus, where
cells are not segmented). Cells at the edge are cut off: they stay in the tables of cells, and are in no mean or
median of `wells.csv`. Its `n_cells` counts all cells, `n_nuclei` all nuclei (each where there are any to count), and
`n_complete` the cells off the edge; of nuclei alone, these. Nuclei that lie in no cell of the labels given
(`is_in_no_cell`) stay in the tables of cells too: they are in `n_nuclei`, and in no count, mean or median of cells.

## Missing values

A feature that is not defined is missing (an empty field in CSV), and `missing_because` says why:

| reason | meaning |
|---|---|
"""


def features_page() -> str:
    """The page as Markdown."""
    lines = [f"{_TOP}{''.join(_rows(COMPARTMENTS))}{_BACKGROUND}{''.join(_rows(REASONS))}"]
    for name, features in FAMILIES.items():
        lines.append(f"\n## {name}\n\n| feature | unit | meaning | formula |\n|---|---|---|---|\n")
        lines += [_row(one) for one in features]
    return "".join(lines)


def _rows(words: dict[str, str]) -> Iterator[str]:
    for name, meaning in words.items():
        yield f"| {name} | {meaning} |\n"


def _row(feature: Feature) -> str:
    filled = {"channel": "<channel>", "first": "<A>", "second": "<B>"}
    name = f"{feature.family}_{feature.name.format(**filled)}"
    words = {"channel": "the channel", "first": "A", "second": "B"}
    whole = "; of complete cells only" if feature.is_whole else ""
    return f"| `{name}` | {feature.unit} | {feature.meaning.format(**words)}{whole} | {feature.formula} |\n"
