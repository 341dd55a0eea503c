"""A patient at one glance, and patients who are alike: what is shown, to whom, and what stays hidden."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from api.bootstrap import key_ring, who_is_who
from base.tenancy import system
from clinical.person import Demographics
from records.consent import Consents, Wishes
from records.identity import Cause
from records.privacy import Category
from records.store import Repository
from tests.integration.staffed import CLINIC, COUNTY, HOSPITAL, OTHER, Staffed, staffed

NOW = datetime.now(UTC)
CARD = "150102195003070025"


def day(ago: int) -> str:
    return (NOW - timedelta(days=ago)).date().isoformat() + "T08:00:00+08:00"


def patient(number: str, name: str, birth: str = "1950-03-07", sex: str = "female") -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "id": number,
        "name": [{"text": name}],
        "gender": sex,
        "birthDate": birth,
    }


def resource(kind: str, key: str, number: str, **more: Any) -> dict[str, Any]:
    subject = "patient" if kind == "AllergyIntolerance" else "subject"
    return {"resourceType": kind, "id": key, subject: {"reference": f"Patient/{number}"}} | more


def potassium(key: str, number: str, value: float, ago: int, **more: Any) -> dict[str, Any]:
    return resource(
        "Observation",
        key,
        number,
        status="final",
        code={"text": "血钾", "coding": [{"system": "http://loinc.org", "code": "2823-3"}]},
        effectiveDateTime=day(ago),
        valueQuantity={"value": value, "unit": "mmol/L"},
        **more,
    )


def history(number: str) -> list[dict[str, Any]]:
    """What a hospital knows of somebody: hypertension and heart failure, two drugs that raise potassium, a visit."""
    visit = {"encounter": {"reference": f"Encounter/v{number}"}}
    return [
        resource(
            "Encounter", f"v{number}", number, status="finished", period={"start": day(20), "end": day(15)},
            reasonCode=[{"text": "反复胸闷3天"}], serviceType={"text": "心内科"}, **{"class": {"code": "IMP"}},
        ),
        resource("Condition", f"c1{number}", number, code={"text": "高血压"}, recordedDate=day(400)),
        resource("Condition", f"c2{number}", number, code={"text": "高血压"}, recordedDate=day(20), **visit),
        resource("Condition", f"c3{number}", number, code={"text": "心力衰竭"}, recordedDate=day(20), **visit),
        resource(
            "Condition", f"c4{number}", number, code={"text": "肺炎"}, recordedDate=day(700),
            clinicalStatus={"coding": [{"code": "resolved"}]},
        ),
        potassium(f"k1{number}", number, 4.4, 60),
        potassium(
            f"k2{number}", number, 6.1, 18, **visit,
            referenceRange=[{"low": {"value": 3.5, "unit": "mmol/L"}, "high": {"value": 5.3, "unit": "mmol/L"}}],
        ),
        resource(
            "Observation", f"bp{number}", number, status="final", effectiveDateTime=day(18),
            code={"text": "血压"}, component=[
                {"code": {"text": "收缩压"}, "valueQuantity": {"value": 168, "unit": "mmHg"}},
                {"code": {"text": "舒张压"}, "valueQuantity": {"value": 96, "unit": "mmHg"}},
            ],
        ),
        *(
            resource(
                "MedicationRequest", f"m{drug}{number}", number, status="active", intent="order",
                medicationCodeableConcept={"text": drug}, authoredOn=day(10), **visit,
            )
            for drug in ("螺内酯片", "依那普利片")
        ),
        resource("AllergyIntolerance", f"a{number}", number, code={"text": "青霉素"}, recordedDate=day(900)),
        resource("Procedure", f"p{number}", number, status="completed", code={"text": "冠状动脉造影"},
                 performedDateTime=day(17), **visit),
        resource("DocumentReference", f"d{number}", number, status="current", type={"text": "出院小结"},
                 date=day(15), context={"encounter": [{"reference": f"Encounter/v{number}"}]}),
    ]  # fmt: skip


def given(key: str, number: str, drug: str, ago: int) -> dict[str, Any]:
    """A prescription for two weeks."""
    return resource(
        "MedicationRequest", key, number, status="active", intent="order", authoredOn=day(ago),
        medicationCodeableConcept={"text": drug},
        dispenseRequest={"expectedSupplyDuration": {"value": 14, "unit": "d"}},
    )  # fmt: skip


class Region:
    """A league where hospital h1 and another county's hospital know one person, and some others."""

    def __init__(self, site: Staffed) -> None:
        self.site, self.ring = site, key_ring(site.house)
        self.identity = who_is_who(site.house, self.ring)
        self.repository = Repository(site.house.engine, self.ring)
        self.number = 0

    def add(
        self, tenant: str, number: str, *resources: dict[str, Any], card: str = "", **about: Any
    ) -> tuple[int, int]:
        """A patient of an institution: person and record."""
        told = patient(number, about.pop("name", f"患者{number}"), **about)
        given = Demographics(
            name=told["name"][0]["text"], birth=told["birthDate"], documents=(("id-card", card),) if card else ()
        )  # fmt: skip
        self.number += 1
        with system("test"), self.site.house.engine.begin() as connection:
            found = self.identity.arrive(connection, tenant, number, given, at=NOW, source="test")
            self.repository.put(connection, tenant, found.record, [told, *resources], message=self.number, at=NOW)
        return found.person, found.record

    def wish(self, tenant: str, record: int, wishes: Wishes) -> None:
        with system("test"), self.site.house.engine.begin() as connection:
            Consents(self.identity).tell(connection, tenant, record, wishes, actor="t", why="t", at=NOW)

    def join(self, first: int, second: int) -> None:
        with system("test"), self.site.house.engine.begin() as connection:
            self.identity.join(connection, first, second, Cause("t", NOW, "同一人"))

    def picture(self, who: str, number: str, query: str = "") -> Any:
        headers = self.site.bearer(who)
        return self.site.client.get(f"/api/v1/patients/{number}/picture{query}", headers=headers)

    def similar(self, who: str, **body: Any) -> Any:
        return self.site.client.post("/api/v1/inference/similar-cases", json=body, headers=self.site.bearer(who))


on_both = pytest.mark.parametrize("league", ["sqlite", "postgresql"], indirect=True)
"""What depends on how rows are found and held to the scope."""


@pytest.fixture
def league(request: pytest.FixtureRequest, starter_dir: Path, tmp_path: Path) -> Iterator[Region]:
    on_postgres = getattr(request, "param", "") == "postgresql"
    url = request.getfixturevalue("own_postgres") if on_postgres else ""
    site = staffed(starter_dir, tmp_path, database_url=url)
    site.add("doctor", HOSPITAL, "clinician")
    site.add("stranger", OTHER, "clinician")
    site.add("county", COUNTY, "clinician")
    site.add("editor", HOSPITAL, "knowledge-editor")
    yield Region(site)
    site.client.__exit__(None, None, None)
    site.house.engine.dispose()


def test_the_picture_shows_what_is_known_and_what_it_means(league: Region) -> None:
    league.add(HOSPITAL, "P1", *history("P1"), name="测试甲")
    answer = league.picture("doctor", "P1")
    assert answer.status_code == 200, answer.text
    seen = answer.json()
    assert seen["patient"]["name"] == "测试甲"
    assert seen["patient"]["sex"] == "female"
    problems = {p["name"]: p for p in seen["problems"]}
    assert problems["高血压"]["times"] == 2
    assert problems["高血压"]["since"] == day(400)[:10]
    assert problems["高血压"]["lastRecorded"] == day(20)[:10]
    assert problems["高血压"]["chronic"] is True
    assert [p["active"] for name, p in problems.items() if "肺炎" in name] == [False]
    assert {d["name"] for d in seen["drugs"]} == {"螺内酯片", "依那普利片"}
    assert [a["name"] for a in seen["allergies"]] == ["青霉素"]
    assert seen["unknown"] == []
    assert seen["scores"]


def test_results_are_drawn_in_one_unit_with_flags(league: Region) -> None:
    league.add(HOSPITAL, "P1", *history("P1"), potassium("k0", "P1", 3.9, 90))
    series = {s["name"]: s for s in league.picture("doctor", "P1").json()["trends"]}
    of_potassium = next(s for name, s in series.items() if "钾" in name)
    assert [p["value"] for p in of_potassium["points"]] == [3.9, 4.4, 6.1]
    assert [p.get("flag", "") for p in of_potassium["points"]] == ["", "", "high"]
    assert (of_potassium["high"], of_potassium["basis"]) == (5.3, "报告单参考区间")
    assert (of_potassium["direction"], of_potassium["abnormal"]) == ("rising", True)
    assert any(p["value"] == 168 for s in series.values() for p in s["points"])


def test_the_course_of_care_is_told_by_visit(league: Region) -> None:
    league.add(HOSPITAL, "P1", *history("P1"))
    visits = league.picture("doctor", "P1").json()["timeline"]
    assert [v["at"] for v in visits] == sorted((v["at"] for v in visits), reverse=True)
    stay = next(v for v in visits if v.get("kind") == "住院")
    assert (stay["department"], stay["reason"]) == ("心内科", "反复胸闷3天")
    assert set(stay["diagnoses"]) == {"高血压", "心力衰竭"}
    assert {section: len(items) for section, items in stay["items"].items()} == {
        "diagnoses": 2,
        "results": 1,
        "drugs": 2,
        "operations": 1,
        "documents": 1,
    }
    assert stay["items"]["results"][0]["detail"] == "6.1 mmol/L"
    diagnoses = [item for visit in visits for item in visit["items"].get("diagnoses", ())]
    assert {item["title"]: item["detail"] for item in diagnoses if "detail" in item} == {"肺炎": "已愈"}


def test_the_graph_says_what_the_release_knows_between_a_patients_things(league: Region) -> None:
    league.add(HOSPITAL, "P1", *history("P1"))
    graph = league.picture("doctor", "P1").json()["graph"]
    names = {n["id"]: n["name"] for n in graph["nodes"]}
    said = {(names[e["start"]], e["relation"], names[e["end"]]) for e in graph["edges"] if e["origin"] == "release"}
    assert {("螺内酯", "interacts-with", "依那普利"), ("依那普利", "interacts-with", "螺内酯")} & said
    assert any(relation == "indicated-for" for _, relation, _ in said)
    assert all(e.get("source") for e in graph["edges"] if e["origin"] == "release")
    assert ("患者", "has-disease", "高血压") in {
        (names[e["start"]], e["relation"], names[e["end"]]) for e in graph["edges"]
    }


@on_both
def test_another_tenant_sees_nothing_and_the_access_is_on_record(league: Region) -> None:
    person, _ = league.add(HOSPITAL, "P1", *history("P1"))
    number = league.identity.number(person)
    assert league.picture("stranger", "P1").status_code == 404
    assert league.picture("stranger", number).status_code == 404
    assert league.picture("editor", "P1").status_code == 403
    assert league.picture("doctor", "P999").status_code == 404
    assert league.picture("doctor", number, "?why=复诊").status_code == 200
    read = league.site.audited("person.read")
    assert [(e["actor"], e["subject"], e["why"]) for e in read] == [("doctor", f"person/{person}", "复诊")]


@on_both
def test_what_a_person_withholds_stays_out_of_others_pictures(league: Region) -> None:
    _, own = league.add(HOSPITAL, "P1", *history("P1"))
    depression = resource("Condition", "x1", "Q7", code={"text": "抑郁症"}, recordedDate=day(30))
    gout = resource("Condition", "x2", "Q7", code={"text": "痛风"}, recordedDate=day(30))
    _, other = league.add(OTHER, "Q7", depression, gout)
    league.join(own, other)

    def problems(query: str = "") -> set[str]:
        return {p["name"] for p in league.picture("doctor", "P1", query).json()["problems"]}

    assert {"痛风", "抑郁症"} <= problems()
    assert not {"痛风", "抑郁症"} & problems("?region=false")
    league.wish(OTHER, other, Wishes(withheld=Category.MENTAL))
    assert "痛风" in problems()
    assert "抑郁症" not in problems()
    league.wish(OTHER, other, Wishes(closed=True))
    assert "痛风" not in problems()
    assert "高血压" in problems()


def test_a_drug_that_another_institution_gives_too_is_marked_wherever_it_is_shown(league: Region) -> None:
    _, own = league.add(HOSPITAL, "P1", *history("P1"), given("m1", "P1", "对乙酰氨基酚片", 5))
    _, other = league.add(OTHER, "Q7", given("m2", "Q7", "对乙酰氨基酚缓释片", 3))
    league.join(own, other)
    seen = league.picture("doctor", "P1").json()
    listed = {drug["name"]: drug.get("repeats", {}).get("title") for drug in seen["drugs"]}
    both = {"对乙酰氨基酚片": "对乙酰氨基酚缓释片", "对乙酰氨基酚缓释片": "对乙酰氨基酚片"}
    assert listed == both | {"螺内酯片": None, "依那普利片": None}
    told = [item for visit in seen["timeline"] for item in visit["items"].get("drugs", ()) if "repeats" in item]
    assert {item["title"]: item["repeats"]["at"][:10] for item in told} == {
        "对乙酰氨基酚片": day(3)[:10],
        "对乙酰氨基酚缓释片": day(5)[:10],
    }
    assert all("repeats" not in drug for drug in league.picture("doctor", "P1", "?region=false").json()["drugs"])


@on_both
def test_alike_are_those_who_have_the_same_not_the_patient_themselves(league: Region) -> None:
    league.add(HOSPITAL, "P1", *history("P1"))
    league.add(HOSPITAL, "P2", *history("P2"), birth="1953-01-01", name="李四")
    league.add(
        HOSPITAL, "P3", resource("Condition", "g3", "P3", code={"text": "痛风"}, recordedDate=day(9)), name="王五"
    )
    answer = league.similar("doctor", patient="P1")
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["complete"] is True
    assert [c["patient"] for c in told["cases"]] == ["P2"]
    first = told["cases"][0]
    assert first["score"] > 0.8
    assert {"高血压", "心力衰竭"} <= {s["name"] for s in first["shared"]}
    assert not first["deidentified"]
    by_words = league.similar("doctor", diagnoses=["痛风", "没有这种病"], limit=1).json()
    assert [c["patient"] for c in by_words["cases"]] == ["P3"]
    assert by_words["notUnderstood"] == ["没有这种病"]


@on_both
def test_who_looks_from_outside_sees_no_name_and_no_place(league: Region) -> None:
    _, record = league.add(HOSPITAL, "P1", *history("P1"), name="张小三")
    answer = league.similar("county", diagnoses=["心力衰竭"])
    case = answer.json()["cases"][0]
    assert case["deidentified"] is True
    assert case["ageBand"] == "70~79岁"
    assert not {"patient", "person", "tenant"} & case.keys()
    for secret in ("张小三", "P1", HOSPITAL, "1950"):
        assert secret not in answer.text
    league.wish(HOSPITAL, record, Wishes(confidential=True))
    assert league.similar("county", diagnoses=["心力衰竭"]).json()["cases"] == []
    assert [c["patient"] for c in league.similar("doctor", diagnoses=["心力衰竭"]).json()["cases"]] == ["P1"]


def test_another_tenant_finds_none_of_these_cases(league: Region) -> None:
    league.add(HOSPITAL, "P1", *history("P1"))
    assert league.similar("stranger", diagnoses=["心力衰竭"]).json()["cases"] == []
    assert league.similar("stranger", patient="P1").status_code == 404
    assert league.similar("editor", diagnoses=["心力衰竭"]).status_code == 403


@on_both
def test_what_was_recorded_later_is_found_too(league: Region) -> None:
    league.add(HOSPITAL, "P1", *history("P1"))
    assert len(league.similar("doctor", diagnoses=["痛风"]).json()["cases"]) == 0
    gout = resource("Condition", "g8", "P8", code={"text": "痛风"}, recordedDate=day(1))
    league.add(CLINIC, "P8", gout, name="赵六")
    league.site.client.app.state.office.understanding.similar.step()  # type: ignore[attr-defined]
    assert [c["patient"] for c in league.similar("doctor", diagnoses=["痛风"]).json()["cases"]] == ["P8"]


@pytest.mark.parametrize(
    ("body", "field"),
    [({}, "patient"), ({"text": "咳嗽", "limit": 0}, "limit"), ({"text": "咳嗽", "ageYears": 200}, "ageYears")],
)
def test_a_question_that_cannot_be_answered_names_the_field(league: Region, body: dict[str, Any], field: str) -> None:
    answer = league.similar("doctor", **body)
    assert answer.status_code == 400
    assert answer.json()["issue"][0]["expression"] == [field]


def test_rare_diseases_are_not_guessed_without_the_ontology(league: Region) -> None:
    headers = league.site.bearer("doctor")
    path = "/api/v1/inference/rare-diseases"
    answer = league.site.client.post(path, json={"text": "智力障碍"}, headers=headers)
    assert answer.status_code == 422
    assert "HPO" in answer.json()["issue"][0]["details"]["text"]
    wrong = league.site.client.post(path, json={"findings": [{"text": " "}]}, headers=headers)
    assert (wrong.status_code, wrong.json()["issue"][0]["expression"]) == (400, ["findings"])
