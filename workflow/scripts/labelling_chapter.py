"""Agreement, fields and examples of all wells → the chapter on predicted stains with its figures."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from wellspring.jobs import logged_job
from wellspring.labelling.report.chapter import labelling_chapter
from wellspring.labelling.report.figures import chosen_examples, draw_examples, draw_numbers, draw_training
from wellspring.labelling.report.limits import limits_sections
from wellspring.labelling.tables import LABELLING_AGREEMENT, LABELLING_FIELDS, LABELLING_HISTORY, LABELLING_SPLITS
from wellspring.report.chapter import read_captions, write_chapter
from wellspring.report.style import save_figure
from wellspring.tables import read_table, read_tables

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(*, inputs: Mapping[str, Sequence[str]], outputs: Mapping[str, str], settings: Mapping[str, object]) -> None:
    """Draw the figures and write what is to be said of them."""
    files = {name: [Path(path) for path in inputs[name]] for name in ("fields", "examples", "splits", "histories")}
    agreement = read_table(Path(str(inputs["agreement"])), LABELLING_AGREEMENT)
    fields = read_tables(files["fields"], LABELLING_FIELDS)
    splits = read_tables(files["splits"], LABELLING_SPLITS)
    stains = [str(one) for one in settings["stains"]]  # type: ignore[attr-defined]
    histories = dict(zip(stains, (read_table(path, LABELLING_HISTORY) for path in files["histories"]), strict=True))
    shown = chosen_examples(files["examples"], splits=splits)
    save_figure(draw_examples(shown, stains=stains), Path(outputs["examples"]))
    save_figure(draw_numbers(fields, splits, max_error=float(str(settings["max_error"]))), Path(outputs["numbers"]))
    save_figure(draw_training(histories), Path(outputs["training"]))
    known = {name: Path(outputs[name]) for name in ("examples", "numbers", "training")}
    captions = read_captions([Path(path) for path in inputs["captions"]])
    limits = {name: [Path(path) for path in inputs[name]] for name in ("drift", "tolerances", "stability")}
    found = labelling_chapter(
        agreement,
        fields,
        splits,
        settings=settings,
        files={**known, "table": Path(str(inputs["table"]))},
        captions=captions,
        limits=limits_sections(limits, captions=captions, off=float(str(settings["max_error"]))),
    )
    write_chapter(found, Path(outputs["chapter"]))


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        names = ("stains", "light", "max_error")
        main(
            inputs=snakemake.input,
            outputs=snakemake.output,
            settings={name: snakemake.params[name] for name in names},
        )
