"""Simulated molecules: cell landscapes, patterns in them, and errors of detection and segmentation."""
