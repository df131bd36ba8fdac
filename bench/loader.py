"""Training batches from crop shards, compared with a plain copy of the same bytes and with an image file per cell.

64 nuclei of about 11,000 px and 38 channels become (64, 224, 224, 38) float32. All on one core, in one process, the
contestants taking turns; each figure is the best of its rounds, in CPU time, which other jobs on the machine disturb
less. The files are in the page cache.
"""

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.table import Row
from wellspring.cells.shards import Crop, ShardHeader, runs_of, write_shard
from wellspring.dataset.loader import CropLoader

N_CELLS, N_CHANNELS, TARGET, SIZE, NUCLEUS_PX = 64, 38, 35, 224, 11_000
ROUNDS = 15
CHANNELS = tuple(f"channel_{number}" for number in range(N_CHANNELS))


def drawn_crop(rng: np.random.Generator, *, object_id: int, background: NDArray[np.float64]) -> Crop:
    """An elliptic nucleus: a log-normal level per channel, common texture, shot noise and camera noise."""
    height = rng.uniform(1.7, 2.2) * np.sqrt(NUCLEUS_PX / np.pi)
    width = 4 * NUCLEUS_PX / np.pi / height
    rows, columns = np.mgrid[: int(height), : int(width)]
    y, x = np.nonzero(((rows + 0.5) / height * 2 - 1) ** 2 + ((columns + 0.5) / width * 2 - 1) ** 2 < 1)
    y, x = y - y.min(), x - x.min()
    texture = np.clip(1 + 0.3 * rng.standard_normal((len(y), 1)), 0.1, None)
    light = rng.poisson(rng.lognormal(6, 0.6, N_CHANNELS) * texture) + rng.normal(background, 8, (len(y), N_CHANNELS))
    pixels = np.clip(light, 0, 65_535).astype(np.uint16)
    run_y, run_x, run_length = runs_of(y, x)
    return Crop(object_id, 0, 0, int(y.max()) + 1, int(x.max()) + 1, run_y, run_x, run_length, pixels)


def usual_batch(paths: Sequence[Path], *, background: NDArray[np.float64], table: pd.DataFrame) -> NDArray[np.float32]:
    """The usual way: load an image per cell, normalise all of it, blank what was not measured, pad, stack."""
    clip, shift, scale = (table[name].to_numpy(dtype=np.float32) for name in ("clip", "shift", "scale"))
    images = []
    for path in paths:
        with np.load(path) as file:
            mask, image = file["mask"], file["image"].astype(np.float32)
        image = (np.clip(image - background.astype(np.float32), 0, clip) - shift) / scale
        image[~mask] = 0
        image = np.dstack([np.delete(image, TARGET, axis=2), mask]).astype(np.float32)
        margins = [((SIZE - extent) // 2, SIZE - extent - (SIZE - extent) // 2) for extent in mask.shape]
        images.append(np.pad(image, [*margins, (0, 0)]))
    return np.stack(images)


def best_of(contestants: dict[str, Callable[[], object]], *, rounds: int) -> dict[str, float]:
    """CPU seconds of each contestant's best round; they take turns."""
    best = dict.fromkeys(contestants, np.inf)
    for _ in range(rounds):
        for name, work in contestants.items():
            start = time.process_time()
            work()
            best[name] = min(best[name], time.process_time() - start)
    return best


def run() -> list[Row]:
    """Write shard and files, check that both ways give the same batch, then time them."""
    rng = np.random.default_rng(0)
    background = rng.uniform(90, 200, N_CHANNELS)
    crops = [drawn_crop(rng, object_id=number, background=background) for number in range(N_CELLS)]
    shift, scale = rng.uniform(300, 500, N_CHANNELS), rng.uniform(100, 300, N_CHANNELS)
    table = pd.DataFrame({"channel": CHANNELS, "clip": shift + 2 * scale, "shift": shift, "scale": scale})
    cells = pd.DataFrame({"plate": "P", "well": "W", "object_id": range(N_CELLS), "row": range(N_CELLS), "target": 0.0})
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_shard(folder / "P" / "W.arrow", crops, header=ShardHeader("P", "W", CHANNELS, background))
        paths = [folder / f"{crop.object_id}.npz" for crop in crops]
        for path, crop in zip(paths, crops, strict=True):
            np.savez_compressed(path, image=np.moveaxis(crop.image(), 0, -1), mask=crop.mask())
        loader = CropLoader(
            cells, crops_folder=folder, normalization=table, image_size=SIZE, exclude_channel=CHANNELS[TARGET]
        )
        order = rng.permutation(N_CELLS)
        return _measured(loader, order, [paths[i] for i in order], background=background, table=table)


def _measured(
    loader: CropLoader,
    order: NDArray[np.int64],
    paths: Sequence[Path],
    *,
    background: NDArray[np.float64],
    table: pd.DataFrame,
) -> list[Row]:
    # A copy, since untouched zeros share one page of memory, which is quicker to read than real ones.
    source = loader.batch(order)[0].copy()
    np.testing.assert_allclose(source, usual_batch(paths, background=background, table=table), atol=1e-4)
    target = np.ones_like(source)

    def usual() -> object:
        return usual_batch(paths, background=background, table=table)

    seconds = best_of(
        {
            "copy": lambda: np.copyto(target, source),
            "batch": lambda: loader.batch(order, out=target),
            "new copy": source.copy,
            "new batch": lambda: loader.batch(order),
        },
        rounds=ROUNDS,
    ) | best_of({"files": usual}, rounds=2)
    return [
        _row("np.copyto, batch", seconds["copy"], source.nbytes),
        _row("batch into a given array", seconds["batch"], source.nbytes, than=seconds["copy"], of="the copy's speed"),
        _row("array.copy(), new array", seconds["new copy"], source.nbytes),
        _row("batch, new array", seconds["new batch"], source.nbytes, than=seconds["new copy"], of="the copy's speed"),
        Row(
            "loader",
            "the usual way: an .npz file per cell, padded, normalised",
            seconds["files"],
            "s",
            "the loader's time",
            seconds["files"] / seconds["new batch"],
            "",
            None,
        ),
    ]


def _row(what: str, seconds: float, n_bytes: int, *, than: float | None = None, of: str = "") -> Row:
    ratio = None if than is None else than / seconds
    target, met = ("", None) if ratio is None else ("at least 0.33", ratio >= 1 / 3)
    return Row("loader", f"{what} ({seconds * 1e3:.0f} ms)", n_bytes / seconds / 1e9, "GB/s", of, ratio, target, met)
