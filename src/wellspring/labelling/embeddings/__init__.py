"""embeddings: what a network sees in transmitted light, per tile and field, and what can be read from it."""
