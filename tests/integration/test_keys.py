"""Keys are rotated from the command line; what was stored stays readable, and who did it is recorded."""

from __future__ import annotations

import subprocess
import sys

from typer.testing import CliRunner

from api.bootstrap import House, key_ring
from api.cli import app
from base.audit import search
from base.tenancy import system
from records.journal import Journal
from records.journal_store import Entry
from tests.unit.base.test_keyring import NOW


def test_rotation_reseals_what_is_stored(fresh: House) -> None:
    ring = key_ring(fresh)
    journal = Journal(fresh.engine, ring)
    journal.write(Entry("r1", NOW, "review", "rel", "his", {"name": "张三丰"}, {"findings": []}, (), 0, 0, 1.0))
    assert journal.flush()
    folder = ["--data-dir", str(fresh.settings.data_dir)]
    assert CliRunner().invoke(app, ["keys", "rotate", *folder]).exit_code == 2, "who rotates must be said"
    done = CliRunner().invoke(app, ["keys", "rotate", "--by", "安全管理员", *folder])
    assert (done.exit_code, "2 values" in done.output) == (0, True)
    with system("test"):
        assert Journal(fresh.engine, key_ring(fresh)).entry("r1").request == {"name": "张三丰"}
        assert journal.entry("r1").request == {"name": "张三丰"}, "a worker that still holds the old key reads it too"
    assert [(e["actor"], e["act"]) for e in search(fresh.engine)] == [("安全管理员", "keys.rotate")]


def test_the_public_key_is_shown(fresh: House) -> None:
    shown = CliRunner().invoke(app, ["keys", "--data-dir", str(fresh.settings.data_dir)]).output
    assert shown.strip() == fresh.key.public


def test_rotation_knows_every_table_that_seals() -> None:
    """Asked of a process of its own: here other tests have read everything."""
    code = """
import pkgutil, sys
from importlib import import_module
import api.cli
from api.commands import keys
from base.keyring import sealed_columns
for module in keys._READ_LATE:
    import_module(module)
known = {str(column) for column in sealed_columns()}
import records, supervision, base, exchange
for room in (base, records, supervision, exchange):
    for info in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
        if "migrations" not in info.name:
            import_module(info.name)
print(*sorted({str(column) for column in sealed_columns()} - known))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []
