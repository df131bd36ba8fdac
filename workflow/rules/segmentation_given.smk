# segmentation: label images of other programs, found for each well as its images are
from wellspring.raw.files import files_digest
from wellspring.segmentation.given.files import given_files


def files_of_labels(wildcards, kind):
    key = wildcards.plate, wildcards.well
    about = {"plate": key[0], "well": key[1], "segmentation": config["segmentation"]}
    try:
        return given_files(PATHS[key], kind=kind, **about)
    except (ValueError, OSError) as error:
        if config["raw"]["bad_wells"] == "leave_out":
            # Its index says so, and has no sites.
            return []
        raise WorkflowError(str(error)) from None


def given_labels(kind):
    """An input function: label images of other programs of one well, `kind` nuclei or cells; none unless given."""

    def files(wildcards):
        return [local(str(file)) for file in files_of_labels(wildcards, kind)]

    return files


def given_digest(wildcards):
    """Snakemake sees label images that became newer; this sees those that were replaced by older ones too."""
    return files_digest([file for kind in ("nuclei", "cells") for file in files_of_labels(wildcards, kind)])
