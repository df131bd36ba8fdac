"""What collecting the tests does not do."""


def test_no_network_library_is_imported_before_a_test_needs_it(imported_while_collecting: set[str]) -> None:
    # A test file names Keras, and what imports it, under `if TYPE_CHECKING:`; see tests/conftest.py.
    assert imported_while_collecting == set()
