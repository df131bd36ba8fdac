# export: results -> files that other programs open
from wellspring.export.openers import OPENERS


include: "export_zarr.smk"


def exported_files():
    """The files and folders of the formats that the config asks for, by format."""
    files = {
        "anndata": per_plate("<results>/export/{plate}.h5ad"),
        "cytomining": per_plate("<results>/export/{plate}.profiles.parquet"),
        "geojson": per_well("<results>/export/geojson/{plate}/{well}"),
        "geoparquet": per_well("<results>/export/geoparquet/{plate}/{well}.parquet"),
        "ome_zarr": per_plate(f"<results>/export/{{plate}}.ome.zarr/{plate_file()}"),
        "spatialdata": per_plate("<results>/export/{plate}.spatialdata.zarr/zarr.json"),
        "multiqc": ["<results>/export/multiqc/wells_mqc.tsv", *per_plate("<results>/export/multiqc/{plate}_mqc.tsv")],
    }
    return {name: files[name] for name in OPENERS if name in config["export"]["formats"]}


def spots_of_well():
    """Numbers of spots of the well's cells, where spots are counted."""
    return "<results>/spots/cells/{plate}/{well}.parquet" if config["spots"]["channels"] else []


rule export_anndata:
    input:
        cells="<results>/tables/cells.parquet",
        channels="<results>/raw/channels.csv",
    output:
        h5ad="<results>/export/{plate}.h5ad",
    log:
        "<logs>/export_anndata/{plate}.log",
    benchmark:
        "<benchmarks>/export_anndata/{plate}.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(30),
    params:
        code=script_code("export/anndata"),
    message:
        "Writing the cells of plate {wildcards.plate} for scanpy"
    script:
        "../scripts/export_anndata.py"


rule export_cytomining:
    input:
        cells="<results>/tables/cells.parquet",
    output:
        profiles="<results>/export/{plate}.profiles.parquet",
    log:
        "<logs>/export_cytomining/{plate}.log",
    benchmark:
        "<benchmarks>/export_cytomining/{plate}.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        code=script_code("export/cytomining"),
    message:
        "Writing the cells of plate {wildcards.plate} for pycytominer"
    script:
        "../scripts/export_cytomining.py"


rule export_geojson:
    input:
        measured="<results>/cells/{plate}/{well}.parquet",
        nuclei="<results>/segmentation/{plate}/{well}.ome.tif",
        cells=cells_of_well(),
        spots=spots_of_well(),
    output:
        outlines=directory("<results>/export/geojson/{plate}/{well}"),
    log:
        "<logs>/export_geojson/{plate}/{well}.log",
    benchmark:
        "<benchmarks>/export_geojson/{plate}/{well}.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(15),
    params:
        has_nuclei=has_nuclei(config["segmentation"]),
        spot_channels=config["spots"]["channels"],
        code=script_code("export/geojson"),
    message:
        "Writing the outlines of well {wildcards.plate}/{wildcards.well} for QuPath"
    script:
        "../scripts/export_geojson.py"


rule export_geoparquet:
    input:
        index="<results>/raw/{plate}/{well}.json",
        measured="<results>/cells/{plate}/{well}.parquet",
        nuclei="<results>/segmentation/{plate}/{well}.ome.tif",
        cells=cells_of_well(),
    output:
        outlines="<results>/export/geoparquet/{plate}/{well}.parquet",
    log:
        "<logs>/export_geoparquet/{plate}/{well}.log",
    benchmark:
        "<benchmarks>/export_geoparquet/{plate}/{well}.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(15),
    params:
        has_nuclei=has_nuclei(config["segmentation"]),
        code=script_code("export/geoparquet"),
    message:
        "Writing the outlines of well {wildcards.plate}/{wildcards.well} as GeoParquet"
    script:
        "../scripts/export_geoparquet.py"


rule export_multiqc:
    input:
        wells="<results>/report/plates.csv",
    output:
        wells="<results>/export/multiqc/wells_mqc.tsv",
        plates=per_plate("<results>/export/multiqc/{plate}_mqc.tsv"),
    log:
        "<logs>/export_multiqc.log",
    benchmark:
        "<benchmarks>/export_multiqc.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(5),
    params:
        code=script_code("export/multiqc"),
    message:
        "Writing the numbers of the wells for MultiQC"
    script:
        "../scripts/export_multiqc.py"


rule export_chapter:
    input:
        **exported_files(),
    output:
        chapter="<results>/report/chapters/export.json",
        readme="<results>/export/README.md",
    log:
        "<logs>/export_chapter.log",
    benchmark:
        "<benchmarks>/export_chapter.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        formats=list(exported_files()),
        code=script_code("export/chapter"),
    message:
        "Writing the chapter on files for other programs"
    script:
        "../scripts/export_chapter.py"
