"""Checking a record: isolation, stages, what is unknown; scores that explain themselves; schemes that are refused."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from clinical.medical_record import Document, DocumentKind, MedicalRecord, RecordKind, Section
from records.qc_faults import SchemeError
from supervision.record_qc.engine import Examination, checks, examine
from supervision.record_qc.model import INPATIENT, Aspect, Check, Defect, Gap, Grade, Group, Said
from supervision.record_qc.places import Place, Stage
from supervision.record_qc.scheme import decode, score, shipped
from supervision.record_qc.similarity import Likeness
from supervision.record_qc.subject import Subject, sentence
from tests.record_qc.written import moment, record

NOW = moment("2026-11-10 08:00")


def check(name: str, run: Any, **more: Any) -> Check:
    given: dict[str, Any] = {"title": "缺陷", "group": Group.COURSE, "aspect": Aspect.COMPLETE, "kinds": INPATIENT}
    return Check(name=name, run=run, source="《规范》第一条", mend="补写", **(given | more))


def examined(given: MedicalRecord, *chosen: Check, stage: Stage = Stage.FINAL, writing: str = "") -> Examination:
    return examine(Subject(given, stage, NOW, writing=writing), chosen)


# -- checking --------------------------------------------------------------------------------


def test_a_check_that_raises_is_reported_and_the_others_still_answer(caplog: pytest.LogCaptureFixture) -> None:
    def broken(subject: Subject) -> Iterator[Said]:
        yield Defect("先发现的")
        raise ValueError("患者王小明的病历")

    with caplog.at_level(logging.ERROR):
        found = examined(record({}), check("test-broken", broken), check("test-sound", lambda s: [Defect("另一项")]))
    assert [(c.name, d.says) for c, d in found.defects()] == [("test-broken", "先发现的"), ("test-sound", "另一项")]
    assert [outcome.failed for outcome in found.outcomes] == [True, False]
    assert "王小明" not in caplog.text


def test_checks_of_other_records_and_stages_are_not_asked() -> None:
    chosen = (
        check("test-here", lambda s: ()),
        check("test-outpatient", lambda s: (), kinds=frozenset({RecordKind.OUTPATIENT})),
        check("test-later", lambda s: (), stages=frozenset({Stage.FINAL})),
        check("test-front-page", lambda s: (), kinds=frozenset({RecordKind.FRONT_PAGE})),
    )
    asked = examined(record({}), *chosen, stage=Stage.RUNNING).outcomes
    assert [outcome.check.name for outcome in asked] == ["test-here"]
    with_page = examined(record({"frontPage": {}}), *chosen, stage=Stage.RUNNING).outcomes
    assert [outcome.check.name for outcome in with_page] == ["test-here", "test-front-page"]


def test_a_gap_told_twice_is_one_gap() -> None:
    found = examined(record({}), check("test-gap", lambda s: [Gap("签名"), Gap("签名")]))
    assert [gap.needed for _, gap in found.gaps()] == ["签名"]


@pytest.mark.parametrize("changed", [{"name": "Nameless"}, {"source": ""}, {"mend": ""}, {"points": -1.0}])
def test_a_declaration_that_says_too_little_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="check "):
        replace(check("test-sound", lambda s: ()), **changed)


def test_while_a_document_is_written_its_content_alone_is_judged() -> None:
    given = record({"documents": [{"id": "a", "kind": "日常病程记录"}, {"id": "b", "kind": "日常病程记录"}]})
    subject = Subject(given, Stage.WRITING, NOW, writing="b")
    assert [d.id for d in subject.judged(DocumentKind.COURSE)] == ["b"]
    assert [d.id for d in subject.of(DocumentKind.COURSE)] == ["a", "b"]


def test_a_text_that_came_as_a_whole_is_taken_apart_at_its_headings() -> None:
    document = Document(
        id="a", kind=DocumentKind.ADMISSION, sections=(Section(text="主诉：发热3天。\n体格检查：咽红。"),)
    )
    subject = Subject(MedicalRecord(id="r", kind=RecordKind.INPATIENT, documents=(document,)), Stage.FINAL, NOW)
    passage = subject.section(document, "查体")
    assert passage is not None
    assert passage.text == "咽红。"


def test_a_heading_that_is_spread_out_is_that_heading() -> None:
    document = Document(id="a", kind=DocumentKind.ADMISSION, sections=(Section(title="主　 诉", text="发热3天"),))
    subject = Subject(MedicalRecord(id="r", kind=RecordKind.INPATIENT, documents=(document,)), Stage.FINAL, NOW)
    passage = subject.section(document, "主诉")
    assert passage is not None
    assert passage.text == "发热3天"


def test_without_a_reader_nothing_is_known_of_what_texts_mean() -> None:
    assert Subject(record({}), Stage.FINAL, NOW).says(()) is None


def test_a_place_quotes_its_sentence() -> None:
    text = "患者一般情况可。左下肢肿胀明显；明日复查。"
    assert sentence(text, text.index("左"), text.index("左") + 1) == "左下肢肿胀明显；"
    assert len(sentence("长" * 1000, 500, 501)) <= 240


def test_near_duplicates_are_told_from_what_only_sounds_alike() -> None:
    text = (
        "患者今日一般情况可，诉咳嗽咳痰较前减轻，无发热胸痛，双肺呼吸音粗，右下肺可闻及少许湿啰音，继续抗感染治疗。"
    )
    other = "患者诉腹痛加重，伴恶心呕吐，腹部压痛反跳痛阳性，急查腹部CT提示阑尾穿孔，拟急诊手术，已告知家属病情。"
    likeness = Likeness()
    found = likeness.closest(text, [other, text.replace("一般", "精神")], 0.9)
    assert found is not None
    assert found[0] == 1
    assert likeness.closest(text, [other], 0.9) is None
    assert likeness.closest(text, [], 0.9) is None


def test_a_record_reads_its_own_json_and_names_what_is_wrong() -> None:
    given = record({"documents": [{"kind": "入院记录", "written": "2026-11-01 08:00"}]})
    assert msgspec.json.decode(msgspec.json.encode(given), type=MedicalRecord) == given
    assert given.documents[0].written == datetime(2026, 11, 1, 0, 0, tzinfo=UTC)
    with pytest.raises(msgspec.ValidationError, match=r"documents\[0\].kind"):
        record({"documents": [{"kind": "随笔"}]})
    with pytest.raises(msgspec.ValidationError, match="admited"):
        record({"visit": {"admited": "2026-11-01 08:00"}})


# -- scores ----------------------------------------------------------------------------------

CATALOGUE = {
    c.name: c
    for c in (
        check("test-small", lambda s: (), points=2.0, most=5.0),
        check("test-large", lambda s: (), points=20.0),
        check("test-veto", lambda s: (), points=1.0, veto=Grade.C),
        check("test-outside", lambda s: (), points=5.0, group=Group.OUTPATIENT),
    )
}


@pytest.mark.parametrize(
    ("found", "points", "grade", "by_points"),
    [
        ({}, 100, Grade.A, Grade.A),
        ({"test-small": 2}, 96, Grade.A, Grade.A),
        ({"test-small": 9}, 95, Grade.A, Grade.A),  # no more than 5 of this check
        ({"test-large": 1}, 80, Grade.B, Grade.B),
        ({"test-large": 3}, 75, Grade.B, Grade.B),  # no more than the 25 points of the part
        ({"test-veto": 1}, 99, Grade.C, Grade.A),
        ({"test-outside": 2}, 100, Grade.A, Grade.A),
        ({"test-removed-since": 4}, 100, Grade.A, Grade.A),
    ],
)
def test_a_score(found: dict[str, int], points: float, grade: Grade, by_points: Grade) -> None:
    made = score(Counter(found), RecordKind.INPATIENT, shipped(), CATALOGUE)
    assert made is not None
    assert (made.points, made.grade, made.by_points) == (points, grade, by_points)


def test_a_score_explains_every_deduction() -> None:
    given = Counter({"test-small": 9, "test-large": 2, "test-veto": 1, "test-outside": 1})
    made = score(given, RecordKind.INPATIENT, shipped(), CATALOGUE)
    assert made is not None
    told = {d.check: (d.times, d.each, d.lost) for d in made.deductions}
    assert told == {
        "test-large": (2, 20.0, 40.0),
        "test-outside": (1, 5.0, 5.0),
        "test-small": (9, 2.0, 5.0),
        "test-veto": (1, 1.0, 1.0),
    }
    course = next(item for item in made.items if item.group is Group.COURSE)
    assert (course.points, course.charged, course.lost) == (25, 46, 25)
    assert made.points == made.of - sum(item.lost for item in made.items)
    assert (made.vetoes, made.uncounted) == (("test-veto",), ("test-outside",))


def test_a_scheme_changes_what_checks_cost() -> None:
    given = msgspec.to_builtins(shipped()) | {
        "name": "own",
        "changes": {
            "test-small": {"points": 1, "most": 0},
            "test-large": {"off": True},
            "test-veto": {"veto": "甲级"},
        },
    }
    scheme = decode(given, CATALOGUE)
    made = score(Counter([*CATALOGUE, *["test-small"] * 7]), RecordKind.INPATIENT, scheme, CATALOGUE)
    assert made is not None
    assert {d.check: d.lost for d in made.deductions} == {"test-small": 8, "test-veto": 1, "test-outside": 5}
    assert made.grade is Grade.A


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"sheets": []}, "sheets"),
        (
            {"sheets": [{"kind": "住院病历", "a": 70, "b": 80, "items": [{"group": "病程记录", "points": 100}]}]},
            "甲级线",
        ),
        (
            {"sheets": [{"kind": "住院病历", "a": 2, "b": 1, "items": [{"group": "病程记录", "points": 0}]}]},
            "每项分值",
        ),
        ({"sheets": [{"kind": "住院", "a": 90, "b": 75, "items": []}]}, "kind"),
        ({"changes": {"no-such-check": {"points": 1}}}, "changes.no-such-check"),
        ({"changes": {"test-small": {"points": -1}}}, "changes.test-small"),
        ({"changes": {"test-small": {"point": 1}}}, "point"),
        ({"title": ""}, "title"),
    ],
)
def test_a_scheme_that_is_none_is_refused_with_the_field(changed: dict[str, Any], says: str) -> None:
    with pytest.raises(SchemeError, match=says):
        decode(msgspec.to_builtins(shipped()) | changed, CATALOGUE)


def test_the_shipped_scheme_is_one_and_has_points_for_every_check() -> None:
    assert decode(msgspec.to_builtins(shipped()), checks()) == shipped()
    for one in checks().values():
        for kind in one.kinds:
            sheet = shipped().sheet(kind)
            assert sheet is not None
            if kind is not RecordKind.FRONT_PAGE and one.kinds != frozenset(RecordKind):
                assert one.group in {item.group for item in sheet.items}, one.name


def test_defects_name_document_and_words() -> None:
    given = record({"documents": [{"kind": "日常病程记录", "text": "患者××，一般情况可。"}]})
    found = [d for c, d in examined(given, *checks().values()).defects() if c.name == "wording-placeholder"]
    assert [d.place for d in found] == [Place("documents-1", "", "患者××，一般情况可。", 2, 4)]
