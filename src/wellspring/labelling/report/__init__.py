"""The chapter on predicted stains and its figures."""
