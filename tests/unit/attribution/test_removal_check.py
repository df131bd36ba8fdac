"""Channels that are removed before retraining."""

from wellspring.attribution.removal_check import removal_mistakes


def test_a_model_keeps_a_channel_when_others_are_removed() -> None:
    assert removal_mistakes([1, 4], n_inputs=5) == []
    assert removal_mistakes([], n_inputs=0) == []
    (line,) = removal_mistakes([1, 5, 8], n_inputs=5)
    assert "roar.channels: expected numbers below 5" in line
    assert line.endswith("got [5, 8]")
