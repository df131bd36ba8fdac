# raw: the index that the microscope wrote of a plate -> its table
from wellspring.raw.plate_readers import files_of_index


def index_files(path):
    """The files of the plate's index, of a format with one."""
    return [] if RAW_FORMAT.reader is None else [local(str(file)) for file in files_of_index(RAW_FORMAT.reader, path)]


def raw_index(wildcards):
    """Read by the job of each well; another well's rows make no difference, so its time stamp is nothing to go by."""
    return ancient(index_files(PATHS[wildcards.plate, wildcards.well]))


def plate_path(wildcards):
    return str(next(path for key, path in PATHS.items() if key[0] == wildcards.plate))


def plate_index_files(wildcards):
    return index_files(plate_path(wildcards))


def plate_indexes(wildcards):
    return per_plate("<results>/raw/plates/{plate}.index.parquet") if RAW_FORMAT.reader is not None else []


# The index that the microscope wrote of a plate: as a table, and a copy of its files.
rule raw_plate:
    input:
        files=plate_index_files,
    output:
        table="<results>/raw/plates/{plate}.index.parquet",
        copies=directory("<results>/raw/plates/{plate}.index"),
    log:
        "<logs>/raw_plate/{plate}.log",
    benchmark:
        "<benchmarks>/raw_plate/{plate}.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        path=plate_path,
        format=RAW_FORMAT.name,
        code=script_code("raw/plate", RAW_READER),
    message:
        "Reading the index of plate {wildcards.plate}"
    script:
        "../scripts/raw_plate.py"
