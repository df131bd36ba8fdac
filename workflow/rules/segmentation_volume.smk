# segmentation: cells of stacks, slice by slice


def has_volume():
    """Whether cells are labelled slice by slice too."""
    return config["segmentation"]["z_step_um"] is not None and bool(cell_channels())


def volume_labels():
    """Labels of the cells that spots lie in: slice by slice if the config says so."""
    return "<results>/segmentation/volumes/{plate}/{well}.ome.tif" if has_volume() else cell_labels()


rule segmentation_volume:
    input:
        index="<results>/raw/{plate}/{well}.json",
        correction=plate_correction(cell_channels()),
        judged=plate_judged(),
        nuclei="<results>/segmentation/{plate}/{well}.ome.tif",
        cells="<results>/segmentation/cells/{plate}/{well}.ome.tif",
    output:
        volume="<results>/segmentation/volumes/{plate}/{well}.ome.tif",
    log:
        "<logs>/segmentation_volume/{plate}/{well}.log",
    benchmark:
        "<benchmarks>/segmentation_volume/{plate}/{well}.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=growing(6000),
        runtime=growing(15),
    params:
        background=background_of(corrected_channels(cell_channels())),
        cells=config["segmentation"]["cells"],
        z_step_um=config["segmentation"]["z_step_um"],
        left_out=sites_left_out(),
        code=script_code("segmentation/volume", RAW_READER),
    message:
        "Segmenting the cells of well {wildcards.plate}/{wildcards.well} slice by slice"
    script:
        "../scripts/segmentation_volume.py"
