# raw: files of a well -> its index: files, sites, channels, planes, pixel size
from wellspring.raw.bad_wells import expected_well
from wellspring.raw.files import files_digest, well_files
from wellspring.raw.formats import format_named

RAW_FORMAT = format_named(config["raw"]["format"])
# What reads the well's pixels is chosen by the config: for `script_code` of rules that read them through the index.
RAW_READER = RAW_FORMAT.module
EXPECTED = {}
RAW = raw_block(config)


include: "raw_plates.smk"


def files_of_well(wildcards):
    path = PATHS[wildcards.plate, wildcards.well]
    try:
        return well_files(path, well=wildcards.well, raw=RAW)
    except (ValueError, OSError) as error:
        if config["raw"]["bad_wells"] == "leave_out":
            # The rule raw_describe finds this too, and writes why the well is left out.
            return []
        raise WorkflowError(str(error)) from None


def raw_files(wildcards):
    """Where they are is written in the sheet, so a workflow that imports this one puts no prefix before them."""
    return [as_written(file) for file in files_of_well(wildcards)]


def raw_path(wildcards):
    return str(PATHS[wildcards.plate, wildcards.well])


def raw_digest(wildcards):
    """Snakemake sees files that became newer; this sees those that were replaced by older ones too."""
    # Of the wildcards alone: Snakemake does not compare parameters that take the input.
    digest = files_digest([*files_of_well(wildcards), *checked_files(wildcards)])
    if RAW_FORMAT.state is None:
        return digest
    try:
        return f"{digest} {RAW_FORMAT.state(raw_path(wildcards), well=wildcards.well, raw=config['raw'])}"
    except (ValueError, OSError):
        # As files_of_well, the rule raw_describe finds this too.
        return digest


def expected_of_well(wildcards):
    """What a well must be like so as not to be left out; None where wells are not left out."""
    if config["raw"]["bad_wells"] == "stop":
        return None
    # Of the wildcards alone, and looked up once.
    if "expected" not in EXPECTED:
        try:
            EXPECTED["expected"] = expected_well(PATHS, raw=RAW).as_parameter()
        except (ValueError, OSError) as error:
            raise WorkflowError(str(error)) from None
    return EXPECTED["expected"]


def missing_of_well(wildcards):
    """Why other stages cannot use a well, where such wells are left out; empty of a well that can be used."""
    if config["raw"]["bad_wells"] == "stop":
        return ""
    key = wildcards.plate, wildcards.well
    reasons = (one.missing_of_well(config, PATHS[key], *key) for one in wanted_stages(config))
    return next(filter(None, reasons), "")


def checks_of_wells():
    """Module to parameters of what else is read of a well to see whether it can be used, where wells are left out."""
    if config["raw"]["bad_wells"] == "stop":
        return {}
    return {name: dict(own) for one in wanted_stages(config) for name, own in one.checks(config).items()}


def checked_files(wildcards):
    key = wildcards.plate, wildcards.well
    if not checks_of_wells():
        return []
    return [str(file) for one in wanted_stages(config) for file in one.checked_files(config, PATHS[key], *key)]


def local_checked_files(wildcards):
    """As `raw_files`: no prefix comes before paths that the sheet or the config gives."""
    return [local(file) for file in checked_files(wildcards)]


def named_channels():
    """Config key to the channels that it names."""
    return {key: list(names) for stage in stages() for key, names in stage.named_channels(config).items()}


def optional_channels():
    """Channels that some wells may be without."""
    return sorted({name for stage in wanted_stages(config) for name in stage.optional_channels(config)})


rule raw_describe:
    input:
        files=raw_files,
        plate=raw_index,
        others=local_checked_files,
    output:
        index="<results>/raw/{plate}/{well}.json",
    log:
        "<logs>/raw_describe/{plate}/{well}.log",
    benchmark:
        "<benchmarks>/raw_describe/{plate}/{well}.tsv"
    priority: 100
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        # Pixels are read too, where damaged wells are left out.
        mem_mb=growing(1000 if config["raw"]["bad_wells"] == "stop" else 4000),
        runtime=growing(5),
    params:
        path=raw_path,
        digest=raw_digest,
        raw={**RAW_FORMAT.settings_of_index(RAW), "without": RAW["without"]},
        image_sizes=config["raw"]["image_sizes"],
        expected=expected_of_well,
        missing=missing_of_well,
        checks=checks_of_wells(),
        code=script_code("raw/describe", RAW_READER, *checks_of_wells()),
    message:
        "Reading the headers of well {wildcards.plate}/{wildcards.well}"
    script:
        "../scripts/raw_describe.py"


# All wells have the same channels, and the config fits them: found out first, and no job that reads pixels waits.
rule raw_channels:
    input:
        indexes=per_well("<results>/raw/{plate}/{well}.json"),
    output:
        channels="<results>/raw/channels.csv",
    log:
        "<logs>/raw_channels.log",
    benchmark:
        "<benchmarks>/raw_channels.tsv"
    priority: 100
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(5),
    params:
        named=named_channels(),
        optional=optional_channels(),
        config={one.name: config[one.name] for one in wanted_stages(config)},
        code=script_code("raw/channels", *[f"wellspring.{one.name}.stage" for one in wanted_stages(config)]),
    message:
        "Comparing the channels of all wells"
    script:
        "../scripts/raw_channels.py"


rule raw_chapter:
    input:
        indexes=per_well("<results>/raw/{plate}/{well}.json"),
        channels="<results>/raw/channels.csv",
        plates=plate_indexes,
        captions=captions("raw"),
    output:
        chapter="<results>/report/chapters/raw.json",
        table=report("<results>/report/wells.csv", caption="../report/raw/wells.rst", category="Wells"),
    log:
        "<logs>/raw_chapter.log",
    benchmark:
        "<benchmarks>/raw_chapter.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(5),
    params:
        settings=RAW_FORMAT.settings_of_pixels(config["raw"]),
        code=script_code("raw/chapter"),
    message:
        "Writing the chapter on wells and channels"
    script:
        "../scripts/raw_chapter.py"
