"""Methods that register in one place, and the schema that follows from them."""

import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema
import pytest

from wellspring.methods import Method, expanded, methods_in


@dataclass(frozen=True, kw_only=True)
class Filter(Method):
    is_linear: bool = False


RATE = {"type": "number", "exclusiveMinimum": 0, "default": 0.5, "description": "Speed."}
FIRST = Filter(name="first", meaning="the first", settings={"rate": RATE})
SECOND = Filter(name="second", meaning="the second", settings={"value": {"type": "integer"}}, required=("value",))


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> str:
    module = ModuleType("methods_of_a_test")
    module.METHODS = (SECOND, FIRST)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module.__name__


def test_methods_of_a_module_keep_the_order_of_declaration(place: str) -> None:
    assert list(methods_in(place, Filter).items()) == [("second", SECOND), ("first", FIRST)]


def test_methods_of_a_package_are_those_of_its_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "package_of_a_test"
    package.mkdir()
    (package / "__init__.py").write_text("", encoding="utf-8")
    for name in ("b", "a"):
        text = f"from wellspring.methods import Method\nMETHOD = Method(name={name!r}, meaning='x')\n"
        (package / f"{name}.py").write_text(text, encoding="utf-8")
    (package / "shared.py").write_text("", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert list(methods_in("package_of_a_test")) == ["a", "b"]


@pytest.mark.parametrize("found", [(), (FIRST, FIRST), (Method(name="plain", meaning="x"),)])
def test_registries_with_defects(found: tuple[Method, ...], place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[place], "METHODS", found)
    with pytest.raises(ValueError, match="expected methods of class Filter with names of their own"):
        methods_in(place, Filter)


def test_text_becomes_the_names_with_their_meanings(place: str) -> None:
    assert expanded({"type": "string", "methods_of": place, "default": "first"}) == {
        "type": "string",
        "default": "first",
        "enum": ["second", "first"],
        "meanings": {"second": "the second", "first": "the first"},
    }
    assert expanded([{"items": {"methods_of": place}}])[0]["items"]["enum"] == ["second", "first"]


def test_a_block_becomes_a_branch_for_each_method(place: str) -> None:
    shared = {"kind": {"default": "first"}, "channel": {"type": "string"}}
    block = expanded({"type": "object", "methods_of": place, "method_key": "kind", "properties": shared})
    assert block["properties"] == {
        "kind": {
            "default": "first",
            "enum": ["second", "first"],
            "meanings": {"second": "the second", "first": "the first"},
        }
    }
    second, first = (branch["then"] for branch in block["allOf"])
    assert second["required"] == ["value"]
    assert list(first["properties"]) == ["kind", "channel", "rate"]
    assert first["properties"]["rate"] == RATE
    is_valid = jsonschema.Draft202012Validator(block).is_valid
    assert is_valid({"kind": "first", "rate": 1, "channel": "A"})
    assert not is_valid({"kind": "first", "value": 1})
    assert not is_valid({"kind": "second"})
    assert not is_valid({"kind": "third"})


def test_a_key_for_each_method_holds_its_own_setting(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    third = Filter(name="third", meaning="x", settings={"rate": {**RATE, "default": 2}})
    monkeypatch.setattr(sys.modules[place], "METHODS", (FIRST, third))
    block: dict[str, Any] = expanded({"type": "object", "keys_of": place, "setting": "rate"})
    assert block == {"type": "object", "properties": {"first": RATE, "third": {**RATE, "default": 2}}}


def test_each_method_with_settings_gets_a_block_of_its_own(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[place], "METHODS", (FIRST, Filter(name="plain", meaning="x")))
    block: dict[str, Any] = expanded({"type": "object", "blocks_of": place, "properties": {"sample": {}}})
    assert block == {
        "type": "object",
        "properties": {
            "sample": {},
            "first": {
                "type": "object",
                "description": "Settings of first: the first.",
                "additionalProperties": False,
                "default": {},
                "properties": {"rate": RATE},
            },
        },
    }
