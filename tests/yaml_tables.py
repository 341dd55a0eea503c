"""Tables of cases in YAML, read by the parser that is written in C where there is one: ten times as fast."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import yaml

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load(path: Path) -> Any:
    """What a file of YAML says."""
    return yaml.load(path.read_text("utf-8"), Loader=_LOADER)
