"""The chapter on the plate browser."""
