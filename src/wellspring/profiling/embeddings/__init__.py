"""Embeddings of fields by the names of the config, a module each: ``METHOD`` says all that the workflow must know."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from wellspring.errors import InputError
from wellspring.methods import Method, methods_in

if TYPE_CHECKING:
    import pandas as pd

    from wellspring.profiling.design import Design
    from wellspring.profiling.network_fits import Fitted, Training

__all__ = ["EmbedFields", "Embedding", "FitNetwork", "NoSettings", "embedding", "embeddings", "title_of"]


@dataclass(frozen=True)
class NoSettings:
    """Settings of an embedding that has none."""


class EmbedFields(Protocol):
    """Embeds all fields at once, fold by fold, without a network."""

    def __call__(
        self,
        fields: list[Path],
        *,
        cells: list[tuple[Path, Path]],
        design: "Design",
        settings: Any,
        notify: Callable[[str], None],
    ) -> "pd.DataFrame":
        """Table `EMBEDDING` of the wells whose `fields` are given, and (table of cells, crops) where needed."""


class FitNetwork(Protocol):
    """Fits a network to some fields."""

    def __call__(self, training: "Training", *, settings: Any) -> "Fitted":
        """The fitted network, which embeds any fields."""


@dataclass(frozen=True, kw_only=True)
class Embedding(Method):
    """One way to make numbers of fields. Exactly one of `embed` and `fit` is given; both import what they need inside.

    Attributes
    ----------
    title : str
        For figures and tables.
    settings_kind : type
        Frozen dataclass of the keys of the config that it uses, from the block ``profiling``, or from
        ``profiling.<settings_block>``.
    settings_block : str
    embed : callable or None
        Of an embedding without a network.
    fit : callable or None
        Of a network, which is then fitted once for each fold on a GPU.
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
    embed: EmbedFields | None = None
    fit: FitNetwork | None = None
    needs_classes: bool = False
    needs_cells: bool = False
    files: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    describe: Callable[[Any], str] | None = None

    def __post_init__(self) -> None:
        if (self.embed is None) == (self.fit is None):
            raise ValueError(f"embedding {self.name}: expected either embed or fit")

    @property
    def needs_network(self) -> bool:
        """Whether a network is fitted."""
        return self.fit is not None

    @property
    def module(self) -> str:
        """Dotted name of the module that declares it."""
        function: Any = self.embed or self.fit
        return str(function.__module__)

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
