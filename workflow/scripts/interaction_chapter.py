"""Statistics of all genes → the chapter on mRNA and protein with its figures."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from wellspring.interaction.positions import n_positions
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
    mtocs: Path | None,
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
    wells = list(cells[["plate", "well"]].itertuples(index=False, name=None))
    known = None if mtocs is None else (mtocs.name, n_positions(mtocs, wells))
    found = interaction_chapter(
        cells, summary, reference=reference, files=files, captions=read_captions(captions), positions=known
    )
    write_chapter(found, chapter)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            images=Path(snakemake.input.images),
            table=Path(snakemake.input.table),
            captions=[Path(file) for file in snakemake.input.captions],
            mtocs=Path(snakemake.input.mtocs) if snakemake.input.mtocs else None,
            reference=snakemake.params.reference,
            peripheral_isoline=snakemake.params.peripheral_isoline,
            overview=Path(snakemake.output.overview),
            profiles=Path(snakemake.output.profiles),
            correlations=Path(snakemake.output.correlations),
            chapter=Path(snakemake.output.chapter),
        )
