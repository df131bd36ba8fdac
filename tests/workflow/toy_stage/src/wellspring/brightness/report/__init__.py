"""The chapter on brightness."""
