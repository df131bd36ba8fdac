# quality: images -> image quality table, outlier flags, illumination functions, corrected images


rule quality_measure:
    input:
        description="<results>/raw/{plate}/{well}.json",
        channels=ancient("<results>/raw/channels.csv"),
    output:
        images="<results>/quality/{plate}/{well}.parquet",
        small="<results>/quality/{plate}/{well}.npz",
    log:
        "<logs>/quality_measure/{plate}/{well}.log",
    benchmark:
        "<benchmarks>/quality_measure/{plate}/{well}.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        path=get_well_path,
        raw=get_image_settings(),
        background=config["raw"].get("background", {}),
        quality={k: config["quality"][k] for k in ("channels", "bright_sd")},
        code=script_code("quality/measure"),
    message:
        "Measuring the images of well {wildcards.plate}/{wildcards.well}"
    script:
        "../scripts/quality_measure.py"


rule quality_flag:
    input:
        images=per_well("<results>/quality/{plate}/{well}.parquet"),
    output:
        images="<results>/quality/images.parquet",
        sites="<results>/quality/sites.parquet",
    log:
        "<logs>/quality_flag.log",
    benchmark:
        "<benchmarks>/quality_flag.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        drop=config["quality"]["flagged_sites"] == "drop",
        judging={k: config["quality"][k] for k in ("max_z", "judged_by", "min_images")},
        code=script_code("quality/flag"),
    message:
        "Looking for images that are unlike the others"
    script:
        "../scripts/quality_flag.py"


rule quality_illumination:
    input:
        small=per_well_of_plate("<results>/quality/{plate}/{well}.npz"),
        sites="<results>/quality/sites.parquet",
    output:
        functions="<results>/quality/illumination/{plate}.npz",
    log:
        "<logs>/quality_illumination/{plate}.log",
    benchmark:
        "<benchmarks>/quality_illumination/{plate}.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        channels=config["quality"]["channels"],
        smoothing_share=config["quality"]["smoothing_share"],
        code=script_code("quality/illumination"),
    message:
        "Estimating the illumination of plate {wildcards.plate}"
    script:
        "../scripts/quality_illumination.py"


rule quality_correct:
    input:
        description="<results>/raw/{plate}/{well}.json",
        functions="<results>/quality/illumination/{plate}.npz",
    output:
        images="<results>/quality/{plate}/{well}.ome.tif",
    log:
        "<logs>/quality_correct/{plate}/{well}.log",
    benchmark:
        "<benchmarks>/quality_correct/{plate}/{well}.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        path=get_well_path,
        raw=get_image_settings(),
        background=config["raw"].get("background", {}),
        steps=config["quality"]["preprocessing"],
        code=script_code("quality/correct"),
    message:
        "Correcting the images of well {wildcards.plate}/{wildcards.well}"
    script:
        "../scripts/quality_correct.py"


rule quality_draw:
    input:
        images="<results>/quality/images.parquet",
        small=per_well("<results>/quality/{plate}/{well}.npz"),
        functions=expand("<results>/quality/illumination/{plate}.npz", plate=sorted(set(WELLS["plate"]))),
    output:
        table=report("<results>/report/images.csv", caption="../report/images.rst", category="Images"),
        histograms=report("<results>/report/images.svg", caption="../report/images.rst", category="Images"),
        flagged=report("<results>/report/flagged_images.svg", caption="../report/images.rst", category="Images"),
        illumination=report("<results>/report/illumination.svg", caption="../report/images.rst", category="Images"),
    log:
        "<logs>/quality_draw.log",
    benchmark:
        "<benchmarks>/quality_draw.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        measures=config["quality"]["judged_by"],
        code=script_code("quality/draw"),
    message:
        "Drawing the quality of the images"
    script:
        "../scripts/quality_draw.py"
