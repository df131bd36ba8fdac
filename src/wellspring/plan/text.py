"""The plan as people read it."""

from collections.abc import Iterable, Sequence

from wellspring.plan.estimates import Estimate
from wellspring.plan.scaled import Range, added

__all__ = ["duration", "plan_text"]

_NO_RECORD = "no record"
_HEADER = ("job", "count", "CPU-hours", "GPU-hours", "memory", "disk", "records", "scaled by")


def plan_text(estimates: Sequence[Estimate]) -> str:
    """One row per rule and model, their totals, and what the figures leave out."""
    rows = [_HEADER, *(_row(one) for one in estimates), _total(estimates)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADER))]
    lines = [_aligned(row, widths) for row in rows]
    rule = "  ".join("-" * width for width in widths)
    return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1], "", *_notes(estimates)])


def duration(seconds: float) -> str:
    """Such as ``12 s``, ``5.2 min``, ``3.1 h``, ``2.4 d``."""
    for unit, length, most in (("s", 1, 60), ("min", 60, 3600), ("h", 3600, 172800)):
        if seconds < most:
            return f"{seconds / length:.2g} {unit}" if seconds / length < 99.5 else f"{seconds / length:.0f} {unit}"
    return f"{seconds / 86400:.2g} d"


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:-1], widths[1:-1], strict=True))]
    return "  ".join([*cells, row[-1]]).rstrip()


def _row(one: Estimate) -> tuple[str, ...]:
    name = f"{one.rule} {one.model}".strip()
    if one.core_hours is None:
        return name, f"{one.n_jobs}", _NO_RECORD, "-" if one.gpu_hours else _NO_RECORD, *("",) * 3, one.measure
    gpu_hours = _NO_RECORD if one.gpu_hours is None else _range(one.gpu_hours) if one.gpu_hours.mean else "-"
    numbers = _range(one.core_hours), gpu_hours, _memory(one.memory_mb), _bytes(one.disk_bytes), f"{one.n_records}"
    return name, f"{one.n_jobs}", *numbers, one.measure


def _total(estimates: Sequence[Estimate]) -> tuple[str, ...]:
    memory = max((one.memory_mb for one in estimates if one.memory_mb), key=lambda range_: range_.low, default=None)
    n_jobs, n_records = sum(one.n_jobs for one in estimates), sum(one.n_records for one in estimates)
    hours = _summed([one.core_hours for one in estimates]), _summed([one.gpu_hours for one in estimates])
    disk = _bytes(sum(one.disk_bytes or 0 for one in estimates))
    return "known total", f"{n_jobs}", *hours, _memory(memory), disk, f"{n_records}", ""


def _summed(hours: Sequence[Range | None]) -> str:
    """A sum that hides no missing part."""
    known = added([one for one in hours if one is not None and one.mean])
    is_whole = all(one is not None for one in hours)
    if known is None:
        return "0" if is_whole else _NO_RECORD
    return _range(known) if is_whole else f"{_range(known)} + unknown"


def _notes(estimates: Sequence[Estimate]) -> list[str]:
    missing = [one for one in estimates if one.core_hours is None]
    notes = []
    if missing:
        names = ", ".join(dict.fromkeys(f"{one.rule} {one.model}".strip() for one in missing))
        notes.append(
            f"The total leaves out {sum(one.n_jobs for one in missing)} jobs without a figure: {names}. "
            "Run one well first, or name the folder of an earlier run with --records."
        )
    notes += [line for one in estimates for line in _notes_of(one)]
    notes.append(
        "CPU-hours: reserved threads x wall time, in proportion; in brackets what the records leave open, down to no "
        "growth at all. Memory: as recorded, up to growth in proportion. Training: all epochs of the config."
    )
    return notes


def _notes_of(one: Estimate) -> Iterable[str]:
    name = f"{one.rule} {one.model}".strip()
    for reason, n_records in one.set_aside.items():
        yield f"{name}: {n_records} record(s) not used: {reason}."
    if one.n_unsized and one.core_hours is not None:
        yield f"{name}: {one.n_unsized} of {one.n_jobs} jobs are of unknown size; the figures leave them out."
    if one.n_unsized == one.n_jobs and one.n_records:
        yield f"{name}: the size of the jobs is not known, so {one.n_records} record(s) could not be scaled."
    if one.devices:
        yield f"{name}: recorded on {', '.join(one.devices)}."
    if one.memory_mb and one.asked_mb is not None and one.memory_mb.high * 2**20 > one.asked_mb * 1e6:
        asked = _bytes(one.asked_mb * 1e6)
        if one.memory_mb.low * 2**20 > one.asked_mb * 1e6:
            yield f"{name}: needed {_bytes(one.memory_mb.low * 2**20)}, asks for {asked}. Raise mem_mb in the profile."
        else:
            yield f"{name}: asks for {asked}; records of larger jobs would show whether that is enough."


def _range(found: Range) -> str:
    low, mean, high = _hours(found.low), _hours(found.mean), _hours(found.high)
    return mean if low == mean == high else f"{mean} ({low}-{high})"


def _memory(found: Range | None) -> str:
    if found is None:
        return "?"
    low, high = _bytes(found.low * 2**20), _bytes(found.high * 2**20)
    return low if low == high else f"{low}-{high}"


def _hours(hours: float) -> str:
    return f"{hours:.0f}" if hours >= 100 else f"{hours:.2g}"


def _bytes(size: float | None) -> str:
    if size is None:
        return "?"
    for unit, length in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if size >= length:
            return f"{size / length:.3g} {unit}"
    return f"{size / 1e3:.3g} kB"
