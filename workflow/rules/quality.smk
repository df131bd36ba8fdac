# quality: images -> image quality table, outlier flags, illumination functions, corrected images


rule quality_measure:
    input:
        description="results/raw/{plate}/{well}.json",
        channels=ancient("results/raw/channels.csv"),
    output:
        images="results/quality/{plate}/{well}.parquet",
        small="results/quality/{plate}/{well}.npz",
    log:
        "logs/quality_measure/{plate}/{well}.log",
    benchmark:
        "benchmarks/quality_measure/{plate}/{well}.tsv"
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
        code=code_digest("wellspring.quality.sites", "wellspring.raw.tiff", "wellspring.jobs"),
    message:
        "Measuring the images of well {wildcards.plate}/{wildcards.well}"
    script:
        "../scripts/quality_measure.py"


rule quality_flag:
    input:
        images=per_well("results/quality/{plate}/{well}.parquet"),
    output:
        images="results/quality/images.parquet",
        sites="results/quality/sites.parquet",
    log:
        "logs/quality_flag.log",
    benchmark:
        "benchmarks/quality_flag.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        drop=config["quality"]["flagged_sites"] == "drop",
        judging={k: config["quality"][k] for k in ("max_z", "judged_by", "min_images")},
        code=code_digest("wellspring.quality.outliers", "wellspring.jobs"),
    message:
        "Looking for images that are unlike the others"
    script:
        "../scripts/quality_flag.py"


rule quality_illumination:
    input:
        small=per_well_of_plate("results/quality/{plate}/{well}.npz"),
        sites="results/quality/sites.parquet",
    output:
        functions="results/quality/illumination/{plate}.npz",
    log:
        "logs/quality_illumination/{plate}.log",
    benchmark:
        "benchmarks/quality_illumination/{plate}.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        channels=config["quality"]["channels"],
        smoothing_share=config["quality"]["smoothing_share"],
        code=code_digest("wellspring.quality.images", "wellspring.tables.quality", "wellspring.jobs"),
    message:
        "Estimating the illumination of plate {wildcards.plate}"
    script:
        "../scripts/quality_illumination.py"


rule quality_correct:
    input:
        description="results/raw/{plate}/{well}.json",
        functions="results/quality/illumination/{plate}.npz",
    output:
        images="results/quality/{plate}/{well}.ome.tif",
    log:
        "logs/quality_correct/{plate}/{well}.log",
    benchmark:
        "benchmarks/quality_correct/{plate}/{well}.tsv"
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
        code=code_digest("wellspring.quality.sites", "wellspring.raw.tiff", "wellspring.jobs"),
    message:
        "Correcting the images of well {wildcards.plate}/{wildcards.well}"
    script:
        "../scripts/quality_correct.py"
