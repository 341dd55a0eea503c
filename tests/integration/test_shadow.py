"""Before publishing: what a candidate release would change on recorded requests, by hospital and rule."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update
from typer.testing import CliRunner

from api.app import build
from api.bootstrap import House, open_house
from api.cli import app
from api.openapi import EXAMPLES
from base.settings import Settings
from base.tabular import read
from base.tenancy import system
from knowledge.model import Statement
from knowledge.review import Workflow
from records.journal import requests


@pytest.fixture
def house(starter_dir: Path, tmp_path: Path) -> Iterator[House]:
    shutil.copytree(starter_dir, tmp_path / "data")
    made = open_house(Settings(data_dir=tmp_path / "data"))
    yield made
    made.engine.dispose()


def test_the_effect_of_an_edit_is_seen_before_a_doctor_sees_it(house: House, tmp_path: Path) -> None:
    with TestClient(build(house), client=("127.0.0.1", 1)) as client:
        first = client.post("/api/v1/reviews", json=EXAMPLES["review"] | {"institution": "镇卫生院"}).json()
        finding = next(f for f in first["findings"] if f["family"] == "interaction")
        client.app.state.front.reviewer.journal.flush()  # type: ignore[attr-defined]
    _retire(house, finding["ruleId"])
    before = house.releases.active()
    out = tmp_path / "shadow.xlsx"
    ran = CliRunner().invoke(app, ["shadow", "--data-dir", str(house.settings.data_dir), "--out", str(out)])
    assert ran.exit_code == 0, ran.output
    rows = [row.cells for row in read(out, "差异")]
    assert {(r["rule"], r["change"], r["institution"]) for r in rows} >= {(finding["ruleId"], "vanished", "镇卫生院")}
    assert house.releases.active() == before, "nothing was published"
    assert not (house.settings.data_dir / "shadow.ygr").exists()


def test_a_request_that_cannot_be_read_is_counted_and_the_others_are_asked(house: House) -> None:
    with TestClient(build(house), client=("127.0.0.1", 1)) as client:
        spoilt, _ = (client.post("/api/v1/reviews", json=EXAMPLES["review"]).json()["id"] for _ in range(2))
        client.app.state.front.reviewer.journal.flush()  # type: ignore[attr-defined]
    with system("test"), house.engine.begin() as connection:
        connection.execute(update(requests).where(requests.c.id == spoilt).values(request=b"spoilt" * 9))
    ran = CliRunner().invoke(app, ["shadow", "--data-dir", str(house.settings.data_dir)])
    assert ran.exit_code == 0, ran.output
    said = " ".join(ran.output.split())
    asked = re.search(r"(\d+) requests", said)
    assert asked is not None
    assert int(asked[1]) >= 2, "others of this installation may have been asked before"
    assert "1 could not be asked" in said


def _retire(house: House, statement: str) -> None:
    """Take one statement out, as curators do."""
    Workflow(house.store).retire(house.store.get(Statement, statement), "curator", "trial")
