"""Indexes of microscopes and programs, a module each: what they say of a plate, as one `PlateIndex`."""
