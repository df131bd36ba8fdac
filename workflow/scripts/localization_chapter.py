"""Genes in the cells of all wells, classifier → the chapter on localization, its tables and figures."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wellspring.jobs import logged_job
from wellspring.localization.classifier.model import read_classifier
from wellspring.localization.genes import calibration_table, cells_of_genes, gene_tables, power_table
from wellspring.localization.report.chapter import LocalizationResults, localization_chapter
from wellspring.localization.report.figures import effects_figure, mixes_figure, patterns_figure
from wellspring.localization.tables import GENE_EFFECTS, GENE_PATTERNS, LOCALIZED
from wellspring.report.chapter import read_captions, write_chapter
from wellspring.report.style import save_figure
from wellspring.tables import read_tables, write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake

_Triples = Sequence[tuple[str, str, str]]


def main(
    *,
    pairs: Sequence[Path],
    classifier: Path,
    captions: Sequence[Path],
    settings: Mapping[str, Any],
    genes: _Triples,
    units: _Triples,
    output: Mapping[str, Path],
) -> None:
    """Compare the genes of the tables `pairs`; write `output`: chapter, genes, effects, mixes, effects_figure,
    examples."""
    known = read_classifier(classifier)
    whole = read_tables(pairs, LOCALIZED, of_wells=True)
    cells = cells_of_genes(whole, genes=genes, units=units)
    found = gene_tables(cells, classifier=known, least_effect=settings["least_effect"], seed=settings["seed"])
    print(found.patterns.to_string())
    write_table(found.patterns, output["genes"], GENE_PATTERNS)
    write_table(found.effects, output["effects"], GENE_EFFECTS)
    save_figure(mixes_figure(found.patterns, names=known.patterns), output["mixes"])
    save_figure(effects_figure(found.effects), output["effects_figure"])
    save_figure(patterns_figure(known.patterns, seed=settings["seed"]), output["examples"])
    usual = float(cells["n_molecules"].median()) if len(cells) else 1.0
    is_odd = whole["is_border_cell"] | whole["is_area_out"]
    results = LocalizationResults(
        found,
        known,
        power_table(known, n_molecules=usual),
        calibration_table(cells),
        len(whole),
        int((is_odd & (whole["n_molecules"] > 0)).sum()),
        int((whole["n_molecules"] == 0).sum()),
        whole["null"].value_counts().to_dict(),
    )
    text = read_captions(captions)
    write_chapter(localization_chapter(results, settings=settings, files=output, captions=text), output["chapter"])


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        given = snakemake.params
        main(
            pairs=[Path(path) for path in snakemake.input.pairs],
            classifier=Path(snakemake.input.classifier),
            captions=[Path(path) for path in snakemake.input.captions],
            settings=given.settings,
            genes=given.genes,
            units=given.units,
            output={name: Path(path) for name, path in snakemake.output.items()},
        )
