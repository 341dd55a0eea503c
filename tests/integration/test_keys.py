"""Keys are rotated from the command line; what was stored stays readable, and who did it is recorded."""

from __future__ import annotations

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
