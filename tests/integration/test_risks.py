"""Risks asked for, and told unasked when a result arrives: from a hospital's message to a notice, once for each
crossing. A model of one's own from the command line to an answer, on synthetic cases."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from api.app import build
from api.bootstrap import House, key_ring
from api.cli import app as command_line
from api.intake import worker
from api.risk_cases import _stay, repository_cases
from api.routes.risks import EXAMPLE
from api.watching import Watcher
from benchmarks.synthetic_risk import cases
from inference.learning import TrainingError
from records.terminology import Terminology
from tests.integration.conftest import opened

URL = "/api/v1/inference/risks"
NOTICES = "/api/v1/inference/notices"
PATIENT = {
    "resourceType": "Patient",
    "id": "P1",
    "gender": "male",
    "birthDate": "1950-01-01",
    "name": [{"text": "测试乙"}],
}


class Site:
    """A served installation; messages are stored and risks looked at when told to."""

    def __init__(self, house: House, client: TestClient) -> None:
        self.house, self.client = house, client
        ring = key_ring(house)
        self._worker, self._watcher = worker(house, ring), Watcher(house, ring)

    def arrive(self, *resources: dict[str, Any]) -> None:
        """A hospital sends resources; they are stored, and who is due is looked at."""
        entries = [
            {"resource": r, "request": {"method": "PUT", "url": f"{r['resourceType']}/{r['id']}"}} for r in resources
        ]
        body = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
        headers = {"Content-Type": "application/fhir+json", "Prefer": "respond-async"}
        answer = self.client.post("/fhir", json=body, headers=headers)
        assert answer.status_code < 300, answer.text
        self._worker.drain()
        self._watcher.step(datetime.now(UTC) + timedelta(seconds=5))

    def told(self, **asked: Any) -> list[dict[str, Any]]:
        return list(self.client.get(NOTICES, params=asked).json()["notices"])


@pytest.fixture
def site(starter_dir: Path, tmp_path: Path) -> Iterator[Site]:
    house = opened(starter_dir, tmp_path, fhir_wait_seconds=0.05)
    with TestClient(build(house), raise_server_exceptions=False) as client:
        yield Site(house, client)
    house.engine.dispose()


def sign(name: str, value: float, unit: str, minutes: float = 10) -> dict[str, Any]:
    at = (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat()
    made = {"resourceType": "Observation", "id": f"{name.encode().hex()}-{round(minutes)}", "status": "final"}
    made |= {"code": {"text": name}, "subject": {"reference": "Patient/P1"}, "effectiveDateTime": at}
    return made | {"valueQuantity": {"value": value, "unit": unit}}


def test_a_septic_patient_is_told_with_what_it_rests_on(served: TestClient) -> None:
    body = EXAMPLE | {"patient": EXAMPLE["patient"] | {"observations": _now(EXAMPLE["patient"]["observations"])}}
    told = {r["topic"]: r for r in served.post(URL, json=body).json()["risks"]}
    assert (told["sepsis"]["level"], told["sepsis"]["alarm"]) == ("high", True)
    qsofa = next(s for s in told["sepsis"]["scores"] if s["score"] == "qsofa")
    assert (qsofa["floor"], qsofa["result"]["complete"]) == ("high", False)
    assert told["aki"] == {"topic": "aki", "title": "急性肾损伤", "alarm": False, "level": "unknown", "levelText": "资料不足", "leftOut": told["aki"]["leftOut"]}  # fmt: skip
    assert told["deterioration"]["advice"]


def _now(observations: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [o | {"time": datetime.now(UTC).isoformat()} for o in observations]


def test_an_unknown_topic_is_refused(served: TestClient) -> None:
    answer = served.post(URL, json={"patient": {"id": "1"}, "topics": ["luck"]})
    assert answer.status_code == 400
    assert "sepsis" in answer.json()["issue"][0]["details"]["text"]


def test_a_result_that_crosses_a_threshold_is_told_once(site: Site) -> None:
    site.arrive(PATIENT, sign("收缩压", 120, "mmHg"))
    assert site.told() == []
    site.arrive(sign("收缩压", 84, "mmHg", 5), sign("呼吸频率", 30, "/min", 5))
    told = {n["topic"]: n for n in site.told()}
    assert told["sepsis"]["patient"] == "P1"
    assert "qSOFA" in told["sepsis"]["summary"]
    assert told["sepsis"]["detail"]["scores"]
    count = len(site.told(status="all"))
    site.arrive(sign("收缩压", 85, "mmHg", 4), sign("呼吸频率", 29, "/min", 4))
    assert len(site.told(status="all")) == count, "it stands: not told again"


def test_it_ends_when_what_raised_it_was_measured_again_and_can_come_back(site: Site) -> None:
    site.arrive(PATIENT, sign("收缩压", 84, "mmHg", 9), sign("呼吸频率", 24, "/min", 9))
    assert {n["topic"] for n in site.told(topic="sepsis")} == {"sepsis"}
    site.arrive(sign("收缩压", 125, "mmHg", 5), sign("呼吸频率", 16, "/min", 5))
    assert site.told(topic="sepsis") == []
    site.arrive(sign("收缩压", 82, "mmHg", 1), sign("呼吸频率", 30, "/min", 1))
    assert len(site.told(topic="sepsis")) == 1
    assert len(site.told(topic="sepsis", status="all")) == 2


def test_a_notice_is_a_resource_of_the_patient_until_it_ends(site: Site) -> None:
    pressure, breath = sign("收缩压", 84, "mmHg", 9), sign("呼吸频率", 24, "/min", 9)
    site.arrive(PATIENT, pressure, breath)
    (notice,) = site.told(topic="sepsis")
    found = site.client.get("/fhir/RiskAssessment", params={"patient": "P1", "risk": "high"}).json()
    (told,) = [e["resource"] for e in found["entry"] if e["resource"]["code"]["coding"][0]["code"] == "sepsis"]
    assert (told["id"], told["status"]) == (notice["id"], "final")
    assert told["subject"] == {"reference": "Patient/P1"}
    assert {one["reference"] for one in told["basis"]} == {f"Observation/{one['id']}" for one in (pressure, breath)}
    assert "qSOFA" in told["method"]["text"]
    (prediction,) = told["prediction"]
    assert prediction["rationale"] == notice["summary"]
    assert prediction["whenPeriod"].keys() == {"start"}, "it stands"
    site.arrive(sign("收缩压", 125, "mmHg", 5), sign("呼吸频率", 16, "/min", 5))
    ended = site.client.get(f"/fhir/RiskAssessment/{notice['id']}").json()
    assert ended["meta"]["versionId"] == "2"
    assert ended["prediction"][0]["whenPeriod"].keys() == {"start", "end"}
    held = {one["type"] for one in site.client.get("/fhir/metadata").json()["rest"][0]["resource"]}
    assert "RiskAssessment" in held


def test_kidney_injury_is_seen_in_the_course_of_days(site: Site) -> None:
    site.arrive(PATIENT, sign("血肌酐", 90, "umol/L", 60 * 24 * 3))
    site.arrive(sign("血肌酐", 150, "umol/L", 5))
    (notice,) = site.told(topic="aki")
    assert notice["level"] == "moderate"
    assert [d["value"] for d in notice["detail"]["scores"][0]["data"]] == ["90 μmol/L", "150 μmol/L"]


def test_a_notice_can_be_acknowledged(site: Site) -> None:
    site.arrive(PATIENT, sign("收缩压", 84, "mmHg", 9), sign("呼吸频率", 30, "/min", 9))
    number = site.told()[0]["id"]
    assert site.client.post(f"{NOTICES}/{number}/acknowledgement", json={}).json()["seenBy"] == "local"
    assert site.client.post(f"{NOTICES}/none/acknowledgement", json={}).status_code == 404


def test_nothing_is_watched_where_the_settings_say_so(starter_dir: Path, tmp_path: Path) -> None:
    house = opened(starter_dir, tmp_path, fhir_wait_seconds=0.05, risk_watch=False)
    with TestClient(build(house), raise_server_exceptions=False) as client:
        site = Site(house, client)
        site.arrive(PATIENT, sign("收缩压", 84, "mmHg", 9), sign("呼吸频率", 30, "/min", 9))
        assert site.told(status="all") == []
    house.engine.dispose()


def stay(local: str, days_ago: float, days: float, kind: str = "IMP", left: str = "医嘱离院") -> dict[str, Any]:
    start = datetime.now(UTC) - timedelta(days=days_ago)
    made = {"resourceType": "Encounter", "id": local, "status": "finished", "class": {"code": kind}}
    made |= {"subject": {"reference": "Patient/P1"}, "hospitalization": {"dischargeDisposition": {"text": left}}}
    return made | {"period": {"start": start.isoformat(), "end": (start + timedelta(days=days)).isoformat()}}


def test_a_stay_told_in_days_begins_at_midnight_in_china() -> None:
    told = stay("E1", 9, 7) | {"period": {"start": "2026-11-01", "end": "2026-11-08"}}
    read = _stay(1, "league/a", told)
    assert read is not None
    assert read.start == datetime(2026, 10, 31, 16, tzinfo=UTC)


def found(site: Site, topic: str) -> list[tuple[bool, dict[str, float]]]:
    """Cases that the repository tells: what happened, and the features that are known."""
    snapshot = site.house.releases.open(site.house.releases.active())
    told, features = repository_cases(site.house.engine, key_ring(site.house), Terminology(snapshot), topic)
    names = [feature.title for feature in features]
    values = [{n: v for n, v in zip(names, case.values, strict=True) if v == v} for case in told]
    return [(case.event, known) for case, known in zip(told, values, strict=True)]


def test_stays_of_the_repository_become_cases_with_what_was_known_then(site: Site) -> None:
    site.arrive(
        PATIENT,
        stay("long", 200, 9),
        stay("again", 180, 4, left="死亡"),
        stay("short", 100, 0.5),
        stay("clinic", 90, 2, kind="AMB"),
        sign("钠", 131, "mmol/L", 60 * 24 * 199.5),
        sign("钠", 150, "mmol/L", 60 * 24 * 195),
    )
    died = found(site, "mortality")
    assert [event for event, _ in died] == [False, True], "half a day is too short to predict, a clinic is no stay"
    assert died[0][1]["钠(mmol/L)"] == 131, "what was measured later was not known"
    assert "钠(mmol/L)" not in died[1][1]
    assert [event for event, _ in found(site, "readmission")] == [True], (
        "who died cannot come again, the last may yet"
    )


def test_kidneys_that_failed_after_the_first_day_are_a_case(site: Site) -> None:
    course = [(199.9, 80), (199.2, 82), (197, 150)]
    site.arrive(PATIENT, stay("s", 200, 9), *(sign("血肌酐", v, "umol/L", 60 * 24 * d) for d, v in course))
    ((event, known),) = found(site, "aki")
    assert event
    assert known["血肌酐(umol/L)"] == 82


HOUR, DAY = 1 / 24, 1.0
ADMITTED = datetime(2026, 1, 10, 8, tzinfo=UTC)
"""When everybody below is admitted, for ten days unless it is said otherwise."""


def after(days: float) -> str:
    """So long after admission."""
    return (ADMITTED + timedelta(days=days)).isoformat()


def admitted(
    who: str, days: float = 10, ward: str = "普外科", died: bool = False, **more: Any
) -> list[dict[str, Any]]:
    """A patient and a stay, both of one id."""
    person = {"resourceType": "Patient", "id": who, "gender": "male", "birthDate": "1950-01-01"}
    made = {"resourceType": "Encounter", "id": who, "status": "finished", "class": {"code": "IMP"}}
    made |= {"subject": {"reference": f"Patient/{who}"}, "serviceType": {"text": ward}}
    made |= {"hospitalization": {"dischargeDisposition": {"text": "死亡" if died else "医嘱离院"}}}
    return [person, made | {"period": {"start": after(0), "end": after(days)}} | more]


def diagnosis(
    who: str,
    days: float | None,
    name: str,
    code: str = "",
    sure: str = "confirmed",
    stay: str | None = None,
    **more: Any,
) -> dict[str, Any]:
    """A diagnosis made so long after admission (None: nobody says when), of a stay (empty: nobody says which)."""
    codes = {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": code}]} if code else {}
    words = {"text": name} if name else {}
    made = {"resourceType": "Condition", "id": f"{who}-diagnosis", "code": words | codes}
    made |= {"subject": {"reference": f"Patient/{who}"}, "verificationStatus": {"coding": [{"code": sure}]}}
    visit = who if stay is None else stay
    made |= {"encounter": {"reference": f"Encounter/{visit}"}} if visit else {}
    return made | ({} if days is None else {"recordedDate": after(days)}) | more


def outcomes(site: Site, topic: str) -> dict[str, bool]:
    """What happened to whom, of those that are cases."""
    snapshot = site.house.releases.open(site.house.releases.active())
    told, _ = repository_cases(site.house.engine, key_ring(site.house), Terminology(snapshot), topic)
    assert len({case.patient for case in told}) == len(told), "everybody has one stay; a move is a part of it"
    return {case.patient: case.event for case in told}


def each_arrives(site: Site, *patients: list[dict[str, Any]]) -> None:
    """A message is of one patient."""
    for told in patients:
        site.arrive(*told)


def test_sepsis_that_came_after_the_first_day_is_a_case_and_what_was_there_already_is_none(site: Site) -> None:
    again = diagnosis("told-again", 0.1, "脓毒症")
    each_arrives(
        site,
        [*admitted("told-again"), again],
        [*admitted("came"), diagnosis("came", 3, "脓毒症", "A41.9")],
        [*admitted("by-code"), diagnosis("by-code", 3, "", "R65.1")],
        [*admitted("shock"), diagnosis("shock", 3, "感染性休克")],
        [*admitted("cured"), diagnosis("cured", 3, "脓毒症", clinicalStatus={"coding": [{"code": "resolved"}]})],
        [*admitted("never"), diagnosis("never", 3, "肺炎", "J18.9")],
        [*admitted("ruled-out"), diagnosis("ruled-out", 3, "脓毒症", "A41.9", "refuted")],
        [*admitted("blood-culture"), diagnosis("blood-culture", 3, "菌血症")],
        [*admitted("year-ago"), diagnosis("year-ago", -365, "脓毒症", "A41.9", stay="")],
        [*admitted("next-stay"), diagnosis("next-stay", 40, "脓毒症", "A41.9", stay="another")],
        # Left out: the outcome was there at the moment of prediction, or nobody can tell.
        [*admitted("at-admission"), diagnosis("at-admission", 2 * HOUR, "脓毒症", "A41.9")],
        [*admitted("week-before"), diagnosis("week-before", -7, "脓毒症", "A41.9", stay="")],
        [*admitted("began-before"), diagnosis("began-before", 3, "脓毒症", onsetDateTime="2026-01-09")],
        [*admitted("undated"), diagnosis("undated", None, "脓毒症", "A41.9")],
        [*admitted("suspected"), diagnosis("suspected", 3, "脓毒症", "A41.9", "provisional")],
        [*admitted("in-doubt"), diagnosis("in-doubt", 3, "脓毒症?", "A41.9")],
        [*admitted("short", days=0.5), diagnosis("short", 0.4, "脓毒症", "A41.9")],
        [again | {"recordedDate": after(4)}],
    )
    assert outcomes(site, "sepsis") == {
        **dict.fromkeys(("came", "by-code", "shock", "cured"), True),
        **dict.fromkeys(("never", "ruled-out", "blood-culture", "year-ago", "next-stay"), False),
    }


def test_a_clot_in_a_deep_vein_or_the_lung_after_the_first_day_is_a_case(site: Site) -> None:
    each_arrives(
        site,
        [*admitted("leg"), diagnosis("leg", 4, "左下肢深静脉血栓形成")],
        [*admitted("lung"), diagnosis("lung", 4, "", "I26.9")],
        [*admitted("by-code"), diagnosis("by-code", 4, "", "I80.2")],
        [*admitted("by-name"), diagnosis("by-name", 4, "髂股静脉血栓形成", "I82.8")],
        [*admitted("coded-later"), diagnosis("coded-later", 12, "肺栓塞", "I26.9")],
        [*admitted("none"), diagnosis("none", 4, "骨折")],
        [*admitted("liver"), diagnosis("liver", 4, "布加综合征", "I82.0")],
        [*admitted("portal"), diagnosis("portal", 4, "门静脉血栓形成", "I81")],
        [*admitted("kidney"), diagnosis("kidney", 4, "肾静脉血栓", "I82.3")],
        [*admitted("surface"), diagnosis("surface", 4, "血栓性浅静脉炎", "I80.0")],
        [*admitted("unspecified"), diagnosis("unspecified", 4, "", "I82.9")],
        [*admitted("history"), diagnosis("history", 4, "肺栓塞病史")],
        [*admitted("at-risk"), diagnosis("at-risk", 4, "下肢深静脉血栓形成高危")],
        [*admitted("past"), diagnosis("past", 4, "肺栓塞", clinicalStatus={"coding": [{"code": "inactive"}]})],
        [*admitted("discharged"), diagnosis("discharged", 30, "肺栓塞", "I26.9", stay="")],
        # Left out: there at admission, or still treated.
        [*admitted("at-admission"), diagnosis("at-admission", 2 * HOUR, "肺栓塞", "I26.9")],
        [*admitted("treated"), diagnosis("treated", -100, "深静脉血栓形成", "I80.2", stay="")],
    )
    assert outcomes(site, "vte") == {
        **dict.fromkeys(("leg", "lung", "by-code", "by-name", "coded-later"), True),
        **dict.fromkeys(("none", "liver", "portal", "kidney", "surface", "unspecified"), False),
        **dict.fromkeys(("history", "at-risk", "past", "discharged"), False),
    }


def moved(who: str, days: float, ward: str) -> dict[str, Any]:
    """A move to another department as an Encounter of its own, which is no stay."""
    made = {"resourceType": "Encounter", "id": f"{who}-{days}", "status": "finished", "class": {"code": "IMP"}}
    made |= {"subject": {"reference": f"Patient/{who}"}, "partOf": {"reference": f"Encounter/{who}"}}
    made |= {"type": [{"coding": [{"code": "transfer"}]}], "serviceType": {"text": ward}}
    return made | {"period": {"start": after(days), "end": after(days + 3)}}


def test_who_goes_to_intensive_care_or_dies_within_a_day_got_worse(site: Site) -> None:
    def lay(ward: str, days: float) -> dict[str, Any]:
        return {"location": {"display": ward}, "period": {"start": after(days)}}

    each_arrives(
        site,
        [*admitted("worse"), moved("worse", 30 * HOUR, "重症医学科")],
        [*admitted("by-place", location=[lay("普外科病区", 0), lay("综合ICU", 40 * HOUR)])],
        [*admitted("died", days=40 * HOUR, died=True)],
        [
            *admitted("back-again"),
            moved("back-again", 6 * HOUR, "重症医学科"),
            moved("back-again", 12 * HOUR, "普外科"),
        ],
        [*admitted("later"), moved("later", 60 * HOUR, "重症医学科")],
        [*admitted("died-later", days=6, died=True)],
        [*admitted("elsewhere"), moved("elsewhere", 30 * HOUR, "心内科")],
        [*admitted("unborn"), moved("unborn", 30 * HOUR, "胎心监护室")],
        [*admitted("well", days=36 * HOUR)],
        # Left out: in intensive care at the moment of prediction, or no longer in hospital.
        [*admitted("there"), moved("there", 6 * HOUR, "重症医学科")],
        [*admitted("from-the-start", ward="ICU"), moved("from-the-start", 30 * HOUR, "普外科")],
        [*admitted("short", days=20 * HOUR, died=True)],
    )
    assert outcomes(site, "deterioration") == {
        **dict.fromkeys(("worse", "by-place", "died"), True),
        **dict.fromkeys(("back-again", "later", "died-later", "elsewhere", "unborn", "well"), False),
    }


def test_a_move_to_intensive_care_is_also_known_from_what_was_sent_when(site: Site) -> None:
    """Messages of a hospital (ADT A01, A02) name the department of the time."""
    person, admission = admitted("sent")
    admission |= {"meta": {"lastUpdated": after(0)}}
    lay: dict[str, Any] = {"location": [{"location": {"display": "普外科"}, "status": "completed"}]}
    transfer = admission | lay | {"serviceType": {"text": "ICU"}, "meta": {"lastUpdated": after(30 * HOUR)}}
    site.arrive(person, admission)
    assert outcomes(site, "deterioration") == {"sent": False}
    site.arrive(transfer)
    assert outcomes(site, "deterioration") == {"sent": True}


def test_what_the_repository_cannot_tell_asks_for_a_table(site: Site) -> None:
    with pytest.raises(TrainingError, match="give a CSV"):
        found(site, "fall")
    with pytest.raises(TrainingError, match="no stay"):
        found(site, "mortality")


@pytest.mark.slow
def test_a_model_of_ones_own_from_a_table_to_an_answer(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = site.house.settings.data_dir
    monkeypatch.setenv("YIGONG_DATA_DIR", str(data))
    run = CliRunner()
    table = _table(tmp_path / "cases.csv", 0)
    made = run.invoke(command_line, ["train-risk", "mortality", str(table), "--by", "测试", "--kind", "logistic"])
    assert made.exit_code == 0, made.output
    body = {"topics": ["mortality"], "patient": {"id": "1", "sex": "男", "birthDate": "1940-01-01"}}
    labs = [{"text": "乳酸", "value": 9, "unit": "mmol/L"}, {"text": "血肌酐", "value": 4, "unit": "mg/dL"}]
    body["patient"] |= {"observations": _now(labs)}
    (risk,) = site.client.post(URL, json=body).json()["risks"]
    (prediction,) = risk["predictions"]
    assert prediction["above"]
    assert risk["alarm"]
    assert "仅供参考" in prediction["note"]
    newer = _table(tmp_path / "newer.csv", 800)
    checked = run.invoke(command_line, ["train-risk", "mortality", str(newer), "--by", "测试", "--check"])
    assert checked.exit_code == 0, checked.output
    site.client.post(URL, json=body)
    figures = site.client.get("/metrics").text
    assert 'yigong_risk_model_observed_expected{model="mortality"}' in figures
    assert 'yigong_risk_model_psi{feature="乳酸(mmol/L)",model="mortality"}' in figures


def _table(path: Path, days: int) -> Path:
    """Synthetic cases as a hospital would export them."""
    with path.open("w", encoding="utf-8", newline="") as file:
        write = csv.writer(file)
        write.writerow(["患者", "时间", "结局", "年龄", "性别", "乳酸(mmol/L)", "血肌酐(umol/L)", "钠(mmol/L)"])
        for case in cases(2400, seed=1 + days):
            values = ["" if v != v else v for v in case.values]
            values[1] = "女" if values[1] else "男"
            write.writerow([case.patient, (case.at + timedelta(days=days)).isoformat(), int(case.event), *values])
    return path
