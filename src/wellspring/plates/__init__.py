"""Plates at a glance: numbers of all wells where the wells are, and which wells to look at."""
