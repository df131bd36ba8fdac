"""Profiles of whole fields: embeddings by several methods, and how well each of them separates known classes."""
