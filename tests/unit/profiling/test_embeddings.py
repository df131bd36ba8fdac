"""The registry of embeddings: what the schema, the rules and the digests take from each module."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.settings_schema import assert_settings_match_schema, block_schema
from wellspring.profiling.embeddings import Embedding, NoSettings, embedding, embeddings, title_of
from wellspring.profiling.reductions import embed_of
from wellspring.profiling.settings import ActinSettings
from wellspring.provenance import code_digest, imported_by_script, imported_modules

if TYPE_CHECKING:
    from wellspring.profiling.network_fits import fit_of

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = ROOT / "src/wellspring/profiling"
SCRIPTS = ROOT / "workflow/scripts"


def test_what_each_embedding_needs() -> None:
    needs = {
        name: (one.needs_network, one.needs_classes, one.needs_cells) for name, one in sorted(embeddings().items())
    }
    assert needs == {
        "autoencoder": (True, False, False),
        "classifier": (True, True, False),
        "densenet": (True, True, False),
        "features": (False, False, True),
        "pca": (False, False, False),
    }
    assert title_of("densenet") == "DenseNet-121"
    assert title_of("of another program") == "of another program"


def test_the_schema_offers_the_embeddings_that_are_there() -> None:
    items = block_schema("profiling", "methods")["items"]
    assert items["enum"] == list(embeddings())
    assert set(items["meanings"]) == set(embeddings())


def test_settings_are_keys_of_the_schema() -> None:
    keys = block_schema("profiling", "networks")["properties"]
    used = set()
    for one in embeddings().values():
        block = keys if one.settings_block == "networks" else block_schema("profiling")["properties"]
        own = one.settings_kind.__dataclass_fields__
        assert_settings_match_schema(one.settings_kind, {"properties": {name: block[name] for name in own}})
        used |= set(own) if one.settings_block else set()
    # No key of the networks is without a use.
    assert used == set(keys)
    assert_settings_match_schema(ActinSettings, block_schema("profiling", "actin"))


def test_an_embedding_gets_its_own_keys_and_files() -> None:
    networks = dict.fromkeys(block_schema("profiling", "networks")["properties"], 1)
    profiling = {"pca_components": 5, "networks": networks | {"densenet_weights": "w.weights.h5"}}
    assert embedding("pca").settings_in(profiling) == {"pca_components": 5}
    assert embedding("features").settings_in(profiling) == {}
    assert "densenet_weights" not in embedding("autoencoder").settings_in(profiling)
    densenet = embedding("densenet")
    assert densenet.files_in(profiling) == {"profiling.networks.densenet_weights": "w.weights.h5"}
    for word in ("random", "imagenet"):
        assert densenet.files_in({"networks": networks | {"densenet_weights": word}}) == {}


def test_an_embedding_with_keys_of_its_own_reads_the_block_of_its_name() -> None:
    @dataclass(frozen=True)
    class Settings:
        depth: int

    own = Embedding(
        name="wavelets", title="x", meaning="x", embed="a.b", settings={"depth": {"default": 3}}, settings_kind=Settings
    )
    assert own.settings_in({"wavelets": {"depth": 2}}) == {"depth": 2}


def test_an_embedding_either_embeds_or_fits() -> None:
    with pytest.raises(ValueError, match="embedding x: expected either embed or fit"):
        Embedding(name="x", title="x", meaning="x", settings_kind=NoSettings)


def test_an_embedding_names_the_function_that_does_its_work() -> None:
    for name, one in embeddings().items():
        assert code_digest(one.declared_in)
        assert one.function().__module__ == one.modules[1], name
    with pytest.raises(ValueError, match="pca has no network to fit"):
        fit_of(embedding("pca"))
    with pytest.raises(ValueError, match="classifier: expected an embedding without a network"):
        embed_of(embedding("classifier"))


def test_an_edit_of_one_embedding_concerns_no_other() -> None:
    used = {name: set(imported_modules(*one.modules)) for name, one in embeddings().items()}
    for name, modules in used.items():
        others = {module for other, one in embeddings().items() if other != name for module in one.modules}
        assert not modules & others
    assert code_digest(*embedding("pca").modules) != code_digest(*embedding("classifier").modules)


def test_an_edit_of_network_code_reruns_no_embedding_without_one_and_no_chapter() -> None:
    networks = {f"wellspring.profiling.{path.stem}" for path in PACKAGE.glob("network_*.py")}
    assert len(networks) > 4
    for name, one in embeddings().items():
        used = set(imported_by_script(SCRIPTS / "profiling_reduce.py", *one.modules)) & networks
        assert bool(used) == one.needs_network, name
    declared = [one.declared_in for one in embeddings().values()]
    assert not set(imported_by_script(SCRIPTS / "profiling_chapter.py", *declared)) & networks


def test_a_job_without_a_network_loads_no_learning_library() -> None:
    names = [name for name, one in embeddings().items() if not one.needs_network]
    code = (
        "import sys\n"
        "from wellspring.profiling.embeddings import embeddings\n"
        f"found = [embeddings()[name].function() for name in {names!r}]\n"
        "assert not {'keras', 'tensorflow', 'jax', 'torch'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
