# segmentation: images -> nucleus and cell labels
from wellspring.segmentation.given.files import has_cells, has_given_cells, has_nuclei
from wellspring.segmentation.stage import has_objects


include: "segmentation_given.smk"
include: "segmentation_labels.smk"


def nucleus_channels():
    """The channel that nuclei are found in; none where they are given, or cells are and no channel shows nuclei."""
    block = config["segmentation"]
    if block["method"] == "given" and (block["nuclei"] is not None or block["nucleus_channel"] is None):
        return []
    return [block.get("nucleus_channel") or (block.get("cells") or {}).get("channel")]


def cell_channels():
    """The channel of the cell stain, where the method sees one."""
    cells = config["segmentation"]["cells"] or {}
    return [cells["channel"]] if "channel" in cells else []


def seed_settings():
    """Nuclei do not depend on how cells are found; seeds in the cell stain are in its channel."""
    block = {**config["segmentation"], "annotated": None}
    if block["nucleus_channel"] is not None or "channel" not in (block["cells"] or {}):
        return {**block, "cells": None, "z_step_um": None}
    return block


def objects_of_wells():
    """Tables of the objects of all wells: cells with their nuclei; nuclei where there are no cells."""
    kind = "objects" if has_cells(config["segmentation"]) else "nuclei"
    return per_well(f"<results>/segmentation/{kind}/{{plate}}/{{well}}.parquet")


include: "segmentation_volume.smk"
include: "segmentation_train.smk"
include: "segmentation_unet.smk"


rule segmentation_nuclei:
    input:
        index="<results>/raw/{plate}/{well}.json",
        correction=plate_correction(nucleus_channels()),
        judged=plate_judged(),
        given_nuclei=given_labels("nuclei"),
        given_cells=given_labels("cells"),
        given_network=unet_labels(),
    output:
        labels="<results>/segmentation/{plate}/{well}.ome.tif",
        about="<results>/segmentation/sites/{plate}/{well}.parquet",
        objects="<results>/segmentation/nuclei/{plate}/{well}.parquet",
        matches="<results>/segmentation/matched/{plate}/{well}.parquet",
    log:
        "<logs>/segmentation_nuclei/{plate}/{well}.log",
    benchmark:
        "<benchmarks>/segmentation_nuclei/{plate}/{well}.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(15),
    params:
        projection=config["raw"].get("projection"),
        background=background_of(corrected_channels(nucleus_channels())),
        segmentation=seed_settings(),
        given=given_digest,
        left_out=sites_left_out(),
        code=script_code("segmentation/nuclei", RAW_READER),
    message:
        "Segmenting the nuclei of well {wildcards.plate}/{wildcards.well}"
    script:
        "../scripts/segmentation_nuclei.py"


rule segmentation_cells:
    input:
        index="<results>/raw/{plate}/{well}.json",
        correction=plate_correction(cell_channels()),
        judged=plate_judged(),
        nuclei="<results>/segmentation/{plate}/{well}.ome.tif",
        nucleus_objects="<results>/segmentation/nuclei/{plate}/{well}.parquet",
        matches="<results>/segmentation/matched/{plate}/{well}.parquet",
        given_cells=given_labels("cells"),
    output:
        labels="<results>/segmentation/cells/{plate}/{well}.ome.tif",
        borders="<results>/segmentation/borders/{plate}/{well}.ome.tif",
        objects="<results>/segmentation/objects/{plate}/{well}.parquet",
    log:
        "<logs>/segmentation_cells/{plate}/{well}.log",
    benchmark:
        "<benchmarks>/segmentation_cells/{plate}/{well}.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=growing(6000),
        runtime=growing(15),
    params:
        background=background_of(corrected_channels(cell_channels())),
        cells=config["segmentation"]["cells"],
        # As text its braces would be taken for wildcards.
        names={"pattern": config["segmentation"].get("pattern")},
        given=given_digest,
        left_out=sites_left_out(),
        code=script_code("segmentation/cells", RAW_READER),
    message:
        "Segmenting the cells of well {wildcards.plate}/{wildcards.well}"
    script:
        "../scripts/segmentation_cells.py"


rule segmentation_overlays:
    input:
        # Of all wells, since their doubts decide which few are drawn.
        indexes=per_well("<results>/raw/{plate}/{well}.json"),
        nuclei=per_well("<results>/segmentation/{plate}/{well}.ome.tif"),
        cells=per_well(cell_labels()),
        about=per_well("<results>/segmentation/sites/{plate}/{well}.parquet"),
    output:
        gallery="<results>/segmentation/overlays.json",
        figure=report(
            "<results>/report/segmentation.svg",
            caption="../report/segmentation/segmentation.rst",
            category="Segmentation",
        ),
    log:
        "<logs>/segmentation_overlays.log",
    benchmark:
        "<benchmarks>/segmentation_overlays.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(15),
    params:
        projection=config["raw"].get("projection"),
        channels=list(dict.fromkeys([*nucleus_channels(), *cell_channels()])),
        n_wells=config["report"]["overlay_wells"],
        code=script_code("segmentation/overlays", RAW_READER),
    message:
        "Drawing nuclei and cells"
    script:
        "../scripts/segmentation_overlays.py"


rule segmentation_chapter:
    input:
        objects=objects_of_wells(),
        nuclei=per_well("<results>/segmentation/sites/{plate}/{well}.parquet"),
        sites=sites_of_plates(),
        overlays="<results>/report/segmentation.svg",
        gallery="<results>/segmentation/overlays.json",
        scores=trained("scores.parquet"),
        compared=compared("svg"),
        compared_table=compared("csv"),
        captions=captions("segmentation"),
    output:
        chapter="<results>/report/chapters/segmentation.json",
        table=report(
            "<results>/report/segmentation.csv",
            caption="../report/segmentation/segmentation.rst",
            category="Segmentation",
        ),
        nuclei="<results>/report/nuclei.csv",
    log:
        "<logs>/segmentation_chapter.log",
    benchmark:
        "<benchmarks>/segmentation_chapter.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(15),
    params:
        wells=list(zip(WELLS["plate"], WELLS["well"])),
        segmentation=config["segmentation"],
        corrected=corrected_channels(dict.fromkeys([*nucleus_channels(), *cell_channels()])),
        code=script_code("segmentation/chapter"),
    message:
        "Writing the chapter on the segmentation"
    script:
        "../scripts/segmentation_chapter.py"
