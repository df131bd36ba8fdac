"""How wells were looked at as plates, for a paper."""

__all__ = ["methods_text"]


def methods_text() -> str:
    """A paragraph."""
    return (
        "Numbers of wells were examined as maps of their plates for trends along rows, columns and edges. Wells with "
        "half of their sites or more in doubt, flagged or left out, wells without nuclei, and wells whose images "
        "differ from those of their plate in size or number, were marked for inspection."
    )
