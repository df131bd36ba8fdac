"""What the pages name is there: links, files, config keys, commands and their options, rules, stages, warnings."""

import importlib
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.docs.pages import PLACEHOLDER, ROOT, Page, pages
from wellspring.__main__ import main
from wellspring.config import SCHEMAS, config_schema
from wellspring.spots.doubts import DOUBTS
from wellspring.stage import stages

FOLDERS = ("bench", "config", "docs", "envs", "profiles", "resources", "src", "tests", "workflow", ".github")
# Endings of files, so that `spots.csv` is no config key.
ENDINGS = {"csv", "svg", "parquet", "html", "json", "npz", "arrow", "yaml", "smk", "py", "md", "tsv", "tif"}
# Words of the house that a page must not have, since the field has others.
WORDS = (
    *("told", "parted", "slip of the pen", "learnt by heart", "hangs on", "goes on", "go on", "went on", "stands"),
    *("beside", "its like", "grounds?", "is no help", "whole of"),
)

every_page = pytest.mark.parametrize("page", pages(), ids=repr)
# Without docs/config.md: it is written from the schemas, and its keys are relative to their table.
written_by_hand = pytest.mark.parametrize("page", [page for page in pages() if page.path.name != "config.md"], ids=repr)


@every_page
def test_links_lead_to_files_and_headings(page: Page) -> None:
    for link in page.links():
        name, _, anchor = link.partition("#")
        target = (page.path.parent / name).resolve() if name else page.path
        assert target.exists(), link
        if anchor:
            assert anchor in Page(target).anchors(), link


@every_page
def test_files_of_the_project_are_there(page: Page) -> None:
    for span in page.spans():
        if re.fullmatch(r"[\w.{}<>*/-]+", span) and span.split("/")[0] in FOLDERS and "/" in span:
            pattern = PLACEHOLDER.sub("*", span.rstrip("/"))
            assert list(ROOT.glob(pattern)), span


@written_by_hand
def test_config_keys_are_in_the_schemas(page: Page) -> None:
    blocks = set(_schema()["properties"])
    for span in page.spans():
        found = re.match(r"([a-z_]+(?:\.[a-z_]+)+)(?:$|:\s)", span)
        if found and (keys := found[1].split("."))[0] in blocks and keys[-1] not in ENDINGS:
            assert _has_key(_schema(), keys), span


@every_page
def test_yaml_examples_have_keys_of_the_schemas(page: Page) -> None:
    for block in page.blocks("yaml"):
        values = yaml.safe_load(block)
        if isinstance(values, Mapping) and set(values) <= set(_schema()["properties"]):
            for keys in _paths(values):
                assert _has_key(_schema(), keys), ".".join(keys)


@written_by_hand
def test_commands_and_their_options_are_there(page: Page, capsys: pytest.CaptureFixture[str]) -> None:
    helps = _helps(capsys)
    for line in page.command_lines():
        found = re.match(r"wellspring ([a-z-]+)(.*)$", line)
        if found:
            assert found[1] in helps, line
            for option in re.findall(r"(?<=\s)--[a-z][a-z-]*", found[2]):
                assert option in helps[found[1]], line


@every_page
def test_make_targets_studies_and_benchmarks_are_there(page: Page) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    studies = re.search(r"^STUDIES := (.+)$", makefile, flags=re.M)[1].split()  # type: ignore[index]
    modules = importlib.import_module("bench.__main__").MODULES
    for line in page.command_lines():
        if found := re.match(r"(?:\w+=\S+ )?make ([a-z][a-z-]*)", line):
            assert re.search(rf"^{found[1]}:", makefile, flags=re.M), line
        assert set(re.findall(r"STUDY=([a-z][\w-]*)", line)) <= set(studies), line
        assert set(re.findall(r"python -m bench --only (\w+)", line)) <= set(modules), line
        for name in re.findall(r"python -m ((?:bench|tests)[\w.]*)", line):
            path = ROOT / name.replace(".", "/")
            assert path.with_suffix(".py").is_file() or (path / "__main__.py").is_file(), line


@pytest.mark.parametrize("page", [page for page in pages() if page.path.name != "CHANGELOG.md"], ids=repr)
def test_rules_that_are_named_exist(page: Page) -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "workflow/rules").glob("*.smk")))
    rules = set(re.findall(r"^(?:rule|checkpoint) (\w+):", text, flags=re.M))
    starts = {name.split("_")[0] for name in rules}
    for span in page.spans():
        found = re.fullmatch(r"([a-z]+)_[a-z_]+", span)
        if found and found[1] in starts:
            assert span in rules or _is_declared(span), span


@written_by_hand
def test_results_that_are_named_are_made_by_a_rule(page: Page) -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "workflow/rules").glob("*.smk")))
    names = set(re.findall(r"[\w{}]+(?:\.[a-z]+)+(?=\")", text)) - {"{name}.svg", "{name}.csv"}
    made = [re.compile(PLACEHOLDER.sub("[^/]+", name)) for name in names]
    for line in page.command_lines():
        for name in re.findall(r"results/\S*?([^/\s]+\.(?:svg|csv|html|parquet|arrow|json|npz|tif|keras))\b", line):
            example = PLACEHOLDER.sub("x", name)
            assert any(pattern.fullmatch(example) for pattern in made), name


@pytest.mark.parametrize("page", [page for page in pages() if page.path.name != "CONTRIBUTING.md"], ids=repr)
def test_words_are_those_of_the_field(page: Page) -> None:
    for word in WORDS:
        assert not re.search(rf"\b{word}\b", page.prose, flags=re.I), word


def test_stages_that_are_described_are_there() -> None:
    """A new stage need not change these pages; what they say of a stage must hold."""
    after = {stage.name: ", ".join(stage.after) or "–" for stage in stages()}
    rows = re.findall(r"^\| (\w+) \| .+ → .+ \| (.+) \|$", Page(ROOT / "docs/architecture.md").text, flags=re.M)
    assert len(rows) > 5
    assert {name: after.get(name) for name, _ in rows[1:]} == dict(rows[1:])
    diagram = "".join(Page(ROOT / "README.md").blocks("mermaid"))
    assert set(re.findall(r"\b(\w+)\[", diagram)) <= set(after)


def test_the_code_of_the_example_stage_is_that_of_its_files() -> None:
    toy = ROOT / "tests/workflow/toy_stage"
    shown = re.findall(
        r"^<!-- file: (\S+) -->\n```\w+\n(.*?)^```$", Page(ROOT / "docs/adding-a-stage.md").text, flags=re.M | re.S
    )
    assert len(shown) > 5
    for name, code in shown:
        assert code == (toy / name).read_text(encoding="utf-8"), name


def test_each_warning_about_spots_is_explained() -> None:
    text = Page(ROOT / "docs/troubleshooting.md").text
    assert [word for word in DOUBTS if f"| `{word}` |" not in text] == []


def test_all_pages_are_in_the_index() -> None:
    linked = {link.partition("#")[0] for link in Page(ROOT / "docs/index.md").links()}
    # A stage may bring a page of its own name.
    own = {"index.md", *(f"{stage.name}.md" for stage in stages())}
    assert {path.name for path in (ROOT / "docs").glob("*.md")} - own <= linked


def test_the_citation_has_the_version_of_the_package() -> None:
    version = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), flags=re.M)
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert version
    assert citation["version"] == version[1]
    assert f"## [{version[1]}]" in Page(ROOT / "CHANGELOG.md").text


@cache
def _schema() -> dict[str, Any]:
    return config_schema(SCHEMAS)


def _has_key(schema: Any, keys: Sequence[str]) -> bool:
    """Whether a schema has a nested key, in whichever branch."""
    if not keys:
        return True
    return any(_has_key(inner, keys[1:]) for inner in _properties(schema, keys[0]))


def _properties(schema: Any, name: str) -> Iterator[Any]:
    if isinstance(schema, Mapping):
        if name in schema.get("properties", {}):
            yield schema["properties"][name]
        elif schema.get("additionalProperties"):
            yield {}
        for key in ("allOf", "oneOf", "anyOf", "then", "items"):
            yield from _properties(schema.get(key), name)
    elif isinstance(schema, list):
        for one in schema:
            yield from _properties(one, name)


def _paths(values: Mapping[str, Any]) -> Iterator[list[str]]:
    for name, value in values.items():
        yield [name]
        if isinstance(value, Mapping):
            yield from ([name, *inner] for inner in _paths(value))


def _helps(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """Text of ``wellspring COMMAND --help`` for each command."""
    listed = re.findall(r"^    ([a-z][\w-]*)(?:\s|$)", _printed(["--help"], capsys), flags=re.M)
    return {name: _printed([name, "--help"], capsys) for name in listed}


def _printed(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit):
        main(arguments)
    return capsys.readouterr().out


@cache
def _is_declared(name: str) -> bool:
    """Whether the library has the name: a column, a parameter, a function."""
    sources: Iterator[Path] = (ROOT / "src").rglob("*.py")
    return any(re.search(rf"\b{name}\b", path.read_text(encoding="utf-8")) for path in sources)


def test_every_shipped_config_is_in_the_list_of_who_runs_it() -> None:
    listed = Page(ROOT / "config/README.md").text
    for path in sorted((ROOT / "config").glob("*/config.yaml")):
        assert f"| `{path.parent.name}/config.yaml` | `make " in listed, path
