"""Patterns from features: boosted trees as plain arrays, calibrated probabilities, and when to say nothing."""
