"""What embeddings of transmitted light say of a blur: clusters, probes, and pictures (Pankova 2022, section 4.2)."""

import importlib.util

import numpy as np
from numpy.typing import NDArray

from bench.labelling_study import RADII, blurred_study
from bench.table import Row
from wellspring.labelling.drift.space import fit_space, projected
from wellspring.labelling.embeddings.reading import (
    CLUSTERINGS,
    cluster_labels,
    corrupted_f1,
    picture,
    severity_probe,
    trust,
)

__all__ = ["run"]

_EPOCHS = 10
_MAPS = (("pca", "sklearn"), ("umap", "umap"), ("pacmap", "pacmap"))
_Rows = NDArray[np.floating]


def run() -> list[Row]:
    """Of clean and blurred held-out fields, in the bottleneck of a network and in two autoencoders."""
    from wellspring.labelling.embeddings.autoencoders import (
        ARCHITECTURES,
        build_autoencoder,
        codes,
        fit_autoencoder,
    )

    study = blurred_study()
    rows = []
    for level in RADII:
        rows += _read("bottleneck", study.held_out[0], study.held_out[level], level=level)
    rows += _pictures(study.held_out[0], study.held_out[max(RADII)])
    for kind in ARCHITECTURES:
        one = build_autoencoder(kind, tile_px=study.training.shape[1])
        losses = fit_autoencoder(one, study.training[..., None], epochs=_EPOCHS)
        rows.append(_row(f"{kind} autoencoder: error of the last epoch over that of the first", losses[-1] / losses[0]))
        space = fit_space(codes(one, study.training[..., None]).astype(np.float64))
        clean = projected(space, codes(one, study.clean[..., None]).astype(np.float64))
        for level, light in study.blurred.items():
            rows += _read(f"{kind} autoencoder", clean, projected(space, codes(one, light[..., None])), level=level)
    return rows


def _row(what: str, value: float, unit: str = "") -> Row:
    return Row("labelling_embeddings", what, value, unit, "", None, "", None)


def _read(name: str, clean: _Rows, blurred: _Rows, *, level: int) -> list[Row]:
    """The probe's area, and at the worst level F1 of clusters, both on fields that fitted or named nothing."""
    rows, is_blurred, fields = _both(clean, blurred)
    found = [_row(f"{name}, blur level {level}: probe", severity_probe(rows, is_blurred, fields), "area")]
    for method in CLUSTERINGS if level == max(RADII) else ():
        labels = cluster_labels(rows, method=method)
        score = corrupted_f1(labels, is_blurred, fields, rng=np.random.default_rng(1))
        found.append(_row(f"{name}, blur level {level}: blurred fields by clusters of {method}", score, "F1"))
    return found


def _pictures(clean: _Rows, blurred: _Rows) -> list[Row]:
    """The probe on two-dimensional pictures instead of the components that they are made of."""
    rows, is_blurred, fields = _both(clean, blurred)
    found = []
    for method, package in _MAPS:
        if importlib.util.find_spec(package) is None:
            continue
        places = picture(rows, method=method)
        what = f"bottleneck, blur level {max(RADII)}: probe on the picture {method} (trust {trust(rows, places):.2f})"
        found.append(_row(what, severity_probe(places, is_blurred, fields), "area"))
    return found


def _both(clean: _Rows, blurred: _Rows) -> tuple[_Rows, NDArray[np.bool_], list[str]]:
    """Rows of clean and blurred fields, which are blurred, and the name of each field."""
    names = [str(number) for number in range(len(clean))]
    return np.concatenate([clean, blurred]), np.repeat([False, True], [len(clean), len(blurred)]), [*names, *names]
