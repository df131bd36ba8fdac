# report: everything -> figures, tables, one HTML page


rule report_images:
    input:
        images="results/quality/images.parquet",
        small=per_well("results/quality/{plate}/{well}.npz"),
        functions=expand("results/quality/illumination/{plate}.npz", plate=sorted(set(WELLS["plate"]))),
    output:
        table=report("results/report/images.csv", caption="../report/images.rst", category="Images"),
        histograms=report("results/report/images.svg", caption="../report/images.rst", category="Images"),
        flagged=report("results/report/flagged_images.svg", caption="../report/images.rst", category="Images"),
        illumination=report("results/report/illumination.svg", caption="../report/images.rst", category="Images"),
    log:
        "logs/report_images.log",
    benchmark:
        "benchmarks/report_images.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        measures=config["quality"]["judged_by"],
        code=code_digest("wellspring.report.images", "wellspring.quality.images", "wellspring.jobs"),
    message:
        "Drawing the quality of the images"
    script:
        "../scripts/report_images.py"


rule report_profiles:
    input:
        verdicts=per_method("results/profiling/verdicts/{method}.parquet"),
        clusters=per_method("results/profiling/clusters/{method}.parquet"),
        embeddings=per_method(per_well("results/profiling/embeddings/{{method}}/{plate}/{well}.parquet")),
        histories=per_network("results/profiling/embeddings/{method}/history.csv"),
        multiplied=per_multiplied("results/profiling/multiplied/{method}.parquet"),
        fields=per_well("results/profiling/fields/{plate}/{well}.npz"),
    output:
        **{
            name: report(path, caption="../report/profiles.rst", category="Profiles")
            for name, path in get_profile_maps().items()
        },
        table=report("results/report/profiles.csv", caption="../report/profiles.rst", category="Profiles"),
        wells=report("results/report/profile_wells.csv", caption="../report/profiles.rst", category="Profiles"),
        thumbnails="results/report/thumbnails.parquet",
        dendrograms=report("results/report/dendrograms.svg", caption="../report/profiles.rst", category="Profiles"),
        curves=report("results/report/profile_curves.svg", caption="../report/profiles.rst", category="Profiles"),
    log:
        "logs/report_profiles.log",
    benchmark:
        "benchmarks/report_profiles.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        annotations=get_sample_annotations(),
        code=code_digest(
            "wellspring.report.clouds",
            "wellspring.report.profile_figures",
            "wellspring.profiling.profiles",
            "wellspring.jobs",
        ),
    message:
        "Drawing the profiles"
    script:
        "../scripts/report_profiles.py"


rule report_segmentation:
    input:
        files=get_drawn_files(),
        objects=per_well("results/segmentation/{plate}/{well}.parquet"),
        nuclei=per_drawn_well("results/segmentation/{plate}/{well}.ome.tif"),
        cells=per_drawn_well("results/segmentation/{plate}/{well}.cells.ome.tif"),
    output:
        table=report("results/report/segmentation.csv", caption="../report/segmentation.rst", category="Segmentation"),
        figure=report("results/report/segmentation.svg", caption="../report/segmentation.rst", category="Segmentation"),
    log:
        "logs/report_segmentation.log",
    benchmark:
        "benchmarks/report_segmentation.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(15),
    params:
        wells=get_keys(),
        drawn=get_drawn_wells(),
        raw=get_image_settings(),
        channels=get_stains(),
        code=code_digest(
            "wellspring.report.overlays",
            "wellspring.report.segmentation",
            "wellspring.tables.spots",
            "wellspring.jobs",
        ),
    message:
        "Drawing nuclei and cells"
    script:
        "../scripts/report_segmentation.py"


rule report_spots:
    input:
        spots=per_well("results/spots/{plate}/{well}.parquet"),
        cells=per_well("results/spots/{plate}/{well}.cells.parquet"),
        thresholds=per_well("results/spots/{plate}/{well}.thresholds.parquet"),
        curves=per_well("results/spots/{plate}/{well}.curves.parquet"),
    output:
        table=report("results/report/spots.csv", caption="../report/spots.rst", category="Spots"),
        curves=report("results/report/spot_thresholds.svg", caption="../report/spot_thresholds.rst", category="Spots"),
        counts=report("results/report/spot_counts.svg", caption="../report/spots.rst", category="Spots"),
    log:
        "logs/report_spots.log",
    benchmark:
        "benchmarks/report_spots.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(15),
    params:
        code=code_digest("wellspring.report.spots", "wellspring.tables.spots", "wellspring.jobs"),
    message:
        "Drawing thresholds and spots per cell"
    script:
        "../scripts/report_spots.py"


rule report_overlays:
    input:
        files=get_drawn_files(),
        nuclei=per_drawn_well("results/segmentation/{plate}/{well}.ome.tif"),
        cells=per_drawn_well(f"results/segmentation/{{plate}}/{{well}}{CELL_LABELS}"),
        spots=per_drawn_well("results/spots/{plate}/{well}.parquet"),
    output:
        figure=report("results/report/spot_overlays.svg", caption="../report/spot_overlays.rst", category="Spots"),
    log:
        "logs/report_overlays.log",
    benchmark:
        "benchmarks/report_overlays.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(15),
    params:
        drawn=get_drawn_wells(),
        raw=get_image_settings(),
        channels=config["spots"]["channels"],
        code=code_digest("wellspring.report.overlays", "wellspring.tables.spots", "wellspring.jobs"),
    message:
        "Drawing spots in their images"
    script:
        "../scripts/report_overlays.py"


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
        mem_mb=growing(2000),
        runtime=growing(15),
    params:
        code=code_digest(
            "wellspring.report.quality", "wellspring.tables.dataset", "wellspring.tables.report", "wellspring.jobs"
        ),
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
        mem_mb=growing(2000),
        runtime=growing(15),
    params:
        columns=config["dataset"]["split"]["stratify"],
        target_channel=config["dataset"]["target_channel"],
        code=code_digest(
            "wellspring.report.dataset", "wellspring.tables.dataset", "wellspring.tables.report", "wellspring.jobs"
        ),
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
        mem_mb=growing(2000),
        runtime=growing(15),
    params:
        code=code_digest("wellspring.report.training", "wellspring.tables.dataset", "wellspring.jobs"),
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
        mem_mb=growing(2000),
        runtime=growing(15),
    params:
        columns=config["dataset"]["split"]["stratify"],
        target_channel=config["dataset"]["target_channel"],
        code=code_digest(
            "wellspring.report.predictions",
            "wellspring.tables.dataset",
            "wellspring.tables.training",
            "wellspring.jobs",
        ),
    message:
        "Drawing true against predicted values of {wildcards.model}"
    script:
        "../scripts/report_predictions.py"


rule report_attribution:
    input:
        importance=f"{EXPLAINED}/importance.parquet",
        sanity=f"{EXPLAINED}/sanity.parquet",
        similarity=f"{EXPLAINED}/similarity.parquet",
        correlation="results/attribution/correlation.parquet",
        groups="results/attribution/groups.parquet",
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
        trend=report(
            "results/report/{model}_{regime}_{seed}/trend.csv",
            caption="../report/trend.rst",
            category="Attribution",
        ),
        similar_table=report(
            "results/report/{model}_{regime}_{seed}/similar.csv",
            caption="../report/similar.rst",
            category="Attribution",
        ),
        groups_table=report(
            "results/report/{model}_{regime}_{seed}/groups.csv",
            caption="../report/groups.rst",
            category="Attribution",
        ),
        similar=report(
            "results/report/{model}_{regime}_{seed}/similar.svg",
            caption="../report/similar.rst",
            category="Attribution",
        ),
        matrix=report(
            "results/report/{model}_{regime}_{seed}/matrix.svg",
            caption="../report/matrix.rst",
            category="Attribution",
        ),
        groups=report(
            "results/report/{model}_{regime}_{seed}/groups.svg",
            caption="../report/groups.rst",
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
        mem_mb=growing(4000),
        runtime=growing(15),
    params:
        marked_channels=config["report"]["marked_channels"],
        panel_channels=config["attribution"]["panel_channels"],
        permutations=config["report"]["permutations"],
        seed=config["report"]["seed"],
        code=code_digest(
            "wellspring.report.attribution",
            "wellspring.report.groups",
            "wellspring.report.panels",
            "wellspring.report.similarity",
            "wellspring.attribution.groups",
            "wellspring.attribution.similarity",
            "wellspring.attribution.trend",
            "wellspring.jobs",
        ),
    message:
        "Drawing what {wildcards.model}, {wildcards.regime}, seed {wildcards.seed} looked at"
    script:
        "../scripts/report_attribution.py"


rule report_validation:
    input:
        measures=per_explained("measures.parquet"),
        curves=per_explained("curves.parquet"),
        randomised=per_explained("randomised.parquet"),
        importance=per_explained("importance.parquet") + get_restarted(),
    output:
        trust=report("results/report/trust.csv", caption="../report/trust.rst", category="Attribution"),
        consistency=report(
            "results/report/consistency.csv", caption="../report/consistency.rst", category="Attribution"
        ),
        curves=report("results/report/curves.svg", caption="../report/curves.rst", category="Attribution"),
        randomised=report("results/report/randomised.svg", caption="../report/randomised.rst", category="Attribution"),
    log:
        "logs/report_validation.log",
    benchmark:
        "benchmarks/report_validation.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        code=code_digest("wellspring.attribution.trust", "wellspring.report.validation", "wellspring.jobs"),
    message:
        "Summing up whether the maps mean something"
    script:
        "../scripts/report_validation.py"


rule report_roar:
    input:
        errors=get_retrained(),
    output:
        table=report("results/report/roar.csv", caption="../report/roar.rst", category="Attribution"),
        figure=report("results/report/roar.svg", caption="../report/roar.rst", category="Attribution"),
    log:
        "logs/report_roar.log",
    benchmark:
        "benchmarks/report_roar.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        code=code_digest("wellspring.attribution.trust", "wellspring.report.validation", "wellspring.jobs"),
    message:
        "Summing up remove and retrain"
    script:
        "../scripts/report_roar.py"


rule report_page:
    input:
        **get_profile_maps(),
        # Digests cover Python alone, so the page's template stands here.
        template=f"{ROOT}/src/wellspring/report/page.html.jinja",
        images=if_quality("results/quality/images.parquet"),
        sites=if_quality("results/quality/sites.parquet"),
        image_histograms=if_quality("results/report/images.svg"),
        flagged_images=if_quality("results/report/flagged_images.svg"),
        illumination=if_quality("results/report/illumination.svg"),
        verdict=if_profiles("results/report/profiles.csv"),
        clusters=if_profiles("results/report/profile_wells.csv"),
        thumbnails=if_profiles("results/report/thumbnails.parquet"),
        dendrograms=if_profiles("results/report/dendrograms.svg"),
        curves=if_profiles("results/report/profile_curves.svg"),
        actin=if_actin("results/profiling/actin/tiles.parquet"),
        published_profiles=if_profiles(f"{ROOT}/resources/published/dincu_2021.csv"),
        corrected=if_quality(per_well("results/quality/{plate}/{well}.ome.tif")),
        segmentation=if_cells("results/report/segmentation.csv"),
        segmentation_overlays=if_cells("results/report/segmentation.svg"),
        spots=if_spots("results/report/spots.csv"),
        spot_thresholds=if_spots("results/report/spot_thresholds.svg"),
        spot_counts=if_spots("results/report/spot_counts.svg"),
        spot_overlays=if_spots("results/report/spot_overlays.svg"),
        filtered=if_target("results/dataset/filtered.parquet"),
        manifest=if_target("results/dataset/manifest.parquet"),
        normalization=if_target("results/dataset/normalization.parquet"),
        metrics=if_target("results/training/metrics.parquet"),
        differences=if_target("results/training/differences.parquet"),
        published=if_target(get_published()),
        histories=if_target(per_run(f"{RUN}/history.csv", models=config["training"]["models"])),
        importance=if_target(per_run(f"{EXPLAINED}/importance.parquet", models=config["attribution"]["models"])),
        completeness=if_target(per_run(f"{EXPLAINED}/completeness.parquet", models=config["attribution"]["models"])),
        sanity=if_target(per_run(f"{EXPLAINED}/sanity.parquet", models=config["attribution"]["models"])),
        trust=if_validation("results/report/trust.csv"),
        consistency=if_validation("results/report/consistency.csv"),
        curves_figure=if_validation("results/report/curves.svg"),
        randomised_figure=if_validation("results/report/randomised.svg"),
        roar=if_roar("results/report/roar.csv"),
        roar_figure=if_roar("results/report/roar.svg"),
        quality_figure=if_target("results/report/quality.svg"),
        dataset_figure=if_target("results/report/dataset.svg"),
        metrics_figure=if_target("results/report/metrics.svg"),
        histories_figure=if_target("results/report/histories.svg"),
        predictions_figures=if_target(
            expand("results/report/predictions_{model}.svg", model=config["training"]["models"])
        ),
        trends=if_target(
            per_run("results/report/{model}_{regime}_{seed}/trend.csv", models=config["attribution"]["models"])
        ),
        groups_figures=if_target(
            per_run("results/report/{model}_{regime}_{seed}/groups.svg", models=config["attribution"]["models"])
        ),
        similar_figures=if_target(
            per_run("results/report/{model}_{regime}_{seed}/similar.svg", models=config["attribution"]["models"])
        ),
        matrix_figures=if_target(
            per_run("results/report/{model}_{regime}_{seed}/matrix.svg", models=config["attribution"]["models"])
        ),
        importance_figures=if_target(
            per_run("results/report/{model}_{regime}_{seed}/importance.svg", models=config["attribution"]["models"])
        ),
        sanity_figures=if_target(
            per_run("results/report/{model}_{regime}_{seed}/sanity.svg", models=config["attribution"]["models"])
        ),
        panels_figures=if_target(
            per_run("results/report/{model}_{regime}_{seed}/panels.svg", models=config["attribution"]["models"])
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
        mem_mb=growing(2000),
        runtime=growing(15),
    params:
        config=config,
        n_wells=len(WELLS),
        annotations=get_sample_annotations(),
        code=code_digest("wellspring.report", "wellspring.jobs"),
    message:
        "Writing the report"
    script:
        "../scripts/report_page.py"
