# labelling: transmitted light -> predicted stains, and for what they may be used
LABELLING = config["labelling"]
LABEL_MODEL = "<results>/labelling/models/{stain}"


wildcard_constraints:
    stain=wildcard_pattern(LABELLING["stains"] or ["none"]),


def splits_of_wells():
    """``plate/well`` to its split, from the sheet's column; None where the config names none."""
    name = LABELLING["split"]
    if name is None:
        return None
    if name not in WELLS:
        raise WorkflowError(f"labelling.split: expected a column of the sheet, got {name!r}. Correct the config.")
    return {
        f"{plate}/{well}": split for plate, well, split in zip(WELLS["plate"], WELLS["well"], WELLS[name].fillna(""))
    }


include: "labelling_limits.smk"


rule labelling_train:
    input:
        indexes=per_well("<results>/raw/{plate}/{well}.json"),
    output:
        model=f"{LABEL_MODEL}.keras",
        about=f"{LABEL_MODEL}.json",
        splits=f"{LABEL_MODEL}.splits.parquet",
        history=f"{LABEL_MODEL}.history.parquet",
    log:
        "<logs>/labelling_train/{stain}.log",
    benchmark:
        "<benchmarks>/labelling_train/{stain}.tsv"
    conda:
        "../../envs/learning-gpu.yaml"
    threads: 2
    resources:
        gpu=1,
        mem_mb=growing(8000),
        # No more with each attempt: a training resumes after its last epoch.
        runtime=240,
    params:
        light=LABELLING["light"],
        splits=splits_of_wells(),
        steps=LABELLING["preprocessing"],
        model=LABELLING["model"],
        training=LABELLING["training"],
        seed=LABELLING["seed"],
        code=script_code("labelling/train", RAW_READER),
    message:
        "Training the network of {wildcards.stain}"
    script:
        "../scripts/labelling_train.py"


rule labelling_predict:
    input:
        index="<results>/raw/{plate}/{well}.json",
        models=per_stain(f"{LABEL_MODEL}.keras"),
    output:
        images="<results>/labelling/{plate}/{well}.ome.tif",
    log:
        "<logs>/labelling_predict/{plate}/{well}.log",
    benchmark:
        "<benchmarks>/labelling_predict/{plate}/{well}.tsv"
    conda:
        "../../envs/learning-gpu.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=growing(4000),
        runtime=growing(30),
    params:
        light=LABELLING["light"],
        stains=LABELLING["stains"],
        code=script_code("labelling/predict", RAW_READER),
    message:
        "Predicting the stains of well {wildcards.plate}/{wildcards.well}"
    script:
        "../scripts/labelling_predict.py"


rule labelling_measure:
    input:
        index="<results>/raw/{plate}/{well}.json",
        images="<results>/labelling/{plate}/{well}.ome.tif",
        about=per_stain(f"{LABEL_MODEL}.json"),
    output:
        fields="<results>/labelling/fields/{plate}/{well}.parquet",
        example="<results>/labelling/examples/{plate}/{well}.npz",
    log:
        "<logs>/labelling_measure/{plate}/{well}.log",
    benchmark:
        "<benchmarks>/labelling_measure/{plate}/{well}.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(30),
    params:
        light=LABELLING["light"],
        stains=LABELLING["stains"],
        steps=LABELLING["preprocessing"],
        code=script_code("labelling/measure", RAW_READER),
    message:
        "Comparing predicted and measured stains of well {wildcards.plate}/{wildcards.well}"
    script:
        "../scripts/labelling_measure.py"


rule labelling_compare:
    input:
        fields=per_well("<results>/labelling/fields/{plate}/{well}.parquet"),
        splits=per_stain(f"{LABEL_MODEL}.splits.parquet"),
    output:
        agreement="<results>/labelling/agreement.parquet",
        table=report(
            "<results>/report/labelling.csv", caption="../report/labelling/agreement.rst", category="Predicted stains"
        ),
        fields=report(
            "<results>/report/labelling_fields.csv",
            caption="../report/labelling/fields.rst",
            category="Predicted stains",
        ),
    log:
        "<logs>/labelling_compare.log",
    benchmark:
        "<benchmarks>/labelling_compare.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(15),
    params:
        max_error=LABELLING["max_error"],
        seed=LABELLING["seed"],
        code=script_code("labelling/compare"),
    message:
        "Judging for what the predicted stains may be used"
    script:
        "../scripts/labelling_compare.py"


rule labelling_chapter:
    input:
        agreement="<results>/labelling/agreement.parquet",
        table="<results>/report/labelling.csv",
        fields=per_well("<results>/labelling/fields/{plate}/{well}.parquet"),
        examples=per_well("<results>/labelling/examples/{plate}/{well}.npz"),
        splits=per_stain(f"{LABEL_MODEL}.splits.parquet"),
        histories=per_stain(f"{LABEL_MODEL}.history.parquet"),
        drift=drift_files(*DRIFT_NAMES),
        tolerances=stability_files("labelling/stability/{stain}.tolerance.parquet"),
        stability=stability_files("report/labelling_stability_{stain}.svg"),
        captions=captions("labelling"),
    output:
        chapter="<results>/report/chapters/labelling.json",
        examples=report(
            "<results>/report/labelling_examples.svg",
            caption="../report/labelling/examples.rst",
            category="Predicted stains",
        ),
        numbers=report(
            "<results>/report/labelling_numbers.svg",
            caption="../report/labelling/numbers.rst",
            category="Predicted stains",
        ),
        training=report(
            "<results>/report/labelling_training.svg",
            caption="../report/labelling/training.rst",
            category="Predicted stains",
        ),
    log:
        "<logs>/labelling_chapter.log",
    benchmark:
        "<benchmarks>/labelling_chapter.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(15),
    params:
        stains=LABELLING["stains"],
        light=LABELLING["light"],
        max_error=LABELLING["max_error"],
        code=script_code("labelling/chapter"),
    message:
        "Writing the chapter on predicted stains"
    script:
        "../scripts/labelling_chapter.py"
