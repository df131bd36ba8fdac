"""The config checked against its schema, with every default filled in."""

import copy
from collections.abc import Mapping
from typing import Any

import jsonschema

__all__ = ["validated_config"]


def validated_config(config: Mapping[str, Any], *, schema: Mapping[str, Any], source: str) -> dict[str, Any]:
    """Return a copy of `config` with defaults filled in; raise one message that lists every mistake.

    Parameters
    ----------
    config
        As read from YAML.
    schema
        JSON schema (2020-12). Defaults are filled top down; a conditional branch (``if``/``then``) is chosen by the
        values already there.
    source
        Named in the message.

    Raises
    ------
    ValueError
        With one line per mistake: the key, what was expected, what came.
    """
    filled = copy.deepcopy(dict(config))
    _fill(filled, schema)
    validator = jsonschema.Draft202012Validator(schema)
    mistakes = [_words(error) for error in sorted(validator.iter_errors(filled), key=lambda e: list(map(str, e.path)))]
    mistakes += _contradictions(filled) if not mistakes else []
    if mistakes:
        lines = "\n".join(f"  - {line}" for line in mistakes)
        raise ValueError(f"{source}: {len(mistakes)} mistake(s) in the config:\n{lines}\nSee config/README.md.")
    return filled


def _fill(values: dict[str, Any], schema: Mapping[str, Any]) -> None:
    for name, part in schema.get("properties", {}).items():
        if name not in values and "default" in part:
            values[name] = copy.deepcopy(part["default"])
        if isinstance(values.get(name), dict):
            _fill(values[name], part)
    for branch in schema.get("allOf", []):
        if jsonschema.Draft202012Validator(branch["if"]).is_valid(values):
            _fill(values, branch["then"])


def _words(error: jsonschema.ValidationError) -> str:
    key = ".".join(str(part) for part in error.absolute_path) or "(top level)"
    instance: Any = error.instance
    schema: Any = error.schema
    options: Any = error.validator_value
    if error.validator == "additionalProperties":
        known = sorted(schema.get("properties", {}))
        unknown = sorted(set(instance) - set(known))
        return f"{key}: unknown key(s) {unknown}; known keys are {known}"
    if error.validator == "required":
        return f"{key}: {error.message}"
    if error.validator == "oneOf":
        # A value of the right type has a better reason than its type.
        reasons = [inner for inner in error.context or [] if inner.validator != "type"]
        if reasons:
            return _words(reasons[0])
        return f"{key}: expected one of {[o.get('type', o) for o in options]}, got {instance!r}"
    if error.validator == "type" and "method" in schema.get("properties", {}) and isinstance(instance, str):
        return f"{key}: expected a block, for instance {{method: {instance}}}, got {instance!r}"
    return f"{key}: {error.message}"


def _contradictions(config: dict[str, Any]) -> list[str]:
    found = _missing_purpose(config)
    split = config["dataset"]["split"]
    if split["train"] + split["validation"] >= 1:
        found.append(
            f"dataset.split: train + validation is {split['train'] + split['validation']:g}; expected below 1, "
            "so that cells are left for the test set"
        )
    scaling = config["dataset"]["normalization"]
    if scaling["z_score"] and (scaling["mean_extraction"] or scaling["linear_scaling"]):
        found.append("dataset.normalization: z_score excludes mean_extraction and linear_scaling; turn one side off")
    inputs = config["dataset"]["input_channels"]
    if inputs and config["dataset"]["target_channel"] in inputs:
        found.append("dataset.input_channels: holds the target channel; a model must not see what it predicts")
    unknown = set(config["attribution"]["models"]) - set(config["training"]["models"])
    if unknown:
        found.append(f"attribution.models: {sorted(unknown)} are not among training.models")
    roar = (config["attribution"]["validation"] or {}).get("roar") or {}
    found += _roar_contradictions(roar, training=config["training"])
    return found


def _roar_contradictions(roar: dict[str, Any], *, training: dict[str, Any]) -> list[str]:
    found = []
    untrained = set(roar.get("regimes", [])) - set(training["regimes"])
    if untrained:
        found.append(f"attribution.validation.roar.regimes: {sorted(untrained)} are not among training.regimes")
    same = set(roar.get("seeds", [])) & set(training["seeds"])
    if same:
        found.append(
            f"attribution.validation.roar.seeds: {sorted(same)} are training.seeds too; a retrained model needs a "
            "start of its own"
        )
    return found


def _needing_classes(profiling: dict[str, Any]) -> list[str]:
    """What is asked for and cannot be had without ``profiling.positive``."""
    told = [name for name in profiling["methods"] if name in ("classifier", "densenet")]
    asked = [f"method {name}" for name in told] + [name for name in ("multiplications", "actin") if profiling[name]]
    return [f"profiling: {', '.join(asked)}: needs profiling.positive (which classes are told apart)"] if asked else []


def _uncorrected(quality: dict[str, Any], actin: dict[str, Any]) -> list[str]:
    """Channels that a step or the U-Net is for, while no image of them is corrected."""
    steps = enumerate(quality["preprocessing"])
    named = {f"quality.preprocessing.{place}.channels": step.get("channels") or [] for place, step in steps}
    named |= {f"profiling.actin.{name}": [actin[name]] for name in ("actin", "borders", "nuclei") if actin}
    unknown = {key: sorted(set(names) - set(quality["channels"])) for key, names in named.items()}
    return [f"{key}: {names} are not among quality.channels" for key, names in unknown.items() if names]


def _missing_purpose(config: dict[str, Any]) -> list[str]:
    """Nothing to do, or something that the wells' format does not allow."""
    found = []
    purposes = (config["dataset"]["target_channel"], config["spots"]["channels"], config["quality"]["channels"])
    if not any(purposes):
        found.append(
            "dataset.target_channel: missing; name the channel whose mean is predicted, or list the channels that show "
            "spots in spots.channels, or those to be judged in quality.channels"
        )
    profiling = config["profiling"]
    if profiling["methods"] and not config["quality"]["channels"]:
        found.append("profiling.methods: needs quality.channels (which images)")
    found += [] if profiling["positive"] else _needing_classes(profiling)
    found += _uncorrected(config["quality"], profiling["actin"] or {})
    if config["raw"]["format"] != "tiff":
        wanted = {"spots.channels": config["spots"]["channels"], "segmentation.cells": config["segmentation"]["cells"]}
        wanted["quality.channels"] = config["quality"]["channels"]
        found += [f"{key}: needs images, raw.format tiff; leave it out" for key, value in wanted.items() if value]
    sizes = {len(v) for v in (config["spots"]["sigma_px"], config["spots"]["spacing_um"]) if isinstance(v, list)}
    if len(sizes) > 1:
        found.append("spots: sigma_px and spacing_um differ in length; give both per axis, z first, or sigma_px as one")
    return found
