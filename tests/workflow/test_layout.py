"""The house's plan: one word per stage, the order of dependence, no TensorFlow on CPU jobs, pins that agree."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from wellspring.config import validated_config
from wellspring.provenance import imported_modules

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "src" / "wellspring"
ORDER = [
    *("raw", "quality", "segmentation", "spots", "cells", "dataset", "models", "training", "attribution"),
    *("localization", "profiling", "labelling", "report"),
]
LEARNING = {"models", "training", "attribution", "profiling", "labelling"}
CPU_SCRIPTS = sorted(
    path.name
    for path in (ROOT / "workflow" / "scripts").glob("*.py")
    if path.stem
    not in (
        *("training_fit", "profiling_embed", "profiling_multiply", "profiling_actin"),
        *("attribution_map", "attribution_rank", "attribution_retrain", "attribution_validate"),
    )
)


def _stage_imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return {name.split(".")[1] for name in names if name.startswith("wellspring.")}


@pytest.mark.parametrize("stage", [stage for stage in ORDER if (LIBRARY / stage).is_dir()])
def test_a_package_imports_only_packages_above_it(stage: str) -> None:
    allowed = set(ORDER[: ORDER.index(stage) + 1]) | {"tables", "files", "jobs", "doubts"}
    for path in (LIBRARY / stage).rglob("*.py"):
        assert _stage_imports(path) <= allowed, path


def test_every_stage_has_its_rule_file_and_its_config_block() -> None:
    schema = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text(encoding="utf-8"))
    rule_files = {path.stem for path in (ROOT / "workflow" / "rules").glob("*.smk")} - {"common"}
    assert rule_files <= set(ORDER)
    assert rule_files == set(schema["properties"]) - {"wells"}
    assert all((LIBRARY / stage).is_dir() for stage in rule_files)


@pytest.mark.parametrize("script", CPU_SCRIPTS)
def test_no_cpu_rule_imports_tensorflow_or_keras(script: str) -> None:
    tree = ast.parse((ROOT / "workflow" / "scripts" / script).read_text(encoding="utf-8"))
    imports = [ast.unparse(n) for n in ast.walk(tree) if isinstance(n, ast.Import | ast.ImportFrom)]
    code = "\n".join(line for line in imports if "snakemake" not in line)
    code += "\nimport sys\nbad = {'tensorflow', 'keras', 'jax', 'torch'} & set(sys.modules)\nassert not bad, bad"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def test_every_rule_has_log_benchmark_conda_message_and_a_code_digest() -> None:
    for path in sorted((ROOT / "workflow" / "rules").glob("*.smk")):
        rules = re.split(r"^rule ", path.read_text(encoding="utf-8"), flags=re.M)[1:]
        for rule in rules:
            name = rule.split(":")[0]
            for part in ("output:", "log:", "benchmark:", "conda:", "threads:", "resources:", "message:", "code="):
                assert part in rule, f"{path.name}: rule {name} lacks {part}"
            assert (ROOT / "workflow" / "scripts" / f"{name}.py").is_file(), name
            assert "lambda" not in rule
            assert name.startswith(path.stem), f"rule {name} stands in {path.name}"


def test_the_code_digest_of_a_rule_covers_every_module_that_its_script_imports() -> None:
    for path in sorted((ROOT / "workflow" / "rules").glob("*.smk")):
        rules = re.split(r"^rule ", path.read_text(encoding="utf-8"), flags=re.M)[1:]
        for rule in rules:
            name = rule.split(":")[0]
            named = re.findall(r'"(wellspring[\w.]*)"', re.search(r"code_digest\((.*?)\)", rule, re.S)[1])
            tree = ast.parse((ROOT / "workflow" / "scripts" / f"{name}.py").read_text(encoding="utf-8"))
            used = {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.module}
            missing = {m for m in used if m.startswith("wellspring.")} - set(imported_modules(*named))
            assert not missing - {"wellspring.tables", "wellspring.files"}, f"{name}: {missing}"


def _locked() -> dict[str, str]:
    found = {}
    for line in (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines():
        match = re.match(r"([a-z0-9][\w.-]*)==(\S+)\s*(?:;\s*(.*?))?\s*\\?$", line)
        if match and (not match[3] or "< '3.12'" in match[3]):
            found[match[1]] = match[2]
    return found


@pytest.mark.parametrize("path", sorted((ROOT / "envs").glob("*.yaml")), ids=str)
def test_conda_environments_carry_the_pins_of_the_lock(path: Path) -> None:
    locked = _locked()
    environment = yaml.safe_load(path.read_text(encoding="utf-8"))
    pins = next(entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict))
    assert pins
    for pin in pins:
        name, version = re.sub(r"\[.*\]", "", pin).split("==")
        assert locked[name] == version, f"{path.name}: {name}"


def test_the_lock_names_no_index_and_hashes_everything() -> None:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "index-url" not in text
    assert "http" not in text
    blocks = re.split(r"\n(?=[a-z0-9])", text.strip())
    assert all("--hash=sha256:" in block for block in blocks)


def test_the_shipped_config_states_the_schema_s_defaults() -> None:
    schema = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text(encoding="utf-8"))
    shipped = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
    least = {
        "wells": shipped["wells"],
        "raw": {"format": "mpm"},
        "dataset": {"target_channel": shipped["dataset"]["target_channel"]},
    }
    assert validated_config(least, schema=schema, source="least") == shipped


# Modules whose distribution has another name; and what no environment must carry: Snakemake runs the script, JAX is a
# choice of the developers.
DISTRIBUTIONS = {
    "skimage": "scikit-image",
    "cv2": "opencv-python-headless",
    "yaml": "pyyaml",
    "sklearn": "scikit-learn",
    "umap": "umap-learn",
}
NOT_CARRIED = {"snakemake", "jax"}


def _rule_environments() -> list[tuple[str, str]]:
    """(script, environment file) of every rule."""
    found = []
    for path in sorted((ROOT / "workflow/rules").glob("*.smk")):
        for rule in re.split(r"\nrule ", path.read_text(encoding="utf-8"))[1:]:
            environment = re.search(r"envs/([\w-]+\.yaml)", rule)
            script = re.search(r"scripts/(\w+\.py)", rule)
            assert environment, f"{path.name}: {rule[:40]}"
            assert script, f"{path.name}: {rule[:40]}"
            found.append((script[1], environment[1]))
    return found


@pytest.mark.parametrize(("script", "environment"), _rule_environments())
def test_each_rule_s_environment_carries_what_its_script_imports(script: str, environment: str) -> None:
    source = ROOT / "workflow/scripts" / script
    ours = sorted(name for name in _modules_named(source) if name.startswith("wellspring."))
    files = [source, *(_file_of(name) for name in imported_modules(*ours))]
    named = {name.split(".")[0] for file in files for name in _modules_named(file)}
    needed = named - set(sys.stdlib_module_names) - NOT_CARRIED - {"wellspring"}
    loaded = yaml.safe_load((ROOT / "envs" / environment).read_text(encoding="utf-8"))
    pins = next(entry["pip"] for entry in loaded["dependencies"] if isinstance(entry, dict))
    carried = {re.split(r"\[|==", pin)[0] for pin in pins}
    assert {DISTRIBUTIONS.get(name, name) for name in needed} <= carried


def _modules_named(file: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add(node.module or "")
    return names


def _file_of(name: str) -> Path:
    base = ROOT.joinpath("src", *name.split("."))
    return base / "__init__.py" if base.is_dir() else base.with_suffix(".py")
