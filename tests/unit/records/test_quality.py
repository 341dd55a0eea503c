"""Data quality: what rules find in messages, how faults are put right, scores, surveys, and rules a site changes."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, insert, select, text, update

from base.keyring import KeyRing
from base.tenancy import Scope, TenancyError, acting, guard, system
from records.identity_tables import records
from records.quality import Checked, Context, RuleSet, check, shipped_set
from records.quality_cases import patient_of
from records.quality_conditions import OPERATORS, compile_test
from records.quality_figures import Asked, Figures, roll_up
from records.quality_forms import FORMS
from records.quality_paths import FormError, Scene, compile_path
from records.quality_rules import Change, Dimension, RuleError, changed, decode, problems, shipped
from records.quality_standards import MissingStandardError, StandardError, Standards, compare
from records.quality_store import Action, FaultError, Faults, Inspector, Query, State, keep
from records.quality_surveys import SURVEYS, Surveyor
from records.quality_tables import standards as published
from records.quality_tables import tallies
from records.store import Repository

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
LEAGUE, COUNTY, HOSPITAL, OTHER = "league", "league/a", "league/a/h1", "league/a/h2"
KEY = bytes(range(16))
SPAN = Asked("2026-11-01", "2026-11-30")


def patient(**changed: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "resourceType": "Patient",
        "id": "p1",
        "name": [{"text": "王小明"}],
        "gender": "female",
        "birthDate": "1949-12-31",
        "identifier": [{"system": "urn:oid:2.16.156.10011.1.3", "value": "11010519491231002X"}],
        "telecom": [{"system": "phone", "value": "13800138000"}],
        "address": [{"text": "阿拉善左旗巴彦浩特镇西花园街1号"}],
    }
    return {k: v for k, v in (made | changed).items() if v is not None}


def found(*resources: dict[str, Any], sent: datetime | None = None) -> set[str]:
    return {fault.rule for fault in check(resources, Context(HOSPITAL, NOW, sent))}


# -- rules ---------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", shipped(), ids=lambda rule: rule.id)
def test_every_shipped_rule_passes_its_own_cases(rule: Any) -> None:
    assert problems(rule, SURVEYS) == []


def test_the_shipped_rules_cover_the_six_dimensions_and_the_main_types() -> None:
    assert {rule.dimension for rule in shipped()} == set(Dimension)
    assert len(shipped()) >= 60
    types = {kind for rule in shipped() for kind in rule.types}
    assert {"Patient", "Encounter", "Condition", "Observation", "DiagnosticReport", "MedicationRequest"} <= types


def test_every_shipped_rule_operator_and_form_is_documented() -> None:
    page = (Path(__file__).parents[3] / "docs" / "data-quality.md").read_text("utf-8")
    named = [*(rule.id for rule in shipped()), *OPERATORS, *FORMS]
    assert [name for name in named if f"`{name}`" not in page] == []


def test_a_sound_message_has_no_fault() -> None:
    visit = {
        "resourceType": "Encounter",
        "id": "e1",
        "status": "finished",
        "class": {"code": "AMB"},
        "subject": {"reference": "Patient/p1"},
        "period": {"start": "2026-11-24T08:00:00+08:00", "end": "2026-11-24T09:00:00+08:00"},
        "serviceType": {"text": "心内科"},
        "serviceProvider": {"display": "旗人民医院"},
        "participant": [{"individual": {"display": "李医生"}}],
    }
    assert found(patient(), visit, sent=NOW) == set()


def test_each_fault_names_rule_place_and_remedy_and_no_value() -> None:
    faults = check([patient(birthDate="2062-01-01", gender="男")], Context(HOSPITAL, NOW))
    assert {fault.rule for fault in faults} == {"patient-birth-future", "patient-sex-code", "patient-id-card-birth"}
    assert all(fault.resource == "Patient/p1" and fault.path and fault.version == "1" for fault in faults)
    assert not any("2062" in fault.message or "王小明" in fault.message for fault in faults)
    assert [fault.rule for fault in faults if fault.rejects] == ["patient-sex-code", "patient-birth-future"]


def test_what_is_only_mentioned_need_not_be_complete() -> None:
    mentioned = {"resourceType": "Patient", "id": "p1", "meta": {"tag": [{"code": "SUBSETTED"}]}}
    assert found(mentioned) == set()
    assert "patient-name" in found({"resourceType": "Patient", "id": "p1"})


def test_a_result_of_another_patients_visit_is_refused() -> None:
    visit = {"resourceType": "Encounter", "id": "e1", "status": "finished", "subject": {"reference": "Patient/p1"}}
    result = {
        "resourceType": "Observation",
        "id": "o1",
        "status": "final",
        "code": {"text": "血钾"},
        "subject": {"reference": "Patient/p2"},
        "encounter": {"reference": "Encounter/e1"},
    }
    assert "event-same-patient" in found(patient(), visit, result)
    assert "event-same-patient" not in found(patient(), result)  # the visit is not here: not known


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    "id meta tag code coding system value period start end subject reference identifier name text "
                    "valueQuantity unit interpretation referenceRange low high component status class birthDate "
                    "telecom effectiveDateTime issued resourceType content attachment dosageInstruction".split()
                ),
                inner,
                max_size=6,
            )
        ),
        max_leaves=25,
    ),
    st.sampled_from(["Patient", "Encounter", "Condition", "Observation", "MedicationRequest", "Basic", "Message"]),
)
@settings(max_examples=150, deadline=None)
def test_no_resource_however_malformed_stops_the_check(part: Any, kind: str) -> None:
    resource = (part if isinstance(part, dict) else {"id": part, "code": part}) | {"resourceType": kind}
    made = shipped_set().check([resource], Context(HOSPITAL, NOW))
    for counts in made.tally.values():
        assert all(0 <= failed <= checked for checked, failed in counts.values())
    assert len(made.faults) == sum(failed for counts in made.tally.values() for _, failed in counts.values())


def test_what_is_missing_is_not_known_rather_than_wrong() -> None:
    test = compile_test({"path": "birthDate", "at_most": "now"}, {})
    scene = Scene(NOW)
    assert test({}, scene) is None
    assert test({"birthDate": "gestern"}, scene) is None
    assert test({"birthDate": "2026"}, scene) is True  # may be before now
    assert test({"birthDate": "2027"}, scene) is False


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("name.text", ["王", "李"]),
        ("telecom[system=phone,sms].value", ["1"]),
        ("value[x].value", [5]),
        ("subject->gender", ["male"]),
        ("blank", []),
        ("zero", [0]),
        ("birthDate|day", ["1980-02-28"]),
    ],
)
def test_paths_lead_to_values(path: str, values: list[Any]) -> None:
    resource = {
        "name": [{"text": "王"}, {"text": "李"}, {"text": " "}],
        "telecom": [{"system": "phone", "value": "1"}, {"system": "email", "value": "2"}],
        "valueQuantity": {"value": 5},
        "valueless": {"value": 6},
        "subject": {"reference": "Patient/p"},
        "blank": "  ",
        "zero": 0,
        "birthDate": "1980-02-28",
    }
    scene = Scene(NOW, None, {"Patient/p": {"gender": "male"}})
    assert compile_path(path)(resource, scene) == values


@pytest.mark.parametrize(
    ("tree", "said"),
    [
        ({"path": "name"}, "needs a path and an operator"),
        ({"path": "name", "matches": ".*"}, "'matches'"),
        ({"path": "na me", "present": True}, "no step of a path"),
        ({"path": "a", "form": "telephone"}, "must be one of"),
        ({"path": "a", "at_most": "tomorrow"}, "is no date"),
        ({"path": "a", "at_most": "now-$within"}, "does not declare"),
        ({"not": {"path": "a", "less_than": 3}}, "opposite comparison"),
        ({"any": []}, "list of tests"),
        ({"path": "id[@passport].value", "present": True}, "@id-card"),
        ("present", "must be a test"),
    ],
)
def test_a_condition_that_is_none_is_refused_with_the_remedy(tree: Any, said: str) -> None:
    with pytest.raises(FormError) as refused:
        compile_test(tree, {})
    assert said in str(refused.value)


def test_nesting_is_bounded() -> None:
    tree: Any = {"path": "a", "present": True}
    for _ in range(50):
        tree = {"not": tree}
    with pytest.raises(FormError, match="split the rule"):
        compile_test(tree, {})


@pytest.mark.parametrize(
    ("form", "good", "bad"),
    [
        ("id-card", "11010519491231002X", "110105194912310021"),
        ("id-card", "11010519491231002X", "110105491231002"),
        ("phone", "139 0013 8000", "139001380001"),
        ("phone", "0483-8123456", "12"),
        ("credit-code", "91350100M000100Y43", "91350100M000100Y44"),
        ("icd-10", "I10.x00x002", "高血压"),
        ("person-name", "阿依古丽·买买提", "测试患者"),
        ("real-text", "上呼吸道感染", "待补"),
        ("legible", "血钾", "锟斤拷"),
        ("date", "1980-02-29", "1981-02-29"),
        ("date-time", "2026-11-24T08:00:00+08:00", "2026-11-24T08:00:00"),
        ("unit", "mmol/L", "毫摩每立升升"),
    ],
)
def test_forms(form: str, good: str, bad: str) -> None:
    fits = FORMS[form][1]
    assert fits(good)
    assert not fits(bad)


def test_a_rule_whose_cases_fail_says_which() -> None:
    rule = next(rule for rule in shipped() if rule.id == "patient-birth-old")
    wrong = changed(rule, Change(parameters={"within": "200y"}), "1+1")
    assert problems(wrong, SURVEYS) == ["patient-birth-old.cases.failed[0]: 结果为 passed"]
    with pytest.raises(RuleError, match="可改的参数：within"):
        changed(rule, Change(parameters={"years": 3}), "1+1")


# -- faults --------------------------------------------------------------------------------


def claimed(number: int, at: datetime = NOW, tenant: str = HOSPITAL) -> Any:
    return SimpleNamespace(number=number, tenant=tenant, received=at)


class Fixed:
    """Rules that never change."""

    def of(self, tenant: str) -> RuleSet:
        return shipped_set()


def receive(
    engine: Engine, number: int, *resources: dict[str, Any], at: datetime = NOW, tenant: str = HOSPITAL
) -> Any:
    """A message as intake handles it."""
    inspector = Inspector(Fixed())
    parsed = SimpleNamespace(resources=resources, sent=None)
    checked = inspector.check(tenant, parsed, at)
    with system("intake"), engine.begin() as connection:
        inspector.keep(connection, claimed(number, at, tenant), checked)
    return inspector.rejections(checked)


@pytest.fixture
def faults(engine: Engine) -> Faults:
    return Faults(guard(engine), KeyRing(engine, KEY))


def standing(faults: Faults, **asked: Any) -> dict[str, State]:
    with system("test"):
        return {held.rule: held.state for held in faults.search(Query(**asked))}


def test_a_newer_version_that_passes_puts_a_fault_right(engine: Engine, faults: Faults) -> None:
    assert receive(engine, 1, patient(telecom=None)) == []
    assert standing(faults) == {"patient-phone": State.OPEN}
    receive(engine, 2, patient(telecom=None), at=NOW + timedelta(hours=1))
    with system("test"):
        (held,) = faults.search(Query())
    assert (held.times, held.message, held.found) == (2, 2, NOW)
    receive(engine, 3, patient(), at=NOW + timedelta(hours=2))
    with system("test"):
        held, happened = faults.one(held.id)
    assert held.state is State.CORRECTED
    assert [(e.action, e.actor, e.message) for e in happened] == [("correct", "system", 3)]
    receive(engine, 4, patient(telecom=None), at=NOW + timedelta(hours=3))
    with system("test"):
        assert [held.state for held in faults.search(Query())] == [State.OPEN, State.CORRECTED]


def test_a_refused_message_puts_nothing_right(engine: Engine, faults: Faults) -> None:
    receive(engine, 1, patient(telecom=None))
    refused = receive(engine, 2, patient(gender="男"))
    assert [(r["rule"], r["path"]) for r in refused] == [("patient-sex-code", "Patient/p1.gender")]
    assert standing(faults) == {"patient-phone": State.OPEN, "patient-sex-code": State.OPEN}
    receive(engine, 3, patient())
    assert set(standing(faults).values()) == {State.CORRECTED}


def test_what_a_rule_cannot_see_this_time_stays_at_fault(engine: Engine, faults: Faults) -> None:
    visit = {
        "resourceType": "Encounter",
        "id": "e1",
        "status": "in-progress",
        "subject": {"reference": "Patient/p1"},
        "period": {"start": "1940-01-01"},
    }
    receive(engine, 1, patient(), visit)
    assert standing(faults, rule="encounter-after-birth") == {"encounter-after-birth": State.OPEN}
    receive(engine, 2, visit | {"period": {"start": "1941-01-01"}})  # without the patient nobody can tell
    assert standing(faults, rule="encounter-after-birth") == {"encounter-after-birth": State.OPEN}
    receive(engine, 3, patient(), visit | {"period": {"start": "2026-11-24"}})
    assert standing(faults, rule="encounter-after-birth") == {"encounter-after-birth": State.CORRECTED}


def test_a_fault_of_the_message_itself_goes_when_it_is_replayed_right(engine: Engine, faults: Faults) -> None:
    two = (patient(), patient(id="p2"))
    assert [r["rule"] for r in receive(engine, 7, *two)] == ["message-one-patient"]
    with system("test"):
        assert [held.reference for held in faults.search(Query(rule="message-one-patient"))] == ["Message/7"]
    receive(engine, 7, patient())
    assert standing(faults, rule="message-one-patient") == {"message-one-patient": State.CORRECTED}


def test_the_loop_of_notice_explanation_and_confirmation(engine: Engine, faults: Faults) -> None:
    receive(engine, 1, patient(telecom=None))
    due = NOW + timedelta(days=7)
    with system("test"):
        assert faults.notify(Query(tenant=LEAGUE), "盟质控员", NOW, due) == 1
        assert faults.notify(Query(tenant=LEAGUE), "盟质控员", NOW, due) == 0
        (held,) = faults.search(Query(states=(State.NOTIFIED,)))
        assert faults.count(Query(overdue=NOW + timedelta(days=8))) == 1
        assert faults.count(Query(overdue=NOW + timedelta(days=6))) == 0
        with pytest.raises(FaultError, match="理由"):
            faults.move(held.id, Action.EXPLAIN, "信息科", NOW)
        faults.move(held.id, Action.EXPLAIN, "信息科", NOW, "王小明无电话")
        with pytest.raises(FaultError, match="另一人"):
            faults.move(held.id, Action.CONFIRM, "信息科", NOW)
        assert faults.move(held.id, Action.REFUSE, "盟质控员", NOW, "请补登监护人电话").state is State.NOTIFIED
        faults.move(held.id, Action.EXPLAIN, "信息科", NOW, "确无电话")
        assert faults.move(held.id, Action.CONFIRM, "盟质控员", NOW).state is State.CONFIRMED
        with pytest.raises(FaultError, match="说明已确认"):
            faults.move(held.id, Action.EXPLAIN, "信息科", NOW, "再说明")
        _, happened = faults.one(held.id)
    assert [e.reason for e in happened] == ["", "王小明无电话", "请补登监护人电话", "确无电话", ""]
    receive(engine, 2, patient(telecom=None))
    assert standing(faults) == {"patient-phone": State.CONFIRMED}  # explained once is not asked again


def test_reasons_are_sealed_in_the_database(engine: Engine, faults: Faults) -> None:
    receive(engine, 1, patient(telecom=None))
    with system("test"):
        (held,) = faults.search(Query())
        faults.move(held.id, Action.EXPLAIN, "信息科", NOW, "王小明无电话")
        with engine.connect() as connection:
            stored = connection.execute(text("select reason from quality_event")).scalar_one()
    assert "王小明".encode() not in bytes(stored)


def test_hospitals_see_their_own_faults_only(engine: Engine, faults: Faults) -> None:
    receive(engine, 1, patient(telecom=None))
    receive(engine, 2, patient(telecom=None), tenant=OTHER)
    with acting(Scope("h2", (OTHER,), (OTHER,))):
        seen = faults.search(Query())
        assert [held.tenant for held in seen] == [OTHER]
        mine = seen[0].id
        with pytest.raises(FaultError, match="没有"):
            faults.one(1 if mine != 1 else 2)
    with acting(Scope("county", (COUNTY,))):
        assert {held.tenant for held in faults.search(Query())} == {HOSPITAL, OTHER}
    with pytest.raises(TenancyError):
        faults.search(Query())


def test_two_messages_about_one_doctor_at_once_are_one_fault(engine: Engine, faults: Faults) -> None:
    doctor = {"resourceType": "Practitioner", "id": "d1"}
    checked = shipped_set().check([doctor], Context(HOSPITAL, NOW))
    failed: list[Exception] = []

    def one(number: int) -> None:
        try:
            with system("intake"), engine.begin() as connection:
                keep(connection, HOSPITAL, number, checked, NOW)
        except Exception as error:  # told below: a thread's own exception is lost
            failed.append(error)

    threads = [threading.Thread(target=one, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    with system("test"):
        assert faults.count(Query(rule="practitioner-name")) == 1


# -- scores --------------------------------------------------------------------------------


def test_scores_count_every_check_once_and_rejections_threefold(engine: Engine) -> None:
    guard(engine)
    receive(engine, 1, patient())
    receive(engine, 2, patient(id="p2", telecom=None))
    receive(engine, 3, patient(id="p3", gender="男"), tenant=OTHER)
    figures, rules = Figures(engine), shipped()
    with system("test"):
        by_rule = {s.group: s for s in figures.scores(SPAN, ("tenant", "rule"), rules)}
        phone = by_rule[(HOSPITAL, "patient-phone")]
        assert (phone.checked, phone.failed, phone.score) == (2, 1, 50.0)
        (sex,) = figures.scores(Asked(SPAN.since, SPAN.until, (OTHER,), "conformance"), ("dimension",), rules)
        weights = sum(
            3 if r.severity == "reject" else 1
            for r in rules
            if (OTHER, r.id) in by_rule and r.dimension == "conformance"
        )
        assert sex.failed == 1
        assert sex.score == round(100 * (1 - 3 / weights), 2)
        assert figures.volume(SPAN, ("kind",)) == {("Patient",): 3}
        ranking = figures.ranking(SPAN, rules)
        assert [one.rank for one in ranking] == [1, 2]
        assert "timeliness" not in ranking[0].dimensions  # nothing was checked of it: no score, not 100
    with acting(Scope("h2", (OTHER,))):
        assert [one.tenant for one in figures.ranking(SPAN, rules)] == [OTHER]


def test_adding_up_loses_and_doubles_nothing(engine: Engine) -> None:
    guard(engine)
    for number in range(6):
        receive(engine, number, patient(id=f"p{number}"))
    done: list[int] = []
    threads = [threading.Thread(target=lambda: done.append(roll_up(engine))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(done) == 6
    with system("test"), engine.connect() as connection:
        assert connection.execute(select(tallies)).all() == []
    with system("test"):
        assert Figures(engine).volume(SPAN, ("tenant",)) == {(HOSPITAL,): 6}


# -- surveys -------------------------------------------------------------------------------


def store(engine: Engine, *resources: dict[str, Any], at: datetime = NOW, number: int = 1) -> Repository:
    repository = Repository(engine, KeyRing(engine, KEY))
    with system("intake"), engine.begin() as connection:
        repository.put(connection, HOSPITAL, 5, resources, message=number, at=at)
    return repository


def visit(
    name: str, status: str = "finished", code: str = "IMP", start: str = "2026-11-10", **more: Any
) -> dict[str, Any]:
    period = {"start": f"{start}T08:00:00+08:00"}
    made = {"resourceType": "Encounter", "id": name, "status": status, "class": {"code": code}, "period": period}
    return made | {"subject": {"reference": "Patient/p1"}} | more


def test_a_fault_leads_to_the_patient_of_its_resource_within_the_scope(engine: Engine, faults: Faults) -> None:
    kept = {"tenant": HOSPITAL, "local_id": "p1", "person": 1, "sealed": b"", "created": NOW, "updated": NOW}
    with system("test"), engine.begin() as connection:
        connection.execute(insert(records).values(id=5, **kept))
    store(engine, visit("e1"))
    receive(engine, 1, visit("e1"), visit("e2"))
    with acting(Scope("h1", (HOSPITAL,))):
        told = {held.reference: patient_of(guard(engine), held) for held in faults.search(Query(kind="Encounter"))}
        (held, *_) = faults.search(Query(reference="Encounter/e1"))
    assert told == {"Encounter/e1": "p1", "Encounter/e2": ""}, "e2 was never stored"
    assert patient_of(guard(engine), held._replace(reference="Message/1")) == ""
    with acting(Scope("h2", (OTHER,))):
        assert patient_of(guard(engine), held) == ""


def test_the_survey_finds_what_no_single_message_shows(engine: Engine, faults: Faults) -> None:
    report = {"status": "final", "subject": {"reference": "Patient/p1"}, "code": {"text": "胸部CT"}}
    said = report | {"resourceType": "DiagnosticReport", "effectiveDateTime": "2026-11-20T08:00:00+08:00"}
    repository = store(
        engine,
        visit("e1"),
        visit("e2"),
        visit("e3", "in-progress", start="2026-05-01"),
        {
            "resourceType": "Condition",
            "id": "c1",
            "encounter": {"reference": "Encounter/e1"},
            "subject": report["subject"],
        }
        | {"recordedDate": "2026-11-20", "code": {"text": "肺炎"}},
        {"resourceType": "DocumentReference", "id": "d1", "status": "current", "type": {"text": "出院小结"}}
        | {"context": {"encounter": [{"reference": "Encounter/e1"}]}, "date": "2026-11-12T08:00:00+08:00"},
        said | {"id": "r1", "encounter": {"reference": "Encounter/e9"}},
        said | {"id": "r2", "encounter": {"reference": "Encounter/e9"}},
        {
            "resourceType": "ServiceRequest",
            "id": "s1",
            "status": "active",
            "authoredOn": "2026-11-10",
            "intent": "order",
        }
        | {"subject": report["subject"], "code": {"text": "头颅CT"}},
    )
    standards = Standards(engine, SURVEYS)
    surveyor = Surveyor(engine, repository, standards)
    surveyor.run(HOSPITAL, NOW)
    with system("test"):
        found = {(held.rule, held.reference) for held in faults.search(Query(limit=100))}
    assert found == {
        ("store-encounter-undiagnosed", "Encounter/e2"),
        ("store-discharge-summary", "Encounter/e2"),
        ("store-stay-open", "Encounter/e3"),
        ("store-encounter-unknown", "DiagnosticReport/r1"),
        ("store-encounter-unknown", "DiagnosticReport/r2"),
        ("store-duplicate", "DiagnosticReport/r2"),
        ("store-report-late", "DiagnosticReport/r1"),
        ("store-report-late", "DiagnosticReport/r2"),
        ("store-request-unanswered", "ServiceRequest/s1"),
    }
    store(engine, visit("e9"), number=2, at=NOW + timedelta(minutes=1))
    surveyor.run(HOSPITAL, NOW + timedelta(minutes=2))
    assert standing(faults, rule="store-encounter-unknown") == {"store-encounter-unknown": State.CORRECTED}
    with system("test"):
        (score,) = Figures(engine).scores(
            Asked("2026-11-24", "2026-11-24", rule="store-duplicate", kind="DiagnosticReport"), ("rule",), shipped()
        )
        assert (score.checked, score.failed) == (2, 1)  # run twice a day it counts once


def test_fewer_messages_than_usual_and_silence_are_noticed(engine: Engine, faults: Faults) -> None:
    standards = Standards(engine, SURVEYS)
    surveyor = Surveyor(engine, Repository(engine, KeyRing(engine, KEY)), standards)
    yesterday = NOW - timedelta(days=1)
    for week in range(1, 5):
        tally = {"Encounter": {"": [40, 0]}}
        with system("intake"), engine.begin() as connection:
            keep(connection, HOSPITAL, week, Checked(tally=tally), yesterday - timedelta(weeks=week))
    surveyor.run(HOSPITAL, NOW)
    assert standing(faults) == {"store-volume-drop": State.OPEN, "store-silent": State.OPEN}
    assert surveyor.due(NOW) == []
    tomorrow = NOW + timedelta(days=1)
    assert surveyor.due(tomorrow) == [HOSPITAL]
    assert [surveyor.claim(HOSPITAL, tomorrow) for _ in range(2)] == [True, False]  # one worker of several
    assert surveyor.due(tomorrow + timedelta(hours=3)) == [HOSPITAL]  # it stopped: another takes over
    assert surveyor.claim(HOSPITAL, tomorrow + timedelta(hours=3))
    with system("intake"), engine.begin() as connection:
        keep(connection, HOSPITAL, 9, Checked(tally={"Encounter": {"": [39, 0]}}), yesterday)
    surveyor.run(HOSPITAL, NOW)
    assert set(standing(faults).values()) == {State.CORRECTED}


# -- rules of a site -----------------------------------------------------------------------


def test_a_site_changes_a_rule_only_when_its_cases_still_hold(engine: Engine) -> None:
    standards = Standards(guard(engine), SURVEYS)
    county = Scope("盟", (COUNTY,), (COUNTY,))
    body = {"rule": "patient-birth-old", "parameters": {"within": "90y"}, "severity": "reject"}
    with acting(county):
        edit = standards.draft(COUNTY, body, "甲", NOW)
        assert standards.problems(COUNTY, edit.rule, edit.version) == [
            "patient-birth-old.cases.passed[0]: 结果为 failed"
        ]
        with pytest.raises(StandardError, match="用例未通过"):
            standards.activate(COUNTY, edit.rule, edit.version, "乙", NOW)
        cases = {"passed": [{"birthDate": "1980"}], "failed": [{"birthDate": "1930"}]}
        edit = standards.draft(COUNTY, body | {"cases": cases}, "甲", NOW)
        standards.activate(COUNTY, edit.rule, edit.version, "乙", NOW)
        assert [(e.version, e.state) for e in standards.edits(COUNTY)] == [(2, "active"), (1, "draft")]
    seen = Standards(engine, SURVEYS)
    born = patient(birthDate="1930-01-01", identifier=None)
    rejected = seen.of(HOSPITAL).check([born], Context(HOSPITAL, NOW))
    assert [(f.rule, f.version) for f in rejected.faults if f.rejects] == [("patient-birth-old", "1+2")]
    assert not seen.of("league/b/h9").check([born], Context("league/b/h9", NOW)).rejected
    with acting(county):
        standards.retire(COUNTY, edit.rule, 2, "乙", NOW)
    assert not Standards(engine, SURVEYS).of(HOSPITAL).check([born], Context(HOSPITAL, NOW)).rejected


def test_a_site_may_add_a_rule_and_switch_one_off_for_itself(engine: Engine) -> None:
    standards = Standards(engine, SURVEYS)
    own = {
        "id": "h1-bed",
        "title": "床号",
        "dimension": "completeness",
        "types": ["Encounter"],
        "path": "location",
        "require": {"path": "location", "present": True},
        "message": "住院就诊没有床位；请填写",
        "source": "本院规定",
        "cases": {"passed": [{"location": [{"location": {"display": "3床"}}]}], "failed": [{}]},
    }
    for body in (own, {"rule": "patient-phone", "off": True}):
        edit = standards.draft(HOSPITAL, body, "甲", NOW)
        standards.activate(HOSPITAL, edit.rule, edit.version, "乙", NOW)
    seen = Standards(engine, SURVEYS)
    visit_, quiet = visit("e1"), patient(telecom=None)
    assert "h1-bed" in {f.rule for f in seen.of(HOSPITAL).check([visit_], Context(HOSPITAL, NOW)).faults}
    assert seen.of(HOSPITAL).check([quiet], Context(HOSPITAL, NOW)).faults == ()
    assert [f.rule for f in seen.of(OTHER).check([quiet], Context(OTHER, NOW)).faults] == ["patient-phone"]
    with pytest.raises(RuleError, match="没有编号"):
        standards.draft(HOSPITAL, {"rule": "no-such-rule"}, "甲", NOW)
    with pytest.raises(RuleError, match="dimension"):
        standards.draft(HOSPITAL, own | {"dimension": "beauty"}, "甲", NOW)


def test_a_published_standard_holds_below_until_each_institution_confirms_it(engine: Engine) -> None:
    standards = Standards(guard(engine), SURVEYS)
    with acting(Scope("盟", (LEAGUE,), (LEAGUE,))):
        with pytest.raises(StandardError, match="变更内容"):
            standards.publish(LEAGUE, "甲", NOW, " ")
        first = standards.publish(LEAGUE, "甲", NOW, "首版")
        edit = standards.draft(LEAGUE, {"rule": "patient-phone", "off": True}, "甲", NOW)
        standards.activate(LEAGUE, edit.rule, edit.version, "乙", NOW)
    quiet = [patient(telecom=None)]
    assert Standards(engine, SURVEYS).of(HOSPITAL).check(quiet, Context(HOSPITAL, NOW)).faults  # not published yet
    with acting(Scope("盟", (LEAGUE,), (LEAGUE,))):
        second = standards.publish(LEAGUE, "甲", NOW, "停用联系电话规则")
    assert not Standards(engine, SURVEYS).of(HOSPITAL).check(quiet, Context(HOSPITAL, NOW)).faults
    assert compare(first.rules, second.rules) == {"added": [], "removed": [], "changed": ["patient-phone"]}
    with acting(Scope("h1", (HOSPITAL,), (HOSPITAL,))):
        assert [s.number for s in standards.listed(HOSPITAL)] == [2, 1]
        fetched = standards.standard(LEAGUE, 2)
        with pytest.raises(StandardError, match="摘要"):
            standards.acknowledge(HOSPITAL, LEAGUE, 2, first.digest, "前置机", NOW, confirmed=True)
        standards.acknowledge(HOSPITAL, LEAGUE, 2, fetched.digest, "前置机", NOW, confirmed=False)
        receipt = standards.acknowledge(HOSPITAL, LEAGUE, 2, fetched.digest, "前置机", NOW, confirmed=True)
        assert receipt.received == receipt.confirmed == NOW
        with pytest.raises(TenancyError):
            standards.acknowledge(OTHER, LEAGUE, 2, fetched.digest, "前置机", NOW, confirmed=True)
        with pytest.raises(StandardError, match="上级"):
            standards.acknowledge(HOSPITAL, OTHER, 2, fetched.digest, "前置机", NOW, confirmed=True)
    with acting(Scope("盟", (LEAGUE,), (LEAGUE,))):
        assert [(r.tenant, r.confirmed) for r in standards.receipts(LEAGUE, 2)] == [(HOSPITAL, NOW)]
        standards.withdraw(LEAGUE, 2, NOW)
        with pytest.raises(MissingStandardError):
            standards.withdraw(LEAGUE, 2, NOW)
    assert Standards(engine, SURVEYS).of(HOSPITAL).check(quiet, Context(HOSPITAL, NOW)).faults


def test_a_rule_of_ones_own_is_decoded_or_refused_by_field() -> None:
    with pytest.raises(RuleError, match="unknown field"):
        decode({"id": "x-rule", "titel": "…"})


def test_a_rule_of_an_older_release_that_is_none_any_more_does_not_stop_intake(engine: Engine) -> None:
    standards = Standards(engine, SURVEYS)
    made = standards.publish(LEAGUE, "甲", NOW, "首版")
    broken = [
        msgspec.structs.replace(r, require={"path": "a", "gone": 1}) if n == 0 else r
        for n, r in enumerate(made.rules)
    ]
    body = msgspec.json.encode(broken)
    with system("test"), engine.begin() as connection:
        connection.execute(update(published).values(rules=body))
    seen = Standards(engine, SURVEYS).of(HOSPITAL)
    assert len(seen.rules) == len(made.rules) - 1
    assert seen.check([patient(telecom=None)], Context(HOSPITAL, NOW)).faults
