"""Known weaknesses of what a served installation depends on. Part of ``make check``.

Asks the vulnerability service of PyPI through ``pip-audit``. Fails for a weakness in something the service itself
needs (test and build tools are only told) for which a mended version is out. Without a network nothing can be asked:
then it says so and fails nothing, because an offline clinic must still be able to check its checkout.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires
from typing import Any

ACCEPTED: dict[str, str] = {}
"""Weaknesses that do not concern us: id → why, and until when somebody looks again."""


def main() -> int:
    """Print what is known; 1 when something must be done."""
    command = [sys.executable, "-m", "pip_audit", "--local", "--skip-editable", "--format", "json"]
    asked = subprocess.run([*command, "--progress-spinner", "off"], capture_output=True, text=True, check=False)
    try:
        found: list[dict[str, Any]] = json.loads(asked.stdout)["dependencies"]
    except (ValueError, KeyError):
        return _not_asked(asked.stderr.strip().rpartition("\n")[2])
    known = [one for one in found if "vulns" in one]
    if not known:
        return _not_asked("no vulnerability service answers")
    served = set(_needed("yigong"))
    print(f"dependency audit: {len(known)} packages asked about, {len(served)} of them needed to serve")
    to_mend = [one for one in known if _told(one, one["name"].lower() in served)]
    return 1 if to_mend else 0


def _not_asked(why: str) -> int:
    print(f"dependency audit: NOT DONE ({why}); run `make check` again with a network", file=sys.stderr)
    return 0


def _told(one: dict[str, Any], served: bool) -> bool:
    """Print the weaknesses of a package; whether one of them must be mended."""
    must = False
    for weakness in one["vulns"]:
        accepted = ACCEPTED.get(weakness["id"], "")
        mended = ", ".join(weakness.get("fix_versions") or ())
        must |= served and bool(mended) and not accepted
        print(f"  {one['name']} {one['version']}: {weakness['id']}, mended in {mended or 'no version'} {accepted}")
    return must


def _needed(name: str, seen: set[str] | None = None) -> Iterator[str]:
    """A package and all it needs, without extras."""
    seen = set() if seen is None else seen
    plain = re.split(r"[^A-Za-z0-9._-]", name)[0].lower().replace("_", "-")
    if plain in seen:
        return
    seen.add(plain)
    yield plain
    try:
        needs = requires(plain) or []
    except PackageNotFoundError:
        return
    for need in needs:
        if "extra ==" not in need:
            yield from _needed(need, seen)


if __name__ == "__main__":
    sys.exit(main())
