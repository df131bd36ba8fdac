"""The 38 markers of the thesis' panel: where each is seen, how strongly, and which carry the transcription rate."""

from dataclasses import dataclass

from wellspring.errors import InputError

__all__ = ["PANEL", "Marker", "choose_markers"]

# How much brighter each structure is than the nucleoplasm, per kind of marker: 4 = four times as bright again,
# -0.8 = a fifth of it is left. `chromatin` and `texture` scale smooth random fields of unit variance.
_KINDS: dict[str, dict[str, float]] = {
    "dna": {"chromatin": 0.30, "nucleolus": -0.7},
    "speckle": {"speckle": 2.0, "nucleolus": -0.3, "texture": 0.08},
    "weak_speckle": {"speckle": 0.7, "nucleolus": -0.3, "texture": 0.12},
    "pml_body": {"pml_body": 4.0, "texture": 0.08},
    "nucleolus": {"nucleolus": 3.0, "texture": 0.10},
    "cajal_body": {"cajal_body": 4.0, "texture": 0.10},
    "replication_focus": {"replication_focus": 3.0, "nucleolus": -0.3, "texture": 0.10},
    "diffuse": {"nucleolus": -0.3, "texture": 0.15},
    "chromatin_mark": {"chromatin": -0.15, "nucleolus": -0.5, "texture": 0.10},
    "active": {"nucleolus": -0.5, "texture": 0.35},
    "cytoplasmic": {"texture": 0.10},
    "background": {},
    "target": {"nucleolus": 0.8, "texture": 0.10},
    "speckle_mask": {},
}


@dataclass(frozen=True)
class Marker:
    """One channel of the panel.

    Attributes
    ----------
    name : str
        Channel name (column *Channel name* of the thesis' table A.3).
    identifier : str
        Marker identifier, as in ``channels.csv``: imaging cycle and name.
    raw_id : int
        Column of the pixel table, table A.3.
    kind : str
        What it looks like; see `contrast`.
    level : float
        Mean intensity above background, camera counts.
    seen_in : str
        Where in the nucleus it is seen, in words.
    activity : float
        How far the latent transcriptional activity moves its mean, in log units per standard deviation.
    """

    name: str
    identifier: str
    raw_id: int
    kind: str
    level: float
    seen_in: str
    activity: float = 0.0

    @property
    def contrast(self) -> dict[str, float]:
        """Brightness of each structure relative to the nucleoplasm."""
        return _KINDS[self.kind]


PANEL: tuple[Marker, ...] = (
    Marker("DAPI", "00_DAPI", 0, "dna", 1500.0, "DNA, not in nucleoli"),
    Marker("H2B", "07_H2B", 1, "dna", 900.0, "DNA, not in nucleoli"),
    Marker("CDK9_pT186", "01_CDK9_pT186", 2, "active", 500.0, "nucleoplasm", 0.22),
    Marker("CDK9", "03_CDK9", 3, "diffuse", 450.0, "nucleoplasm"),
    Marker("GTF2B", "05_GTF2B", 4, "diffuse", 600.0, "nucleoplasm"),
    Marker("SETD1A", "07_SETD1A", 5, "diffuse", 400.0, "nucleoplasm"),
    Marker("H3K4me3", "08_H3K4me3", 6, "chromatin_mark", 700.0, "open chromatin"),
    Marker("SRRM2", "09_SRRM2", 7, "speckle", 900.0, "nuclear speckles"),
    Marker("H3K27ac", "10_H3K27ac", 8, "active", 650.0, "nucleoplasm, open chromatin", 0.22),
    Marker("KPNA2_MAX", "11_KPNA2_MAX", 9, "cytoplasmic", 300.0, "cytoplasm and nucleoplasm"),
    Marker("RB1_pS807_S811", "12_RB1_pS807_S811", 10, "diffuse", 500.0, "nucleoplasm"),
    Marker("PABPN1", "13_PABPN1", 11, "weak_speckle", 700.0, "nuclear speckles, weakly"),
    Marker("PCNA", "14_PCNA", 12, "replication_focus", 600.0, "replication foci in S phase, else nucleoplasm"),
    Marker("SON", "15_SON", 13, "speckle", 800.0, "nuclear speckles"),
    Marker("H3", "16_H3", 14, "dna", 800.0, "DNA, not in nucleoli"),
    Marker("HDAC3", "17_HDAC3", 15, "diffuse", 350.0, "nucleoplasm"),
    Marker("KPNA1_MAX", "19_KPNA1_MAX", 16, "cytoplasmic", 300.0, "cytoplasm and nucleoplasm"),
    Marker("SP100", "20_SP100", 17, "pml_body", 500.0, "PML bodies"),
    Marker("NCL", "21_NCL", 18, "nucleolus", 900.0, "nucleoli"),
    Marker("PABPC1", "01_PABPC1", 19, "cytoplasmic", 250.0, "cytoplasm"),
    Marker("CDK7", "02_CDK7", 20, "diffuse", 400.0, "nucleoplasm"),
    Marker("RPS6", "03_RPS6", 21, "cytoplasmic", 250.0, "cytoplasm"),
    Marker("Sm", "05_Sm", 22, "weak_speckle", 700.0, "nuclear speckles, weakly"),
    Marker("POLR2A", "07_POLR2A", 23, "active", 600.0, "nucleoplasm", 0.18),
    Marker("CCNT1", "09_CCNT1", 24, "active", 400.0, "nucleoplasm", 0.18),
    Marker("POL2RA_pS2", "10_POL2RA_pS2", 25, "active", 700.0, "nucleoplasm", 0.22),
    Marker("PML", "11_PML", 26, "pml_body", 600.0, "PML bodies"),
    Marker("YAP1", "12_YAP1", 27, "cytoplasmic", 350.0, "cytoplasm and nucleoplasm"),
    Marker("POL2RA_pS5", "13_POL2RA_pS5", 28, "active", 700.0, "nucleoplasm", 0.18),
    Marker("U2SNRNPB", "15_U2SNRNPB", 29, "weak_speckle", 500.0, "nuclear speckles, weakly"),
    Marker("NONO", "18_NONO", 30, "diffuse", 800.0, "nucleoplasm"),
    Marker("ALYREF", "20_ALYREF", 31, "weak_speckle", 600.0, "nuclear speckles, weakly"),
    Marker("COIL", "21_COIL", 32, "cajal_body", 400.0, "Cajal bodies"),
    Marker("BG488", "00_BG488", 33, "background", 15.0, "no antibody, background at 488 nm"),
    Marker("BG568", "00_BG568", 34, "background", 15.0, "no antibody, background at 568 nm"),
    Marker("EU", "00_EU", 35, "target", 380.0, "new RNA: nucleoli and nucleoplasm"),
    Marker("SRRM2_ILASTIK", "09_SRRM2_ILASTIK", 36, "speckle_mask", 1.0, "nuclear speckles, segmented"),
    Marker("SON_ILASTIK", "15_SON_ILASTIK", 37, "speckle_mask", 1.0, "nuclear speckles, segmented"),
)

# Which markers a smaller panel keeps, the most telling first: target, structures that count, activity, bystanders.
_PRIORITY = (
    "EU",
    "SRRM2",
    "SP100",
    "SON",
    "PML",
    "POL2RA_pS2",
    "CDK9_pT186",
    "H3K27ac",
    "DAPI",
    "NCL",
    "PCNA",
    "COIL",
    "NONO",
    "YAP1",
    "CDK7",
    "H3K4me3",
)


def choose_markers(n_channels: int) -> tuple[Marker, ...]:
    """The `n_channels` most telling markers of the panel, in the panel's order. The target is always among them.

    Raises
    ------
    ValueError
        When `n_channels` is not from 2 to 38.
    """
    if not 2 <= n_channels <= len(PANEL):
        raise InputError(
            f"n_channels: expected 2 to {len(PANEL)} (the target and at least one input), got {n_channels}. "
            "Choose a number in that range."
        )
    ranked = sorted(PANEL, key=lambda marker: (_rank(marker.name), marker.raw_id))
    return tuple(sorted(ranked[:n_channels], key=lambda marker: marker.raw_id))


def _rank(name: str) -> int:
    return _PRIORITY.index(name) if name in _PRIORITY else len(_PRIORITY)
