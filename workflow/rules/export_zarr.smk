# export: images, labels and features -> OME-Zarr plates; included by export.smk


def zarr_size():
    """Rows and columns of each plate, where plates are written as OME-Zarr; names that are no positions are reported."""
    if "ome_zarr" not in config["export"]["formats"]:
        return {}
    from wellspring.export.plate_zarr import plate_size

    try:
        return {plate: plate_size(list(wells)) for plate, wells in WELLS.groupby("plate")["well"]}
    except ValueError as error:
        raise WorkflowError(str(error)) from None


ZARR_SIZE = zarr_size()
ZARR_VERSION = config["export"]["ome_zarr_version"]


def columns_of_plate(wildcards):
    return ZARR_SIZE.get(wildcards.plate, (8, 12))[1]


def plate_file():
    """What a plate says of itself, by the version of OME-Zarr."""
    return "zarr.json" if ZARR_VERSION == "0.5" else ".zattrs"


rule export_well:
    input:
        index="<results>/raw/{plate}/{well}.json",
        nuclei=nucleus_labels(),
        cells=cells_of_well(),
        measured="<results>/cells/{plate}/{well}.parquet" if features_of_wells() else [],
    output:
        # Of the group of the well in the plate, whose path is by row and column.
        record="<results>/export/ome_zarr/{plate}/{well}.json",
    log:
        "<logs>/export_well/{plate}/{well}.log",
    benchmark:
        "<benchmarks>/export_well/{plate}/{well}.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(30),
    params:
        has_nuclei=has_nuclei(config["segmentation"]),
        nucleus_channel=config["segmentation"]["nucleus_channel"],
        projection=config["raw"].get("projection"),
        n_columns=columns_of_plate,
        version=ZARR_VERSION,
        code=script_code("export/well", RAW_READER),
    message:
        "Writing well {wildcards.plate}/{wildcards.well} as OME-Zarr"
    script:
        "../scripts/export_well.py"


# Last, so that wells have no common writer.
rule export_plate:
    input:
        records=per_well_of_plate("<results>/export/ome_zarr/{plate}/{well}.json"),
    output:
        plate=f"<results>/export/{{plate}}.ome.zarr/{plate_file()}",
    log:
        "<logs>/export_plate/{plate}.log",
    benchmark:
        "<benchmarks>/export_plate/{plate}.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        version=ZARR_VERSION,
        code=script_code("export/plate"),
    message:
        "Writing what plate {wildcards.plate} has as OME-Zarr"
    script:
        "../scripts/export_plate.py"


# Links into the plate, and the table of the AnnData file.
rule export_spatialdata:
    input:
        plate="<results>/export/{plate}.ome.zarr/zarr.json",
        h5ad="<results>/export/{plate}.h5ad",
    output:
        store="<results>/export/{plate}.spatialdata.zarr/zarr.json",
    log:
        "<logs>/export_spatialdata/{plate}.log",
    benchmark:
        "<benchmarks>/export_spatialdata/{plate}.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(30),
    params:
        code=script_code("export/spatialdata"),
    message:
        "Writing plate {wildcards.plate} for SpatialData"
    script:
        "../scripts/export_spatialdata.py"
