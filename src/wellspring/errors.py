"""The one error that is the user's to mend."""

__all__ = ["InputError"]


class InputError(ValueError):
    """A mistake in a file, the sheet, the config or an argument: the message names it, what was expected, what came
    and the remedy.

    A job that meets one ends with the message alone. Any other `ValueError` is a defect and shows its traceback.
    """
