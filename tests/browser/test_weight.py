"""Pages open fast on an old hospital PC: what is loaded before anything is shown, and that the rest waits."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browser.window import Window

_KB = 1024
_HEAVY = ("echarts", "g6", "codemirror")


def test_the_first_load_stays_within_half_a_megabyte(pages: Path) -> None:
    first = re.findall(r'(?:src|href)="/ui/([^"]+\.(?:js|css))"', (pages / "index.html").read_text("utf-8"))
    assert first
    assert sum(_sent(pages / name) for name in first) <= 500 * _KB


def test_charts_graphs_and_editors_wait_until_a_page_needs_them(pages: Path) -> None:
    first = (pages / "index.html").read_text("utf-8")
    assert not any(word in first.lower() for word in _HEAVY)


@pytest.mark.parametrize(("path", "shown"), [("/ui/", "打开苏日娜的病历"), ("/ui/queue", "布洛芬 + 华法林")])
def test_no_script_waits_until_another_has_come(window: Callable[..., Window], path: str, shown: str) -> None:
    here = window()
    page = here.open(path)
    here.see(shown)
    fetched = page.evaluate("performance.getEntriesByType('resource').map((one) => new URL(one.name).pathname)")
    named = page.request.get(f"{here.base}{path}").text()
    assert [one for one in fetched if one.startswith("/ui/assets/") and f'"{one}"' not in named] == []


def _sent(file: Path) -> int:
    """What goes over the line, compressed as every browser can read it."""
    small = file.with_name(f"{file.name}.gz")
    return (small if small.exists() else file).stat().st_size
