"""Whether the light of a field is like that of the training fields, as far as a model alone can say."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray
from scipy import stats

from wellspring.errors import InputError
from wellspring.labelling.drift.space import fit_space
from wellspring.labelling.embeddings.bottleneck import bottleneck_of, tile_embeddings
from wellspring.labelling.fields import Field
from wellspring.labelling.network import record_of, remember, step_px

__all__ = ["learn_familiarity", "unfamiliarity"]

_NAME = "familiar"
_TILE_PX = 128
_MOST_COMPONENTS = 16
# Fields are left out one group after another, so their number sets the time.
_MOST_FIELDS = 24
_LEAST_GROUPS = 3
# A new field of the same kind is beyond the limit once in so many.
_ONE_IN = 100
_Rows = NDArray[np.float64]


def learn_familiarity(
    model: keras.Model, *, training: Sequence[Field], groups: Sequence[str], validation: Sequence[Field] = ()
) -> None:
    """Store in the model what its bottleneck says of the training fields, and how far a field of their kind may be off.

    The bottleneck of tiles of 128 px is taken in whitened principal components; a field's score is the mean logarithm
    of its tiles' distances from the middle. Each group of training fields is scored with the others alone. The limit
    is that of a normal prediction interval of the groups' scores: one new field of the same kind in a hundred is
    beyond it. Validation fields, which trained nothing, are a group each. With fewer than three groups, or too few
    tiles, nothing is stored.

    Parameters
    ----------
    groups
        Of each training field: its well, and wells that show the same cells.
    """
    kept = np.unique(np.linspace(0, len(training) - 1, min(len(training), _MOST_FIELDS)).round().astype(int))
    side = _side(model, [*training, *validation])
    tiles = {int(number): _tiles(model, training[number].planes, side=side) for number in kept}
    others = [_tiles(model, one.planes, side=side) for one in validation[:_MOST_FIELDS]]
    names = dict.fromkeys(groups[number] for number in tiles)
    if len(names) + len(others) < _LEAST_GROUPS or len(names) < 2:
        return
    scores = []
    try:
        for name in names:
            known = _known([own for number, own in tiles.items() if groups[number] != name])
            scores.append(np.mean([_score(own, known) for number, own in tiles.items() if groups[number] == name]))
        known = _known(list(tiles.values()))
    except InputError:
        return
    found = np.array([*scores, *(_score(own, known) for own in others)])
    width = stats.t.isf(1 / _ONE_IN, len(found) - 1) * np.sqrt(1 + 1 / len(found))
    limit = float(found.mean() + width * found.std(ddof=1))
    remember(model, _NAME, {**{name: _short(rows) for name, rows in known.items()}, "limit": limit, "tile_px": side})


def unfamiliarity(model: keras.Model, planes: NDArray[np.number]) -> float | None:
    """How far a field's light is from that of the training fields, as a multiple of the limit of `learn_familiarity`.

    Above 1 the prediction is of light that the model was not trained on: another focus, objective, noise or kind of
    cell. Below, its numbers may be off all the same.

    Parameters
    ----------
    planes : (P, Y, X)
        Camera counts.

    Returns
    -------
    float or None
        None where the model knows too few training fields, or the field is smaller than a tile.
    """
    known = record_of(model).get(_NAME)
    if not known or min(planes.shape[-2:]) < known["tile_px"]:
        return None
    tiles = _tiles(model, planes, side=int(known["tile_px"]))
    if not np.isfinite(tiles).all():
        return float("inf")
    rows = {name: np.asarray(known[name], dtype=np.float64) for name in ("mean", "directions")}
    return float(np.exp(_score(tiles, rows) - known["limit"]))


def _side(model: keras.Model, fields: Sequence[Field]) -> int:
    """Side of the tiles, on the network's grid and no larger than the smallest field."""
    step, smallest = step_px(model), min(min(one.planes.shape[1:]) for one in fields)
    return int(max(min(_TILE_PX, smallest) // step, 1) * step)


def _tiles(model: keras.Model, planes: NDArray[np.number], *, side: int) -> _Rows:
    """(n, d) embeddings of a field's tiles."""
    return tile_embeddings(bottleneck_of(model), planes, tile_px=side).values.astype(np.float64)


def _known(tiles: Sequence[_Rows]) -> dict[str, _Rows]:
    """Middle (d,) and directions (k, d) in which the tiles of fields have a variance of 1."""
    space = fit_space(np.concatenate(tiles), most=_MOST_COMPONENTS)
    return {"mean": space.mean, "directions": space.components / space.scale}


def _score(tiles: _Rows, known: Mapping[str, _Rows]) -> float:
    """Mean logarithm of the tiles' distances."""
    distances = np.sqrt((((tiles - known["mean"]) @ known["directions"].T) ** 2).sum(axis=1))
    return float(np.log(np.maximum(distances, 1e-6)).mean())


def _short(rows: _Rows) -> list[Any]:
    """Values in float32, as the file of the model holds them."""
    found: list[Any] = rows.astype(np.float32).astype(np.float64).tolist()
    return found
