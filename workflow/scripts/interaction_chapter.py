"""Statistics of all genes → the chapter on mRNA and protein with its figures."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from wellspring.interaction.report.chapter import interaction_chapter
from wellspring.interaction.report.figures import correlations_figure, overview_figure, profiles_figure
from wellspring.interaction.tables import INTERACTION, INTERACTION_SUMMARY
from wellspring.jobs import logged_job
from wellspring.report.chapter import read_captions, write_chapter
from wellspring.report.style import save_figure
from wellspring.tables import read_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    images: Path,
    table: Path,
    captions: Sequence[Path],
    reference: str,
    peripheral_isoline: float,
    overview: Path,
    profiles: Path,
    correlations: Path,
    chapter: Path,
) -> None:
    """Draw the figures of `images` and `table`, and write what is to be said of them to `chapter`."""
    cells, summary = read_table(images, INTERACTION), read_table(table, INTERACTION_SUMMARY).fillna({"condition": ""})
    save_figure(overview_figure(summary), overview)
    save_figure(profiles_figure(cells, reference=reference, peripheral_isoline=peripheral_isoline), profiles)
    save_figure(correlations_figure(cells), correlations)
    files = {"table": table, "overview": overview, "profiles": profiles, "correlations": correlations}
    found = interaction_chapter(cells, summary, reference=reference, files=files, captions=read_captions(captions))
    write_chapter(found, chapter)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            images=Path(snakemake.input.images),
            table=Path(snakemake.input.table),
            captions=[Path(file) for file in snakemake.input.captions],
            reference=snakemake.params.reference,
            peripheral_isoline=snakemake.params.peripheral_isoline,
            overview=Path(snakemake.output.overview),
            profiles=Path(snakemake.output.profiles),
            correlations=Path(snakemake.output.correlations),
            chapter=Path(snakemake.output.chapter),
        )
