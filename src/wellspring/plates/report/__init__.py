"""The chapter on plates."""
