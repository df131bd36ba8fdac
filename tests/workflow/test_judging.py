"""Embeddings of networks are judged, without training any."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.workflow.studies import Snakemake, change_config, said
from wellspring.profiling.tables import EMBEDDING, NETWORK_SCORES, VERDICT
from wellspring.tables import read_table, write_table

pytestmark = pytest.mark.workflow


def test_a_classifier_is_judged_by_its_embedding_and_its_own_scores(tmp_path: Path, run: Snakemake) -> None:
    (tmp_path / "plate").mkdir()
    for n in range(6):
        (tmp_path / "plate" / f"B{n}_s1_actin.tif").touch()
    people = {"sample": [f"s{n}" for n in range(6)], "label": list("xyxyxy")}
    sheet = pd.DataFrame({"plate": "p", "well": [f"B{n}" for n in range(6)], "path": ".", **people})
    sheet.to_csv(tmp_path / "plate" / "wells.tsv", sep="\t", index=False)
    profiling = {"methods": ["classifier"], "positive": ["y"], "folds": 3, "n_permutations": 9}
    tiff = {"format": "tiff", "pattern": "{well}_s{site}_{channel}.tif", "pixel_size_um": 1.0}
    change_config(tmp_path, raw=tiff, quality={"channels": ["actin"]}, profiling=profiling, wells="plate/wells.tsv")
    folder = tmp_path / "results/profiling/embeddings/classifier"
    rows = [("p", f"B{n}", "1", fold, fold != n // 2 + 1, float(n % 2), 1.0) for fold in range(4) for n in range(6)]
    embedding = pd.DataFrame(rows, columns=[*EMBEDDING.names, "e_000", "e_001"])
    for well, own in embedding.groupby("well"):
        write_table(own, folder / "p" / f"{well}.parquet", EMBEDDING)
    scores = embedding.assign(split=np.where(embedding["is_seen"], "train", "unseen"), score=embedding["e_000"])
    write_table(scores[NETWORK_SCORES.names], folder / "scores.parquet", NETWORK_SCORES)
    verdict = "results/profiling/verdicts/classifier.parquet"
    result = run(tmp_path, verdict, "--allowed-rules", "profiling_judge")
    assert result.returncode == 0, said(result)
    found = read_table(tmp_path / verdict, VERDICT).set_index(["question", "scope", "metric"])["value"]
    assert found["network", "unseen", "accuracy"] == found["classification", "unseen", "accuracy"] == 1
