"""The command line starts without what its commands need."""

import subprocess
import sys
from pathlib import Path

HEAVY = {
    "numpy",
    "pandas",
    "pyarrow",
    "scipy",
    "skimage",
    "cv2",
    "matplotlib",
    "snakemake",
    "yaml",
    "tifffile",
    "keras",
}


def _loaded(*arguments: str) -> set[str]:
    code = (
        "import sys\nfrom wellspring.__main__ import main\n"
        f"try:\n    main({list(arguments)!r})\nexcept SystemExit:\n    pass\n"
        "print('loaded', *{name.split('.')[0] for name in sys.modules}, file=sys.stderr)\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(result.stderr.splitlines()[-1].split()[1:])


def test_help_imports_nothing_that_a_command_needs() -> None:
    assert _loaded("--help") & HEAVY == set()
    assert _loaded("try", "--help") & HEAVY == set()


def test_writing_a_sheet_imports_no_image_library(tmp_path: Path) -> None:
    (tmp_path / "A01_DAPI.tif").touch()
    pattern = ("--pattern", "{well}_{channel}.tif", "--output", str(tmp_path / "wells.tsv"))
    assert _loaded("sheet", str(tmp_path), *pattern) & (HEAVY - {"yaml"}) == set()
    assert (tmp_path / "wells.tsv").is_file()
