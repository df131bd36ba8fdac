# report: everything -> figures, tables, one HTML page


rule report_quality:
    input:
        filtered="results/dataset/filtered.parquet",
    output:
        table=report("results/report/quality.csv", caption="../report/quality.rst", category="Quality"),
        figure=report("results/report/quality.svg", caption="../report/quality.rst", category="Quality"),
    log:
        "logs/report_quality.log",
    benchmark:
        "benchmarks/report_quality.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        code=code_digest("wellspring.report.quality", "wellspring.jobs"),
    message:
        "Drawing how many cells each criterion removed"
    script:
        "../scripts/report_quality.py"


rule report_dataset:
    input:
        manifest="results/dataset/manifest.parquet",
    output:
        table=report("results/report/dataset.csv", caption="../report/dataset.rst", category="Dataset"),
        figure=report("results/report/dataset.svg", caption="../report/dataset.rst", category="Dataset"),
    log:
        "logs/report_dataset.log",
    benchmark:
        "benchmarks/report_dataset.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        columns=config["dataset"]["split"]["stratify"],
        target_channel=config["dataset"]["target_channel"],
        code=code_digest("wellspring.report.dataset", "wellspring.jobs"),
    message:
        "Drawing the dataset"
    script:
        "../scripts/report_dataset.py"


rule report_training:
    input:
        metrics="results/training/metrics.parquet",
        manifest="results/dataset/manifest.parquet",
        histories=per_run(f"{RUN}/history.csv", models=config["training"]["models"]),
        published=get_published(),
    output:
        table=report("results/report/metrics.csv", caption="../report/metrics.rst", category="Models"),
        metrics=report("results/report/metrics.svg", caption="../report/metrics.rst", category="Models"),
        histories=report("results/report/histories.svg", caption="../report/histories.rst", category="Models"),
    log:
        "logs/report_training.log",
    benchmark:
        "benchmarks/report_training.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        code=code_digest("wellspring.report.training", "wellspring.jobs"),
    message:
        "Drawing the comparison of the models"
    script:
        "../scripts/report_training.py"


rule report_predictions:
    input:
        manifest="results/dataset/manifest.parquet",
        predictions=get_predictions_of_model,
    output:
        figure=report("results/report/predictions_{model}.svg", caption="../report/predictions.rst", category="Models"),
    log:
        "logs/report_predictions/{model}.log",
    benchmark:
        "benchmarks/report_predictions/{model}.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        columns=config["dataset"]["split"]["stratify"],
        target_channel=config["dataset"]["target_channel"],
        code=code_digest("wellspring.report.predictions", "wellspring.jobs"),
    message:
        "Drawing true against predicted values of {wildcards.model}"
    script:
        "../scripts/report_predictions.py"


rule report_attribution:
    input:
        importance=f"{EXPLAINED}/importance.parquet",
        sanity=f"{EXPLAINED}/sanity.parquet",
        maps=f"{EXPLAINED}/maps.npz",
    output:
        table=report(
            "results/report/{model}_{regime}_{seed}/importance.csv",
            caption="../report/importance.rst",
            category="Attribution",
        ),
        importance=report(
            "results/report/{model}_{regime}_{seed}/importance.svg",
            caption="../report/importance.rst",
            category="Attribution",
        ),
        sanity=report(
            "results/report/{model}_{regime}_{seed}/sanity.svg",
            caption="../report/sanity.rst",
            category="Attribution",
        ),
        panels=report(
            "results/report/{model}_{regime}_{seed}/panels.svg",
            caption="../report/panels.rst",
            category="Attribution",
        ),
    log:
        "logs/report_attribution/{model}_{regime}_{seed}.log",
    benchmark:
        "benchmarks/report_attribution/{model}_{regime}_{seed}.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        marked_channels=config["report"]["marked_channels"],
        panel_channels=config["attribution"]["panel_channels"],
        code=code_digest("wellspring.report.attribution", "wellspring.report.panels", "wellspring.jobs"),
    message:
        "Drawing what {wildcards.model}, {wildcards.regime}, seed {wildcards.seed} looked at"
    script:
        "../scripts/report_attribution.py"


rule report_page:
    input:
        # Digests cover Python alone, so the page's template stands here.
        template=f"{ROOT}/src/wellspring/report/page.html.jinja",
        filtered="results/dataset/filtered.parquet",
        manifest="results/dataset/manifest.parquet",
        normalization="results/dataset/normalization.parquet",
        metrics="results/training/metrics.parquet",
        differences="results/training/differences.parquet",
        published=get_published(),
        histories=per_run(f"{RUN}/history.csv", models=config["training"]["models"]),
        importance=per_run(f"{EXPLAINED}/importance.parquet", models=config["attribution"]["models"]),
        completeness=per_run(f"{EXPLAINED}/completeness.parquet", models=config["attribution"]["models"]),
        sanity=per_run(f"{EXPLAINED}/sanity.parquet", models=config["attribution"]["models"]),
        quality_figure=rules.report_quality.output.figure,
        dataset_figure=rules.report_dataset.output.figure,
        metrics_figure=rules.report_training.output.metrics,
        histories_figure=rules.report_training.output.histories,
        predictions_figures=expand("results/report/predictions_{model}.svg", model=config["training"]["models"]),
        importance_figures=per_run(
            "results/report/{model}_{regime}_{seed}/importance.svg", models=config["attribution"]["models"]
        ),
        sanity_figures=per_run(
            "results/report/{model}_{regime}_{seed}/sanity.svg", models=config["attribution"]["models"]
        ),
        panels_figures=per_run(
            "results/report/{model}_{regime}_{seed}/panels.svg", models=config["attribution"]["models"]
        ),
    output:
        page=report("results/report/report.html", caption="../report/page.rst", category="Page"),
    log:
        "logs/report_page.log",
    benchmark:
        "benchmarks/report_page.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        config=config,
        code=code_digest("wellspring.report", "wellspring.jobs"),
    message:
        "Writing the report"
    script:
        "../scripts/report_page.py"
