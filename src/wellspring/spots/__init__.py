"""spots: images become tables of spots."""

from wellspring.spots.detection import Detection, detect_spots, detect_with_threshold

__all__ = ["Detection", "detect_spots", "detect_with_threshold"]
