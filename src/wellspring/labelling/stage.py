"""The stage labelling, as the workflow sees it."""

from collections.abc import Sequence

from wellspring.raw.formats import has_images
from wellspring.stage import Config, Stage

__all__ = ["STAGE"]


def _is_wanted(config: Config) -> bool:
    return bool(config["labelling"]["light"] and config["labelling"]["stains"])


def _named_channels(config: Config) -> dict[str, list[str]]:
    block = config["labelling"]
    return {f"labelling.{name}": list(block[name]) for name in ("light", "stains")}


def _optional_channels(config: Config) -> Sequence[str]:
    return list(config["labelling"]["stains"])


def _mistakes(config: Config) -> list[str]:
    block = config["labelling"]
    if not block["light"] and not block["stains"]:
        return []
    if not (block["light"] and block["stains"]):
        return ["labelling: name both light (transmitted light) and stains (fluorescence), or leave both out"]
    found = []
    if not has_images(config):
        found.append("labelling.light: needs images, raw.format tiff; leave it out")
    both = sorted(set(block["light"]) & set(block["stains"]))
    if both:
        found.append(f"labelling.stains: {both} are named as light too; a stain is not predicted from itself")
    evened = sorted({*block["light"], *block["stains"]} & set(config["quality"]["channels"]))
    if evened:
        found.append(
            f"quality.channels: {evened} are channels of labelling, which reads raw counts (light is taken "
            f"relative to its "
            "surroundings); leave them out there"
        )
    if block["model"]["window_px"] and block["model"]["window_px"] % 2 == 0:
        found.append("labelling.model.window_px: expected an odd number of pixels, or 0")
    if block["training"]["loss"] == "bce" and block["training"]["target"] != "mask":
        found.append("labelling.training.loss: bce needs labelling.training.target mask")
    return [*found, *_mistakes_of_stability(block)]


def _mistakes_of_stability(block: Config) -> list[str]:
    stability = block["stability"]
    found = []
    if stability["condenser_aperture"] >= stability["aperture"]:
        found.append("labelling.stability.condenser_aperture: expected less than labelling.stability.aperture")
    planes = stability["planes_um"]
    if planes and len(planes) != len(block["light"]):
        found.append(
            f"labelling.stability.planes_um: expected one for each of the {len(block['light'])} channels of light, got "
            f"{len(planes)}"
        )
    if stability["contrast"] == "bright_field" and "defocus" in stability["kinds"] and not any(planes):
        found.append(
            "labelling.stability.kinds: bright field in focus cannot be moved out of focus; name planes_um, or leave "
            "defocus out"
        )
    return found


STAGE = Stage(
    name="labelling",
    summary="transmitted light -> predicted stains, and for what they may be used",
    after=("raw", "quality", "segmentation"),
    asked_by="labelling.light and labelling.stains (channels of transmitted light, and those to predict)",
    is_wanted=_is_wanted,
    named_channels=_named_channels,
    optional_channels=_optional_channels,
    mistakes=_mistakes,
    grows_with={
        "labelling_train": "wells",
        "labelling_predict": "pixels",
        "labelling_measure": "pixels",
        "labelling_compare": "wells",
        "labelling_embed": "pixels of the plate",
        "labelling_drift": "wells",
        "labelling_stability": "wells",
        "labelling_tolerances": "jobs",
        "labelling_chapter": "wells",
    },
    same_time=frozenset({"splits", "seed", "max_error", "stain"}),
)
