"""A line on how far a training is and how long it will take, for the person who watches."""

from collections.abc import Sequence

import numpy as np

from wellspring.labelling.settings import TrainingSettings

__all__ = ["line_of"]

_WIDTH = 20
_MINUTE, _HOUR = 60, 3600


def line_of(
    label: str,
    history: Sequence[tuple[int, float, float, float]],
    *,
    settings: TrainingSettings,
    is_finished: bool,
) -> str:
    """Bar, steps, losses, and the time left at the pace of the last epochs.

    Parameters
    ----------
    history
        (step, loss, validation loss, seconds) after each epoch; NaN without validation.
    """
    step, loss, valid, seconds = history[-1]
    done = min(step / settings.steps, 1.0)
    bar = "#" * int(done * _WIDTH)
    recent = history[-4:]
    first_step, first_seconds = (recent[0][0], recent[0][3]) if len(recent) > 1 else (0, 0.0)
    left = (seconds - first_seconds) / max(step - first_step, 1) * (settings.steps - step)
    if settings.max_minutes:
        left = min(left, max(settings.max_minutes * _MINUTE - seconds, 0))
    best = np.nanmin([row[2] for row in history]) if not np.isnan(valid) else np.nan
    losses = f"loss {loss:.4f}" + ("" if np.isnan(best) else f"  validation {valid:.4f}  best {best:.4f}")
    rest = f"done in {duration(seconds)}" if is_finished else f"{duration(left)} left"
    return f"{label}  [{bar:.<{_WIDTH}}]  {step:,}/{settings.steps:,} steps  {losses}  {rest}"


def duration(seconds: float) -> str:
    """``40 s``, ``12 min``, ``1 h 05 min``."""
    if seconds < _MINUTE:
        return f"{seconds:.0f} s"
    if seconds < _HOUR:
        return f"{seconds / _MINUTE:.0f} min"
    return f"{int(seconds // _HOUR)} h {int(seconds % _HOUR // _MINUTE):02d} min"
