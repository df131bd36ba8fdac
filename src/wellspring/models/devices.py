"""What the machine offers: processors' threads, a GPU or none, and the settings that suit them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import keras

from wellspring.models.memory import keep_freed_memory

__all__ = ["CPU", "Device", "computing_in", "device_name", "prepared_device"]


@dataclass(frozen=True)
class Device:
    """How to run Keras here.

    Attributes
    ----------
    dtype_policy : str
        Keras dtype policy to train in: ``mixed_float16`` with a GPU, else ``float32``.
    jit_compile : bool
        Whether to compile training steps with XLA. On a CPU, TensorFlow's own kernels are no slower and start sooner.
    """

    dtype_policy: str
    jit_compile: bool


CPU = Device(dtype_policy="float32", jit_compile=False)


def prepared_device(*, threads: int) -> Device:
    """Keep Keras' backend to `threads` processor threads, and say what it runs on.

    Call it before the first tensor is made: TensorFlow fixes its threads then. What computes in float32 does so in
    full on every device. GPU memory is taken as needed, not
    all at once, so that two jobs can share a GPU.
    """
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
        gpus = tf.config.list_physical_devices("GPU")
        # Full float32: with TF32's 10 bits, maps and predictions would depend on the GPU.
        tf.config.experimental.enable_tensor_float_32_execution(False)
        for gpu in gpus:
            tf.config.experimental.set_memory_growth(gpu, True)
        if not gpus:
            keep_freed_memory()
        return _device(has_gpu=bool(gpus), jit_compile=bool(gpus))
    os.environ["NPROC"] = str(threads)  # read by XLA's CPU client when it starts
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    import jax

    jax.config.update("jax_default_matmul_precision", "highest")
    return _device(has_gpu=jax.default_backend() == "gpu", jit_compile=True)


def device_name() -> str:
    """``CPU``, or ``GPU`` and its model where that is known: what Keras' backend computes on. No part of `Device`, so
    that a training resumes on another model of GPU.
    """
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        gpus = tf.config.list_physical_devices("GPU")
        models = [tf.config.experimental.get_device_details(gpu).get("device_name", "") for gpu in gpus[:1]]
    else:
        import jax

        models = [device.device_kind for device in jax.devices()[:1] if device.platform == "gpu"]
    return f"GPU {models[0]}".strip() if models else "CPU"


def _device(*, has_gpu: bool, jit_compile: bool) -> Device:
    return Device(dtype_policy="mixed_float16" if has_gpu else "float32", jit_compile=jit_compile)


@contextmanager
def computing_in(dtype_policy: str) -> Iterator[None]:
    """Have the models that are built in the block compute in a Keras dtype policy; then restore the one before."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(dtype_policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
