# dataset: cells + annotations -> filter, split, normalization. Crops stay where they are: a dataset is a list of cells.
from wellspring.cells.tables import CELLS, LABEL_COLUMNS, MEAN_PREFIX
from wellspring.dataset.columns import named_columns, unknown_columns
from wellspring.sheet.reading import well_annotations

ANNOTATIONS = well_annotations(WELLS)
# Which of the sheet's columns the dataset depends on: another one makes no job run again.
USED_COLUMNS = sorted(
    {name for names in named_columns(config["dataset"]).values() for name in names}
    & {name for known in ANNOTATIONS.values() for name in known}
)


def object_columns():
    """What the raw format says of each cell; None where it cannot be known yet."""
    if RAW_FORMAT.columns is None:
        return LABEL_COLUMNS
    try:
        found = (RAW_FORMAT.columns(path, raw=config["raw"]) for path in PATHS.values())
        return next((columns for columns in found if columns is not None), None)
    except (ValueError, OSError):
        # The rule raw_describe says what is wrong with these files.
        return None


def check_columns():
    """Columns that the config names and that no cell can have are reported before any job runs."""
    known = object_columns() if config["dataset"]["target_channel"] is not None else None
    if known is not None:
        sheet, cells = [name for name in WELLS if name != "path"], [*CELLS.names, *known]
        lines = unknown_columns(named_columns(config["dataset"]), sheet=sheet, cells=cells, prefix=MEAN_PREFIX)
        if lines:
            raise WorkflowError("\n  - ".join(["config: columns that are not there:", *lines]))


def annotations_of_well(wildcards):
    """What the sheet says of a well, of the columns that the dataset depends on; None where a field is empty."""
    known = ANNOTATIONS[wildcards.plate, wildcards.well]
    return {name: known.get(name) for name in USED_COLUMNS}


check_columns()


rule dataset_select:
    input:
        cells="<results>/cells/crops/{plate}/{well}.parquet",
        crops="<results>/cells/crops/{plate}/{well}.arrow",
        judged=plate_judged(),
    output:
        manifest="<results>/dataset/{plate}/{well}.parquet",
        filtered="<results>/dataset/filtered/{plate}/{well}.parquet",
        histogram="<results>/dataset/histograms/{plate}/{well}.npz",
    log:
        "<logs>/dataset_select/{plate}/{well}.log",
    benchmark:
        "<benchmarks>/dataset_select/{plate}/{well}.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(5),
    params:
        annotations=annotations_of_well,
        selection={key: config["dataset"][key] for key in ("target_channel", "filter", "select", "split")},
        code=script_code("dataset/select"),
    message:
        "Choosing the cells of well {wildcards.plate}/{wildcards.well}"
    script:
        "../scripts/dataset_select.py"


rule dataset_merge:
    input:
        manifests=per_well("<results>/dataset/{plate}/{well}.parquet"),
        filtered=per_well("<results>/dataset/filtered/{plate}/{well}.parquet"),
        histograms=per_well("<results>/dataset/histograms/{plate}/{well}.npz"),
    output:
        manifest="<results>/dataset/manifest.parquet",
        filtered="<results>/dataset/filtered.parquet",
        normalization="<results>/dataset/normalization.parquet",
    log:
        "<logs>/dataset_merge.log",
    benchmark:
        "<benchmarks>/dataset_merge.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(30),
    params:
        normalization=config["dataset"]["normalization"],
        code=script_code("dataset/merge"),
    message:
        "Merging the wells into one dataset"
    script:
        "../scripts/dataset_merge.py"


rule dataset_chapter:
    input:
        manifest="<results>/dataset/manifest.parquet",
        filtered="<results>/dataset/filtered.parquet",
        normalization="<results>/dataset/normalization.parquet",
        captions=captions("dataset"),
    output:
        chapter="<results>/report/chapters/dataset.json",
        filter_table=report("<results>/report/filter.csv", caption="../report/dataset/filter.rst", category="Dataset"),
        filter_figure=report("<results>/report/filter.svg", caption="../report/dataset/filter.rst", category="Dataset"),
        dataset_table=report(
            "<results>/report/dataset.csv", caption="../report/dataset/dataset.rst", category="Dataset"
        ),
        dataset_figure=report(
            "<results>/report/dataset.svg", caption="../report/dataset/dataset.rst", category="Dataset"
        ),
    log:
        "<logs>/dataset_chapter.log",
    benchmark:
        "<benchmarks>/dataset_chapter.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(15),
    params:
        dataset=config["dataset"],
        image_size=config["cells"]["image_size"],
        code=script_code("dataset/chapter"),
    message:
        "Drawing the dataset"
    script:
        "../scripts/dataset_chapter.py"
