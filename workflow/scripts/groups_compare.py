"""Tables of all wells + columns of the sheet → measures of the wells, groups compared, normalised values, features."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wellspring.groups.choosing import choose_features
from wellspring.groups.comparing import Resampling, compare_groups
from wellspring.groups.job import groups_of_sheet, read_measures
from wellspring.groups.measures import measured_wells
from wellspring.groups.normalising import normalised_wells
from wellspring.groups.settings import GroupSettings
from wellspring.groups.tables import CONTRASTS, FEATURES, MEASURED_WELLS, NORMALISED_WELLS, UNITS
from wellspring.jobs import logged_job
from wellspring.settings import settings_of
from wellspring.tables import write_table

if TYPE_CHECKING:
    from snakemake.script import Snakemake

    snakemake: Snakemake


def main(
    *,
    given: Mapping[str, Sequence[Path]],
    sheet: Mapping[str, Sequence[str | None]],
    report: Mapping[str, Any],
    resampling: Mapping[str, int],
    groups: Mapping[str, Any],
    counting: Mapping[str, bool],
    output: Mapping[str, Path],
) -> None:
    """Read the files `given` (lists of a name); write `output`: wells, contrasts, units, scores, ratios, features.

    `counting` is of `with_cells`.
    """
    settings = settings_of(GroupSettings, groups)
    wells, controls, _ = groups_of_sheet(sheet, report)
    measures = read_measures(given, wells=wells, settings=settings, counting=counting)
    table = measured_wells(measures, wells)
    numbers = Resampling(resampling["bootstrap_samples"], resampling["permutations"], resampling["seed"])
    contrasts, units = compare_groups(table, controls=controls, resampling=numbers)
    scores, ratios = normalised_wells(table, least_controls=settings.least_controls)
    features = choose_features(
        table, max_correlation=settings.max_correlation, min_replicate_share=settings.min_replicate_share
    )
    print(contrasts.to_string())
    write_table(table, output["wells"], MEASURED_WELLS)
    write_table(contrasts, output["contrasts"], CONTRASTS)
    write_table(units, output["units"], UNITS)
    write_table(scores, output["scores"], NORMALISED_WELLS)
    write_table(ratios, output["ratios"], NORMALISED_WELLS)
    write_table(features, output["features"], FEATURES)


if __name__ == "__main__":
    with logged_job(snakemake.log[0]):
        main(
            given={
                name: [Path(path) for path in snakemake.input.get(name, [])]
                for name in ("nuclei", "objects", "spots", "thresholds", "cells")
            },
            sheet=snakemake.params.sheet,
            report=snakemake.params.asked,
            resampling=snakemake.params.resampling,
            groups=snakemake.params.groups,
            counting=snakemake.params.counting,
            output={name: Path(path) for name, path in snakemake.output.items()},
        )
