"""A real service over the starter release with the demo's patients, and a real Chromium that knows no other host."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.request import urlopen

import pytest
from filelock import FileLock

pytest.importorskip("playwright", reason="browser tests need playwright")

from playwright.sync_api import Browser, sync_playwright

from api.bootstrap import House
from curation_ui.build import DIST, WEB, BuildError, build
from demo.fill import fill
from tests.browser.window import ARGUMENTS, CHROMIUM, LAPTOP, Window
from tests.integration.conftest import opened

_PEOPLE = 3
"""Fewer than `make demo-data` brings: the stories are the same."""


@pytest.fixture(scope="session")
def pages() -> Path:
    """The built pages, of the present sources."""
    with FileLock(WEB / ".build.lock"):
        try:
            build()
        except BuildError as error:
            pytest.skip(f"pages cannot be built: {error}")
    return DIST


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium. Gone before other tests run: while it is there, this thread counts as one with an event loop."""
    if not CHROMIUM:
        pytest.skip("no Chromium here (Debian: apt-get install chromium-headless-shell)")
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield made
        made.close()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def running(
    data: Path, port: int = 0, python: str = sys.executable, patience: float = 60, **settings: str
) -> Iterator[str]:
    """`yigong serve` over a data folder, as a process of its own; gives its address."""
    port = port or free_port()
    command = [python, "-P", "-m", "api.cli", "serve", "--port", str(port), "--data-dir", str(data)]
    environment = {**os.environ, "YIGONG_LOG_LEVEL": "ERROR", "YIGONG_RATE_LIMIT": "", **settings}
    with (data / "serve.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            base = f"http://127.0.0.1:{port}"
            _wait(f"{base}/ui/", process, patience)
            yield base
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


def _wait(url: str, process: subprocess.Popen[bytes], patience: float) -> None:
    until = time.monotonic() + patience
    while time.monotonic() < until and process.poll() is None:
        try:
            with urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(f"nothing answers at {url}")


def filled(starter_dir: Path, folder: Path, people: int) -> House:
    """An installation with the demo's stories, and so many people beside them. What `yigong serve` looks at to know
    that the starter release is published is there too."""
    house = opened(starter_dir, folder)
    shutil.copy(starter_dir / "starter.sm3", house.settings.data_dir)
    with ThreadPoolExecutor(1) as aside:  # a thread without an event loop
        aside.submit(fill, house, datetime.now(UTC), count=people).result()
    return house


@pytest.fixture(scope="session")
def his(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A hospital's own site: its origin, and the folder of its pages."""
    folder = tmp_path_factory.mktemp("his")
    handler = partial(_Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", folder
        server.shutdown()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture(scope="session")
def service(
    starter_dir: Path, tmp_path_factory: pytest.TempPathFactory, pages: Path, his: tuple[str, Path]
) -> Iterator[str]:
    """The address of a service on this machine without accounts, with the demo's patients. The hospital's site may
    show its panel."""
    house = filled(starter_dir, tmp_path_factory.mktemp("browser"), _PEOPLE)
    house.engine.dispose()
    with running(house.settings.data_dir, YIGONG_FRAME_ANCESTORS=json.dumps([his[0]])) as base:
        yield base


@pytest.fixture
def window(browser: Browser, service: str) -> Iterator[Callable[..., Window]]:
    """Opens windows; whatever went wrong in one fails the test."""
    made: list[Window] = []

    def opening(size: tuple[int, int] = LAPTOP, **context: object) -> Window:
        made.append(Window(browser, service, size, **context))
        return made[-1]

    yield opening
    for one in made:
        one.close()
