"""The chapter on groups of wells."""
