# The whole flow, in the order of the data. Each stage has its rules in workflow/rules/, its science in
# src/wellspring/, its block in the config and its folder in results/.
from snakemake.utils import min_version

min_version("9.0")


if not config:

    configfile: "config/config.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
# files of a well -> what is in them, checked over all wells
include: "workflow/rules/raw.smk"
# images -> quality, illumination, corrected images (TIFF wells only)
include: "workflow/rules/quality.smk"
# images -> nucleus and cell labels (TIFF wells only)
include: "workflow/rules/segmentation.smk"
# images + labels -> spots, counts per cell (TIFF wells only)
include: "workflow/rules/spots.smk"
# pixels of a well -> one row and one crop per cell
include: "workflow/rules/cells.smk"
# cells -> filter, split, normalization
include: "workflow/rules/dataset.smk"
# dataset -> models, histories, predictions, metrics
include: "workflow/rules/training.smk"
# models -> score maps, channel importance
include: "workflow/rules/attribution.smk"
# corrected images, cells -> embeddings, verdicts, clusters
include: "workflow/rules/profiling.smk"
# everything -> figures, tables, one HTML page
include: "workflow/rules/report.smk"


rule all:
    default_target: True
    input:
        "results/report/report.html",


tell_gpu_rules()


onerror:
    tell_cluster_logs()
