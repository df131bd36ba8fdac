"""Tests of the maps: against truth, random models, deletion and insertion, and other initialisations."""
