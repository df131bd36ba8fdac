"""Manifests, counts and histograms of all wells → one manifest, one table of counts, the normalization."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wellspring.dataset.histograms import load_histogram, merged_intensities
from wellspring.dataset.merging import merge_filtered, merge_manifests, normalization_table
from wellspring.dataset.settings import NormalizationSettings
from wellspring.dataset.tables import FILTERED, MANIFEST, NORMALIZATION
from wellspring.jobs import logged_job
from wellspring.settings import settings_of
from wellspring.tables import read_table, write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    manifests: Sequence[Path],
    filtered: Sequence[Path],
    histograms: Sequence[Path],
    normalization: Mapping[str, Any],
    merged_manifest: Path,
    merged_filtered: Path,
    normalization_path: Path,
) -> None:
    """Merge the wells' files; `normalization` holds the switches of the config."""
    counts = merge_filtered([read_table(path, FILTERED, of_well=True) for path in filtered])
    manifest = merge_manifests([read_table(path, MANIFEST, of_well=True) for path in manifests], filtered=counts)
    print(manifest["split"].value_counts().to_string())
    intensities = merged_intensities(load_histogram(path) for path in histograms)
    table = normalization_table(intensities, **asdict(settings_of(NormalizationSettings, normalization)))
    print(table.to_string(index=False))
    write_table(counts, merged_filtered, FILTERED)
    write_table(table, normalization_path, NORMALIZATION)
    write_table(manifest, merged_manifest, MANIFEST)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            manifests=[Path(path) for path in snakemake.input.manifests],
            filtered=[Path(path) for path in snakemake.input.filtered],
            histograms=[Path(path) for path in snakemake.input.histograms],
            normalization=snakemake.params.normalization,
            merged_manifest=Path(snakemake.output.manifest),
            merged_filtered=Path(snakemake.output.filtered),
            normalization_path=Path(snakemake.output.normalization),
        )
