# plates: numbers of all wells -> maps of the plates, wells to look at
from wellspring.segmentation.given.files import counting_of


def spots_of_plates(kind):
    """Tables of the spots of all wells; none where no spots are searched."""
    return per_well(f"<results>/spots/{kind}/{{plate}}/{{well}}.parquet") if config["spots"]["channels"] else []


def judged_plates(kind):
    """Tables of the images of all plates; none where no images are judged."""
    return per_plate(f"<results>/quality/plates/{{plate}}/{kind}.parquet") if config["quality"]["channels"] else []


rule plates_chapter:
    input:
        nuclei=nucleus_tables(),
        objects=cell_tables(),
        cells=spots_of_plates("cells"),
        thresholds=spots_of_plates("thresholds"),
        images=judged_plates("images"),
        sites=judged_plates("sites"),
        stored="<results>/report/wells.csv",
        captions=captions("plates"),
    output:
        chapter="<results>/report/chapters/plates.json",
        table=report("<results>/report/plates.csv", caption="../report/plates/plates.rst", category="Plates"),
        maps=report("<results>/report/plates.svg", caption="../report/plates/plates.rst", category="Plates"),
        sites=report("<results>/report/plate_sites.svg", caption="../report/plates/plate_sites.rst", category="Plates"),
    log:
        "<logs>/plates_chapter.log",
    benchmark:
        "<benchmarks>/plates_chapter.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(15),
    params:
        wells=list(zip(WELLS["plate"], WELLS["well"])),
        counting=counting_of(config["segmentation"]),
        code=script_code("plates/chapter"),
    message:
        "Drawing maps of the plates"
    script:
        "../scripts/plates_chapter.py"
