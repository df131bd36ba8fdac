"""The base methods: what a score map is made from."""

from wellspring.methods import Method

__all__ = ["METHODS"]

METHODS = (
    Method(name="gradient", meaning="gradient of the prediction by each value"),
    Method(name="gradient_input", meaning="gradient times the value"),
    Method(
        name="integrated_gradients",
        meaning="the prediction's change from the baseline, attributed to the values",
    ),
)
