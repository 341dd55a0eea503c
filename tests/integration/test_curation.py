"""The curators' workbench over HTTP: found, edited, pasted, reviewed by another, tried, published, taken back."""

from __future__ import annotations

import os
import shutil
import socket
import time
from base64 import b64encode
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from starlette.testclient import TestClient

from api.app import build
from api.bootstrap import House, open_house
from api.curation_work import WORK
from api.job_process import Told, run
from api.openapi import EXAMPLES as REQUESTS
from api.routes import curation, curation_releases, curation_rules, curation_sources
from api.rule_lab import RuleLab
from api.spawning import spawn
from base.jobs import SILENCE, Job, Jobs, State, jobs
from base.settings import Settings
from knowledge.model import Concept, ConceptKind, Status
from knowledge.store import Change, Store
from tests.integration.staffed import Staffed, staffed

BASE = "/api/v1/curation"
LI, WANG = "李药师", "王主任"
RULE = "rule:warfarin-over-75"
WARFARIN = "ingredient:warfarin"


@dataclass
class Bench:
    """A served installation with the starter knowledge in its store; jobs are done when ``work`` is called."""

    house: House
    client: TestClient
    begun: list[str]

    def ask(self, method: str, path: str, body: Any = None, code: int = 200, **query: Any) -> Any:
        answer = self.client.request(method, f"{BASE}/{path}", json=body, params=query)
        assert answer.status_code == code, answer.text[:500]
        return answer.json()

    def save(self, kind: str, id_: str, form: Any, revision: int, by: str = LI, code: int = 200) -> Any:
        body = {"form": form, "revision": revision, "reason": "新版说明书", "by": by}
        return self.ask("PUT", f"records/{kind}/{id_}", body, code)

    def step(self, step: str, kind: str, id_: str, revision: int, by: str, reason: str = "已核对") -> Any:
        one = {"kind": kind, "id": id_, "revision": revision}
        body = {"step": step, "records": [one], "by": by, "reason": reason}
        return self.ask("POST", "steps", body)["records"][0]

    def work(self) -> dict[str, Any]:
        """Do the job that was begun last, as its process would."""
        run(self.house, self.begun[-1])
        done: dict[str, Any] = self.ask("GET", f"jobs/{self.begun[-1]}")
        return done


@pytest.fixture
def bench(starter_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    shutil.copytree(starter_dir, tmp_path / "data")
    house = open_house(Settings(data_dir=tmp_path / "data", embedder="", survey_hour=-1))
    begun: list[str] = []
    monkeypatch.setattr("api.curation_desk.spawn", lambda settings, job, jobs: begun.append(job))
    with TestClient(build(house), client=("127.0.0.1", 1)) as client:
        yield Bench(house, client, begun)
    house.engine.dispose()


def made(bench: Bench) -> int:
    """The rule of the example, saved; gives its revision."""
    revision: int = bench.ask("PUT", f"records/rule/{RULE}", curation.EXAMPLES["rule"])["revision"]
    return revision


def interaction(bench: Bench) -> dict[str, Any]:
    """An interaction of warfarin that we ship, ready to be edited."""
    listed = bench.ask("GET", "records", kind="statement", predicate="interacts-with", concept=WARFARIN)
    found: dict[str, Any] = bench.ask("GET", f"records/statement/{listed['records'][0]['id']}")
    return found


# -- finding and reading -----------------------------------------------------------------------


def test_records_are_found_by_kind_status_name_and_page_by_page(bench: Bench) -> None:
    first = bench.ask("GET", "records", kind="statement", q="华法林", limit=5)
    assert all("华法林" in one["title"] for one in first["records"])
    second = bench.ask("GET", "records", kind="statement", q="华法林", limit=5, after=first["next"])
    assert not {one["id"] for one in first["records"]} & {one["id"] for one in second["records"]}
    assert bench.ask("GET", "records", status="submitted")["records"] == []
    assert bench.ask("GET", "tallies")["records"]["rule"]["published"] > 0


def test_rules_are_found_by_what_their_conditions_name_and_how_severe_they_are(bench: Bench) -> None:
    made(bench)

    def found(**wanted: str) -> list[str]:
        return [one["id"] for one in bench.ask("GET", "records", kind="rule", **wanted)["records"]]

    assert found(concept=WARFARIN) == [RULE]
    assert found(q="华法林") == [RULE]
    assert "rule:triple-whammy" in found(q="利尿药")  # it is in the condition, not in the title
    assert RULE not in found(severity="contraindicated")
    assert RULE in found(severity="moderate")
    assert bench.ask("GET", "records", None, 400, severity="dreadful")["issue"][0]["expression"] == ["severity"]


def test_a_statement_is_shown_as_cells_with_their_labels_and_as_text(bench: Bench) -> None:
    shown = interaction(bench)
    labels = {column["field"]: column["label"] for column in shown["columns"]}
    assert labels["severity"] == "严重程度"
    assert shown["form"]["cells"]["severity"] in ("禁忌", "严重", "一般", "提示", "信息")
    assert "来源：" in shown["text"]
    assert "a" not in labels, "whom it is about is not edited: that would be another statement"


def test_everything_has_a_name_that_people_use(bench: Bench) -> None:
    words = bench.ask("GET", "vocabulary")
    assert words["predicates"]["interacts-with"] == "相互作用"
    assert words["concepts"]["blood-product"] == "血液成分"
    assert set(words["statuses"]) == set(Status)
    assert bench.ask("GET", "rules/vocabulary")["states"]
    assert {"interactions", "drugs"} <= {table["name"] for table in bench.ask("GET", "tables")["tables"]}


# -- editing -----------------------------------------------------------------------------------


def test_an_edit_is_a_draft_and_what_is_published_stays_until_it_is_approved(bench: Bench) -> None:
    shown = interaction(bench)
    form = deepcopy(shown["form"])
    form["cells"]["advice"] = "改用对乙酰氨基酚，3日内复查INR。"
    saved = bench.save("statement", shown["id"], form, shown["revision"])
    assert (saved["status"], saved["revision"], saved["authors"]) == ("draft", shown["revision"] + 1, [LI])
    history = bench.ask("GET", f"history/statement/{shown['id']}")["revisions"]
    assert history[-1]["by"] == LI
    assert "对乙酰氨基酚" in history[-1]["text"]
    assert "对乙酰氨基酚，3日内" not in history[-2]["text"]


def test_whoever_saves_second_is_told_and_loses_nothing(bench: Bench) -> None:
    shown = interaction(bench)
    bench.save("statement", shown["id"], shown["form"] | {"evidence": "high"}, shown["revision"])
    told = bench.save("statement", shown["id"], shown["form"] | {"evidence": "low"}, shown["revision"], WANG, 409)
    assert "请重新读取" in told["issue"][0]["details"]["text"]
    now = bench.ask("GET", f"records/statement/{shown['id']}")
    assert now["form"]["evidence"] == "high"
    bench.save("statement", shown["id"], now["form"] | {"evidence": "low"}, now["revision"], WANG)


@pytest.mark.parametrize(
    ("changed", "field", "says"),
    [
        ({"cells": {"severity": "可怕"}}, "cells.severity", "不在可选值中"),
        ({"citations": []}, "citations", "须注明来源"),
        ({"citations": [{"source": "label:没有的药"}]}, "citations[0]", "没有来源"),
        ({"evidence": "sure"}, "evidence", "证据等级"),
        ({"validFrom": "明天"}, "validFrom", "2026-11-01"),
        ({"validFrom": "2026-11-02", "validTo": "2026-11-01"}, "validTo", "晚于"),
    ],
)
def test_what_is_wrong_with_a_statement_names_the_field(
    bench: Bench, changed: dict[str, Any], field: str, says: str
) -> None:
    shown = interaction(bench)
    form = shown["form"] | changed
    form["cells"] = shown["form"]["cells"] | changed.get("cells", {})
    flaws = bench.ask("POST", f"checks/statement/{shown['id']}", {"form": form})["flaws"]
    assert any(flaw["field"] == field and says in flaw["problem"] for flaw in flaws), flaws
    refused = bench.save("statement", shown["id"], form, shown["revision"], LI, 422)
    assert refused["issue"][0]["expression"] == [field]


def test_concepts_articles_and_sources_are_edited_too(bench: Bench) -> None:
    source = {"title": "本院抗凝管理规范", "kind": "guideline", "publisher": "药学部", "year": 2026}
    assert bench.save("source", "own:anticoagulation", source, 0)["status"] == "approved"
    concept = {"name": "房颤抗凝门诊", "synonyms": ["抗凝门诊"], "codes": [], "cells": {}}
    assert bench.save("concept", "service:anticoagulation-clinic", concept, 0)["status"] == "draft"
    article = {
        "concept": WARFARIN,
        "title": "华法林用药教育",
        "sections": [
            {"heading": "饮食", "text": "维生素K摄入保持稳定。", "citations": [{"source": "own:anticoagulation"}]}
        ],
    }
    saved = bench.save("article", "article:warfarin-education", article, 0)
    assert saved["concept"] == {"id": WARFARIN, "name": "华法林"}
    twin = bench.save("concept", "ingredient:warfarin-2", concept | {"name": "华法林"}, 0, LI, 422)
    assert WARFARIN in twin["issue"][0]["details"]["text"]


# -- pasting -----------------------------------------------------------------------------------


def test_a_pasted_table_is_checked_cell_by_cell_before_anything_is_written(bench: Bench) -> None:
    good = curation.EXAMPLES["rows"]["rows"][0]
    bad, unknown = good | {"严重程度": "可怕"}, good | {"药品B": "不存在的药"}
    told = bench.ask("POST", "tables/interactions/rows", {"rows": [good, bad], "write": True, "reason": "x"}, 422)
    assert told["issue"][0]["expression"] == ["rows"]
    checked = bench.ask("POST", "tables/interactions/rows", {"rows": [good, bad, unknown]})["rows"]
    assert checked[0]["faults"] == []
    assert checked[0]["proposals"][-1]["effect"] == "new"
    assert [one["column"] for one in checked[1]["faults"]] == ["严重程度"]
    assert [one["column"] for one in checked[2]["faults"]] == ["药品B"]
    assert "不是已知概念的名称" in checked[2]["faults"][0]["problem"]
    assert bench.ask("GET", "records", kind="statement", status="draft")["records"] == []


def test_pasted_rows_become_drafts_and_the_same_rows_again_change_nothing(bench: Bench) -> None:
    rows = curation.EXAMPLES["rows"]["rows"]
    body = {"rows": rows, "write": True, "reason": "说明书更新", "by": LI}
    assert bench.ask("POST", "tables/interactions/rows", body)["written"] >= 1
    (draft,) = bench.ask("GET", "records", kind="statement", status="draft", author=LI)["records"]
    assert {draft["subject"]["name"], draft["object"]["name"]} == {"华法林", "维生素E"}
    assert bench.ask("POST", "tables/interactions/rows", body)["written"] == 0


def test_a_row_about_what_we_ship_edits_it_instead_of_saying_it_twice(bench: Bench) -> None:
    shown = interaction(bench)
    cells = shown["form"]["cells"]
    columns = {column["field"]: column["label"] for column in shown["columns"]}
    pair = sorted((shown["subject"]["name"], shown["object"]["name"]))
    row = {columns[field]: text for field, text in cells.items()} | {"药品A": pair[0], "药品B": pair[1]}
    cited = shown["form"]["citations"][0]
    row |= {"来源": cited["source"].replace("label:", "说明书:"), "章节": cited.get("section", ""), "证据": "低"}
    (outcome,) = bench.ask("POST", "tables/interactions/rows", {"rows": [row]})["rows"]
    assert outcome["faults"] == []
    (proposal,) = [one for one in outcome["proposals"] if one["kind"] == "statement"]
    assert (proposal["id"], proposal["effect"]) == (shown["id"], "changed")


# -- rules -------------------------------------------------------------------------------------


def test_a_condition_is_the_same_as_text_and_as_a_tree(bench: Bench) -> None:
    parsed = bench.ask("POST", "rules/condition", curation_rules.EXAMPLES["condition"])
    assert parsed["problems"] == []
    assert [one["key"] for one in parsed["reads"]] == ['orders("华法林")', "age_years"]
    again = bench.ask("POST", "rules/condition", {"tree": parsed["tree"]})
    assert again["text"] == parsed["text"]
    broken = bench.ask("POST", "rules/condition", {"text": "age_years >"})
    assert broken["problems"] == [{"at": 11, "message": "条件不完整"}]
    assert bench.ask("POST", "rules/condition", {"tree": {"kind": "guess"}}, 422)


def test_a_comparison_written_the_other_way_round_is_clicked_like_any_other(bench: Bench) -> None:
    parsed = bench.ask("POST", "rules/condition", {"text": "75 <= age_years"})
    assert parsed["text"] == "75 <= age_years"
    assert parsed["tree"]["left"] == {"kind": "read", "name": "age_years", "arguments": []}
    assert bench.ask("POST", "rules/condition", {"tree": parsed["tree"]})["text"] == "age_years >= 75"


def test_a_rule_is_tried_on_sample_patients_and_its_own_cases(bench: Bench) -> None:
    told = bench.ask("POST", "rules/trial", curation_rules.EXAMPLES["trial"])
    outcomes = {one["name"][:3]: one["outcome"] for one in told["patients"]}
    assert outcomes["83岁"] == "fired"
    assert outcomes["72岁"] == "passed"
    assert told["cases"] == [{"name": "年龄未知", "expect": "unknown", "got": "unknown", "passed": True}]
    unknown = bench.ask("POST", "rules/trial", {"condition": 'orders("华法林") and lab("血钾", "mmol/L") > 5'})
    assert next(p for p in unknown["patients"] if p["name"].startswith("83岁"))["missing"] == ["近期检验（血钾）"]


def test_every_sample_patient_is_understood(bench: Bench) -> None:
    told = bench.ask("POST", "rules/trial", {"condition": "age_years >= 0 and crcl > 0"})
    known = [one for one in told["patients"] if one["outcome"] == "fired"]
    assert len(known) >= 3
    assert all(one["reads"][0]["value"] is not None for one in told["patients"])


@pytest.mark.parametrize("day", ["2026-12-31T12:00:00+08:00", "2027-01-01T00:30:00+08:00"])
def test_a_sample_patient_is_as_old_as_told_on_every_day_of_the_year(bench: Bench, day: str) -> None:
    front = bench.client.app.state.front  # type: ignore[attr-defined]
    lab = RuleLab(front.serving, front.reviewer.states.derive)
    told = lab.trial("age_years >= 0", [], datetime.fromisoformat(day))
    ages = {one["name"].partition("岁")[0]: one["reads"][0]["value"] for one in told["patients"]}
    assert len(ages) > 3
    assert {name: f"{age:.0f}" for name, age in ages.items()} == {name: name for name in ages}


def test_a_rule_that_fails_its_own_case_is_not_kept(bench: Bench) -> None:
    wrong = deepcopy(curation.EXAMPLES["rule"])
    wrong["form"]["cases"][0]["expect"] = "passed"
    told = bench.ask("PUT", f"records/rule/{RULE}", wrong, 422)
    assert told["issue"][0]["expression"] == ["cases"]


# -- several rules at once -----------------------------------------------------------------------


def several(**changed: Any) -> dict[str, Any]:
    """The rules of the example; of the second one, something else."""
    body = deepcopy(curation_rules.EXAMPLES["rules"])
    body["records"][1] |= {key: value for key, value in changed.items() if key != "form"}
    body["records"][1]["form"] |= changed.get("form", {})
    return body


def kept(bench: Bench) -> dict[str, int]:
    """Rules that somebody wrote, with their revisions."""
    listed = bench.ask("GET", "records", kind="rule", status="draft")["records"]
    return {one["id"]: one["revision"] for one in listed}


def places(told: Any) -> list[tuple[str, str]]:
    return [(issue["code"], issue["expression"][0]) for issue in told["issue"]]


def test_several_rules_are_kept_together(bench: Bench) -> None:
    made = bench.ask("PUT", "rules", several())["records"]
    assert [(one["id"], one["revision"], one["authors"]) for one in made] == [
        ("rule:warfarin-over-75", 1, [LI]),
        ("rule:warfarin-over-85", 1, [LI]),
    ]
    edited = several(revision=1, form={"advice": "每周查INR。"})
    edited["records"][0]["revision"] = 1
    assert [one["revision"] for one in bench.ask("PUT", "rules", edited)["records"]] == [2, 2]
    assert bench.ask("GET", "records/rule/rule:warfarin-over-85")["form"]["advice"] == "每周查INR。"


@pytest.mark.parametrize(
    ("changed", "code", "place"),
    [
        ({"form": {"condition": "age_years >"}}, 422, "records[1].form.condition"),
        ({"form": {"citations": [{"source": "label:没有的药"}]}}, 422, "records[1].form.citations[0]"),
        ({"id": "warfarin 85"}, 422, "records[1].id"),
        ({"id": "rule:warfarin-over-75"}, 422, "records[1].id"),
        ({"revision": 3}, 409, "records[1].revision"),
        ({"id": "rule:triple-whammy"}, 409, "records[1].id"),
        ({"form": {"title": 7}}, 400, "records[1].form.title"),
    ],
)
def test_of_several_rules_none_is_kept_when_one_cannot_be_and_its_field_is_named(
    bench: Bench, changed: dict[str, Any], code: int, place: str
) -> None:
    told = bench.ask("PUT", "rules", several(**changed), code)
    assert place in [one for _, one in places(told)]
    assert not {"rule:warfarin-over-75", "rule:warfarin-over-85"} & set(kept(bench))


def test_everything_that_stands_against_keeping_several_rules_is_told_at_once(bench: Bench) -> None:
    made(bench)
    body = several(form={"title": "", "severity": "dreadful"})
    assert places(bench.ask("PUT", "rules", body, 409)) == [
        ("conflict", "records[0].id"),
        ("business-rule", "records[1].form.title"),
        ("business-rule", "records[1].form.severity"),
    ]
    assert kept(bench) == {RULE: 1}
    assert bench.ask("PUT", "rules", several() | {"reason": " "}, 422)["issue"][0]["expression"] == ["reason"]


def test_who_is_overtaken_while_several_rules_are_written_is_told_by_which(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, others = Store.write, [curation.EXAMPLES["rule"]]

    def overtaken(store: Store, changes: Any, connection: Any = None) -> int:
        while others:
            bench.ask("PUT", f"records/rule/{RULE}", others.pop())
        return write(store, changes, connection)

    monkeypatch.setattr(Store, "write", overtaken)
    assert places(bench.ask("PUT", "rules", several(), 409)) == [("conflict", "records[0].id")]
    assert kept(bench) == {RULE: 1}


# -- the review --------------------------------------------------------------------------------


def test_another_person_approves_what_they_saw(bench: Bench) -> None:
    revision = made(bench)
    submitted = bench.step("submit", "rule", RULE, revision, LI)["revision"]
    assert "须由他人审核" in bench.step("approve", "rule", RULE, submitted, LI)["problem"]
    assert bench.step("approve", "rule", RULE, submitted - 1, WANG)["conflict"]
    approved = bench.step("approve", "rule", RULE, submitted, WANG)["revision"]
    shown = bench.ask("GET", f"records/rule/{RULE}")
    assert (shown["status"], shown["reviewer"], shown["revision"]) == ("approved", WANG, approved)


def test_what_is_returned_says_why_and_can_be_mended(bench: Bench) -> None:
    submitted = bench.step("submit", "rule", RULE, made(bench), LI)["revision"]
    assert "不能为空" in bench.step("reject", "rule", RULE, submitted, WANG, "")["problem"]
    returned = bench.step("reject", "rule", RULE, submitted, WANG, "剂量请注明出处")["revision"]
    (listed,) = bench.ask("GET", "records", status="rejected")["records"]
    assert (listed["reason"], listed["by"]) == ("剂量请注明出处", WANG)
    mended = bench.save("rule", RULE, curation.EXAMPLES["rule"]["form"], returned)
    assert mended["status"] == "draft"


def test_one_of_many_that_cannot_go_on_keeps_no_other_back(bench: Bench) -> None:
    good = {"kind": "rule", "id": RULE, "revision": made(bench)}
    bad = {"kind": "rule", "id": "rule:nothing", "revision": 1}
    told = bench.ask("POST", "steps", {"step": "submit", "records": [bad, good], "by": LI})
    assert told["done"] == 1
    assert "没有" in told["records"][0]["problem"]


# -- releases ----------------------------------------------------------------------------------


def test_the_effect_is_seen_before_publishing_and_nothing_else_is_published(bench: Bench) -> None:
    asked = REQUESTS["review"] | {"institution": "镇卫生院"}
    asked["patient"] = asked["patient"] | {"birthDate": "1940-01-01"}
    warfarin = asked["patient"]["medications"][0] | {"id": "o9"}
    asked["orders"] = [{k: v for k, v in warfarin.items() if k not in ("start", "institution")}]
    bench.client.post("/api/v1/reviews", json=asked)
    bench.client.app.state.front.reviewer.journal.flush()  # type: ignore[attr-defined]
    submitted = bench.step("submit", "rule", RULE, made(bench), LI)["revision"]
    bench.step("approve", "rule", RULE, submitted, WANG)
    before = bench.ask("GET", "releases")["active"]
    bench.ask("POST", "releases/impact", curation_releases.EXAMPLES["impact"], 202)
    assert "已在运行" in bench.ask("POST", "releases/impact", {}, 409)["issue"][0]["details"]["text"]
    report = bench.work()
    assert report["state"] == "done", report
    assert report["result"]["content"]["counts"] == {"rule": {"added": 1}}
    assert report["result"]["content"]["changes"][0]["after"].startswith("标题：高龄患者使用华法林")
    appeared = {(one["rule"], one["institution"], one["appeared"]) for one in report["result"]["alerts"]["lines"]}
    assert (RULE, "镇卫生院", 1) in appeared
    assert bench.ask("GET", "releases")["active"] == before

    body = curation_releases.EXAMPLES["publish"]
    bench.ask("POST", "releases", body | {"expected": "0" * 64}, 202)
    assert "重新生成影响报告" in bench.work()["fault"]
    bench.ask("POST", "releases", body | {"expected": report["result"]["release"]}, 202)
    published = bench.work()
    assert published["result"]["release"] == report["result"]["release"] == bench.ask("GET", "releases")["active"]
    front = bench.client.app.state.front  # type: ignore[attr-defined]
    front.serving.refresh()
    findings = bench.client.post("/api/v1/reviews", json=asked).json()["findings"]
    assert RULE in {one["ruleId"] for one in findings}
    assert bench.ask("POST", "releases/rollback", curation_releases.EXAMPLES["rollback"])["active"] == before


def test_every_worker_says_what_it_serves(bench: Bench) -> None:
    mine = f"{socket.gethostname()}:{os.getpid()}"  # the copied installation may tell of one that served it before
    until = time.monotonic() + 10
    served: dict[str, str] = {}
    while mine not in served and time.monotonic() < until:
        time.sleep(0.1)
        found = bench.ask("GET", "releases")
        served = {one["name"]: one["release"] for one in found["workers"]}
    assert served[mine] == found["active"]


# -- loads and candidates ----------------------------------------------------------------------


def test_a_file_is_loaded_with_its_faulty_rows_told(bench: Bench) -> None:
    text = "编号,名称,类型,发布者,年份\nown:a,本院规范,指南,药学部,2026\nown:b,另一份,传说,药学部,2026\n"
    body = {"loader": "formulary", "name": "sources.csv", "file": b64encode(text.encode()).decode(), "by": LI}
    bench.ask("POST", "loads", body, 202)
    done = bench.work()["result"]
    assert (done["written"], done["errors"]) == (1, 1)
    (error,) = bench.ask("GET", f"loads/{done['load']}/errors")["errors"]
    assert (error["line"], error["field"]) == (3, "类型")
    assert bench.ask("GET", f"loads/{done['load']}/errors", limit=1)["next"] == 1
    assert bench.ask("GET", f"loads/{done['load']}/errors", limit=1, offset=1) == {"errors": [], "next": None}
    assert bench.ask("GET", "loads")["loads"][0]["file"] == "sources.csv"
    assert not list((bench.house.settings.data_dir / "uploads").iterdir()), "the file is not kept"
    told = bench.ask("POST", "loads/acceptance", curation_sources.EXAMPLES["acceptance"] | {"by": LI}, 422)
    assert "须由他人接受" in told["issue"][0]["details"]["text"]


def test_whoever_edited_a_loaded_draft_hands_it_to_another_before_accepting_the_rest(bench: Bench) -> None:
    concepts = [Concept(f"symptom:own-{n}", ConceptKind.SYMPTOM, f"本院症状{n}", origin="formulary") for n in (1, 2)]
    bench.house.store.write([Change(c, "created", Status.DRAFT, LI) for c in concepts])
    form = bench.ask("GET", "records/concept/symptom:own-1")["form"]
    edited = bench.save("concept", "symptom:own-1", form | {"synonyms": ["另一种说法"]}, 1, WANG)
    told = bench.ask("POST", "loads/acceptance", curation_sources.EXAMPLES["acceptance"], 422)
    assert "symptom:own-1" in told["issue"][0]["details"]["text"]
    assert "先将这些草稿提交审核" in told["issue"][0]["details"]["text"]
    bench.step("submit", "concept", "symptom:own-1", edited["revision"], WANG)
    assert bench.ask("POST", "loads/acceptance", curation_sources.EXAMPLES["acceptance"]) == {"accepted": 1}
    assert bench.ask("GET", "records/concept/symptom:own-1")["status"] == "submitted"
    assert bench.ask("GET", "records/concept/symptom:own-2")["status"] == "approved"


def test_two_concepts_become_one_when_two_people_agree(bench: Bench) -> None:
    pair = ("symptom:a-1", "symptom:b-1")
    concepts = [
        Concept(one, ConceptKind.SYMPTOM, name, origin="own")
        for one, name in zip(pair, ("心慌慌", "心悸悸"), strict=True)
    ]
    bench.house.store.write([Change(c, "created", Status.APPROVED, "x") for c in concepts])
    with bench.house.engine.begin() as connection:
        from knowledge.merge import candidates

        connection.execute(
            candidates.insert().values(a=pair[0], b=pair[1], reason="同名", state="open", decided_by="")
        )
    body = {"a": pair[0], "b": pair[1], "decision": "same", "kept": pair[0], "note": "同一症状", "by": LI}
    assert bench.ask("POST", "candidates/decisions", body)["state"] == "proposed"
    assert bench.ask("GET", "candidates", state="proposed")["candidates"][0]["b"]["name"] == "心悸悸"
    own = bench.ask("POST", "candidates/decisions", body | {"decision": "confirm"}, 422)
    assert "须由他人确认" in own["issue"][0]["details"]["text"]
    assert bench.ask("POST", "candidates/decisions", body | {"decision": "confirm", "by": WANG})["changed"] == 2
    assert "心悸悸" in bench.ask("GET", f"records/concept/{pair[0]}")["form"]["synonyms"]
    assert bench.ask("GET", f"records/concept/{pair[1]}")["status"] == "retired"


# -- who may -----------------------------------------------------------------------------------


@pytest.fixture
def league(starter_dir: Path, tmp_path: Path) -> Iterator[Staffed]:
    made = staffed(starter_dir, tmp_path)
    yield made
    made.client.__exit__(None, None, None)
    made.house.engine.dispose()


def test_editors_edit_reviewers_approve_and_only_for_the_whole_league(league: Staffed) -> None:
    league.add("li", "league", "knowledge-editor")
    league.add("wang", "league", "knowledge-reviewer")
    league.add("far", "league/county-a", "knowledge-editor")
    league.add("doc", "league", "clinician")
    rule = {k: v for k, v in curation.EXAMPLES["rule"].items() if k != "by"}
    put = f"{BASE}/records/rule/{RULE}"
    assert league.client.get(f"{BASE}/records", headers=league.bearer("doc")).status_code == 403
    assert league.client.put(put, json=rule, headers=league.bearer("wang")).status_code == 403
    assert league.client.put(put, json=rule, headers=league.bearer("far")).status_code == 403
    mine = league.bearer("li")
    missing = league.client.put(put, json=rule, headers=mine)
    assert missing.status_code == 422, "the source is not in this installation's store"
    assert league.client.put(put, json=rule | {"by": "wang"}, headers=mine).status_code == 403
    step = {"step": "approve", "records": [{"kind": "rule", "id": RULE, "revision": 2}]}
    assert league.client.post(f"{BASE}/steps", json=step, headers=mine).status_code == 403
    told = league.client.post(f"{BASE}/steps", json=step, headers=league.bearer("wang"))
    assert told.json()["done"] == 0


def test_a_step_that_takes_long_is_not_taken_for_a_process_that_died(
    fresh: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Jobs(fresh.engine)

    def silent(house: House, job: Job, told: Told) -> dict[str, Any]:
        with house.engine.begin() as connection:
            connection.execute(update(jobs).values(beat=datetime.now(UTC) - 2 * SILENCE))
        until = time.monotonic() + 10
        while kept.one(job.id).state is not State.RUNNING and time.monotonic() < until:
            time.sleep(0.01)
        return {"seen": kept.one(job.id).state}

    monkeypatch.setitem(WORK, "long", silent)
    monkeypatch.setattr("api.job_process._BEAT_SECONDS", 0.01)
    begun = kept.start("long", "编译", LI, {})
    run(fresh, begun.id)
    assert kept.one(begun.id).result == {"seen": "running"}


def test_a_job_for_which_no_process_can_be_had_stands_in_nobodys_way(
    fresh: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left(*_: Any, **__: Any) -> None:
        raise OSError("no process left")

    kept = Jobs(fresh.engine)
    job = kept.start("publish", "发布", LI, {})
    monkeypatch.setattr("api.spawning.subprocess.Popen", none_left)
    with pytest.raises(OSError, match="left"):
        spawn(fresh.settings, job.id, kept)
    assert kept.one(job.id).state is State.FAILED
    kept.start("publish", "发布", LI, {})
