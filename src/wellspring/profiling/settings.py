"""The block ``profiling`` of the config, typed. The settings of an embedding are declared in its own module."""

from dataclasses import dataclass

__all__ = ["ActinSettings", "DesignSettings", "JudgingSettings"]


@dataclass(frozen=True)
class DesignSettings:
    """What an embedding job must know of the study.

    Attributes
    ----------
    positive : tuple of str
        Classes that count as positive; none: nothing is judged.
    folds, seed : int
    """

    positive: tuple[str, ...]
    folds: int
    seed: int


@dataclass(frozen=True)
class JudgingSettings:
    """What the judgement of an embedding depends on; `n_bootstraps` is ``report.bootstrap_samples``."""

    positive: tuple[str, ...]
    controls: tuple[str, ...]
    batch_columns: tuple[str, ...]
    n_permutations: int
    n_bootstraps: int
    seed: int


@dataclass(frozen=True)
class ActinSettings:
    """The block ``profiling.actin``."""

    actin: str
    borders: str
    nuclei: str
    tile_size_px: int
    width: int
    n_levels: int
    importance: float
    border_px: int
    epochs: int
    batch_size: int
    learning_rate: float

    @property
    def channels(self) -> tuple[str, str, str]:
        """Actin, borders, nuclei."""
        return self.actin, self.borders, self.nuclei
