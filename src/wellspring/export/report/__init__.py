"""The chapter on exported files."""
