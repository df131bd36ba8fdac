"""What is made of a base method's maps over noisy copies of the image."""

from wellspring.methods import Method

__all__ = ["METHODS"]

METHODS = (
    Method(name="none", meaning="no copies, the map of the image itself"),
    Method(name="smoothgrad", meaning="mean over the copies"),
    Method(name="vargrad", meaning="variance over the copies"),
    Method(
        name="vargrad_sd",
        meaning="standard deviation over the copies, in the unit of the target; what Becker (2021) calls VarGrad",
    ),
)
