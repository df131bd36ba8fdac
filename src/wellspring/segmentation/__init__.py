"""segmentation: images become nucleus labels."""
