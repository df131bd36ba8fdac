"""The dataset's tables → the chapter on it: filter.svg, filter.csv, dataset.svg, dataset.csv, dataset.json."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wellspring.dataset.report.chapter import DatasetTables, Files, chapter_of
from wellspring.dataset.report.composition import composition_table, dataset_figure
from wellspring.dataset.report.filtering import filter_figure, filter_table
from wellspring.dataset.settings import DatasetSettings
from wellspring.dataset.tables import COMPOSITION, FILTER_COUNTS, FILTERED, MANIFEST, NORMALIZATION
from wellspring.jobs import logged_job
from wellspring.report.chapter import read_captions, write_chapter
from wellspring.report.style import save_figure
from wellspring.settings import settings_of
from wellspring.tables import read_table, write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    manifest: Path,
    filtered: Path,
    files: Files,
    captions: Sequence[Path],
    dataset: Mapping[str, Any],
    image_size: int,
    chapter: Path,
) -> None:
    """Draw how many cells each criterion removed and how the target is distributed; write the chapter on both."""
    settings = settings_of(DatasetSettings, dataset)
    cells, removed = read_table(manifest, MANIFEST), read_table(filtered, FILTERED)
    columns = settings.split.stratify
    tables = DatasetTables(
        manifest=cells,
        filtered=removed,
        normalization=read_table(files.normalization, NORMALIZATION),
        counts=filter_table(removed),
        composition=composition_table(cells, columns=columns),
    )
    print(tables.counts.to_string(), tables.composition.to_string(), sep="\n")
    write_table(tables.counts, files.filter_table, FILTER_COUNTS)
    write_table(tables.composition, files.dataset_table, COMPOSITION)
    save_figure(filter_figure(tables.counts), files.filter_figure)
    figure = dataset_figure(cells, columns=columns, target_channel=str(settings.target_channel))
    save_figure(figure, files.dataset_figure)
    words = read_captions(captions)
    write_chapter(chapter_of(tables, files=files, captions=words, settings=settings, image_size=image_size), chapter)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        given, made = snakemake.input, dict(snakemake.output.items())
        chapter = Path(made.pop("chapter"))
        main(
            manifest=Path(given.manifest),
            filtered=Path(given.filtered),
            files=Files(normalization=Path(given.normalization), **{name: Path(path) for name, path in made.items()}),
            captions=[Path(path) for path in given.captions],
            dataset=snakemake.params.dataset,
            image_size=snakemake.params.image_size,
            chapter=chapter,
        )
