"""Profiles of whole fields: embeddings by several methods, and how much each of them tells of known classes."""
