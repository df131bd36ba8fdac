"""Which fields train, which choose the weights, which are held out: whole wells, wells that share cells together."""

from collections.abc import Mapping, Sequence

from wellspring.errors import InputError

__all__ = ["SPLITS", "check_split", "split_of_groups"]

SPLITS = ("train", "validation", "test")
# One group in five chooses the weights.
_ONE_IN = 5


def split_of_groups(groups: Sequence[str], *, has_test: bool = False) -> dict[str, str]:
    """The split of each group of wells where the user gives none: every fifth group is ``validation``.

    Parameters
    ----------
    groups
        Of each field, in the order of the list.
    has_test
        Whether another fifth is held out as ``test``, the group before each of validation; from three groups on.

    Returns
    -------
    dict
        Group to its split. Groups are taken in the order in which they come; with one there is no
        validation; with two to nine one, the one in the middle, as plates change from one end to the other.
    """
    names = list(dict.fromkeys(groups))
    n_valid = max(1, len(names) // _ONE_IN) if len(names) > 1 else 0
    chosen = [(2 * k + 1) * len(names) // (2 * n_valid) for k in range(n_valid)]
    splits = {names[place]: "validation" for place in chosen}
    if has_test and len(names) > 2:
        splits |= {names[place - 1]: "test" for place in chosen}
    return {name: splits.get(name, "train") for name in names}


def check_split(splits: Mapping[str, set[str]], *, source: str) -> None:
    """Refuse a split of which one well, or wells that share cells, are on both sides.

    Parameters
    ----------
    splits
        Group of wells to the splits of its fields.

    Raises
    ------
    ValueError
        For a group with fields in several splits, or no field to train with.
    """
    for group, found in splits.items():
        if len(found) > 1:
            kind = "wells whose fields show the same cells" if "+" in group else "a well"
            raise InputError(
                f"{source}: {group} ({kind}) is in {' and '.join(sorted(found))}; a network would be judged on "
                f"cells that "
                "it was trained on. Give them one split."
            )
    if not any("train" in found for found in splits.values()):
        raise InputError(f"{source}: no field has the split train. Give at least one.")
