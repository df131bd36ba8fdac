"""Score maps written and read again."""

from dataclasses import fields, replace

import numpy as np
import pytest

from wellspring.attribution.maps.stored import Maps, read_maps, write_maps


def make_maps():
    image = np.arange(8, dtype=np.float32).reshape(1, 2, 2, 2)
    return Maps(
        image=image,
        mask=image[:, 0] > 1,
        score=image * 2,
        attribution=-image,
        plate=np.array(["plate 1"]),
        well=np.array(["A01"]),
        object_id=np.array([7]),
        target=np.array([1.5]),
        prediction=np.array([1.25]),
        level=np.array(["low"]),
        channels=np.array(["DAPI", "µ-tubulin"]),
    )


def test_maps_come_back_as_written(tmp_path):
    maps = make_maps()
    write_maps(maps, tmp_path / "maps.npz")
    found = read_maps(tmp_path / "maps.npz")
    for field in fields(maps):
        expected, came = getattr(maps, field.name), getattr(found, field.name)
        np.testing.assert_array_equal(came, expected)
        assert came.dtype == expected.dtype
    assert [path.name for path in tmp_path.iterdir()] == ["maps.npz"]


def test_objects_are_not_written(tmp_path):
    maps = replace(make_maps(), plate=np.array(["p"], dtype=object))
    with pytest.raises(ValueError, match=r"\['plate'\] hold objects"):
        write_maps(maps, tmp_path / "maps.npz")
    assert not list(tmp_path.iterdir())


def test_a_missing_file_or_array_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="expected score maps"):
        read_maps(tmp_path / "maps.npz")
    np.savez(tmp_path / "maps.npz", image=np.zeros(1))
    with pytest.raises(ValueError, match=r"maps\.npz: expected score maps.*mask"):
        read_maps(tmp_path / "maps.npz")
