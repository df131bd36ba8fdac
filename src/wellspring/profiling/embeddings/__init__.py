"""Embeddings of fields by the names of the config: each is declared in the module of its name, as ``METHOD``.

A declaration names the function that does the work and imports none of it: the report and the other embeddings do not
depend on that code.
"""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any

from wellspring.errors import InputError
from wellspring.methods import Method, methods_in

__all__ = ["Embedding", "NoSettings", "embedding", "embeddings", "title_of"]


@dataclass(frozen=True)
class NoSettings:
    """Settings of an embedding that has none."""


@dataclass(frozen=True, kw_only=True)
class Embedding(Method):
    """One way to make numbers of fields. Exactly one of `embed` and `fit` is given.

    Attributes
    ----------
    title : str
        For figures and tables.
    settings_kind : type
        Frozen dataclass of the keys of the config that it uses, from the block ``profiling``, or from
        ``profiling.<settings_block>``.
    settings_block : str
        By default, for an embedding with `settings` (keys of its own), its name: the schema gets a block of them there.
    embed : str
        Of an embedding without a network: dotted name of its `wellspring.profiling.reductions.EmbedFields`.
    fit : str
        Of a network, which is then fitted once for each fold on a GPU: dotted name of its
        `wellspring.profiling.network_fits.FitNetwork`.
    needs_classes : bool
        Whether it is fitted with the known classes: its clusters of samples that it was fitted with are no evidence.
    needs_cells : bool
        Whether it reads the segmented cells.
    files : dict of str to tuple of str
        Those of its settings that name a file, unless the value is one of the words given.
    describe : callable or None
        Settings to a sentence for the report.
    """

    title: str
    settings_kind: type[Any] = NoSettings
    settings_block: str = ""
    embed: str = ""
    fit: str = ""
    needs_classes: bool = False
    needs_cells: bool = False
    files: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    describe: Callable[[Any], str] | None = None

    def __post_init__(self) -> None:
        if bool(self.embed) == bool(self.fit):
            raise ValueError(f"embedding {self.name}: expected either embed or fit")
        if self.settings and not self.settings_block:
            object.__setattr__(self, "settings_block", self.name)

    @property
    def needs_network(self) -> bool:
        """Whether a network is fitted."""
        return bool(self.fit)

    @property
    def declared_in(self) -> str:
        """Dotted name of the module that declares it."""
        return f"{__name__}.{self.name}"

    @property
    def modules(self) -> tuple[str, str]:
        """Dotted names of the module that declares it and of the one that does the work."""
        return self.declared_in, (self.embed or self.fit).rpartition(".")[0]

    def function(self) -> Callable[..., Any]:
        """The function that `embed` or `fit` names, imported."""
        index, _, name = (self.embed or self.fit).rpartition(".")
        found: Callable[..., Any] = getattr(importlib.import_module(index), name)
        return found

    def settings_in(self, profiling: Mapping[str, Any]) -> dict[str, Any]:
        """Its own keys of the checked block ``profiling``, and no other."""
        block = profiling[self.settings_block] if self.settings_block else profiling
        return {one.name: block[one.name] for one in fields(self.settings_kind)}

    def files_in(self, profiling: Mapping[str, Any]) -> dict[str, str]:
        """The files that its settings name, by their keys in the config."""
        settings, above = self.settings_in(profiling), ".".join(filter(None, ("profiling", self.settings_block)))
        return {f"{above}.{key}": settings[key] for key, words in self.files.items() if settings[key] not in words}


@cache
def embeddings() -> dict[str, Embedding]:
    """All embeddings by name."""
    return methods_in(__name__, Embedding)


def embedding(name: str) -> Embedding:
    """The embedding that the config calls `name`.

    Raises
    ------
    ValueError
        When there is none.
    """
    known = embeddings()
    if name not in known:
        raise InputError(f"profiling.methods: expected one of {sorted(known)}, got {name!r}.")
    return known[name]


def title_of(name: str) -> str:
    """What figures call the embedding `name`; of another name, that itself."""
    known = embeddings()
    return known[name].title if name in known else name
