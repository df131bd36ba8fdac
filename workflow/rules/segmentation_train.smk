# segmentation: the network for nuclei, trained further on annotated sites; included by segmentation.smk
from wellspring.segmentation.given.files import annotated_files
from wellspring.segmentation.settings import SHIPPED_WEIGHTS

TRAINED = "<results>/segmentation/trained"


def is_annotated():
    """Whether the config names annotated nuclei."""
    return config["segmentation"]["annotated"] is not None


def annotations_of(plate, well):
    """The annotated label images of one well; [] of a well without."""
    annotated = config["segmentation"]["annotated"]
    try:
        return annotated_files(PATHS[plate, well], plate=plate, well=well, annotated=annotated)
    except (ValueError, OSError) as error:
        raise WorkflowError(str(error)) from None


def annotations(wildcards):
    """An input function: the annotated label images of one well."""
    return [local(str(file)) for file in annotations_of(wildcards.plate, wildcards.well)]


def annotations_digest(wildcards):
    """Snakemake sees label images that became newer; this sees those that were replaced by older ones too."""
    return files_digest(annotations_of(wildcards.plate, wildcards.well))


def annotated_wells(wildcards):
    """An input function: the annotated sites of each well that has some; of two wells or more, since one is held out."""
    found = [key for key in zip(WELLS["plate"], WELLS["well"]) if annotations_of(*key)]
    if len(found) < 2:
        names = ", ".join(f"{plate}/{well}" for plate, well in found) or "none"
        raise WorkflowError(
            "segmentation.annotated.nuclei: expected label images in two wells or more, since one is held out, got "
            f"{names}. Annotate nuclei there, or correct segmentation.annotated."
        )
    return [f"<results>/segmentation/annotated/{plate}/{well}.npz" for plate, well in found]


def trained(name):
    """A file of the training, a list of one; [] where nothing is annotated."""
    return [f"{TRAINED}/{name}"] if is_annotated() else []


def compared(ending):
    """The comparison of the methods on annotated wells, a list of one; [] where nothing is annotated."""
    return [f"<results>/report/segmentation_trained.{ending}"] if is_annotated() else []


rule segmentation_annotate:
    input:
        index="<results>/raw/{plate}/{well}.json",
        correction=plate_correction(nucleus_channels()),
        judged=plate_judged(),
        labels=annotations,
    output:
        sites="<results>/segmentation/annotated/{plate}/{well}.npz",
    log:
        "<logs>/segmentation_annotate/{plate}/{well}.log",
    benchmark:
        "<benchmarks>/segmentation_annotate/{plate}/{well}.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(15),
    params:
        projection=config["raw"].get("projection"),
        background=background_of(corrected_channels(nucleus_channels())),
        channels=nucleus_channels(),
        # As text its braces would be taken for wildcards.
        names={"nuclei": (config["segmentation"]["annotated"] or {}).get("nuclei")},
        given=annotations_digest,
        left_out=sites_left_out(),
        code=script_code("segmentation/annotate", RAW_READER),
    message:
        "Reading the annotated sites of well {wildcards.plate}/{wildcards.well}"
    script:
        "../scripts/segmentation_annotate.py"


rule segmentation_train:
    input:
        annotated=annotated_wells,
        weights=str(SHIPPED_WEIGHTS),
    output:
        weights=f"{TRAINED}/weights.npz",
        scores=f"{TRAINED}/scores.parquet",
        examples=f"{TRAINED}/examples.npz",
    log:
        "<logs>/segmentation_train.log",
    benchmark:
        "<benchmarks>/segmentation_train.tsv"
    conda:
        "../../envs/learning-gpu.yaml"
    threads: 2
    resources:
        gpu=1,
        mem_mb=growing(6000),
        # No more with each attempt: a training resumes after its last epoch.
        runtime=120,
    params:
        epochs=(config["segmentation"]["annotated"] or {}).get("epochs"),
        steps_per_epoch=(config["segmentation"]["annotated"] or {}).get("steps_per_epoch"),
        seed=(config["segmentation"]["annotated"] or {}).get("seed"),
        code=script_code("segmentation/train"),
    message:
        "Training the network for nuclei on annotated sites"
    script:
        "../scripts/segmentation_train.py"


rule segmentation_compare:
    input:
        scores=f"{TRAINED}/scores.parquet",
        examples=f"{TRAINED}/examples.npz",
    output:
        figure=report(
            "<results>/report/segmentation_trained.svg",
            caption="../report/segmentation/trained.rst",
            category="Segmentation",
        ),
        table="<results>/report/segmentation_trained.csv",
    log:
        "<logs>/segmentation_compare.log",
    benchmark:
        "<benchmarks>/segmentation_compare.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(15),
    params:
        code=script_code("segmentation/compare"),
    message:
        "Comparing the methods on held-out annotated wells"
    script:
        "../scripts/segmentation_compare.py"
