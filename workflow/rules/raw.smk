# raw: files of a well -> what is in them


rule raw_describe:
    input:
        files=get_well_files,
    output:
        description="results/raw/{plate}/{well}.json",
    log:
        "logs/raw_describe/{plate}/{well}.log",
    benchmark:
        "benchmarks/raw_describe/{plate}/{well}.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(5),
    params:
        path=get_well_path,
        raw=config["raw"],
        code=code_digest("wellspring.raw.describe", "wellspring.jobs", "wellspring.files"),
    message:
        "Reading the headers of well {wildcards.plate}/{wildcards.well}"
    script:
        "../scripts/raw_describe.py"


# All wells must have the same channels, and the config may name only these: found out before any crop is made.
rule raw_channels:
    input:
        descriptions=per_well("results/raw/{plate}/{well}.json"),
    output:
        channels="results/raw/channels.csv",
    log:
        "logs/raw_channels.log",
    benchmark:
        "benchmarks/raw_channels.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(5),
    params:
        named=get_named_channels(),
        per_axis={f"spots.{key}": config["spots"][key] for key in ("sigma_px", "spacing_um")},
        removed=ROAR["channels"] if ROAR else [],
        code=code_digest("wellspring.raw.describe", "wellspring.jobs", "wellspring.files"),
    message:
        "Comparing the channels of all wells"
    script:
        "../scripts/raw_channels.py"
