"""The house's plan: a stage brings everything and imports what it comes after; rules say all; pins agree."""

import ast
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import yaml

from tests.workflow.rule_files import LIBRARY, ROOT, RULE_FILES, SCRIPTS, Rule, file_of, modules_named, rules
from wellspring.plan.measures import MEASURES, scaling_of
from wellspring.provenance import import_statements, imported_by_script, modules_of_script
from wellspring.stage import Stage, stages

STAGES = {stage.name: stage for stage in stages()}
PACKAGES = {path.parent.name for path in LIBRARY.glob("*/__init__.py")}
# Packages behind commands, which no stage needs. What is neither a stage nor one of these is the kit.
COMMANDS = {"plan", "simulation", "tuning"}
KIT = (PACKAGES - set(STAGES) - COMMANDS) | {path.stem for path in LIBRARY.glob("*.py")} - {"__main__"}
LEARNING = {"tensorflow", "keras", "jax", "torch"}
RULES = rules()
# The page is no stage's.
REPORT = "report"
MOST_LINES = {"script": 80, "rule file": 200, "module": 350, "function": 60}


def _parts_imported(path: Path) -> set[str]:
    """Packages and plain modules of wellspring that a file imports."""
    return {name.split(".")[1] for name in modules_named(path) if name.startswith("wellspring.")}


def _all_before(stage: Stage) -> set[str]:
    """Stages that it comes after, over any number of steps."""
    return set(stage.after).union(*(_all_before(STAGES[name]) for name in stage.after))


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_imports_only_stages_that_it_comes_after_and_the_kit(name: str) -> None:
    allowed = {name} | _all_before(STAGES[name]) | KIT
    for path in (LIBRARY / name).rglob("*.py"):
        assert _parts_imported(path) <= allowed, path


def test_the_kit_imports_no_stage_and_no_command() -> None:
    for part in KIT:
        for path in [LIBRARY / f"{part}.py"] if part not in PACKAGES else (LIBRARY / part).rglob("*.py"):
            assert _parts_imported(path) <= KIT, path


@pytest.mark.parametrize("script", sorted(SCRIPTS.glob("*.py")), ids=lambda path: path.stem)
def test_a_script_imports_its_own_stage_those_before_it_and_the_kit(script: Path) -> None:
    stage = STAGES.get(script.stem.split("_")[0])
    assert stage or script.stem == "report_page"
    allowed = KIT | ({stage.name} | _all_before(stage) if stage else set())
    assert {name.split(".")[1] for name in modules_of_script(script)} <= allowed


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_has_all_that_is_its_own(name: str) -> None:
    assert STAGES[name].name == name
    assert STAGES[name].summary
    assert (RULE_FILES / f"{name}.smk").is_file()
    assert (ROOT / f"workflow/schemas/{name}.schema.yaml").is_file()
    assert list((ROOT / "tests/unit" / name).glob("test_*.py"))
    own = {rule.name for rule in RULES if rule.stage == name}
    assert set(STAGES[name].grows_with) == own
    assert (f"{name}_chapter" in own) == STAGES[name].has_chapter
    if STAGES[name].has_chapter:
        assert (LIBRARY / name / "report").is_dir()


def test_nothing_belongs_to_a_stage_that_is_not_there() -> None:
    assert {path.stem.split("_")[0] for path in RULE_FILES.glob("*.smk")} == {*STAGES, REPORT, "common", "run"}
    schemas = {path.name.removesuffix(".schema.yaml") for path in (ROOT / "workflow/schemas").glob("*")}
    assert schemas == {*STAGES, REPORT, "wells"}
    assert {path.name for path in (ROOT / "workflow/report").iterdir() if path.is_dir()} <= set(STAGES)
    assert {path.stem for path in SCRIPTS.glob("*.py")} == {rule.name for rule in RULES}
    kept = {*STAGES, *KIT, *COMMANDS, "__pycache__"}
    assert {path.name for path in (ROOT / "tests/unit").iterdir() if path.is_dir()} <= kept


def test_each_rule_s_time_grows_with_something_that_a_plan_can_count() -> None:
    for rule in RULES:
        scaling = scaling_of(rule.name)
        assert {scaling.time, scaling.size} <= set(MEASURES), rule


@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_a_rule_says_all_that_a_rule_says(rule: Rule) -> None:
    for part in ("input", "output", "log", "benchmark", "conda", "threads", "resources", "params", "message", "script"):
        assert rule.block(part), part
    assert rule.script.is_file()
    assert rule.block("script").strip() == f'"../scripts/{rule.name}.py"'
    assert rule.name.startswith(f"{rule.stage}_")
    verb = rule.name.removeprefix(f"{rule.stage}_")
    assert re.search(rf'code=\w+_code\(\s*"{rule.stage}/{verb}"', rule.block("params")), "its own script's code"
    assert len(rule.block("message").strip().splitlines()) == 1
    for part in ("log", "benchmark"):
        assert re.search(rf'"<{part}s?(marks)?>/{rule.name}[./]', rule.block(part)), "paths as others can move them"
    for forbidden in ("lambda", "ancient(", "run:", "shell:", '"results/', '"logs/', '"benchmarks/'):
        assert forbidden not in rule.text, forbidden
    for part in ("input", "output"):
        named = [line for line in rule.block(part).splitlines() if re.match(r" {8}[\w*]", line)]
        assert all(re.match(r"\s+(\w+=|\*\*)", line) for line in named), named


@pytest.mark.parametrize("script", sorted(SCRIPTS.glob("*.py")), ids=lambda path: path.stem)
def test_a_script_is_thin(script: Path) -> None:
    text = script.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MOST_LINES["script"]
    tree = ast.parse(text)
    assert ast.get_docstring(tree)
    main = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "main")
    assert not main.args.args
    arguments = main.args.kwonlyargs
    assert all(one.annotation for one in arguments)
    assert 'if __name__ == "__main__"' in text or "snakemake" in text.splitlines()[-1]


@cache
def _nodes(path: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def _too_long(path: Path) -> Iterator[str]:
    text = path.read_text(encoding="utf-8")
    if len(text.splitlines()) > MOST_LINES["module"]:
        yield f"{path}: {len(text.splitlines())} lines"
    for node in _nodes(path):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
            # Its docstring does not count: a function is long by what it does.
            inner = node.body[0]
            has_text = isinstance(inner, ast.Expr) and isinstance(inner.value, ast.Constant)
            n_text = (inner.end_lineno or 0) - inner.lineno + 1 if has_text else 0
            n_lines = node.end_lineno - node.lineno + 1 - n_text
            if n_lines > MOST_LINES["function"]:
                yield f"{path}: {node.name}: {n_lines} lines"


def test_files_and_functions_are_as_short_as_they_are_to_be() -> None:
    assert [line for path in sorted(LIBRARY.rglob("*.py")) for line in _too_long(path)] == []
    lengths = {path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in RULE_FILES.glob("*.smk")}
    assert {name: n for name, n in lengths.items() if n > MOST_LINES["rule file"]} == {}


def test_no_import_of_the_library_is_missed_by_the_digests() -> None:
    """They look for the statements in the text, which is faster than to parse it."""
    for path in sorted([*LIBRARY.rglob("*.py"), *SCRIPTS.glob("*.py")]):
        found = Counter((base, *names) for base, names in import_statements(path.read_text(encoding="utf-8")))
        assert not Counter(_imports(path)) - found, path


def _imports(path: Path) -> Iterator[tuple[str, ...]]:
    for node in _nodes(path):
        if isinstance(node, ast.Import):
            yield "", *(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or ""), *(alias.name for alias in node.names)


def test_text_comes_into_csv_files_through_the_kit_alone() -> None:
    """`inert` and `inert_text` keep spreadsheets from running it. Simulated plates hold no text of others."""
    # The sheet, whose paths are written so; points, which are numbers.
    known = {LIBRARY / "sheet/writing.py", LIBRARY / "spots/command.py"}
    files = [path for path in LIBRARY.rglob("*.py") if "simulation" not in path.parts and path not in known]
    for path in (*files, *SCRIPTS.glob("*.py")):
        text = path.read_text(encoding="utf-8")
        assert text.count(".to_csv(") == len(re.findall(r"inert\(\w+\)\.to_csv\(", text)), path
        assert "DictWriter" not in text, path
        assert "csv.writer" not in text or "inert_text" in text, path


def _said_by(code: str) -> str:
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)
    assert result.returncode == 0, result.stderr
    return result.stdout


def _loaded_by(code: str) -> set[str]:
    """Top-level modules that are there after `code` ran."""
    return set(_said_by(f"import sys\n{code}\nprint(*{{name.split('.')[0] for name in sys.modules}})").split())


def test_stages_say_what_they_are_with_the_standard_library_alone() -> None:
    # An editable installation brings modules of its own.
    brought = _loaded_by("from wellspring.stage import stages; stages()") - _loaded_by("")
    assert brought - set(sys.stdlib_module_names) == {"wellspring"}


def test_no_rule_without_a_gpu_imports_a_learning_library() -> None:
    scripts = [str(rule.script) for rule in RULES if "gpu=1" not in rule.block("resources")]
    assert len(scripts) > 10
    code = (
        "import runpy, sys\n"
        f"for script in {scripts!r}:\n"
        "    runpy.run_path(script, run_name='imported')\n"
        f"    bad = {LEARNING!r} & set(sys.modules)\n"
        "    assert not bad, (script, bad)\n"
    )
    _said_by(code)


def _pins(path: Path) -> list[str]:
    environment = yaml.safe_load(path.read_text(encoding="utf-8"))
    return next(entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict))


def _locked() -> dict[str, str]:
    found = {}
    for line in (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines():
        match = re.match(r"([a-z0-9][\w.-]*)==(\S+)\s*(?:;\s*(.*?))?\s*\\?$", line)
        if match and (not match[3] or "< '3.12'" in match[3]):
            found[match[1]] = match[2]
    return found


@pytest.mark.parametrize("path", sorted((ROOT / "envs").glob("*.yaml")), ids=lambda path: path.stem)
def test_conda_environments_carry_the_pins_of_the_lock(path: Path) -> None:
    locked = _locked()
    assert _pins(path)
    for pin in _pins(path):
        name, version = re.sub(r"\[.*\]", "", pin).split("==")
        assert locked[name] == version, name


def test_the_environments_of_processors_and_of_gpus_differ_in_the_cuda_libraries_alone() -> None:
    with_gpu, without = (_pins(ROOT / f"envs/{name}.yaml") for name in ("learning-gpu", "learning"))
    assert [pin.replace("[and-cuda]", "") for pin in with_gpu] == without


def test_the_lock_names_no_index_and_hashes_everything() -> None:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "index-url" not in text
    assert "http" not in text
    blocks = re.split(r"\n(?=[a-z0-9])", text.strip())
    assert all("--hash=sha256:" in block for block in blocks)


# What newer versions of other packages no longer need.
ONLY_BEFORE_3_12 = {"importlib-metadata", "lazy-importer", "zipp"}


def test_the_lock_has_all_packages_of_python_3_11_for_3_12_too() -> None:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    found = re.findall(r"^([a-z0-9][\w.-]*)==\S+(?:\s*;\s*(.*?))?\s*\\$", text, flags=re.M)
    marked = {
        sign: {name for name, marker in found if f"python_full_version {sign} '3.12'" in marker} for sign in ("<", ">=")
    }
    assert len(marked["<"]) >= 5
    assert marked["<"] - marked[">="] == ONLY_BEFORE_3_12


# Modules whose distribution has another name; and what no environment must carry: Snakemake runs the script, JAX is a
# choice of the developers.
DISTRIBUTIONS = {
    "skimage": "scikit-image",
    "cv2": "opencv-python-headless",
    "yaml": "pyyaml",
    "sklearn": "scikit-learn",
    "umap": "umap-learn",
    # Comes with jinja2, whose text it marks.
    "markupsafe": "jinja2",
}
NOT_CARRIED = {"snakemake", "jax"}


@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_each_rule_s_environment_carries_what_its_script_imports(rule: Rule) -> None:
    files = [rule.script, *map(file_of, imported_by_script(rule.script))]
    named = {name.split(".")[0] for file in files for name in modules_named(file)}
    needed = named - set(sys.stdlib_module_names) - NOT_CARRIED - {"wellspring"}
    environment = re.search(r"envs/([\w-]+\.yaml)", rule.block("conda"))
    assert environment
    carried = {re.split(r"\[|==", pin)[0] for pin in _pins(ROOT / "envs" / environment[1])}
    assert {DISTRIBUTIONS.get(name, name) for name in needed} <= carried


def test_a_folder_has_one_kind_of_files_of_wells() -> None:
    # A set: two rules may make the same file, each in its own environment.
    names = {name for rule in RULES for name in re.findall(r'"(<results>/\S*/\{well\}\S*)"', rule.block("output"))}
    kinds = Counter(Path(name).parent.as_posix() for name in names)
    # A crop is nothing without its row: one file has the pixels, the other the keys, in the same order.
    assert {folder: n for folder, n in kinds.items() if n > 1} == {"<results>/cells/crops/{plate}": 2}
