"""Which training run something belongs to."""

from dataclasses import asdict, dataclass
from pathlib import Path

from wellspring.errors import InputError

__all__ = ["Run", "run_of"]


@dataclass(frozen=True, order=True)
class Run:
    """Identifies a training run: model, regime and seed."""

    model: str
    regime: str
    seed: int

    @property
    def label(self) -> str:
        """The run in lines of progress."""
        return f"{self.model} {self.regime} {self.seed}"

    @property
    def name(self) -> str:
        """The run as the report names it."""
        return f"{self.model}, {self.regime}, seed {self.seed}"

    @property
    def columns(self) -> dict[str, str | int]:
        """The run as columns of a table."""
        return asdict(self)


def run_of(path: Path) -> Run:
    """The run that a file belongs to: its folders are ``.../model/regime/seed``.

    Raises
    ------
    ValueError
        When the folder is no seed, or there are too few folders.
    """
    parts = Path(path).parts
    if len(parts) < 4 or not parts[-2].isdigit():
        raise InputError(f"{path}: expected a file in a folder model/regime/seed, where seed is a number.")
    return Run(parts[-4], parts[-3], int(parts[-2]))
