"""Commands on simulated plates: ``wellspring simulate``, ``wellspring simulate-smfish`` and ``wellspring truth``."""

import argparse
import time
from dataclasses import replace
from pathlib import Path

from wellspring.errors import InputError
from wellspring.simulation.settings import PRESETS, preset_settings

__all__ = ["add_command"]


def add_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands; each sets ``run``, a function of the parsed arguments."""
    simulate = commands.add_parser("simulate", help="write a plate whose truth is known, in the raw MPM format")
    simulate.add_argument("folder", type=Path, help="new or empty folder")
    simulate.add_argument("--preset", choices=PRESETS, default="demo", help="default: demo")
    simulate.add_argument("--wells", type=int, help="number of wells, 1 to 384; default: the preset's")
    simulate.add_argument("--cells", type=int, help="nuclei per well, 0 or more; default: the preset's")
    simulate.add_argument("--channels", type=int, help="channels, 2 to 38; default: the preset's")
    simulate.add_argument("--diameter-px", type=float, help="mean nucleus diameter in G1, px; default: the preset's")
    simulate.add_argument("--seed", type=int, default=123, help="default: 123")
    simulate.set_defaults(run=_run_simulate)
    smfish = commands.add_parser("simulate-smfish", help="write a plate of smFISH wells (TIFF) whose truth is known")
    smfish.add_argument("folder", type=Path, help="new or empty folder")
    smfish.add_argument("--seed", type=int, default=123, help="0 or more; default: 123")
    smfish.add_argument(
        "--preset", choices=["demo", "hard"], default="demo", help="hard: cells as in real images; default: demo"
    )
    smfish.set_defaults(run=_run_simulate_smfish)
    layers = commands.add_parser("simulate-monolayers", help="write plates of monolayers (TIFF) whose truth is known")
    layers.add_argument("folder", type=Path, help="new or empty folder")
    layers.add_argument("--effect", type=float, default=1.0, help="0 (no patient differs) to 1; default: 1")
    layers.add_argument("--seed", type=int, default=123, help="0 or more; default: 123")
    layers.set_defaults(run=_run_simulate_monolayers)
    localized = commands.add_parser(
        "simulate-localization", help="write a plate (TIFF) whose genes have known patterns"
    )
    localized.add_argument("folder", type=Path, help="new or empty folder")
    localized.add_argument("--null", action="store_true", help="every gene is random in every cell")
    localized.add_argument("--seed", type=int, default=123, help="0 or more; default: 123")
    localized.set_defaults(run=_run_simulate_localization)
    interaction = commands.add_parser(
        "simulate-interaction",
        help="write single cells with mRNA and protein in time, whose truth is known",
    )
    interaction.add_argument("folder", type=Path, help="new or empty folder")
    interaction.add_argument("--seed", type=int, default=123, help="0 or more; default: 123")
    interaction.add_argument("--wells", type=int, default=2, help="of each gene, molecule, time, condition; default: 2")
    interaction.add_argument("--cells", type=int, default=10, help="in each well; default: 10")
    interaction.add_argument("--null", action="store_true", help="no gene differs and nothing depends on the time")
    interaction.set_defaults(run=_run_simulate_interaction)
    labelled = commands.add_parser(
        "simulate-labelling", help="write plates (TIFF) of transmitted light with stains, whose truth is known"
    )
    labelled.add_argument("folder", type=Path, help="new or empty folder")
    labelled.add_argument("--preset", choices=["demo", "study"], default="demo", help="default: demo")
    labelled.add_argument(
        "--contrast", choices=["bright_field", "dic", "phase_contrast"], default="dic", help="default: dic"
    )
    labelled.add_argument(
        "--planes", type=float, nargs="+", default=[0.0], metavar="UM", help="focal planes, µm; default: 0"
    )
    labelled.add_argument("--sites", type=int, help="fields of a well; default: the preset's")
    labelled.add_argument("--size", type=int, help="side of a field, px; default: the preset's")
    labelled.add_argument("--seed", type=int, default=123, help="0 or more; default: 123")
    labelled.set_defaults(run=_run_simulate_labelling)
    _add_crowded(commands)
    truth = commands.add_parser("truth", help="compare results on a simulated plate with its truth")
    truth.add_argument("plate", type=Path, help="folder that one of the simulate commands wrote")
    truth.add_argument("results", type=Path, help="folder `results` of the run")
    truth.set_defaults(run=_run_truth)


def _add_crowded(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    crowded = commands.add_parser(
        "simulate-crowded", help="write a plate (TIFF) of crowded nuclei, ten fields annotated, whose truth is known"
    )
    crowded.add_argument("folder", type=Path, help="new or empty folder")
    crowded.add_argument("--seed", type=int, default=123, help="0 or more; default: 123")
    crowded.set_defaults(run=_run_simulate_crowded)


def _run_simulate(args: argparse.Namespace) -> None:
    from wellspring.simulation.plate import simulate_plate

    settings = preset_settings(
        args.preset, n_wells=args.wells, n_cells=args.cells, n_channels=args.channels, diameter_px=args.diameter_px
    )
    begin = time.perf_counter()
    sheet = simulate_plate(args.folder, settings=settings, seed=args.seed, report=print)
    seconds = time.perf_counter() - begin
    print(f"{sheet}: {len(settings.wells)} wells in {seconds:.1f} s, {len(settings.wells) / seconds:.2f} wells/s")


def _run_simulate_smfish(args: argparse.Namespace) -> None:
    from wellspring.simulation.smfish_plate import SmfishSettings, demo_wells, hard_settings, simulate_smfish_plate

    if args.seed < 0:
        raise InputError(f"--seed: expected 0 or more, got {args.seed}.")
    settings = hard_settings() if args.preset == "hard" else SmfishSettings(demo_wells())
    sheet = simulate_smfish_plate(args.folder, settings=settings, seed=args.seed, report=print)
    print(f"{sheet}: {len(settings.wells)} wells")


def _run_simulate_monolayers(args: argparse.Namespace) -> None:
    from wellspring.simulation.monolayer_plates import MonolayerSettings, demo_donors, simulate_monolayer_plates

    if args.seed < 0 or not 0 <= args.effect <= 1:
        raise InputError(f"expected --seed 0 or more and --effect 0 to 1, got {args.seed} and {args.effect}.")
    settings = MonolayerSettings(demo_donors(effect=args.effect))
    sheet = simulate_monolayer_plates(args.folder, settings=settings, seed=args.seed, report=print)
    print(f"{sheet}: {len(settings.donors) * len(settings.optics)} wells")


def _run_simulate_localization(args: argparse.Namespace) -> None:
    from wellspring.simulation.localization_plate import LocalizationPlate, simulate_localization_plate

    if args.seed < 0:
        raise InputError(f"--seed: expected 0 or more, got {args.seed}.")
    settings = LocalizationPlate()
    sheet = simulate_localization_plate(args.folder, settings=settings, seed=args.seed, is_null=args.null, report=print)
    print(f"{sheet}: {len(settings.wells)} wells")


def _run_simulate_interaction(args: argparse.Namespace) -> None:
    from wellspring.simulation.interaction_plate import InteractionSettings, simulate_interaction_plate

    if args.seed < 0:
        raise InputError(f"--seed: expected 0 or more, got {args.seed}.")
    settings = InteractionSettings(n_wells=args.wells, n_images=args.cells, is_null=args.null)
    sheet = simulate_interaction_plate(args.folder, settings=settings, seed=args.seed, report=print)
    print(f"{sheet}: written")


def _run_simulate_labelling(args: argparse.Namespace) -> None:
    from wellspring.simulation.labelling_camera import Camera
    from wellspring.simulation.labelling_plate import LABELLING_PRESETS, simulate_labelling_plate

    if args.seed < 0:
        raise InputError(f"--seed: expected 0 or more, got {args.seed}.")
    preset = LABELLING_PRESETS[args.preset]()
    size = preset.camera.size_px if args.size is None else args.size
    planes = tuple(dict.fromkeys(args.planes))
    settings = replace(
        preset,
        camera=Camera(contrast=args.contrast, planes_um=planes, size_px=size),
        n_sites=preset.n_sites if args.sites is None else args.sites,
    )
    sheet = simulate_labelling_plate(args.folder, settings=settings, seed=args.seed, report=print)
    n_fields = sum(settings.n_sites * well.n_times for well in settings.wells)
    print(f"{sheet}: {len(settings.wells)} wells, {n_fields} fields")


def _run_simulate_crowded(args: argparse.Namespace) -> None:
    from wellspring.simulation.crowded_plate import CrowdedSettings, simulate_crowded_plate

    if args.seed < 0:
        raise InputError(f"--seed: expected 0 or more, got {args.seed}.")
    settings = CrowdedSettings()
    sheet = simulate_crowded_plate(args.folder, settings=settings, seed=args.seed, report=print)
    print(f"{sheet}: {settings.n_wells} wells of {settings.n_sites} fields")


def _run_truth(args: argparse.Namespace) -> None:
    from wellspring.simulation.comparison import compare_with_truth, comparison_text
    from wellspring.simulation.crowded_plate import is_crowded_plate
    from wellspring.simulation.interaction_plate import is_interaction_plate
    from wellspring.simulation.labelling_plate import is_labelling_plate
    from wellspring.simulation.localization_truth import is_localization_plate
    from wellspring.simulation.monolayer_truth import compare_monolayers, is_monolayer_plate, monolayer_text
    from wellspring.simulation.smfish_truth import is_smfish_plate

    if is_labelling_plate(args.plate):
        _run_labelling_truth(args)
        return
    if is_crowded_plate(args.plate):
        _run_crowded_truth(args)
        return
    if is_localization_plate(args.plate):
        _run_localization_truth(args)
        return
    if is_monolayer_plate(args.plate):
        print(monolayer_text(compare_monolayers(args.plate, args.results)))
        return
    if is_smfish_plate(args.plate):
        _run_smfish_truth(args)
        return
    if is_interaction_plate(args.plate):
        _run_interaction_truth(args)
        return
    comparison = compare_with_truth(args.plate, args.results)
    print(comparison_text(comparison))
    if comparison.mistakes:
        raise InputError(f"the finding did not come out: {'; '.join(comparison.mistakes)}.")
    print("\nThe finding came out: baseline < linear (structure) < linear (color-structure), the network without")
    print("intensities far above the linear model, and the causal structural channels first.")


def _run_labelling_truth(args: argparse.Namespace) -> None:
    from wellspring.simulation.labelling_truth import compare_labelling, labelling_text

    comparison = compare_labelling(args.plate, args.results)
    print(labelling_text(comparison))
    if comparison.mistakes:
        raise InputError(f"the results fall short of the truth: {'; '.join(comparison.mistakes)}.")
    print("\nCounts and nuclei came out as simulated, and no verdict promises what the light does not show.")


def _run_crowded_truth(args: argparse.Namespace) -> None:
    from wellspring.simulation.crowded_truth import compare_crowded, crowded_text

    comparison = compare_crowded(args.plate, args.results)
    print(crowded_text(comparison))
    if comparison.mistakes:
        raise InputError(f"the finding did not come out: {'; '.join(comparison.mistakes)}.")
    print("\nTen annotated fields gained, and unseen fields came out as well as the held-out ones said.")


def _run_smfish_truth(args: argparse.Namespace) -> None:
    from wellspring.simulation.smfish_truth import compare_smfish, smfish_text

    comparison = compare_smfish(args.plate, args.results)
    print(smfish_text(comparison))
    if comparison.mistakes:
        raise InputError(f"the results fall short of the truth: {'; '.join(comparison.mistakes)}.")
    print("\nCells, spots and counts per cell came out as simulated.")


def _run_localization_truth(args: argparse.Namespace) -> None:
    from wellspring.simulation.localization_truth import compare_localization, localization_text

    comparison = compare_localization(args.plate, args.results)
    print(localization_text(comparison))
    if comparison.mistakes:
        raise InputError(f"the results fall short of the truth: {'; '.join(comparison.mistakes)}.")
    print("\nEvery gene was called the pattern that was simulated.")


def _run_interaction_truth(args: argparse.Namespace) -> None:
    from wellspring.simulation.interaction_truth import compare_interaction, interaction_text

    comparison = compare_interaction(args.plate, args.results)
    print(interaction_text(comparison))
    if comparison.mistakes:
        raise InputError(f"a finding did not come out: {'; '.join(comparison.mistakes)}.")
    print("\nAll findings came out.")
