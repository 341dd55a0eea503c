"""Pages open fast on an old hospital PC: what is loaded before anything is shown, and that the rest waits."""

from __future__ import annotations

import re
from pathlib import Path

_KB = 1024
_HEAVY = ("echarts", "g6", "codemirror")


def test_the_first_load_stays_within_half_a_megabyte(pages: Path) -> None:
    first = re.findall(r'(?:src|href)="/ui/([^"]+\.(?:js|css))"', (pages / "index.html").read_text("utf-8"))
    assert first
    assert sum(_sent(pages / name) for name in first) <= 500 * _KB


def test_charts_graphs_and_editors_wait_until_a_page_needs_them(pages: Path) -> None:
    first = (pages / "index.html").read_text("utf-8")
    assert not any(word in first.lower() for word in _HEAVY)


def _sent(file: Path) -> int:
    """What goes over the line, compressed as every browser can read it."""
    small = file.with_name(f"{file.name}.gz")
    return (small if small.exists() else file).stat().st_size
