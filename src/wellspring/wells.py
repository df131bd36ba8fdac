"""Deprecated: the sheet of wells under its old name, until version 0.3; import `wellspring.sheet.reading` instead."""

from wellspring.sheet.reading import read_sheet, well_annotations, well_paths, wildcard_pattern

__all__ = ["read_sheet", "well_annotations", "well_paths", "wildcard_pattern"]
