"""Index, spots and labels of one well, or its tables, and classifier → patterns of genes in cells, molecules with
compartments (Parquet)."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wellspring.jobs import logged_job
from wellspring.localization.classifier.model import read_classifier
from wellspring.localization.job import SiteInput, run
from wellspring.localization.scales import pixel_sizes
from wellspring.localization.settings import LocalizationSettings
from wellspring.localization.tables import LOCALIZED, LOCALIZED_MOLECULES
from wellspring.localization.tables_job import read_tables_of_well, run_tables
from wellspring.raw.index import WellIndex, read_index
from wellspring.segmentation.labels import read_labels
from wellspring.settings import settings_of
from wellspring.spots.tables import WELL_SPOTS, WELL_SPOTS_PER_CELL
from wellspring.tables import read_table, write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    given: Mapping[str, Path],
    settings: Mapping[str, Any],
    spacing_um: Sequence[float] | None,
    pairs: Path,
    molecules: Path,
) -> None:
    """Localize the well of the files `given`: index, classifier, and of images spots, counts, nuclei, cells."""
    well, chosen = read_index(given["index"]), settings_of(LocalizationSettings, settings)
    about: Any = {
        "classifier": read_classifier(given["classifier"]),
        "settings": chosen,
        "key": (well.plate, well.well),
    }
    if "cells" in given:
        found = run(_sites(well, given, spacing_um=spacing_um), **about)
    else:
        found = run_tables(read_tables_of_well(well, settings=chosen), **about)
    print(*found.notes, found.pairs["pattern"].value_counts().to_string(), sep="\n")
    write_table(found.pairs, pairs, LOCALIZED)
    write_table(found.molecules, molecules, LOCALIZED_MOLECULES)


def _sites(well: WellIndex, given: Mapping[str, Path], *, spacing_um: Sequence[float] | None) -> Iterator[SiteInput]:
    spots = read_table(given["spots"], WELL_SPOTS, of_well=True)
    counts = read_table(given["counts"], WELL_SPOTS_PER_CELL, of_well=True)
    nuclei, cells = read_labels(given["nuclei"]), read_labels(given["cells"])
    sizes = pixel_sizes(well.sites, well.site_sizes_um, spacing_um=spacing_um)
    for site in cells:
        tables = (spots[spots["site"] == site], counts[counts["site"] == site])
        yield SiteInput(site, *tables, cells[site], nuclei[site], *sizes[site])


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        names = ("index", "spots", "counts", "nuclei", "cells", "classifier")
        files = {name: Path(snakemake.input[name]) for name in names if snakemake.input[name]}
        main(
            given=files,
            settings=snakemake.params.settings,
            spacing_um=snakemake.params.spacing_um,
            pairs=Path(snakemake.output.pairs),
            molecules=Path(snakemake.output.molecules),
        )
