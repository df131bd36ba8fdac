# profiling: images of the kept sites, or cells -> embeddings, verdicts, clusters of wells
from wellspring.profiling.annotations import sample_annotations
from wellspring.profiling.embeddings import embedding, embeddings
from wellspring.profiling.published import holds_profiles

PROFILING = config["profiling"]


def sample_sheet():
    """Plate, well, sample, class and the other columns of the sheet, checked; None where nothing is embedded."""
    if not PROFILING["methods"]:
        return None
    named = {key: PROFILING[key] for key in ("sample", "label", "positive", "controls")}
    further = [*PROFILING["batch_columns"], *PROFILING["colored_by"]]
    try:
        return sample_annotations(WELLS, **named, further=further, source=config["wells"])
    except ValueError as error:
        raise WorkflowError(str(error)) from None


SAMPLES = sample_sheet()


def get_annotations(*columns):
    """Plate, well, sample, class and the named columns of every well."""
    names = dict.fromkeys(["plate", "well", "sample", "label", *columns])
    return [] if SAMPLES is None else SAMPLES[list(names)].to_dict("records")


def get_reading(channels):
    """How images are read: channels, projection, background."""
    projection = config["raw"].get("projection", "max")
    return {"channels": channels, "projection": projection, "background": background_of(channels)}


def get_design():
    """How samples are split into folds."""
    return {key: PROFILING[key] for key in ("positive", "folds", "seed")}


def per_embedding(pattern, flag=None):
    """The files of one rule, one per embedding that the config asks for, of those with `flag` where it is given."""
    names = [name for name in PROFILING["methods"] if flag is None or getattr(embedding(name), flag)]
    return expand(pattern, method=names)


def published_profiles():
    """The published table that the config names, where it is about profiles; a list, of no or one file."""
    name = config["report"]["published"]
    path = f"{ROOT}/resources/published/{name}.csv"
    return [path] if name and holds_profiles(named_file("report.published", path)) else []


rule profiling_fields:
    input:
        index="<results>/raw/{plate}/{well}.json",
        correction=correction_of_plate,
    output:
        fields="<results>/profiling/fields/{plate}/{well}.npz",
    log:
        "<logs>/profiling_fields/{plate}/{well}.log",
    benchmark:
        "<benchmarks>/profiling_fields/{plate}/{well}.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        reading=get_reading(config["quality"]["channels"]),
        steps=config["quality"]["preprocessing"],
        size_px=PROFILING["field_size_px"],
        left_out=sites_of_well,
        code=script_code("profiling/fields", RAW_READER),
    message:
        "Shrinking the fields of well {wildcards.plate}/{wildcards.well}"
    script:
        "../scripts/profiling_fields.py"


include: "profiling_embeddings.smk"
include: "profiling_actin.smk"


rule profiling_thumbnails:
    input:
        fields=per_well("<results>/profiling/fields/{plate}/{well}.npz"),
    output:
        thumbnails="<results>/report/thumbnails.parquet",
    log:
        "<logs>/profiling_thumbnails.log",
    benchmark:
        "<benchmarks>/profiling_thumbnails.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(30),
    params:
        code=script_code("profiling/thumbnails"),
    message:
        "Making a small picture of each well"
    script:
        "../scripts/profiling_thumbnails.py"


rule profiling_chapter:
    input:
        verdicts=per_embedding("<results>/profiling/verdicts/{method}.parquet"),
        clusters=per_embedding("<results>/profiling/clusters/{method}.parquet"),
        embeddings=per_embedding(per_well("<results>/profiling/embeddings/{{method}}/{plate}/{well}.parquet")),
        histories=per_embedding("<results>/profiling/embeddings/{method}/history.csv", "needs_network"),
        multiplied=(
            per_embedding("<results>/profiling/multiplied/{method}.parquet", "needs_classes")
            if PROFILING["multiplications"]
            else []
        ),
        thumbnails="<results>/report/thumbnails.parquet",
        actin=["<results>/profiling/actin/tiles.parquet"] if PROFILING["actin"] else [],
        published=published_profiles(),
        captions=captions("profiling"),
    output:
        **{
            f"map_{name}": report(
                f"<results>/report/profiles_by_{name}.svg",
                caption="../report/profiling/profiles_by.rst",
                category="Profiles",
            )
            for name in ["label", *PROFILING["colored_by"]]
        },
        chapter="<results>/report/chapters/profiling.json",
        table=report("<results>/report/profiles.csv", caption="../report/profiling/profiles.rst", category="Profiles"),
        wells=report(
            "<results>/report/profile_wells.csv", caption="../report/profiling/profile_wells.rst", category="Profiles"
        ),
        accuracy=report(
            "<results>/report/profile_accuracy.svg",
            caption="../report/profiling/profile_accuracy.rst",
            category="Profiles",
        ),
        dendrograms=report(
            "<results>/report/dendrograms.svg", caption="../report/profiling/dendrograms.rst", category="Profiles"
        ),
        curves=report(
            "<results>/report/profile_curves.svg",
            caption="../report/profiling/profile_curves.rst",
            category="Profiles",
        ),
    log:
        "<logs>/profiling_chapter.log",
    benchmark:
        "<benchmarks>/profiling_chapter.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        # Of the sheet no more than the config names: another annotation runs nothing again.
        annotations=get_annotations(*PROFILING["batch_columns"], *PROFILING["colored_by"]),
        profiling=PROFILING,
        code=script_code("profiling/chapter", *(one.declared_in for one in embeddings().values())),
    message:
        "Writing the chapter on profiles"
    script:
        "../scripts/profiling_chapter.py"
