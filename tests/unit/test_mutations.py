"""Which changes the run of mutations makes."""

import ast

from bench.mutations import mutations_of

SOURCE = '''"""Not a + b."""
__all__ = ["one"]
_LIMIT: float = 2.0


def one(µ: int = 3) -> bool:
    """Neither 1 < 2."""
    if µ > 1 and not µ:
        raise ValueError(f"{µ + 1}")
    return max(µ - 1, -2) <= _LIMIT
'''


def test_operators_numbers_and_functions_are_changed_but_no_texts_and_errors() -> None:
    found = [(one.line, one.before, one.after) for one in mutations_of(SOURCE)]
    assert found == [
        (3, "2.0", "3.0"),
        (6, "3", "4"),
        (8, ">", ">="),
        (8, "1", "2"),
        (8, "and", "or"),
        (8, "not ", ""),
        (10, "max", "min"),
        (10, "-", "+"),
        (10, "1", "2"),
        (10, "-", ""),
        (10, "2", "3"),
        (10, "<=", "<"),
    ]


def test_a_change_is_made_where_it_was_found() -> None:
    texts = [one.applied(SOURCE) for one in mutations_of(SOURCE)]
    assert "return min(µ - 1, -2) <= _LIMIT" in texts[6]
    assert "return max(µ + 1, -2) <= _LIMIT" in texts[7]
    for text in texts:
        ast.parse(text)
