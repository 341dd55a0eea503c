"""Reports of record QC kept in the database: each content once, defects from found to put right, statistics, and the
national indicators."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Engine, select

from base.keyring import KeyRing
from base.tenancy import Scope, TenancyError, acting, guard, system
from records.qc_faults import MissingQcError, QcError, TakenQcError
from supervision.figures.answers import Answers, Each
from supervision.figures.catalogue import catalogue
from supervision.figures.collect import Collector
from supervision.figures.from_record_qc import FromRecordQc
from supervision.figures.lake import Lake
from supervision.figures.manifest import Manifest
from supervision.figures.periods import period_of
from supervision.figures.sums import Asked
from supervision.record_qc.asides import Aside
from supervision.record_qc.disputes import Before, Disputes, Wanted
from supervision.record_qc.engine import Examination, Outcome, checks, examine
from supervision.record_qc.model import Gap
from supervision.record_qc.national import INDICATORS, Basis, measured
from supervision.record_qc.nationals import Figure, Nationals
from supervision.record_qc.places import Stage
from supervision.record_qc.reports import Checked, Query, Report, Reports, Standing
from supervision.record_qc.scheme import shipped
from supervision.record_qc.schemes import Schemes
from supervision.record_qc.states import Action, State
from supervision.record_qc.statistics import Statistics
from supervision.record_qc.subject import Subject
from supervision.record_qc.tables import defects, events
from tests.record_qc.written import moment, record

KEY = bytes(range(16))
HOSPITAL, OTHER = "league/county-a/hospital-1", "league/county-b/hospital-2"
NOW = moment("2026-11-20 08:00")
LATE = {"kind": "首次病程记录", "written": "2026-11-01 20:00", "author": "张医生 住院医师"}
GROUND: dict[str, Any] = {
    "visit": {
        "admitted": "2026-11-01 08:00",
        "discharged": "2026-11-10 10:00",
        "department": "心内科",
        "attending": "李医生 主治医师",
    },
    "events": [],
    "operations": [],
}
NAMES = ("first-course-late", "first-course-missing", "wording-placeholder")


@dataclass
class Room:
    """The stores of an installation."""

    engine: Engine
    reports: Reports
    disputes: Disputes
    schemes: Schemes
    statistics: Statistics
    nationals: Nationals

    def keep(
        self, *documents: dict[str, Any], tenant: str = HOSPITAL, id_: str = "R-1", days: int = 0, **more: Any
    ) -> tuple[int, bool]:
        """Check a record of some documents by three checks, and keep what was found."""
        made = record(GROUND, {"id": id_, "documents": list(documents), **more})
        stage = Stage.FINAL if made.ended else Stage.RUNNING
        subject = Subject(made, stage, NOW)
        examination = examine(subject, [checks()[name] for name in NAMES])
        return self.put(made, examination, tenant, measured(subject), days, stage)

    def put(
        self,
        made: Any,
        examination: Examination,
        tenant: str = HOSPITAL,
        measures: Any = None,
        days: int = 0,
        stage: Stage = Stage.FINAL,
    ) -> tuple[int, bool]:
        at = NOW + timedelta(days=days)
        edition = self.schemes.of(tenant)
        return self.reports.keep(Checked(tenant, made, stage, examination, measures or {}, edition, "qc", at))

    def standing(self) -> list[tuple[str, State]]:
        return sorted((one.check, one.state) for one in self.disputes.search(Wanted()))

    def one(self) -> Standing:
        (found,) = self.disputes.search(Wanted())
        return found

    def report(self, id_: str = "R-1") -> Report:
        (found,) = self.reports.search(Query(record=id_))
        return found


@pytest.fixture
def room(engine: Engine) -> Iterator[Room]:
    ring, known = KeyRing(guard(engine), KEY), checks()
    reports, schemes = Reports(engine, ring, known), Schemes(engine, known)
    disputes = Disputes(engine, ring, reports, schemes, known)
    with system("test"):
        yield Room(engine, reports, disputes, schemes, Statistics(engine), Nationals(engine, known))


def test_what_was_set_aside_while_writing_is_an_appeal_once_it_is_found(room: Room) -> None:
    room.keep(LATE, id_="R-0")
    key = next(iter(room.disputes.before(HOSPITAL, "R-0").states))
    said = Aside("zhang", NOW, "入院即抢救，由值班医师补记")
    number = room.disputes.set_aside(HOSPITAL, "R-0", key, said)
    assert number is not None, "it stood in a report"
    assert room.one().state is State.APPEALED
    with pytest.raises(QcError, match="申诉中"):
        room.disputes.set_aside(HOSPITAL, "R-0", key, said)

    assert room.disputes.set_aside(HOSPITAL, "R-1", key, said) is None
    assert room.disputes.before(HOSPITAL, "R-1") == Before({}, {key: said})
    report, _ = room.keep(LATE, id_="R-1")
    (found,) = room.disputes.search(Wanted(record="R-1"))
    assert (found.state, found.handler, found.report) == (State.APPEALED, "zhang", report)
    standing, happened = room.disputes.one(found.id)
    assert [(one.action, one.actor, one.reason) for one in happened] == [
        (Action.FIND, "qc", ""),
        (Action.APPEAL, "zhang", "入院即抢救，由值班医师补记"),
    ]
    assert room.disputes.before(HOSPITAL, "R-1").asides == {}, "it is an appeal now"
    room.disputes.move(standing.id, Action.WITHDRAW, "reviewer", NOW, "属实")


# -- reports ---------------------------------------------------------------------------------


def test_the_same_content_is_one_report(room: Room) -> None:
    first, new = room.keep(LATE)
    assert new
    assert room.keep(LATE, days=1) == (first, False)
    second, new = room.keep(LATE, {"kind": "日常病程记录", "text": "好转。"})
    assert new
    assert second != first
    assert [r.id for r in room.reports.search(Query())] == [second]
    assert [r.id for r in room.reports.search(Query(past=True))] == [second, first]


def test_content_that_comes_back_takes_up_its_report(room: Room) -> None:
    first, _ = room.keep(LATE)
    room.keep()
    assert room.standing() == [("first-course-late", State.MENDED), ("first-course-missing", State.FOUND)]
    again, new = room.keep(LATE)
    assert (again, new) == (first, True)
    assert room.standing() == [("first-course-late", State.FOUND), ("first-course-missing", State.MENDED)]
    assert room.report().id == first


def test_a_stay_that_goes_on_is_reported_once_a_day(room: Room) -> None:
    running = {"visit": {**GROUND["visit"], "discharged": None}}
    first, _ = room.keep(LATE, **running)
    assert room.keep(LATE, **running) == (first, False)
    assert room.keep(LATE, days=1, **running)[1] is True


def test_a_report_says_who_for_whom_and_how_good(room: Room) -> None:
    id_, _ = room.keep(LATE)
    found, standing = room.reports.one(id_)
    assert (found.department, found.doctor, found.day) == ("心内科", "李医生", "2026-11-10")
    assert (found.score, found.grade, found.scheme) == (98.0, "甲级", "shipped")
    (late,) = standing
    assert late.said.says.startswith("入院2026-11-01 08:00，首次病程记录2026-11-01 20:00才完成")
    assert late.doctor == "张医生", "who wrote the document answers for it"
    with pytest.raises(MissingQcError):
        room.reports.one(999)


def test_words_of_a_record_are_sealed(room: Room) -> None:
    room.keep({"kind": "日常病程记录", "written": "2026-11-02 08:00", "text": "患者××，王小明。"}, LATE)
    with room.engine.connect() as connection:
        rows = connection.execute(select(defects.c.said)).scalars().all()
    assert rows
    assert not any("王小明".encode() in said for said in rows)


def test_two_who_send_one_record_at_once_make_one_current_report(room: Room) -> None:
    barrier, made = threading.Barrier(2), []

    def send(text: str) -> None:
        with system("test"):
            barrier.wait()
            try:
                made.append(room.keep(LATE, {"kind": "日常病程记录", "text": text}))
            except TakenQcError:
                made.append((0, False))

    threads = [threading.Thread(target=send, args=(text,)) for text in ("好转。", "加重。")]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(made) == 2
    assert room.reports.count(Query(record="R-1")) == 1


def test_other_institutions_see_and_change_nothing(room: Room) -> None:
    id_, _ = room.keep(LATE)
    defect = room.one().id
    with acting(Scope("other", reads=(OTHER,), writes=(OTHER,))):
        assert room.reports.search(Query()) == []
        assert room.disputes.search(Wanted()) == []
        assert room.statistics.scores(["tenant"], Query()) == []
        with pytest.raises(MissingQcError):
            room.reports.one(id_)
        with pytest.raises(MissingQcError):
            room.disputes.move(defect, Action.APPEAL, "王", NOW, "有误")
        with pytest.raises(TenancyError):
            room.keep(LATE)


# -- what becomes of defects -----------------------------------------------------------------


def test_a_defect_that_is_no_longer_there_is_mended(room: Room) -> None:
    room.keep(LATE)
    room.keep(LATE | {"written": "2026-11-01 12:00"}, days=1)
    assert room.standing() == [("first-course-late", State.MENDED)]
    assert room.report().score == 100
    _, history = room.disputes.one(room.one().id)
    assert [(event.action, event.after) for event in history] == [("find", "found"), ("mend", "mended")]


def test_what_could_not_be_judged_this_time_stands(room: Room) -> None:
    room.keep(LATE)
    made = record(GROUND, {"documents": []})
    room.put(made, Examination((Outcome(checks()["first-course-late"], gaps=(Gap("完成时间"),)),)))
    assert room.standing() == [("first-course-late", State.FOUND)]
    assert room.report().score == 98
    assert room.report().gaps == [{"check": "first-course-late", "needed": "完成时间"}]
    room.put(
        record(GROUND, {"documents": [], "id": "R-1", "patient": "p"}),
        Examination((Outcome(checks()["first-course-late"], failed=True),)),
    )
    assert room.standing() == [("first-course-late", State.FOUND)]


def test_an_appeal_is_decided_by_a_second_person_and_gives_the_points_back(room: Room) -> None:
    room.keep(LATE)
    defect = room.one().id
    with pytest.raises(QcError, match="理由"):
        room.disputes.move(defect, Action.APPEAL, "张医生", NOW)
    room.disputes.move(defect, Action.APPEAL, "张医生", NOW, "系统时间有误")
    with pytest.raises(QcError, match="以外的人"):
        room.disputes.move(defect, Action.WITHDRAW, "张医生", NOW, "属实")
    assert room.disputes.move(defect, Action.WITHDRAW, "质控员", NOW, "属实").state is State.WITHDRAWN
    report = room.report()
    assert (report.first_score, report.score) == (98.0, 100.0)
    room.keep(LATE, {"kind": "日常病程记录", "text": "好转。"})
    assert room.standing() == [("first-course-late", State.WITHDRAWN)], "found again, the decision stands"
    assert room.report().score == 100
    reasons = [event.reason for event in room.disputes.one(defect)[1]]
    assert reasons == ["", "系统时间有误", "属实"]
    with room.engine.connect() as connection:
        assert all("系统".encode() not in r for r in connection.execute(select(events.c.reason)).scalars())


def test_an_appeal_that_is_refused_leaves_the_defect_to_be_corrected(room: Room) -> None:
    room.keep(LATE)
    defect = room.one().id
    room.disputes.move(defect, Action.APPEAL, "张医生", NOW, "有误")
    room.disputes.move(defect, Action.UPHOLD, "质控员", NOW, "确属超时")
    with pytest.raises(QcError, match="只能用于"):
        room.disputes.move(defect, Action.APPEAL, "张医生", NOW, "再申诉")
    room.disputes.move(defect, Action.CORRECT, "张医生", NOW)
    assert room.disputes.move(defect, Action.REFUSE, "质控员", NOW, "未见整改").state is State.FOUND
    room.disputes.move(defect, Action.CORRECT, "张医生", NOW)
    assert room.disputes.move(defect, Action.ACCEPT, "质控员", NOW).state is State.MENDED
    assert room.report().score == 100


def test_what_was_said_to_be_corrected_and_is_found_again_is_open_again(room: Room) -> None:
    room.keep(LATE)
    room.disputes.move(room.one().id, Action.CORRECT, "张医生", NOW)
    room.keep(LATE, {"kind": "日常病程记录", "text": "好转。"})
    assert room.standing() == [("first-course-late", State.FOUND)]
    assert room.disputes.one(room.one().id)[1][-1].action is Action.AGAIN


def test_two_reviewers_cannot_both_decide(room: Room) -> None:
    room.keep(LATE)
    seen = room.disputes.move(room.one().id, Action.APPEAL, "张医生", NOW, "有误")
    barrier, told = threading.Barrier(2), []

    def decide(actor: str, action: Action) -> None:
        with system("test"):
            barrier.wait()
            try:
                told.append(room.disputes.move(seen.id, action, actor, NOW, "已核", seen.revision).state)
            except QcError as error:
                told.append(type(error))

    threads = [
        threading.Thread(target=decide, args=("甲", Action.UPHOLD)),
        threading.Thread(target=decide, args=("乙", Action.WITHDRAW)),
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sum(isinstance(one, State) for one in told) == 1, told
    assert len(room.disputes.one(seen.id)[1]) == 3


def test_a_decision_on_what_has_changed_since_is_refused(room: Room) -> None:
    room.keep(LATE)
    defect = room.one()
    room.disputes.move(defect.id, Action.APPEAL, "张医生", NOW, "有误", defect.revision)
    with pytest.raises(TakenQcError, match="刷新"):
        room.disputes.move(defect.id, Action.CORRECT, "李医生", NOW, "", defect.revision)
    with pytest.raises(QcError, match="自动"):
        room.disputes.move(defect.id, Action.MEND, "李医生", NOW)


# -- schemes ---------------------------------------------------------------------------------


def test_a_scheme_holds_for_all_below_until_it_is_withdrawn(room: Room) -> None:
    own = msgspec.to_builtins(shipped()) | {"name": "own", "changes": {"first-course-late": {"points": 12}}}
    made = room.schemes.publish("league/county-a", own, "qc", NOW, "首版")
    assert (made.id, room.schemes.of(HOSPITAL).id) == ("league/county-a#1", "league/county-a#1")
    assert room.schemes.of(OTHER).id == "shipped"
    room.keep(LATE)
    assert (room.report().score, room.report().grade) == (88.0, "乙级")
    second = room.schemes.publish("league/county-a", own | {"changes": {}}, "qc", NOW, "二版")
    assert room.schemes.of(HOSPITAL).id == second.id
    room.schemes.withdraw("league/county-a", 2, NOW)
    assert room.schemes.of(HOSPITAL).id == made.id
    with pytest.raises(MissingQcError):
        room.schemes.withdraw("league/county-a", 2, NOW)
    assert [one.id for one in room.schemes.listed()] == [second.id, made.id, "shipped"]


def test_a_report_is_rescored_by_the_scheme_it_was_made_with(room: Room) -> None:
    own = msgspec.to_builtins(shipped()) | {"changes": {"wording-placeholder": {"points": 4}}}
    room.schemes.publish(HOSPITAL, own, "qc", NOW, "首版")
    room.keep(LATE, {"id": "x", "kind": "日常病程记录", "text": "患者××。"})
    room.schemes.publish(HOSPITAL, msgspec.to_builtins(shipped()), "qc", NOW, "二版")
    late = next(one for one in room.disputes.search(Wanted()) if one.check == "first-course-late")
    room.disputes.move(late.id, Action.CORRECT, "张医生", NOW)
    room.disputes.move(late.id, Action.ACCEPT, "质控员", NOW)
    assert room.report().score == 97.0  # the check's own limit of 3 points, not the 2 of the second edition


def test_a_scheme_without_a_sheet_for_the_record_is_told(room: Room) -> None:
    own = msgspec.to_builtins(shipped())
    own["sheets"] = [sheet for sheet in own["sheets"] if sheet["kind"] == "门诊病历"]
    room.schemes.publish(HOSPITAL, own, "qc", NOW, "")
    with pytest.raises(QcError, match="住院病历"):
        room.keep(LATE)
    assert room.reports.search(Query(past=True)) == []


# -- figures ---------------------------------------------------------------------------------


def test_statistics_by_doctor_department_institution_check_and_month(room: Room) -> None:
    room.keep(LATE)
    room.keep(LATE | {"written": "2026-11-01 09:00"}, id_="R-2")
    surgery = {
        **GROUND["visit"],
        "department": "外科",
        "attending": "王医生 主任医师",
        "discharged": "2026-12-02 08:00",
    }
    room.keep(id_="R-3", tenant=OTHER, visit=surgery)
    scores = room.statistics.scores(["department"], Query())
    assert [(s.group, s.records, s.mean, s.grades["甲级"]) for s in scores] == [
        (("外科",), 1, 90.0, 0),
        (("心内科",), 2, 99.0, 2),
    ]
    assert [s.group for s in room.statistics.scores(["tenant", "month"], Query())] == [
        (HOSPITAL, "2026-11"),
        (OTHER, "2026-12"),
    ]
    counted = room.statistics.defects(["check", "doctor"], Query())
    assert {c.group: (c.defects, c.records) for c in counted} == {
        ("first-course-late", "张医生"): (1, 1),
        ("first-course-missing", "王医生"): (1, 1),
    }
    assert room.statistics.defects(["tenant"], Query(tenant="league/county-a"))[0].standing == 1
    room.keep(LATE | {"written": "2026-11-01 10:00"})
    mended = room.statistics.defects(["check"], Query(tenant=HOSPITAL))
    assert [(c.defects, c.records, c.standing, c.mended) for c in mended] == [(1, 1, 0, 1)]
    with pytest.raises(QcError, match="by"):
        room.statistics.scores(["beauty"], Query())


def test_the_27_national_indicators_are_there() -> None:
    assert [i.number for i in INDICATORS] == list(range(1, 28))
    assert all(i.source.endswith(f"指标{i.number}") for i in INDICATORS)
    assert all((i.measure is not None) == (i.basis is Basis.RECORD) for i in INDICATORS)


def figure(room: Room, number: int, tenant: str = "league") -> Figure:
    return room.nationals.figures(tenant, "2026-11-01", "2026-11-30")[number - 1]


def test_an_indicator_has_numerator_denominator_and_the_records_behind_it(room: Room) -> None:
    note = {"kind": "入院记录", "written": "2026-11-01 12:00"}
    room.keep(note)
    room.keep(note | {"written": "2026-11-03 12:00"}, id_="R-2")
    room.keep({"kind": "入院记录"}, id_="R-3")
    found = figure(room, 4)
    assert (found.numerator, found.denominator, found.unknown, found.value) == (1, 2, 1, 50.0)
    assert "1 份" in found.note
    behind = room.nationals.behind("national-04", "league", "2026-11-01", "2026-11-30")
    assert {one.record: one.part for one in behind} == {"R-1": "yes", "R-2": "no", "R-3": "unknown"}
    assert figure(room, 4, OTHER).value is None
    with pytest.raises(MissingQcError):
        room.nationals.behind("national-99", "league", "2026-11-01", "2026-11-30")


def test_what_nobody_told_is_said_and_is_not_zero(room: Room) -> None:
    room.keep(LATE)
    for number in (7, 19, 21, 3):
        found = figure(room, number)
        assert found.value is None, found
        assert found.note
    assert "登记" in figure(room, 3).note
    assert figure(room, 5).note == "本期没有该指标涉及的病历"


def test_coders_and_staff_tell_what_no_record_does(room: Room) -> None:
    room.keep(LATE)
    room.keep(LATE, id_="R-2")
    room.nationals.assess(HOSPITAL, "R-1", {"main-diagnosis-chosen": True}, "编码员", NOW)
    room.nationals.assess(HOSPITAL, "R-1", {"main-diagnosis-chosen": False}, "编码员", NOW)
    found = figure(room, 21)
    assert (found.numerator, found.denominator, found.unknown) == (0, 1, 1)
    room.nationals.staff(HOSPITAL, "2026-11", {"coders": 2}, "qc", NOW)
    assert figure(room, 3).value == 1.0
    with pytest.raises(QcError, match="main-diagnosis-chosen"):
        room.nationals.assess(HOSPITAL, "R-1", {"beauty": True}, "编码员", NOW)
    with pytest.raises(QcError, match="coders"):
        room.nationals.staff(HOSPITAL, "2026-11", {"coders": -1}, "qc", NOW)


def test_grade_and_copies_follow_what_stands(room: Room) -> None:
    room.keep()
    assert figure(room, 27).value == 0.0, "a missing first course note vetoes"
    missing = room.one()
    room.disputes.move(missing.id, Action.APPEAL, "张医生", NOW, "在纸质病历中")
    room.disputes.move(missing.id, Action.WITHDRAW, "质控员", NOW, "已核对")
    assert figure(room, 27).value == 100.0
    assert figure(room, 25).value == 0.0


# -- figures ---------------------------------------------------------------------------------


def test_scores_and_defects_become_facts_and_follow_what_becomes_of_them(room: Room, tmp_path: Path) -> None:
    lake = Lake(tmp_path / "facts", Manifest(room.engine))
    collector, answers = Collector(lake, catalogue().facts, "league"), Answers(lake, catalogue())

    def told(*names: str) -> list[float | None]:
        collector.collect(FromRecordQc(room.engine, checks()))
        lines = answers.ask([catalogue().indicator(n) for n in names], period_of("2026-11"), Asked(), each=Each.WHOLE)
        return [lines[name][0].now.value for name in names]

    def rows(name: str) -> list[dict[str, Any]]:
        return [row.shown for row in answers.rows(catalogue().indicator(name), period_of("2026-11"), Asked())]

    room.keep(LATE)
    assert told("records-checked", "grade-a-records", "record-score", "record-defects") == [1, 100, 98, 1]
    (scored,) = rows("records-checked")
    assert (scored["kind"], scored["department"], scored["doctor"]) == ("inpatient", "心内科", "李医生")
    (found,) = rows("record-defects")
    assert (found["part"], found["aspect"], found["rule"]) == ("course", "timely", "first-course-late")
    assert (found["severity"], found["doctor"]) == ("major", "张医生")
    room.disputes.move(room.one().id, Action.APPEAL, "zhang", datetime.now(UTC), "记录时间有误")
    room.disputes.move(room.one().id, Action.WITHDRAW, "qc", datetime.now(UTC), "属实")
    assert told("record-score", "record-defects-each", "record-defects-mended") == [100, 0, None]
    room.keep({"kind": "日常病程记录", "text": "好转。"}, days=1)
    assert told("records-checked", "record-defects", "record-defects-each") == [1, 1, 1]


def test_defects_that_are_mended_are_counted_as_such(room: Room, tmp_path: Path) -> None:
    lake = Lake(tmp_path / "facts", Manifest(room.engine))
    room.keep(LATE)
    room.keep(LATE | {"written": "2026-11-01 12:00"}, days=1)
    since, until = moment("2026-11-01 00:00"), moment("2026-11-30 00:00")
    Collector(lake, catalogue().facts, "league").sweep(FromRecordQc(room.engine, checks()), since, until)
    mended = [catalogue().indicator("record-defects-mended")]
    asked = Answers(lake, catalogue()).ask(mended, period_of("2026-11"), Asked(("part",)), each=Each.WHOLE)
    assert [(line.group, line.now.value) for line in asked["record-defects-mended"]] == [(("course",), 100)]
