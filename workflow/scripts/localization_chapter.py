"""Genes in the cells of all wells, classifier → the chapter on localization, its tables and figures."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wellspring.jobs import logged_job
from wellspring.localization.classifier.model import read_classifier
from wellspring.localization.contrasts import gene_contrasts
from wellspring.localization.genes import STATISTICS, cells_of_genes, gene_tables
from wellspring.localization.report.chapter import localization_chapter, localization_results
from wellspring.localization.report.feature_map import map_figure
from wellspring.localization.report.figures import effects_figure, mixes_figure, patterns_figure, shown_genes
from wellspring.localization.tables import GENE_CONTRASTS, GENE_EFFECTS, GENE_PATTERNS, LOCALIZED
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
    conditions: _Triples,
    output: Mapping[str, Path],
) -> None:
    """Compare the genes of the tables `pairs`; write `output`: chapter, genes, effects, contrasts, mixes,
    effects_figure, examples, map."""
    known = read_classifier(classifier)
    whole = read_tables(pairs, LOCALIZED, of_wells=True)
    cells = cells_of_genes(whole, genes=genes, units=units)
    found = gene_tables(cells, classifier=known, least_effect=settings["least_effect"], seed=settings["seed"])
    print(found.patterns.to_string())
    write_table(found.patterns, output["genes"], GENE_PATTERNS)
    write_table(found.effects, output["effects"], GENE_EFFECTS)
    compared = {"conditions": conditions, "control": settings["control"], "seed": settings["seed"]}
    contrasts = gene_contrasts(cells, statistics=STATISTICS, **compared)
    write_table(contrasts, output["contrasts"], GENE_CONTRASTS)
    save_figure(mixes_figure(found.patterns, names=known.patterns), output["mixes"])
    save_figure(effects_figure(found.effects, genes=shown_genes(found.patterns)), output["effects_figure"])
    save_figure(patterns_figure(known.patterns, seed=settings["seed"]), output["examples"])
    save_figure(map_figure(cells, names=known.patterns, seed=settings["seed"]), output["map"])
    results = localization_results(whole, cells, genes=found, classifier=known, contrasts=contrasts)
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
            conditions=given.conditions,
            output={name: Path(path) for name, path in snakemake.output.items()},
        )
