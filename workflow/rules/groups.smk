# groups: measures of all wells + columns of the sheet -> groups compared with the controls
from wellspring.cells.stage import has_objects
from wellspring.groups.columns import mistakes_in_sheet
from wellspring.segmentation.given.files import counting_of


def check_groups():
    """Columns and values that the config names and the sheet does not have are reported before any job runs."""
    by = config["report"]["group_by"]
    groups = WELLS[by].dropna() if by in WELLS else []
    lines = mistakes_in_sheet(config["report"], columns=list(WELLS), groups=groups)
    if lines:
        raise WorkflowError("\n  - ".join(["config: what the sheet does not have:", *lines]))


def grouped_wells():
    """Plate, well and the columns that groups depend on: another column makes no job run again."""
    named = [config["report"][key] for key in ("group_by", "replicate")]
    columns = list(dict.fromkeys(["plate", "well", *(name for name in named if name in WELLS)]))
    return WELLS[columns].astype(object).where(WELLS[columns].notna(), None).to_dict("list")


def spot_tables(kind):
    """Tables of the spots of all wells; none where no spots are searched."""
    return per_well(f"<results>/spots/{kind}/{{plate}}/{{well}}.parquet") if config["spots"]["channels"] else []


def features_of_wells():
    """Features of the cells, where they are measured. Not the table of all cells, which has each column of the sheet."""
    is_measured = config["cells"]["features"] is not None and has_objects(config)
    return per_well("<results>/cells/{plate}/{well}.parquet") if is_measured else []


check_groups()


rule groups_compare:
    input:
        nuclei=nucleus_tables(),
        objects=cell_tables(),
        spots=spot_tables("cells"),
        thresholds=spot_tables("thresholds"),
        cells=features_of_wells(),
    output:
        wells="<results>/groups/wells.parquet",
        contrasts="<results>/tables/groups.csv",
        units="<results>/tables/units.csv",
        scores="<results>/tables/wells_robust_z.csv",
        ratios="<results>/tables/wells_ratio.csv",
        features="<results>/tables/features.csv",
    log:
        "<logs>/groups_compare.log",
    benchmark:
        "<benchmarks>/groups_compare.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(30),
    params:
        sheet=grouped_wells(),
        asked={name: config["report"][name] for name in ("group_by", "replicate", "controls")},
        resampling={name: config["report"][name] for name in ("bootstrap_samples", "permutations", "seed")},
        groups={name: one for name, one in config["groups"].items() if name != "drawn_features"},
        counting=counting_of(config["segmentation"]),
        code=script_code("groups/compare"),
    message:
        "Comparing the groups of wells"
    script:
        "../scripts/groups_compare.py"


rule groups_chapter:
    input:
        wells="<results>/groups/wells.parquet",
        contrasts="<results>/tables/groups.csv",
        units="<results>/tables/units.csv",
        features="<results>/tables/features.csv",
        scores="<results>/tables/wells_robust_z.csv",
        ratios="<results>/tables/wells_ratio.csv",
        spots=spot_tables("cells"),
        cells=features_of_wells(),
        captions=captions("groups"),
    output:
        chapter="<results>/report/chapters/groups.json",
        counts=report("<results>/report/groups.svg", caption="../report/groups/groups.rst", category="Groups"),
        drawn=report(
            "<results>/report/group_features.svg", caption="../report/groups/group_features.rst", category="Groups"
        ),
    log:
        "<logs>/groups_chapter.log",
    benchmark:
        "<benchmarks>/groups_chapter.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(15),
    params:
        sheet=grouped_wells(),
        asked={name: config["report"][name] for name in ("group_by", "replicate", "controls")},
        drawn_features=config["groups"]["drawn_features"],
        code=script_code("groups/chapter"),
    message:
        "Writing the chapter on the groups"
    script:
        "../scripts/groups_chapter.py"
