"""The chapter on localization and its figures."""
