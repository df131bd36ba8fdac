"""mRNA and protein in space and time: scores of enrichment, clustering, colocalization and temporal interaction.

After DypFISH (Savulescu et al., Cell Reports Methods 2021; code at github.com/cbib/dypfish), with the definitions
mended where the published code departs from them.
"""

from wellspring.localization.interaction.temporal import temporal_interaction

__all__ = ["temporal_interaction"]
