"""Remove and retrain: what is removed, and what a model learns from the rest."""
