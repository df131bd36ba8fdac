"""Spots marked by a network before they are detected, where noise or crowding hides them from a filter."""

from wellspring.spots.enhanced.detecting import detect_spots, enhanced_image

__all__ = ["detect_spots", "enhanced_image"]
