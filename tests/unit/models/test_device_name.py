"""What a job says that it computes on."""

import keras
import pytest

from wellspring.models.devices import device_name

tf = pytest.importorskip("tensorflow")
pytestmark = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="TensorFlow's way of asking")


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
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: gpus)
    monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda gpu: details)
    assert device_name() == name
