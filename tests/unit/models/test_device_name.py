"""What a job says that it computes on."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import keras

    from wellspring.models.devices import device_name


@pytest.mark.parametrize(
    ("gpus", "details", "name"),
    [
        ([], {}, "CPU"),
        (["gpu:0"], {"device_name": "Tesla T4"}, "GPU Tesla T4"),
        (["gpu:0", "gpu:1"], {"device_name": "Tesla T4"}, "GPU Tesla T4"),
        (["gpu:0"], {}, "GPU"),
    ],
)
def test_a_gpu_is_named_where_there_is_one(
    gpus: list[str], details: dict[str, str], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if keras.backend.backend() != "tensorflow":
        pytest.skip("TensorFlow's way of asking")
    tf = pytest.importorskip("tensorflow")
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: gpus)
    monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda gpu: details)
    assert device_name() == name
