"""Which jobs a study of nuclei alone, of stacks, and of cells without a stain of nuclei has."""

from pathlib import Path

import pytest
import yaml

from tests.workflow.studies import change_config, planned, write_everything

pytestmark = [
    pytest.mark.workflow,
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Two wells whose spots are asked for, and nothing else."""
    write_everything(tmp_path, n_wells=2)
    config = yaml.safe_load((tmp_path / "config.yaml").read_text(encoding="utf-8"))
    kept = {name: config[name] for name in ("wells", "raw", "spots")}
    (tmp_path / "config.yaml").write_text(
        yaml.safe_dump({**kept, "segmentation": {"nucleus_channel": "DAPI"}}), encoding="utf-8"
    )
    return tmp_path


def test_nuclei_alone_have_their_chapter(study: Path) -> None:
    jobs = planned(study)
    assert (jobs["segmentation_nuclei"], jobs["segmentation_overlays"], jobs["segmentation_chapter"]) == (2, 1, 1)
    assert jobs["segmentation_cells"] == jobs["segmentation_volume"] == 0


def test_stacks_are_labelled_slice_by_slice_if_their_step_is_given(study: Path) -> None:
    cells = {"method": "own_edge", "channel": "GFP"}
    change_config(study, segmentation={"cells": cells})
    assert planned(study)["segmentation_volume"] == 0
    change_config(study, segmentation={"z_step_um": 0.5})
    assert planned(study)["segmentation_volume"] == 2
    change_config(study, segmentation={"cells": {"method": "expansion"}})
    with pytest.raises(Exception, match=r"segmentation\.z_step_um: needs segmentation\.cells with method"):
        planned(study)


def test_annotated_sites_of_two_wells_or_more_train_the_network(study: Path) -> None:
    annotated = {"nuclei": "{well}_s{site}_nuclei.tif", "folder": "annotated"}
    change_config(study, spots={"channels": []}, segmentation={"annotated": annotated})
    jobs = planned(study)
    assert (jobs["segmentation_annotate"], jobs["segmentation_train"], jobs["segmentation_compare"]) == (2, 1, 1)
    assert jobs["segmentation_unet"] == 0
    change_config(study, segmentation={"method": "unet", "annotated": {**annotated, "apply": True}})
    assert planned(study, "results/segmentation/network/p/A01.ome.tif")["segmentation_train"] == 1
    (study / "annotated" / "A02_s1_nuclei.tif").unlink()
    with pytest.raises(Exception, match=r"two wells or more, since one is held out, got p/A01\. Annotate nuclei there"):
        planned(study)
    (study / "annotated" / "A01_s1_nuclei.tif").unlink()
    with pytest.raises(Exception, match=r"since one is held out, got none\."):
        planned(study)
