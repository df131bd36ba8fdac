"""The sentences of each stage on its methods: what was set is said, and what is named is cited."""

import importlib

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
PROFILING = {"field_size_px": 64, "positive": ["drug"], "folds": 5, "sample": "patient", "n_permutations": 200}
JUDGED = {"titles": ["PCA", "DenseNet-121"], "is_judged": True, "n_samples": 12}
# What each says, and the first authors that it cites.
SAID = {
    "cells": ("shape and texture (Haralick et al. 1973)", ("Haralick", "Stirling")),
    "plates": ("maps of their plates", ()),
    "localization": ("random and nuclear edge", ("Benjamini", "Friedman", "Guo")),
    "interaction": ("with gapdh as the reference gene", ("Benjamini", "Ripley", "Savulescu")),
    "training": ("on 80 cells (10 for validation, 0 for tests)", ("Chollet", "Huber", "Kingma")),
    "attribution": ("over 30 copies", ("Adebayo", "Sundararajan")),
    "profiling": ("in each of 5 folds without some of the 12 samples", ("Cortes", "Huang")),
}


def _text(stage: str) -> str:
    write = importlib.import_module(f"wellspring.{stage}.report.methods").methods_text
    given = {
        "cells": ((FEATURES,), {"has_cells": False}),
        "plates": ((), {}),
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
