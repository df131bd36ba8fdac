"""How mRNA and protein were compared, for a paper."""

__all__ = ["METHODS_REFERENCES", "methods_text"]

METHODS_REFERENCES = (
    "Benjamini, Y. and Hochberg, Y. (1995). Controlling the false discovery rate: a practical and powerful approach to "
    "multiple testing. Journal of the Royal Statistical Society B 57, 289–300.",
    "Ripley, B. D. (1977). Modelling spatial patterns. Journal of the Royal Statistical Society B 39, 172–212.",
    "Savulescu, A. F. et al. (2021). Interrogating RNA and protein spatial subcellular distribution in smFISH data "
    "with DypFISH. Cell Reports Methods 1, 100068.",
)


def methods_text(*, reference: str) -> str:
    """A paragraph; `reference` is the gene that others are compared with."""
    return (
        "Peripheral enrichment, enrichment in the quadrant of the MTOC, degree of clustering (from Ripley's K; "
        "Ripley 1977) "
        f"and temporal interaction of mRNA and protein were measured as in DypFISH (Savulescu et al. 2021), with "
        f"{reference} "
        "as the reference gene. Wells were the units: the value of a well is the median of its cells, and p-values "
        "are those "
        "of permutations of genes, times or conditions over wells, or of turns of all cells of a well; they were "
        "adjusted "
        "for all genes and conditions of a statistic (Benjamini and Hochberg 1995)."
    )
