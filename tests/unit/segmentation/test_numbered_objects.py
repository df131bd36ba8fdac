"""Keys of the objects of a well: those of the other tables; cells without nucleus follow."""

import pandas as pd

from wellspring.segmentation.flags import numbered_objects


def _site(labels: list[int], has_nucleus: list[bool]) -> pd.DataFrame:
    return pd.DataFrame({"label_in_site": labels, "has_nucleus": has_nucleus})


def test_labels_go_on_from_site_to_site_and_cells_without_nucleus_come_last() -> None:
    sites = [_site([1, 3, 4], [True, True, False]), _site([], []), _site([1, 2, 3], [True, True, False])]
    found = numbered_objects(sites)
    # The first site's labels of nuclei end at 3, the third's at 2.
    assert found["object_id"].tolist() == [1, 3, 6, 4, 5, 7]
    assert found["object_id"].is_unique


def test_a_site_without_objects_moves_no_key() -> None:
    assert numbered_objects([_site([], [])])["object_id"].tolist() == []


def test_cells_that_are_all_in_the_label_image_are_numbered_as_they_are_there() -> None:
    sites = [_site([1, 3, 4], [True, True, False]), _site([1, 2], [True, False])]
    assert numbered_objects(sites, are_all_labelled=True)["object_id"].tolist() == [1, 3, 4, 5, 6]
