"""A browser window of the tests: what went wrong in it, how it looks, whether everybody can use it."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any, Final, Literal

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response, expect

from curation_ui.build import WEB

_BROWSERS: Final = ("chromium-headless-shell", "chromium", "chromium-browser")
"""The first draws no window around its pages and needs a quarter less of the processor."""
CHROMIUM: Final = next((found for name in _BROWSERS if (found := shutil.which(name))), "")
ARGUMENTS: Final = ("--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost")
"""No name is resolved: whatever a page fetches from elsewhere fails, and the test with it."""
PHONE, LAPTOP, WALL = (360, 780), (1366, 768), (1920, 1080)
_LOOKS: Final[tuple[tuple[tuple[int, int], Literal["light", "dark"]], ...]] = (
    (PHONE, "light"),
    (WALL, "light"),
    (LAPTOP, "dark"),
    (LAPTOP, "light"),
)
_AXE: Final = WEB / "node_modules" / "axe-core" / "axe.min.js"
_RUN_AXE: Final = """async () => {
  const bare = new CSSStyleSheet();
  bare.replaceSync('.marked > div[style*="background-image"] { display: none !important; }');
  document.adoptedStyleSheets.push(bare);
  const found = await axe.run({ resultTypes: ["violations"] });
  document.adoptedStyleSheets.pop();
  return found;
}"""
"""Without the watermark, through which axe-core cannot tell contrasts."""
_AT_REST: Final = """new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => {
  const ends = (one) => one.playState === "running" && Number.isFinite(one.effect.getComputedTiming().endTime);
  const moving = document.getAnimations().filter(ends).map((one) => one.finished);
  void Promise.allSettled(moving).then(() => done());
})))"""
"""Drawn anew, and whatever fades or moves has come to its end."""
_SETTLE_MS: Final = 350
_LOOKED = 5
_SAID: Final = re.compile(
    r"- (?P<role>button|checkbox|combobox|dialog|group|img|menuitem|radio|radiogroup|separator|spinbutton|switch|tab) "
    r'"(?P<name>[^"]*)"'
)
_ENGLISH: Final = re.compile(r"[A-Za-z][a-z]{2,}([ -]([a-z]+|\d+))*($| [\u4e00-\u9fff])")
_GRAVE: Final = ("serious", "critical")

expect.set_options(timeout=15_000)  # a machine that also runs other tests answers late


class Window:
    """A window of its own, with nothing remembered. ``close`` fails for whatever the page complained of."""

    def __init__(self, browser: Browser, base: str, size: tuple[int, int] = LAPTOP, **context: Any) -> None:
        self.base = base
        self._context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            reduced_motion="reduce",
            bypass_csp=False,
            **context,
        )
        self.page: Page = self._context.new_page()
        self.troubles: list[str] = []
        self._forgiven: list[str] = []
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.troubles.append(f"error: {error}"))
        self.page.on("requestfailed", self._failed)
        self.page.on("response", self._answered)

    def forgive(self, part: str) -> None:
        """Expect a complaint that contains a text."""
        self._forgiven.append(part)

    def open(self, path: str) -> Page:
        """Go to a path of the service."""
        self.page.goto(f"{self.base}{path}")
        return self.page

    def see(self, text: str) -> None:
        """Wait until a text is to be seen."""
        expect(self.page.get_by_text(text).first).to_be_visible()

    def fits(self) -> bool:
        """Whether nothing has to be scrolled sideways."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth + 1"))

    def shoot(self, name: str) -> None:
        """Keep a picture in the folder ``YIGONG_SHOTS``, when there is one."""
        folder = os.environ.get("YIGONG_SHOTS")
        if folder:
            width = self.page.viewport_size["width"] if self.page.viewport_size else 0
            self.page.screenshot(path=Path(folder) / f"{name}-{width}.png", animations="disabled")

    def hurdles(self) -> list[str]:
        """What keeps people from using the page, by axe-core: its serious and critical findings."""
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(_AXE.read_text("utf-8"))
        told = self.page.evaluate(_RUN_AXE)
        return [
            f"{one['id']}: {json.dumps([n['target'] for n in one['nodes'][:4]], ensure_ascii=False)}"
            for one in told["violations"]
            if one["impact"] in _GRAVE
        ]

    def english(self) -> list[str]:
        """What those who hear the page are told in English: by a control, an icon, or before its own words."""
        said = _SAID.finditer(self.page.locator("body").aria_snapshot())
        return [f"{one['role']} {one['name']}" for one in said if _ENGLISH.match(one["name"])]

    def suits_everybody(self, name: str) -> None:
        """On a phone, a laptop and a wall, light and dark: nothing is cut off, and no serious hurdle stands."""
        for size, scheme in _LOOKS:
            self.page.set_viewport_size({"width": size[0], "height": size[1]})
            self.page.emulate_media(color_scheme=scheme)
            self.rest()
            self.shoot(f"{name}-{scheme}")
            assert self._fits_soon(), f"{name} is wider than {size[0]} px"
            stands = self.standing()
            assert not stands, f"{size[0]} px, {scheme}: " + "\n".join(stands)
        english = self.english()
        assert not english, f"said in English: {english}"

    def rest(self) -> None:
        """Wait until the page is drawn and nothing fades or moves any more."""
        self.page.evaluate(_AT_REST)

    def _fits_soon(self) -> bool:
        """What reckons its own width is a moment late on a busy machine."""
        for _ in range(_LOOKED):
            if self.fits():
                return True
            self.page.wait_for_timeout(_SETTLE_MS)
        return self.fits()

    def standing(self) -> list[str]:
        """Hurdles that are still there when a busy machine has had time to fade colours over."""
        found, looked = self.hurdles(), 1
        while found and looked < _LOOKED:
            self.page.wait_for_timeout(_SETTLE_MS)
            found, looked = self.hurdles(), looked + 1
        return found

    def close(self) -> None:
        self._context.close()
        left = [one for one in self.troubles if not any(part in one for part in self._forgiven)]
        assert not left, "\n".join(left)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.troubles.append(f"{message.type}: {message.text}")

    def _failed(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # what a page no longer waits for when it is left
            self.troubles.append(f"failed: {request.url} {request.failure}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self.troubles.append(f"{response.status}: {response.url}")
