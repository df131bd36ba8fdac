"""Lines on how far a training is, for the person who watches."""

from dataclasses import dataclass

__all__ = ["Progress"]

_WIDTH = 10


@dataclass(frozen=True)
class Progress:
    """Lines on a training of at most `epochs` epochs, about one for each tenth.

    Attributes
    ----------
    label : str
        What is trained.
    epochs : int
        Most epochs.
    """

    label: str
    epochs: int

    def is_due(self, epoch: int) -> bool:
        """Whether epoch (1-based) is the first, the last, or completes a tenth."""
        tenths = epoch * _WIDTH // self.epochs, (epoch - 1) * _WIDTH // self.epochs
        return epoch == 1 or tenths[0] > tenths[1]

    def line(self, epoch: int, *, val_mae: float, best: float, seconds: float) -> str:
        """Bar, epoch, validation errors (this epoch's and the best), and the time of an epoch."""
        done = epoch * _WIDTH // self.epochs
        bar = "#" * done + "." * (_WIDTH - done)
        pace = f"{seconds:.1f}" if seconds < 10 else f"{seconds:.0f}"
        return f"{self.label}  [{bar}]  {epoch}/{self.epochs}  val MAE {val_mae:.4g}  best {best:.4g}  {pace} s/epoch"
