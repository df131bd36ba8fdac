# segmentation: images -> nucleus and cell labels


def get_drawn_keys():
    """(plate, well) of the wells that the report draws, evenly spaced in the sheet."""
    keys = get_keys()
    n_drawn = min(config["report"]["overlay_wells"], len(keys)) if HAS_CELLS or HAS_SPOTS else 0
    return [keys[number * len(keys) // n_drawn] for number in range(n_drawn)]


def get_drawn_wells():
    """(plate, well, path) of those wells."""
    return [(plate, well, str(PATHS[plate, well])) for plate, well in get_drawn_keys()]


def get_drawn_files():
    """The raw files of those wells."""
    try:
        found = [well_files(path, well=well, raw=config["raw"]) for _, well, path in get_drawn_wells()]
    except (ValueError, OSError) as error:
        raise WorkflowError(str(error)) from None
    return [str(file) for files in found for file in files]


def per_drawn_well(pattern):
    """The files of one stage, one per well that the report draws."""
    return [pattern.format(plate=plate, well=well) for plate, well in get_drawn_keys()]


def get_stains():
    """Channels of nuclei and cells."""
    segmentation = config["segmentation"]
    stains = [segmentation.get("nucleus_channel"), (segmentation["cells"] or {}).get("channel")]
    return [name for name in dict.fromkeys(stains) if name]


def get_cell_labels(wildcards):
    """Labels of the cells; of the nuclei where no cells are segmented."""
    return f"<results>/segmentation/{wildcards.plate}/{wildcards.well}{CELL_LABELS}"


rule segmentation_nuclei:
    input:
        description="<results>/raw/{plate}/{well}.json",
        channels=ancient("<results>/raw/channels.csv"),
    output:
        labels="<results>/segmentation/{plate}/{well}.ome.tif",
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
        path=get_well_path,
        raw=get_image_settings(),
        segmentation={k: v for k, v in config["segmentation"].items() if k != "cells"},
        code=script_code("segmentation/nuclei"),
    message:
        "Segmenting the nuclei of well {wildcards.plate}/{wildcards.well}"
    script:
        "../scripts/segmentation_nuclei.py"


rule segmentation_cells:
    input:
        channels=ancient("<results>/raw/channels.csv"),
        nuclei="<results>/segmentation/{plate}/{well}.ome.tif",
    output:
        labels="<results>/segmentation/{plate}/{well}.cells.ome.tif",
        objects="<results>/segmentation/{plate}/{well}.parquet",
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
        path=get_well_path,
        raw=get_stack_settings(),
        cells=config["segmentation"]["cells"],
        code=script_code("segmentation/cells"),
    message:
        "Segmenting the cells of well {wildcards.plate}/{wildcards.well}"
    script:
        "../scripts/segmentation_cells.py"


rule segmentation_overlays:
    input:
        files=get_drawn_files(),
        objects=per_well("<results>/segmentation/{plate}/{well}.parquet"),
        nuclei=per_drawn_well("<results>/segmentation/{plate}/{well}.ome.tif"),
        cells=per_drawn_well("<results>/segmentation/{plate}/{well}.cells.ome.tif"),
    output:
        table=report("<results>/report/segmentation.csv", caption="../report/segmentation.rst", category="Segmentation"),
        figure=report(
            "<results>/report/segmentation.svg", caption="../report/segmentation.rst", category="Segmentation"
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
        wells=get_keys(),
        drawn=get_drawn_wells(),
        raw=get_image_settings(),
        channels=get_stains(),
        code=script_code("segmentation/overlays"),
    message:
        "Drawing nuclei and cells"
    script:
        "../scripts/segmentation_overlays.py"
