# profiling: a U-Net that finds the actin inside cells; included by profiling.smk


def actin_channels():
    """The channels of actin, borders and nuclei."""
    return [PROFILING["actin"][name] for name in ("actin", "borders", "nuclei")] if PROFILING["actin"] else []


rule profiling_actin:
    input:
        index=per_well("<results>/raw/{plate}/{well}.json"),
        correction=per_well("<results>/quality/plates/{plate}/correction.npz"),
        left_out=per_well("<results>/quality/plates/{plate}/left_out.json"),
    output:
        tiles="<results>/profiling/actin/tiles.parquet",
        history="<results>/profiling/actin/history.csv",
    log:
        "<logs>/profiling_actin.log",
    benchmark:
        "<benchmarks>/profiling_actin.tsv"
    conda:
        "../../envs/learning-gpu.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=growing(8000),
        runtime=growing(1440),
    params:
        annotations=get_annotations(),
        reading=get_reading(actin_channels()),
        steps=config["quality"]["preprocessing"],
        design=get_design(),
        actin=PROFILING["actin"],
        code=script_code("profiling/actin", RAW_READER),
    message:
        "Finding the actin inside cells with a U-Net"
    script:
        "../scripts/profiling_actin.py"
