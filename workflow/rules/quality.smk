# quality: images -> image quality, flagged sites, illumination of each plate


def background_of(channels):
    """Intensity without light of those of `channels` for which the config gives one."""
    return {name: value for name, value in config["raw"].get("background", {}).items() if name in channels}


def measuring():
    """How images are measured, and made small."""
    return {
        "projection": config["raw"].get("projection"),
        "background": background_of(config["quality"]["channels"]),
        "bright_sd": config["quality"]["bright_sd"],
    }


def corrected_copies():
    """The corrected copies of all wells, where the config asks for them."""
    is_asked = config["quality"]["write_corrected"]
    return per_well("<results>/quality/corrected/{plate}/{well}.ome.tif") if is_asked else []


include: "quality_correction.smk"


rule quality_measure:
    input:
        index="<results>/raw/{plate}/{well}.json",
    output:
        images="<results>/quality/{plate}/{well}.parquet",
        small="<results>/quality/small/{plate}/{well}.npz",
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
        **measuring(),
        channels=config["quality"]["channels"],
        code=script_code("quality/measure", RAW_READER),
    message:
        "Measuring the images of well {wildcards.plate}/{wildcards.well}"
    script:
        "../scripts/quality_measure.py"


# Images are compared with those of their own plate, so a well of another plate reruns nothing of this one.
rule quality_flag:
    input:
        images=per_well_of_plate("<results>/quality/{plate}/{well}.parquet"),
    output:
        images="<results>/quality/plates/{plate}/images.parquet",
        sites="<results>/quality/plates/{plate}/sites.parquet",
        left_out="<results>/quality/plates/{plate}/left_out.json",
    log:
        "<logs>/quality_flag/{plate}.log",
    benchmark:
        "<benchmarks>/quality_flag/{plate}.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        drop=config["quality"]["flagged_sites"] == "drop",
        judging={key: config["quality"][key] for key in ("max_z", "judged_by", "min_images")},
        code=script_code("quality/flag"),
    message:
        "Looking for unusual images on plate {wildcards.plate}"
    script:
        "../scripts/quality_flag.py"


checkpoint quality_illumination:
    input:
        small=per_well_of_plate("<results>/quality/small/{plate}/{well}.npz"),
        sites="<results>/quality/plates/{plate}/sites.parquet",
    output:
        correction="<results>/quality/plates/{plate}/correction.npz",
        # The function of the last time is read, and kept if the new one is the same within its error.
        illumination=update("<results>/quality/plates/{plate}/illumination.npz"),
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
        min_images=config["quality"]["min_images"],
        given=sorted(config["raw"].get("background", {})),
        measured=measuring(),
        code=script_code("quality/illumination"),
    message:
        "Estimating the illumination of plate {wildcards.plate}"
    script:
        "../scripts/quality_illumination.py"


rule quality_chapter:
    input:
        images=per_plate("<results>/quality/plates/{plate}/images.parquet"),
        sites=per_plate("<results>/quality/plates/{plate}/sites.parquet"),
        illumination=per_plate("<results>/quality/plates/{plate}/illumination.npz"),
        indexes=per_well("<results>/raw/{plate}/{well}.json"),
        copies=corrected_copies(),
        captions=captions("quality"),
    output:
        chapter="<results>/report/chapters/quality.json",
        table=report("<results>/report/images.csv", caption="../report/quality/images.rst", category="Images"),
        histograms=report("<results>/report/images.svg", caption="../report/quality/images.rst", category="Images"),
        flagged=report(
            "<results>/report/flagged_images.svg", caption="../report/quality/flagged_images.rst", category="Images"
        ),
        light=report(
            "<results>/report/illumination.svg", caption="../report/quality/illumination.rst", category="Images"
        ),
    log:
        "<logs>/quality_chapter.log",
    benchmark:
        "<benchmarks>/quality_chapter.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        settings={key: config["quality"][key] for key in ("channels", "judged_by", "max_z", "use", "preprocessing")},
        projection=config["raw"].get("projection"),
        code=script_code("quality/chapter", RAW_READER),
    message:
        "Writing the chapter on the images"
    script:
        "../scripts/quality_chapter.py"
