"""Plates in the layouts of microscopes and programs, written around images whose truth is known."""
