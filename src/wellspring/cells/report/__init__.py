"""The chapter on cells and its figures."""
