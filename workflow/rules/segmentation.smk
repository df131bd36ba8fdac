# segmentation: images -> nucleus and cell labels


rule segmentation_nuclei:
    input:
        description="results/raw/{plate}/{well}.json",
        channels=ancient("results/raw/channels.csv"),
    output:
        labels="results/segmentation/{plate}/{well}.ome.tif",
    log:
        "logs/segmentation_nuclei/{plate}/{well}.log",
    benchmark:
        "benchmarks/segmentation_nuclei/{plate}/{well}.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(15),
    params:
        path=get_well_path,
        raw=get_image_settings(),
        segmentation={k: v for k, v in config["segmentation"].items() if k != "cells"},
        code=code_digest(
            "wellspring.segmentation.methods",
            "wellspring.segmentation.labels",
            "wellspring.raw.tiff",
            "wellspring.jobs",
        ),
    message:
        "Segmenting the nuclei of well {wildcards.plate}/{wildcards.well}"
    script:
        "../scripts/segmentation_nuclei.py"


rule segmentation_cells:
    input:
        channels=ancient("results/raw/channels.csv"),
        nuclei="results/segmentation/{plate}/{well}.ome.tif",
    output:
        labels="results/segmentation/{plate}/{well}.cells.ome.tif",
        objects="results/segmentation/{plate}/{well}.parquet",
    log:
        "logs/segmentation_cells/{plate}/{well}.log",
    benchmark:
        "benchmarks/segmentation_cells/{plate}/{well}.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=growing(6000),
        runtime=growing(15),
    params:
        path=get_well_path,
        raw=get_stack_settings(),
        cells=config["segmentation"]["cells"],
        code=code_digest(
            "wellspring.segmentation.sites",
            "wellspring.segmentation.flags",
            "wellspring.segmentation.labels",
            "wellspring.raw.tiff",
            "wellspring.jobs",
        ),
    message:
        "Segmenting the cells of well {wildcards.plate}/{wildcards.well}"
    script:
        "../scripts/segmentation_cells.py"
