"""Facts come from the repository and the journal by themselves: what is sent, corrected or taken back shows in figures."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, Table, insert

from base.keyring import KeyRing
from base.tenancy import guard, system
from clinical.value import replace
from records.identity_tables import records
from records.journal_store import Entry, Feedback, Shown, store
from records.store import Repository
from records.unanswered import Unanswered
from records.uses import Asker, Kind, Use, Uses
from supervision.figures import from_journal
from supervision.figures.answers import Answers
from supervision.figures.cases import NOBODY, UNKNOWN, Cases, without
from supervision.figures.catalogue import catalogue
from supervision.figures.collect import Collector
from supervision.figures.from_journal import FromJournal
from supervision.figures.from_notes import from_questions, from_uses
from supervision.figures.from_records import FromRecords
from supervision.figures.indicator import Indicator, Source, Theme, counted
from supervision.figures.journal_rows import Call
from supervision.figures.lake import Lake
from supervision.figures.manifest import Manifest
from supervision.figures.periods import period_of
from supervision.figures.persons import Persons
from supervision.figures.sums import Asked
from supervision.knowledge_gaps import gaps
from supervision.record_qc.tables import defects, reports

TENANT = "league/a/h1"
NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
VISIT = {
    "resourceType": "Encounter",
    "id": "V1",
    "status": "finished",
    "class": {"code": "AMB"},
    "subject": {"reference": "Patient/P1"},
    "serviceType": {"text": "心内科"},
    "period": {"start": "2026-11-10T23:30:00Z", "end": "2026-11-11T00:10:00Z"},
    "participant": [
        {
            "type": [{"coding": [{"code": "ATND"}]}],
            "individual": {"display": "李医生", "identifier": {"value": "1001"}},
        }
    ],
}
PATIENT = {"resourceType": "Patient", "id": "P1", "gender": "female", "birthDate": "1960-01-01"}
DIAGNOSIS = {
    "resourceType": "Condition",
    "id": "D1",
    "subject": {"reference": "Patient/P1"},
    "encounter": {"reference": "Encounter/V1"},
    "code": {"coding": [{"code": "I10.x00"}], "text": "高血压"},
}
DRUG = {
    "resourceType": "MedicationRequest",
    "id": "M1",
    "status": "active",
    "intent": "order",
    "subject": {"reference": "Patient/P1"},
    "encounter": {"reference": "Encounter/V1"},
    "medicationCodeableConcept": {"text": "氨氯地平片"},
    "authoredOn": "2026-11-10T23:50:00Z",
}


class Site:
    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine = guard(engine)
        self.ring = KeyRing(engine, b"m" * 16, b"j" * 16)
        self.repository = Repository(engine, self.ring)
        self.lake = Lake(folder, Manifest(engine))
        self.answers = Answers(self.lake, catalogue())
        self.collector = Collector(self.lake, catalogue().facts, "league")
        self.persons = Persons(engine, lambda text: f"hash of {text}")
        self.journal = FromJournal(engine, self.ring, self.persons, lambda service, request, at: Call(**request))
        self.message = 0

    def send(self, *resources: dict[str, Any], gone: tuple[str, ...] = ()) -> None:
        self.message += 1
        at = NOW + timedelta(minutes=self.message)
        with system("test"), self.engine.begin() as connection:
            self.repository.put(connection, TENANT, 7, resources, message=self.message, at=at)
            if gone:
                self.repository.remove(connection, TENANT, gone, message=self.message, at=at)

    def collect(self) -> int:
        records = FromRecords(self.engine, self.repository, self.persons)
        return self.collector.collect(records) + self.collector.collect(self.journal)

    def rows(self, fact: str) -> list[dict[str, Any]]:
        one = Indicator(
            "x",
            "x",
            (Theme.OVERVIEW,),
            "",
            Source("", None, ""),
            counted(fact, "条"),
            rows=tuple(catalogue().facts[fact].given),
        )
        with system("test"):
            return [row.shown for row in self.answers.rows(one, period_of("2026-11"), Asked())]


@pytest.fixture
def site(engine: Engine, tmp_path: Path) -> Site:
    return Site(engine, tmp_path / "facts")


def test_a_visit_becomes_a_row_with_what_resources_tell_and_nothing_else(site: Site) -> None:
    site.send(PATIENT, VISIT, DIAGNOSIS, DRUG)
    site.collect()
    [visit] = site.rows("visits")
    known = {
        name: visit[name] for name in ("id", "kind", "hour", "department", "doctor", "disease", "sex", "age", "drugs")
    }
    assert known == {
        "id": "V1",
        "kind": "outpatient",
        "hour": 7,
        "department": "心内科",
        "doctor": "1001",
        "disease": "I10",
        "sex": "female",
        "age": 66,
        "drugs": True,
    }
    assert visit["date"].isoformat() == "2026-11-11", "the day in China"
    assert visit["antimicrobial"] is None, "nobody said"
    [line] = site.rows("drug_orders")
    assert (line["id"], line["drug"], line["setting"], line["department"]) == (
        "M1",
        "氨氯地平片",
        "outpatient",
        "心内科",
    )


def test_what_is_sent_again_changes_nothing_and_a_correction_replaces(site: Site) -> None:
    site.send(PATIENT, VISIT, DIAGNOSIS)
    site.collect()
    before = site.lake.manifest.newest("visits")
    site.collect()
    assert site.lake.manifest.newest("visits") == before
    site.send(VISIT | {"serviceType": {"text": "内科"}})
    site.collect()
    assert [row["department"] for row in site.rows("visits")] == ["内科"]


def test_an_order_that_is_taken_back_is_gone(site: Site) -> None:
    site.send(PATIENT, VISIT, DRUG)
    site.collect()
    site.send(gone=("MedicationRequest/M1",))
    site.collect()
    assert site.rows("drug_orders") == []
    site.send(gone=("Encounter/V1",))
    site.collect()
    assert site.rows("visits") == []


def test_a_visit_that_turns_out_to_be_a_stay_is_counted_as_one(site: Site) -> None:
    site.send(PATIENT, VISIT)
    site.collect()
    stay = VISIT | {"class": {"code": "IMP"}, "period": {"start": "2026-11-10T23:30:00Z"}}
    site.send(stay)
    site.collect()
    assert (site.rows("visits"), len(site.rows("admissions")), site.rows("stays")) == ([], 1, [])
    ended = {"start": "2026-11-10T23:30:00Z", "end": "2026-11-14T02:00:00Z"}
    site.send(stay | {"period": ended, "hospitalization": {"dischargeDisposition": {"text": "医嘱离院"}}})
    site.collect()
    [row] = site.rows("stays")
    assert (row["days"], row["outcome"], row["admitted"].isoformat()) == (3, "discharged", "2026-11-11")


def test_a_row_leads_to_the_patient_and_to_what_record_qc_said_of_the_record(site: Site) -> None:
    _put(site, records, id=7, tenant=TENANT, local_id="P1")
    _put(site, reports, id=3, tenant=TENANT, record="V1", current=None, digest="before")
    _put(site, reports, id=4, tenant=TENANT, record="V1", current="V1", digest="now")
    _put(site, defects, id=9, tenant=TENANT, record="V1", report=4)
    site.send(PATIENT, VISIT, DRUG)
    cases, elsewhere = Cases(site.engine), {"tenant": "league/b/h2", "id": "V1"}
    visit, order, defect = ({"tenant": TENANT, "id": number} for number in ("V1", "M1", "D-9"))
    with system("test"):
        assert cases.patients("visits", [visit, elsewhere]) == {(TENANT, "V1"): "P1"}
        assert cases.patients("drug_orders", [order, {"tenant": TENANT, "id": "loaded"}]) == {(TENANT, "M1"): "P1"}
        assert cases.reports("record_scores", [visit, elsewhere]) == {(TENANT, "V1"): 4}, "the newest"
        assert cases.reports("record_defects", [defect, {"tenant": TENANT, "id": "D-x"}]) == {(TENANT, "D-9"): 4}
        assert cases.patients("findings", [visit]) == cases.reports("drug_orders", [order]) == {}


def test_a_row_that_an_institution_loaded_leads_to_the_patient_whose_number_it_bears(site: Site) -> None:
    _put(site, records, id=7, tenant=TENANT, local_id="P1")
    _put(site, records, id=8, tenant="league/b/h2", local_id="P9")
    known, unknown = ({"tenant": TENANT, "id": number, "person": number} for number in ("P1", "P9"))
    with system("test"):
        assert Cases(site.engine).patients("settlements", [known, unknown]) == {(TENANT, "P1"): "P1"}


def test_a_row_of_an_alert_or_of_a_call_leads_to_the_request(site: Site) -> None:
    number, question = "8c4a3a1e-3ac3-4d5f-8a8c-0a4f2b8a7a55", "5d0a3a1e-3ac3-4d5f-8a8c-0a4f2b8a7a56"
    shown = (Shown("c1", "rule-x", "1", "interaction", "major"),)
    entry = Entry(number, NOW, "review", "rel", "his", {}, {}, shown, 1, 0, 1.0, tenant=TENANT)
    with system("test"):
        store(site.engine, site.ring, [entry], [])
    cases, place = Cases(site.engine), {"tenant": TENANT}
    gap, call = place | {"id": f"{number}-2"}, place | {"id": number}
    with system("test"):
        for fact in ("findings", "violations", "tests", "repeated_drugs"):
            rows = [place | {"id": "c1"}, place | {"id": "loaded"}, {"tenant": "league/b/h2", "id": "c1"}]
            assert cases.requests(fact, rows) == {(TENANT, "c1"): number}, fact
        assert cases.requests("requests", [call, place | {"id": "loaded"}]) == {(TENANT, number): number}
        assert cases.requests("gaps", [gap, place | {"id": question}]) == {(TENANT, gap["id"]): number}
        assert cases.requests("visits", [call]) == {}


@pytest.mark.parametrize(
    ("fact", "row", "why"),
    [
        ("finance", {"id": "2026-11"}, NOBODY),
        ("bed_days", {"id": "b"}, NOBODY),
        ("settlements", {"id": "s", "person": ""}, NOBODY),
        ("settlements", {"id": "s", "person": "somebody"}, UNKNOWN),
        ("managed", {"id": "m", "person": ""}, NOBODY),
        ("visits", {"id": "v"}, UNKNOWN),
        ("findings", {"id": "f"}, UNKNOWN),
    ],
)
def test_a_row_without_a_case_says_why(fact: str, row: dict[str, str], why: str) -> None:
    assert without(fact, row) == why


def test_a_person_is_the_same_in_all_institutions_and_nobody_is_named(site: Site) -> None:
    _put(site, records, tenant=TENANT, local_id="P1", person=42)
    site.send(PATIENT, VISIT)
    site.collect()
    assert [row["person"] for row in site.rows("visits")] == ["hash of person 42"]


def _put(site: Site, table: Table, **given: Any) -> None:
    made = {column.name: _anything(column) for column in table.c if not column.nullable and column.name != "id"}
    with system("test"), site.engine.begin() as connection:
        connection.execute(insert(table).values(made | given))


def _anything(column: Any) -> Any:
    kinds = {int: 0, float: 0.0, str: "", bytes: b"", bool: False, datetime: NOW}
    return kinds[column.type.python_type]


def test_a_sweep_finds_what_came_out_of_turn(site: Site) -> None:
    site.message = 1_000
    site.send(PATIENT, VISIT)
    site.collect()
    site.message = 0
    site.send(VISIT | {"id": "V2"})
    site.collect()
    assert [row["id"] for row in site.rows("visits")] == ["V1"]
    source = FromRecords(site.engine, site.repository, Persons(site.engine, str))
    site.collector.sweep(source, NOW - timedelta(days=30), NOW)
    assert [row["id"] for row in site.rows("visits")] == ["V1", "V2"]


def test_requests_and_alerts_are_counted_and_a_late_answer_changes_the_alert(site: Site) -> None:
    shown = Shown("card-1", "rule-1", "1", "interaction", "major")
    at = datetime.now(UTC).replace(day=10, month=11, year=2026)
    entry = Entry("r1", at, "yigong-order-sign", "release", "his", {}, {}, (shown,), 0, 0, 3.5, tenant=TENANT)
    with system("test"):
        store(site.engine, site.ring, [entry], [])
    site.collect()
    assert [(row["findings"], row["service"]) for row in site.rows("requests")] == [(1, "yigong-order-sign")]
    assert [row["response"] for row in site.rows("findings")] == ["none"]
    with system("test"):
        later = at + timedelta(seconds=90)
        told = Feedback("card-1", "yigong-order-sign", "overridden", later, reason="已知")
        store(site.engine, site.ring, [], [told])
    site.collect()
    [row] = site.rows("findings")
    assert (row["response"], row["reasoned"], row["reason"]) == ("overridden", True, "已知")
    assert row["response_seconds"] == 90


def test_a_request_that_cannot_be_read_any_more_is_counted_all_the_same(site: Site) -> None:
    shown = Shown("card-1", "rule-1", "1", "insurance-limit", "minor")
    entries = [
        Entry("r1", NOW, "yigong-order-sign", "release", "his", {"gone": 1}, [], (shown,), 0, 0, 3.5, tenant=TENANT),
        Entry(
            "r2", NOW, "yigong-order-sign", "release", "his", {"department": "儿科"}, {}, (), 0, 0, 3.5, tenant=TENANT
        ),
    ]
    with system("test"):
        store(site.engine, site.ring, entries, [])
    site.collect()
    assert [row["department"] for row in site.rows("requests")] == [None, "儿科"]
    [clue] = site.rows("violations")
    assert (clue["id"], clue["amount"]) == ("card-1", None)


def test_names_nobody_knew_become_work_of_curators_and_numbers_of_people_do_not(site: Site) -> None:
    missed = [
        {"kind": "drug", "text": "怪药片", "reason": "未收录"},
        {"kind": "drug", "text": "怪药片", "reason": "未收录"},
        {"kind": "condition", "text": "张某 13512340001", "reason": "未收录"},
        {"kind": "condition", "reason": "无名称"},
    ]
    answers = ({"extension": {"cn.yigong.review": {"unmapped": missed}}}, {"unmapped": missed[:1]}, {"cards": []})
    entries = [
        Entry(f"r{n}", NOW, "yigong-order-sign", "release", "his", {}, answer, (), 0, 0, 3.5, tenant=TENANT)
        for n, answer in enumerate(answers)
    ]
    with system("test"):
        store(site.engine, site.ring, entries, [])
    site.collect()
    assert [(row["id"], row["subject"], row["name"]) for row in site.rows("gaps")] == [
        ("r0-0", "drug", "怪药片"),
        ("r1-0", "drug", "怪药片"),
    ]
    with system("test"):
        [gap] = gaps(site.answers, "term", period_of("2026-11"), Asked())
    assert (gap.name, gap.times, gap.tenants) == ("怪药片", 2, (TENANT,))


def test_a_question_asked_in_vain_counts_where_it_was_asked(site: Site) -> None:
    unanswered = Unanswered(site.engine, "league")
    with system("test"):
        unanswered.keep("q1", TENANT, "某药多少钱" * 100, NOW)
        unanswered.keep("q2", "", "某病怎么报销", NOW)
    site.collector.collect(from_questions(site.engine))
    told = {row["id"]: (row["kind"], len(row["name"])) for row in site.rows("gaps")}
    assert told == {"q1": ("question", 200), "q2": ("question", 6)}
    with system("test"):
        [mine] = gaps(site.answers, "question", period_of("2026-11"), Asked(tenants=(TENANT,)))
    assert mine.times == 1


def test_a_backlog_of_requests_is_read_the_oldest_first_and_gets_on(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(from_journal, "_PAGE", 2)
    entries = [
        Entry(f"r{n}", NOW + timedelta(minutes=n), "yigong-order-sign", "release", "his", {}, {}, (), 0, 0, 3.5)
        for n in range(3)
    ]
    with system("test"):
        store(site.engine, site.ring, [replace(entry, tenant=TENANT) for entry in entries], [])
    seen = []
    for _ in range(2):
        site.collector.collect(site.journal, most=1)
        seen.append([row["id"] for row in site.rows("requests")])
    assert seen[0] == ["r0", "r1"]
    assert seen[-1] == ["r0", "r1", "r2"]


def test_a_backlog_is_collected_in_turns(site: Site) -> None:
    site.send(PATIENT, VISIT)
    source = FromRecords(site.engine, site.repository, Persons(site.engine, str))
    assert site.collector.collect(source, most=0) == 0
    assert site.rows("visits") == []
    assert site.collector.collect(source, most=1) > 0
    assert len(site.rows("visits")) == 1


def test_use_of_inference_counts_by_department_disease_and_doctor(site: Site) -> None:
    kept = Uses(site.engine, "league")
    internal = Asker(TENANT, "心内科", "李医生", "I10")
    for kind, who, answered in (
        (Kind.TREATMENTS, internal, True),
        (Kind.DIAGNOSES, internal, False),
        (Kind.ANSWERS, Asker(TENANT, "儿科", "王医生"), True),
        (Kind.SCORES, Asker(""), True),
    ):
        kept.note(Use(kind, who, NOW, answered, 12.5))
    assert kept.flush()
    site.collector.collect(from_uses(site.engine))
    told = {
        row["kind"]: (row["department"], row["doctor"], row["disease"], row["answered"]) for row in site.rows("uses")
    }
    assert told == {
        "treatments": ("心内科", "李医生", "I10", True),
        "diagnoses": ("心内科", "李医生", "I10", False),
        "answers": ("儿科", "王医生", None, True),
        "scores": (None, None, None, True),
    }
    known = [catalogue().indicators[name] for name in ("inference-uses", "inference-doctors")]
    with system("test"):
        found = site.answers.ask(known, period_of("2026-11"), Asked(by=("department",)), compare=False)
    told = {name: {line.group: line.now.value for line in lines} for name, lines in found.items()}
    assert told == {
        "inference-uses": {("心内科",): 2, ("儿科",): 1, (None,): 1},
        "inference-doctors": {("心内科",): 1, ("儿科",): 1, (None,): 0},
    }, "who did not say who they are is nobody's"
