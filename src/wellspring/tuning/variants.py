"""The settings that are compared: the config as it is, and each combination of the values that were given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from wellspring.config.assigning import assigned, check_known
from wellspring.config.checking import validated_config
from wellspring.config.keys import keys_of
from wellspring.config.starts import with_values
from wellspring.errors import InputError

__all__ = ["MOST_VARIANTS", "Variant", "variants_of"]

MOST_VARIANTS = 12
"""More are not to be seen next to each other."""
_BLOCKS = ("raw", "segmentation", "spots")


@dataclass(frozen=True)
class Variant:
    """One setting of the keys that are tried.

    Attributes
    ----------
    changes : dict of str to Any
        Dotted key to value; none of the config as it is.
    config : dict
        The checked config with these values, defaults filled in.
    """

    changes: Mapping[str, Any]
    config: Mapping[str, Any]

    @property
    def name(self) -> str:
        """``spots.sigma_px = 1.3``, or ``as in the config``."""
        return ", ".join(f"{key} = {_short(value)}" for key, value in self.changes.items()) or "as in the config"

    @property
    def lines(self) -> str:
        """What to write into the config, as YAML; empty of the config as it is."""
        import yaml

        if not self.changes:
            return ""
        return str(yaml.safe_dump(with_values({}, self.changes), sort_keys=False, default_flow_style=False)).rstrip()


def _short(value: Any) -> str:
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def variants_of(
    config: Mapping[str, Any], settings: Sequence[str], *, schema: Mapping[str, Any], source: Path
) -> list[Variant]:
    """The config as it is, then each combination of the values given.

    Parameters
    ----------
    config
        As read from `source`.
    settings
        ``KEY=VALUE``; a key that repeats has several values.
    schema
        Of the config.
    source
        The config's file, for messages; where it is there, keys that it gives twice are mistakes too.

    Raises
    ------
    InputError
        When a key is unknown or is about no image, when a value is wrong, or when there are more than 12 combinations.
    """
    values: dict[str, list[Any]] = {}
    for key, value in map(assigned, settings):
        check_known(key, keys_of(schema))
        if key.split(".")[0] not in _BLOCKS:
            raise InputError(
                f"--set {key}: expected a key of {', '.join(_BLOCKS)}; others change nothing in one field."
            )
        values.setdefault(key, []).append(value)
    combined = [dict(zip(values, one, strict=True)) for one in product(*values.values())] if values else []
    if len(combined) > MOST_VARIANTS:
        raise InputError(f"--set: expected at most {MOST_VARIANTS} combinations of values, got {len(combined)}.")
    files = [source] if source.is_file() else []
    found = []
    for changes in [{}, *combined]:
        name = str(source) if not changes else f"{source} with {', '.join(f'{k}={v}' for k, v in changes.items())}"
        checked = validated_config(with_values(config, changes), schema=schema, source=name, files=files)
        found.append(Variant(changes, checked))
    return found
