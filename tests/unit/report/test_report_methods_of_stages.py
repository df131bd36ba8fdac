"""The sentences of each stage on its methods: what was set is said, and what is named is cited."""

import importlib
import importlib.util
import re
from typing import Any

import pytest

from wellspring.report.methods import cited

FEATURES = {"families": ["shape", "texture"], "background": "ring", "ring_gap_px": 2, "ring_width_px": 5}
LOCALIZATION = {"channels": ["RNA"], "patterns": ["random", "nuclear_edge"], "null_model": "volume", "draws": 99}
TRAINING = {
    "models": ["linear", "xception"],
    "regimes": ["structure"],
    "seeds": [1, 2],
    "huber_delta": 1.0,
    "batch_size": 16,
    "epochs": 50,
    "patience": 5,
}
ATTRIBUTION = {
    "method": "integrated_gradients",
    "baseline": {"method": "black"},
    "copies": "vargrad_sd",
    "estimator": {"samples": 30},
    "noise_sd": 0.2,
    "split": "test",
}
SEGMENTATION: dict[str, Any] = {
    "method": "log_otsu",
    "nucleus_channel": "DAPI",
    "cells": {"method": "own_edge", "channel": "CELL"},
}
SPOTS = {
    "channels": ["RNA"],
    "sigma_px": [1.2, 1.5],
    "threshold": {"method": "noise"},
    "decompose": False,
    "focus_min_spots": 4,
    "focus_radius_um": 0.35,
    "method": "classical",
}
PROFILING = {"field_size_px": 64, "positive": ["drug"], "folds": 5, "sample": "patient", "n_permutations": 200}
JUDGED = {"titles": ["PCA", "DenseNet-121"], "is_judged": True, "n_samples": 12}
# What each says, and the first authors that it cites.
SAID = {
    "cells": ("shape and texture (Haralick et al. 1973)", ("Haralick", "Stirling")),
    "plates": ("maps of their plates", ()),
    "localization": ("random and nuclear edge", ("Benjamini", "Friedman", "Guo")),
    "segmentation": ("Nuclei were segmented in DAPI by thresholds", ("Kittler", "Otsu")),
    "spots": ("a standard deviation of 1.2 × 1.5 px", ("Ester",)),
    "interaction": ("with gapdh as the reference gene", ("Benjamini", "Ripley", "Savulescu")),
    "training": ("on 80 cells (10 for validation, 0 for tests)", ("Chollet", "Huber", "Kingma")),
    "attribution": ("over 30 copies", ("Adebayo", "Sundararajan")),
    "profiling": ("in each of 5 folds without some of the 12 samples", ("Cortes", "Huang")),
}


def _text(stage: str) -> str:
    write = importlib.import_module(f"wellspring.{stage}.report.methods").methods_text
    given = {
        "cells": ((FEATURES,), {"has_nuclei": True, "has_cells": False}),
        "plates": ((), {}),
        "segmentation": ((SEGMENTATION,), {}),
        "spots": ((SPOTS,), {"per": "cell"}),
        "localization": ((LOCALIZATION,), {"macro_f1": 0.9}),
        "interaction": ((), {"reference": "gapdh"}),
        "training": ((TRAINING,), {"target_channel": "EU", "n_cells": {"train": 80, "validation": 10}}),
        "attribution": ((ATTRIBUTION,), {"n_cells": 7}),
        "profiling": ((PROFILING,), JUDGED),
    }
    arguments, options = given[stage]
    return str(write(*arguments, **options))


@pytest.mark.parametrize("stage", SAID)
def test_a_stage_says_its_methods_and_cites_what_it_names(stage: str) -> None:
    text = _text(stage)
    words, authors = SAID[stage]
    assert words in text
    references = getattr(importlib.import_module(f"wellspring.{stage}.report.methods"), "METHODS_REFERENCES", ())
    assert tuple(one.split(",")[0] for one in cited(references, text=text)) == authors


def test_what_was_not_used_is_not_cited() -> None:
    from wellspring.profiling.report.methods import METHODS_REFERENCES, methods_text

    text = methods_text(PROFILING, titles=["PCA"], is_judged=False, n_samples=12)
    assert text.endswith("the profile of a well is the median over its fields.")
    assert cited(METHODS_REFERENCES, text=text) == []


@pytest.mark.parametrize(
    ("changed", "words", "authors"),
    [
        (
            {"method": "unet", "weights": None},
            "with the weights that are part of wellspring",
            ["Kittler", "Ronneberger"],
        ),
        ({"method": "unet", "weights": "a/own.npz", "cells": None}, "2015) with the weights own.npz.", ["Ronneberger"]),
        (
            {"method": "unet", "weights": None, "annotated": {"apply": True}, "cells": None},
            "part of wellspring, trained further on annotated sites.",
            ["Ronneberger"],
        ),
        ({"method": "log_multi_otsu", "n_classes": 3, "cells": None}, "Otsu (1979) with 3 classes of", ["Otsu"]),
        ({"cells": {"method": "propagation", "channel": "CELL"}}, "(Jones et al. 2005)", ["Jones", "Otsu"]),
        ({"cells": {"method": "watershed", "channel": "CELL"}}, "after Dubois (2017)", ["Dubois", "Otsu"]),
        ({"cells": {"method": "expansion", "distance_px": 5.0}}, "Cells were the nuclei grown by 5 px.", ["Otsu"]),
        ({"nucleus_channel": None}, "The innermost parts of cells in CELL were taken as seeds.", ["Kittler"]),
        ({"method": "given", "pattern": "c.tif", "nuclei": "n.tif"}, "Outlines of cells and nuclei were taken", []),
        (
            {"method": "given", "pattern": "c.tif", "nuclei": None},
            "Outlines of cells were taken from label images of another program. Nuclei were segmented in DAPI",
            ["Otsu"],
        ),
        ({"method": "given", "pattern": None, "nuclei": "n.tif"}, "Cells were found around them in CELL", ["Kittler"]),
    ],
)
def test_segmentation_says_how_objects_were_found(changed: dict[str, Any], words: str, authors: list[str]) -> None:
    from wellspring.segmentation.report.methods import METHODS_REFERENCES, methods_text

    text = methods_text(SEGMENTATION | changed)
    assert words in text
    assert [one.split(",")[0] for one in cited(METHODS_REFERENCES, text=text)] == authors


def test_the_size_of_spots_may_follow_from_the_optics() -> None:
    from wellspring.spots.report.methods import METHODS_REFERENCES, methods_text

    optics = {"wavelength_nm": 670, "na": 1.4, "refractive_index": 1.515}
    text = methods_text(SPOTS | {"sigma_px": optics}, per="image")
    assert "of the optics (emission at 670 nm, numerical aperture 1.4, refractive index 1.515; Zhang et al." in text
    assert "Spots were counted per image." in text
    assert [one.split(",")[0] for one in cited(METHODS_REFERENCES, text=text)] == ["Ester", "Zhang"]


def test_spots_that_a_network_marked_have_no_threshold() -> None:
    from wellspring.spots.report.methods import METHODS_REFERENCES, methods_text

    text = methods_text(SPOTS | {"method": "enhanced"}, per="cell")
    assert "detected where a residual network marked them, after DeepSpot (Bouilhol et al. 2022), for a" in text
    assert "threshold" not in text
    assert [one.split(",")[0] for one in cited(METHODS_REFERENCES, text=text)] == ["Bouilhol", "Ester"]


def test_a_work_has_one_reference_in_all_stages() -> None:
    from wellspring.groups.report.chapter import _REFERENCES
    from wellspring.stage import stages

    found: dict[str, set[str]] = {}
    named = [f"wellspring.{one.name}.report.methods" for one in stages()]
    modules = [importlib.import_module(name) for name in named if importlib.util.find_spec(name)]
    for reference in (*_REFERENCES, *(text for one in modules for text in getattr(one, "METHODS_REFERENCES", ()))):
        key = re.match(r"(.*?),.*?\((\d{4})\)", reference)
        assert key is not None, reference
        found.setdefault(key[0].split(",")[0] + key[2], set()).add(reference)
    assert [several for several in found.values() if len(several) > 1] == []
