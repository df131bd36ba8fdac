"""Data of the browser as scripts, which a page may load that was opened as a file."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wellspring.files import replaced_when_whole

__all__ = ["write_data"]


def write_data(path: Path, kind: str, data: Mapping[str, Any]) -> None:
    """Write `data` as a script that gives them to the page as `kind`: plate, pictures, well or images."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    with replaced_when_whole(path) as temporary:
        temporary.write_text(f'wellspring.add("{kind}",{text});\n', encoding="utf-8")
