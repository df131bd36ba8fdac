"""The command ``wellspring config``."""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wellspring.config.assigning import assigned, check_known

__all__ = ["SHIPPED", "add_command", "shipped_config"]

SHIPPED: Mapping[str, Any] = {
    "wells": "config/wells.tsv",
    "raw": {"format": "mpm"},
    "dataset": {"target_channel": "00_EU"},
}
"""Where config/config.yaml differs from the defaults."""

_MEANING = "write a config with every key's meaning, unit, range and default as comments"
_ABOUT = """\
Without options: the config of protein maps as in config/config.yaml, with all blocks. With --study or --format: a
starting point for your own data, with the blocks that it is about; the command names the keys that you have to set.
Give their values with --set, or write them into the file.
"""


def add_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command; it sets ``run``, a function of the parsed arguments."""
    config = commands.add_parser("config", help=_MEANING, description=f"{_MEANING.capitalize()}. {_ABOUT}")
    config.add_argument("--format", help="raw format of your wells: mpm or tiff; default: the first that the study has")
    config.add_argument("--study", help="what to begin with; default: transcription. `--study list` lists them")
    config.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="for instance raw.pattern='{well}_s{site}_{channel}.tif'; the value is YAML; may be repeated",
    )
    config.add_argument("--output", type=Path, help="file to write; default: the terminal")
    config.add_argument("--force", action="store_true", help="replace a config that is there")
    config.add_argument("--docs", action="store_true", help="write docs/config.md, a table for each block, instead")
    config.set_defaults(run=_run)


def shipped_config(schema: Mapping[str, Any]) -> str:
    """The text of config/config.yaml."""
    from wellspring.config.writing import commented_config

    return commented_config(schema, SHIPPED)


def _run(args: argparse.Namespace) -> None:
    from wellspring.config.schema import config_schema

    if args.study == "list":
        _print_studies()
        return
    schema = config_schema()
    left: dict[str, str] = {}
    if args.docs:
        from wellspring.config.page import config_page

        text = config_page(schema)
    elif args.study is None and args.format is None and not args.set:
        text = shipped_config(schema)
    else:
        text, left = _started(args, schema)
    _write(text, args=args, shipped=shipped_config(schema))
    if left:
        where = args.output or "the config"
        print(f"Set in {where}:", *(f"  {key}: {remark}" for key, remark in left.items()), sep="\n", file=sys.stderr)


def _print_studies() -> None:
    from wellspring.config.starts import starts

    for one in starts():
        print(f"--study {one.name} --format {one.format}: {one.meaning}")


def _started(args: argparse.Namespace, schema: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """The text of a starting point, and the keys that are left to the user."""
    from wellspring.config.checking import validated_config
    from wellspring.config.keys import ToSet, keys_of
    from wellspring.config.starts import start_named, with_values
    from wellspring.config.writing import commented_config

    start = start_named(args.study or "transcription", raw_format=args.format)
    given = dict(assigned(text) for text in args.set)
    for key in given:
        check_known(key, keys_of(schema))
    # A block that is given as a whole, or as null, has all of its keys.
    left = {
        key: remark
        for key, remark in start.to_set.items()
        if not any(key == one or key.startswith(f"{one}.") for one in given)
    }
    values = with_values({"wells": SHIPPED["wells"], **start.values}, given)
    if not left:
        validated_config(values, schema=schema, source="--set")
    blocks = {*start.blocks, *(key.split(".")[0] for key in given)}
    marked = with_values(values, {key: ToSet(remark) for key, remark in left.items()})
    return commented_config(schema, marked, blocks=blocks), left


def _write(text: str, *, args: argparse.Namespace, shipped: str) -> None:
    from wellspring.files import replaced_when_whole

    if args.output is None:
        print(text, end="")
        return
    # The shipped config holds nothing that the user wrote.
    is_theirs = args.output.exists() and args.output.read_text(encoding="utf-8") not in (shipped, text)
    if is_theirs and not (args.force or args.docs):
        raise FileExistsError(
            f"{args.output}: there is a config already. Choose another name, or add --force to replace it."
        )
    with replaced_when_whole(args.output) as temporary:
        temporary.write_text(text, encoding="utf-8")
    print(f"{args.output}: written")
