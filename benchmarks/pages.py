"""The main pages opened in a browser that was never here: how long until a page's heading stands, and until nothing on
it is loading any more, over the demo's patients and figures. All traffic stays on this machine."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from api.bootstrap import ensure_release, open_house
from api.gates import GATES
from base.settings import Settings
from benchmarks.http import served
from clinical.coded import CHINA
from curation_ui.build import DIST, build
from demo.charts import keep_charts
from demo.figures import EVENTS, few, fill_figures
from demo.fill import fill

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_LOADS: Final = 10
_PEOPLE: Final = 60
_SETTLED_SECONDS: Final = 45
"""So long after its start the worker is busy with what it does once."""
_QUIET_MS: Final = 900
_ARGUMENTS: Final = ("--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
_LIMITLESS: Final = {"YIGONG_RATE_LIMIT": "", "YIGONG_CLIENT_RATE_LIMIT": ""}
_WATCH: Final = """
new MutationObserver(() => {
  const heading = document.querySelector("h1")?.textContent;
  if (!heading) return;
  const marks = document.documentElement.dataset;
  marks.headed ??= String(performance.now());
  if (document.querySelector("[role=status][aria-label=正在加载], .ant-spin-spinning")) delete marks.shown;
  else marks.shown ??= String(performance.now());
}).observe(document, { childList: true, subtree: true, characterData: true });
"""
"""Notes on the document when its heading came and when the last placeholder of something loading had gone."""


@dataclass(frozen=True, slots=True)
class Load:
    """One page opened: ms until its heading and until its content, and the work (ms) its own thread had with it."""

    headed: float
    shown: float
    work: float


def report() -> None:
    """Measure and print."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if not chromium:
        print("  no Chromium here (Debian: apt-get install chromium): not measured")
        return
    build()
    print(f"  what every page begins with, compressed (gzip): {first_bytes() / 1000:.0f} kB (budget: 500)")
    with _service() as base, _browser(chromium) as browser:
        for page in ("", *sorted(file.stem for file in (DIST / "ahead").glob("*.html"))):
            _load(browser, f"{base}/ui/{page}")  # what is read when first asked for is read now
            print(_said(page, [_load(browser, f"{base}/ui/{page}") for _ in range(_LOADS)]), flush=True)


def first_bytes() -> int:
    """The size of all scripts and styles that the main page names, compressed by gzip."""
    named = re.findall(r'"/ui/(assets/[^"]+)"', (DIST / "index.html").read_text("utf-8"))
    sizes = ((DIST / f"{name}.gz", DIST / name) for name in named)
    return sum((small if small.is_file() else plain).stat().st_size for small, plain in sizes)


def _said(page: str, loads: list[Load]) -> str:
    shown = sorted(load.shown for load in loads)
    middle = len(loads) // 2
    headed, work = (sorted(values)[middle] for values in zip(*((one.headed, one.work) for one in loads), strict=True))
    return (
        f"  {page or 'overview':14} heading {headed:.0f} ms; content {shown[middle]:.0f}, p95 "
        f"{shown[len(shown) * 95 // 100]:.0f}, at most {shown[-1]:.0f} ms (budget: 1000); "
        f"work {work:.0f} ms; load {os.getloadavg()[0]:.1f}"
    )


@contextmanager
def _service() -> Iterator[str]:
    with TemporaryDirectory() as folder:
        house = open_house(Settings(data_dir=Path(folder)))
        ensure_release(house, GATES)
        fill(house, datetime.now(UTC), count=_PEOPLE)
        keep_charts(house, datetime.now(UTC))
        fill_figures(house, datetime.now(CHINA).date(), events=EVENTS // 3, there=few())
        house.engine.dispose()
        with served("api.worker:create", Path(folder), True, _LIMITLESS) as port:
            time.sleep(_SETTLED_SECONDS)
            yield f"http://127.0.0.1:{port}"


@contextmanager
def _browser(chromium: str) -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=chromium, args=list(_ARGUMENTS))
        yield made
        made.close()


def _load(browser: Browser, address: str) -> Load:
    """A page in a context of its own, whose cache is empty. Nothing is asked of the page while it is busy."""
    context = browser.new_context(viewport={"width": 1366, "height": 768})
    page = context.new_page()
    page.add_init_script(_WATCH)
    tools = context.new_cdp_session(page)
    tools.send("Performance.enable")
    page.goto(address, wait_until="commit")
    page.wait_for_timeout(_QUIET_MS)
    page.locator("html[data-shown]").wait_for(state="attached", timeout=20_000)
    marks = page.locator("html")
    headed, shown = (float(marks.get_attribute(f"data-{name}") or "nan") for name in ("headed", "shown"))
    metrics = {one["name"]: one["value"] for one in tools.send("Performance.getMetrics")["metrics"]}
    context.close()
    return Load(headed, shown, metrics["TaskDuration"] * 1000)
