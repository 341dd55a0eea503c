"""Batch screening says what order entry says, for any patient, and takes up where it was broken off."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.app import build
from api.bootstrap import House
from api.commands.screen import Screener, judge, prepare
from api.serving import Served
from exchange.plain import decode, read
from rules import policy
from supervision.screening import ScreeningError, screen

duckdb = pytest.importorskip("duckdb")
NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
DRUGS = ("华法林钠片", "甲硝唑片", "布洛芬缓释胶囊", "盐酸二甲双胍片", "地高辛片", "盐酸胺碘酮片", "阿莫西林胶囊",
         "辛伐他汀片", "克拉霉素片", "螺内酯片", "氯化钾缓释片", "并不存在的药")  # fmt: skip
drug = st.fixed_dictionaries(
    {"text": st.sampled_from(DRUGS)},
    optional={
        "dose": st.sampled_from((0.5, 5.0, 100.0)),
        "unit": st.just("mg"),
        "route": st.sampled_from(("口服", "静脉滴注")),
        "frequency": st.sampled_from(("qd", "bid", "tid", "看心情")),
        "days": st.sampled_from((3.0, 30.0)),
    },
)
patient = st.fixed_dictionaries(
    {},
    optional={
        "sex": st.sampled_from(("男", "女")),
        "birthDate": st.sampled_from(("1940-05-01", "1985-02-03", "2023-01-01")),
        "weightKg": st.sampled_from((12.0, 60.0)),
        "conditions": st.lists(st.sampled_from(("心房颤动", "消化性溃疡", "妊娠", "癫痫")), max_size=2),
        "allergies": st.lists(st.sampled_from(("青霉素", "磺胺")), max_size=1),
        "medications": st.lists(drug, max_size=3),
        "observations": st.lists(st.sampled_from(((132.0, "umol/L", "血肌酐"), (5.9, "mmol/L", "血钾"))), max_size=2),
    },
)


def document(number: int, person: dict[str, Any], orders: list[dict[str, Any]]) -> dict[str, Any]:
    made = {"id": f"P{number:04d}", **person}
    for name in ("conditions", "allergies"):
        if name in made:
            made[name] = [{"text": text} for text in made[name]]
    if "observations" in made:
        rows = made["observations"]
        made["observations"] = [{"text": t, "value": v, "unit": u, "time": NOW.isoformat()} for v, u, t in rows]
    if "medications" in made:
        made["medications"] = [{"id": f"m{n}", **d} for n, d in enumerate(made["medications"])]
    return {"patient": made, "orders": [{"id": f"o{n}", **d} for n, d in enumerate(orders)]}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(person=patient, orders=st.lists(drug, min_size=1, max_size=3))
def test_the_same_findings_as_at_order_entry(
    starter: House, person: dict[str, Any], orders: list[dict[str, Any]]
) -> None:
    reviewer, screener = _both(starter)
    body = json.dumps(document(1, person, orders)).encode()
    plain = decode(body)
    hot = reviewer.review(read(plain, NOW), day=NOW.date()).review.findings
    rows = screener.rows(body)
    assert [(r["rule"], r["severity"], r["orders"], r["summary"]) for r in rows] == [
        (f.rule_id, f.severity.value, " ".join(f.orders), f.summary) for f in hot
    ]


_MADE: dict[int, Any] = {}


def _both(house: House) -> Any:
    if id(house) not in _MADE:
        reviewer = build(house).state.front.reviewer
        screener = Screener(Served.of(reviewer.serving.now.snapshot), policy.DEFAULT, NOW.date(), NOW)
        _MADE[id(house)] = (reviewer, screener)
    return _MADE[id(house)]


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "patients.csv").write_text(
        "id,sex,birth_date,institution\n1,男,1960-01-01,镇卫生院\n2,女,1990-01-01,县医院\n3,女,,县医院\n", "utf-8"
    )
    (folder / "orders.csv").write_text(
        "patient,id,text,dose,unit,route,frequency\n1,11,甲硝唑片,0.4,g,口服,tid\n2,21,盐酸氨溴索片,30,mg,口服,tid\n"
        "3,31,阿莫西林胶囊,,,口服,\n",
        "utf-8",
    )
    (folder / "medications.csv").write_text("patient,id,text\n1,m1,华法林钠片\n", "utf-8")
    (folder / "allergies.csv").write_text("patient,text\n3,青霉素\n", "utf-8")
    return folder


def run(house: House, source: Path, out: Path, chunk: int = 2) -> Any:
    given_ = (str(house.settings.data_dir), house.releases.active(), _POLICY, NOW.date().isoformat(), NOW.isoformat())
    return screen(source, out, house.releases.active(), judge, start=(prepare, given_), workers=1, chunk=chunk)


def _policy() -> bytes:
    import msgspec

    return msgspec.msgpack.encode(policy.DEFAULT)


_POLICY = _policy()


def test_tables_are_screened_and_a_broken_run_goes_on(starter: House, tables: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = run(starter, tables, out)
    assert (done.patients, done.parts, done.errors) == (3, 2, 0)
    found = duckdb.sql(f"SELECT patient, family FROM read_parquet('{out}/part-*.parquet')").fetchall()
    assert ("1", "interaction") in found
    assert ("3", "allergy") in found
    assert not [family for patient_, family in found if patient_ == "2" and family == "allergy"]
    (out / "part-000001.parquet").unlink()
    again = run(starter, tables, out)
    assert (again.parts, again.resumed) == (1, 1)


def test_findings_of_two_inputs_are_not_mixed(starter: House, tables: Path, tmp_path: Path) -> None:
    run(starter, tables, tmp_path / "out")
    (tables / "orders.csv").write_text("patient,id,text\n1,11,甲硝唑片\n", "utf-8")
    with pytest.raises(ScreeningError, match="another input"):
        run(starter, tables, tmp_path / "out")


@pytest.mark.parametrize(
    ("file", "text", "says"),
    [("orders.csv", "text\nx\n", "orders: column `patient`"), ("patients.csv", "name\nx\n", "patients: column `id`")],
)
def test_what_is_missing_is_named(
    starter: House, tables: Path, tmp_path: Path, file: str, text: str, says: str
) -> None:
    (tables / file).write_text(text, "utf-8")
    with pytest.raises(ScreeningError, match=says):
        run(starter, tables, tmp_path / "out")


def test_a_row_that_cannot_be_read_is_a_row_of_its_own(starter: House, tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    rows = [{"patient": "1", "review": json.dumps({"patient": {"id": "1"}, "orders": [{"text": "x"}]})}]
    source.write_text("\n".join(json.dumps(row) for row in rows), "utf-8")
    done = run(starter, source, tmp_path / "out")
    assert (done.errors, done.findings) == (1, 0)
