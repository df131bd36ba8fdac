"""Time, memory and disk of the jobs that are planned, from the records of jobs that ran. Arithmetic alone."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from wellspring.plan.measures import amount, price, scaling_of
from wellspring.plan.records import Record
from wellspring.plan.scaled import Range, Sample, added, scaled
from wellspring.plan.sizes import FolderSizes
from wellspring.plan.tasks import PlannedJob, Task

__all__ = ["Estimate", "Group", "Ran", "estimate", "group_of"]

Group = tuple[str, str]


@dataclass(frozen=True)
class Ran:
    """A record with the sizes of the folder that it was made in."""

    record: Record
    sizes: FolderSizes


@dataclass(frozen=True)
class Estimate:
    """What the jobs of one rule (and model) will take.

    Attributes
    ----------
    rule, model : str
        `model` is empty for rules that are not about one.
    n_jobs, n_unsized : int
        Jobs; those of them whose size is not known, which the figures leave out.
    measure : str
        What the time was scaled by.
    n_records : int
        Number of records behind the figures; 0: there are no figures.
    set_aside : dict of str to int
        Why other records of the rule were not used, and how many.
    devices : tuple of str
        What the records of a GPU rule were computed on; empty for other rules.
    job_seconds : tuple of Range or None
        Wall time of each job, in the order of the jobs; None without figures, and for jobs of unknown size.
    core_hours : Range or None
        Reserved processor threads x wall time.
    gpu_hours : Range or None
        Reserved GPUs x wall time; 0 for rules that reserve none; None where no record is of a GPU.
    memory_mb : Range or None
        Of the largest job: `low` as recorded, `high` grown in proportion where it is larger than what was recorded.
    asked_mb : float or None
        What the rule asks for.
    disk_bytes : float or None
        Of all files that the jobs write.
    """

    rule: str
    model: str
    n_jobs: int
    n_unsized: int
    measure: str
    n_records: int
    set_aside: Mapping[str, int]
    devices: tuple[str, ...]
    job_seconds: tuple[Range | None, ...]
    core_hours: Range | None
    gpu_hours: Range | None
    memory_mb: Range | None
    asked_mb: float | None
    disk_bytes: float | None


def group_of(task: Task) -> Group:
    """Jobs of one group can replace each other: those of one rule, and of one model or method where it is about one."""
    return task.rule, task.wildcards.get("model") or task.wildcards.get("method", "")


def estimate(
    jobs: Sequence[PlannedJob],
    ran: Iterable[Ran],
    *,
    sizes: FolderSizes,
    outputs: Sequence[str],
    other_settings: bool = False,
) -> Estimate:
    """What `jobs`, all of one group, will take.

    Times are scaled as `scaled` says. A training's start is not scaled, as its history says how long the epochs took.
    Nothing is scaled by a record whose own amount is not known. Where a GPU rule has records of a GPU, only these
    count.

    Parameters
    ----------
    ran
        Records of any rule; those of other groups are left out.
    sizes
        Of the folder of `jobs`.
    outputs
        Files that the rule writes, wildcards in braces.
    other_settings
        Use also records that were made with other settings, or that do not say theirs.
    """
    group, scaling = group_of(jobs[0].task), scaling_of(jobs[0].task.rule)
    own = [one for one in ran if group_of(one.record.task) == group]
    wanted = price(jobs[0].task, sizes=sizes)
    reasons = [_reason(one, wanted=wanted, other_settings=other_settings) for one in own]
    usable = [one for one, reason in zip(own, reasons, strict=True) if reason is None]
    set_aside = Counter(reason for reason in reasons if reason is not None)
    if jobs[0].gpus:
        kept = _on_gpu(usable) or usable
        set_aside.update({"not recorded on a GPU": len(usable) - len(kept)} if len(kept) < len(usable) else {})
        usable = kept
    amounts = [amount(job.task, scaling.time, sizes=sizes) for job in jobs]
    samples = [_sample(one) for one in usable]
    seconds = tuple(None if value is None else scaled(samples, value) for value in amounts)
    return Estimate(
        rule=group[0],
        model=group[1],
        n_jobs=len(jobs),
        n_unsized=sum(value is None for value in amounts),
        measure=scaling.time,
        n_records=len(usable),
        set_aside=set_aside,
        devices=_devices(usable) if jobs[0].gpus else (),
        job_seconds=seconds,
        core_hours=_hours(seconds, weights=[job.threads for job in jobs]),
        gpu_hours=_gpu_hours(jobs, seconds, is_known=bool(_on_gpu(usable))),
        memory_mb=_memory(jobs, usable, measure=scaling.size, sizes=sizes),
        asked_mb=max((job.asked_mb for job in jobs if job.asked_mb is not None), default=None),
        disk_bytes=_disk(jobs, usable, measure=scaling.size, sizes=sizes, outputs=outputs),
    )


def _reason(one: Ran, *, wanted: object, other_settings: bool) -> str | None:
    """Why a record is not to be used; None where it is."""
    if not _amount(one):
        return "of unknown size"
    found = price(one.record.task, sizes=one.sizes)
    if other_settings or (found is not None and found == wanted):
        return None
    return "they do not say their settings" if found is None else "made with other settings"


def _amount(one: Ran) -> float | None:
    return amount(one.record.task, scaling_of(one.record.task.rule).time, sizes=one.sizes)


def _sample(one: Ran) -> Sample:
    """Wall time, s: of a training, its epochs and what came before them.

    A training that was resumed has the epochs of all its parts; its record is of the last part alone.
    """
    value = _amount(one) or math.nan
    names = [one.record.task.wildcards.get(name, "") for name in ("model", "regime", "seed")]
    trained = one.sizes.epochs.get((names[0], names[1], names[2])) if one.record.task.rule == "training_fit" else None
    if trained:
        return Sample(value, trained[1], start=max(0.0, one.record.seconds - trained[1]))
    return Sample(value, one.record.seconds)


def _on_gpu(ran: Sequence[Ran]) -> list[Ran]:
    return [one for one in ran if (one.record.device or "").startswith("GPU")]


def _devices(ran: Sequence[Ran]) -> tuple[str, ...]:
    return tuple(sorted({one.record.device or "a device that its log does not name" for one in ran}))


def _hours(seconds: Sequence[Range | None], *, weights: Sequence[int]) -> Range | None:
    """Hours of all jobs of known size; None where none is known."""
    return added([one.times(weight / 3600) for one, weight in zip(seconds, weights, strict=True) if one is not None])


def _gpu_hours(jobs: Sequence[PlannedJob], seconds: Sequence[Range | None], *, is_known: bool) -> Range | None:
    if not jobs[0].gpus:
        return Range(0.0, 0.0, 0.0)
    return _hours(seconds, weights=[job.gpus for job in jobs]) if is_known else None


def _memory(jobs: Sequence[PlannedJob], ran: Sequence[Ran], *, measure: str, sizes: FolderSizes) -> Range | None:
    """Memory of the largest job. It is not scaled down, since an interpreter's own hardly shrinks."""
    known = [(amount(one.record.task, measure, sizes=one.sizes), one.record.memory_mb) for one in ran]
    samples = [Sample(value, memory) for value, memory in known if value and memory is not None]
    planned = [value for job in jobs if (value := amount(job.task, measure, sizes=sizes)) is not None]
    found = scaled(samples, max(planned)) if planned else None
    if found is None:
        return None
    recorded = max(sample.value for sample in samples)
    return Range(recorded, recorded, max(recorded, found.high))


def _disk(
    jobs: Sequence[PlannedJob], ran: Sequence[Ran], *, measure: str, sizes: FolderSizes, outputs: Sequence[str]
) -> float | None:
    pairs = [(amount(one.record.task, measure, sizes=one.sizes), _written(one, outputs=outputs)) for one in ran]
    known = [(value, size) for value, size in pairs if value and size is not None]
    planned = [value for job in jobs if (value := amount(job.task, measure, sizes=sizes)) is not None]
    if not known or not planned:
        return None
    return sum(planned) * sum(size for _, size in known) / sum(value for value, _ in known)


def _written(one: Ran, *, outputs: Sequence[str]) -> int | None:
    """Bytes of a recorded job's files; None where one of them is gone."""
    try:
        paths = [Path(one.sizes.folder, name.format(**one.record.task.wildcards)) for name in outputs]
        return sum(path.stat().st_size for path in paths)
    except (OSError, KeyError):
        return None
