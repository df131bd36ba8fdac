# The whole flow: each stage, in the order of the data, has its rules in workflow/rules/<stage>.smk, its scripts in
# workflow/scripts/<stage>_*.py, its science in src/wellspring/<stage>/, its block in the config and its folder in
# results/. `wellspring stages` lists them; docs/architecture.md walks through them.
from snakemake.utils import min_version

min_version("9.13")


if not config:

    include: "workflow/rules/common_config.smk"


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"


# raw, quality, segmentation, spots, cells, ...: the files of all stages that are there, each after those that it uses
for stage in stages():

    include: f"workflow/rules/{stage.name}.smk"


# the chapters of the stages that the config asks for -> one HTML page
include: "workflow/rules/report.smk"


rule all:
    default_target: True
    input:
        "<results>/report/report.html",
        files_of_chapters,


if workflow.modifier.is_main_snakefile():

    # What concerns the run as a whole: not for a workflow that imports this one.
    include: "workflow/rules/run.smk"
