"""Nuclei by a network: small, with weights that are part of wellspring. TensorFlow is loaded when it is used."""

from wellspring.segmentation.learned.segmenting import segment_nuclei

__all__ = ["segment_nuclei"]
