"""Prescription comment: samples that can be drawn again, nothing judged twice, nothing readable in the database."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select

from base.keyring import KeyRing
from base.security import SealError
from clinical.coded import CHINA
from records.comment_codes import CODES, Group, code_of, suggested
from records.comment_items import Judgement, MissingCommentError, Result, Status, TakenError, Typed
from records.comments import Comments, items, problems, rounds
from records.journal import Entry, Journal
from records.prescriptions import Prescription, Prescriptions, Stored
from records.review_moves import Action, Move, Role, State
from records.reviews import Reviews, Submission
from records.sampling import (
    ORDERS,
    PRESCRIPTIONS,
    About,
    CommentError,
    Line,
    Method,
    Plan,
    Population,
    Problem,
    Sheet,
    Source,
    Unit,
    draw,
    norm_size,
)

NOW = datetime(2026, 12, 2, 2, 0, tzinfo=UTC)
SINCE, UNTIL = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
KEY = bytes(range(16))
AMOXICILLIN = Problem("2-5", "阿莫西林", "张三的单次剂量偏大")


def plan(**changed: Any) -> Plan:
    given: dict[str, Any] = {"name": "11月", "by": "主任", "since": SINCE, "until": UNTIL, "size": 5, "seed": "s"}
    return Plan(**given | changed)


def read(stored: Stored) -> Prescription:
    asked = stored.request
    where = {
        name: asked.get(name, "") or getattr(stored, name) for name in ("institution", "department", "prescriber")
    }
    about = About(
        id=stored.id,
        at=stored.at,
        key=asked.get("key", stored.id),
        stay=asked.get("stay", stored.id),
        inpatient=asked.get("inpatient", False),
        drugs=len(asked["drugs"]),
        concepts=frozenset(asked["drugs"]),
        **where,
    )
    lines = tuple(Line(text=f"{drug}胶囊", name=drug) for drug in asked["drugs"])
    return Prescription(about, lambda: Sheet(diagnoses=("张三的肺炎",), lines=lines))


def submit(engine: Engine, number: int, **more: Any) -> None:
    """A prescription of the day ``number`` of November."""
    request = {"drugs": ["阿莫西林"], **more.pop("request", {})}
    given: dict[str, Any] = {
        "id": f"review-{number:03}",
        "state": State.PASSED,
        "at": SINCE + timedelta(hours=number),
        "release": "r1",
        "payload": {"request": request, "answer": {"findings": []}},
        "institution": "镇卫生院",
        "department": "内科",
        "prescriber": f"医生{number % 4}",
    }
    Reviews(engine, KeyRing(engine, KEY)).submit(Submission(**given | more))


def made(engine: Engine, count: int = 0, key: bytes = KEY) -> Comments:
    for number in range(count):
        submit(engine, number)
    ring = KeyRing(engine, key)
    journal = Journal(engine, ring)
    return Comments(engine, ring, Prescriptions(engine, ring, journal.entry, ("yigong-order-sign",)))


def verdict(by: str = "王药师", result: Result = Result.UNREASONABLE, **more: Any) -> Judgement:
    told = (AMOXICILLIN,) if result is Result.UNREASONABLE else ()
    return Judgement(**{"result": result, "by": by, "at": NOW, "problems": told} | more)


# -- codes ---------------------------------------------------------------------------------


def test_the_norm_has_twenty_eight_problems() -> None:
    counts = {group: sum(c.group is group for c in CODES.values()) for group in Group}
    assert counts == {Group.IRREGULAR: 15, Group.UNSUITABLE: 9, Group.ABNORMAL: 4}
    assert all(len(code.title) <= 25 for code in CODES.values())


@pytest.mark.parametrize(
    ("written", "code"),
    [("2-5", "2-5"), ("２－５", "2-5"), (" 1–13 ", "1-13"), ("1.10", ""), ("2-10", ""), ("0-1", ""), ("不合理", "")],
)
def test_codes_are_read_as_people_write_them(written: str, code: str) -> None:
    assert code_of(written) == code


def test_what_is_mere_information_suggests_nothing() -> None:
    assert suggested("interaction", "yigong:x", "major") == "2-8"
    assert suggested("interaction", "yigong:x", "info") == ""
    assert suggested("duplicate-lab", "yigong:x", "major") == ""
    assert suggested("prescription-format", "prescription-format:items", "minor") == "1-11"
    assert suggested("prescription-format", "prescription-format:new", "minor") == "1-1"


# -- sampling ------------------------------------------------------------------------------


def test_the_same_seed_draws_the_same_sample_and_another_seed_another(engine: Engine) -> None:
    comments = made(engine, 40)
    drawn = [
        [item.review for item in comments.items(comments.sample(plan(seed=seed, again=True), read, NOW).id)]
        for seed in ("one", "one", "two")
    ]
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(set(drawn[0])) == 5
    assert drawn[0] == sorted(drawn[0]), "in the order they were written"


def test_a_seed_is_made_and_kept_when_none_is_given(engine: Engine) -> None:
    comments = made(engine, 8)
    found = comments.sample(plan(seed=""), read, NOW)
    assert len(found.seed) == 16
    assert comments.round(found.id) == found
    assert (found.population, found.sampled, found.judged, found.status) == (8, 5, 0, Status.OPEN)


def test_what_was_sampled_is_not_sampled_again(engine: Engine) -> None:
    comments = made(engine, 8)
    first = comments.items(comments.sample(plan(), read, NOW).id)
    second = comments.items(comments.sample(plan(), read, NOW).id)
    assert len(first) == 5
    assert len(second) == 3
    assert {i.review for i in first}.isdisjoint(i.review for i in second)
    with pytest.raises(CommentError, match="没有可抽取"):
        comments.sample(plan(), read, NOW)


def test_of_two_who_draw_at_once_nothing_is_drawn_twice(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both looked before either wrote: the database itself refuses the second."""
    comments = made(engine, 8)
    monkeypatch.setattr(comments, "_taken", set)
    comments.sample(plan(), read, NOW)
    with pytest.raises(TakenError, match="重新抽样"):
        comments.sample(plan(), read, NOW)
    assert len(comments.rounds()) == 1


def test_only_what_was_handed_out_in_the_span_and_place_counts(engine: Engine) -> None:
    comments = made(engine)
    submit(engine, 1)
    submit(engine, 2, state=State.PENDING)
    submit(engine, 3, state=State.RETURNED)
    submit(engine, 4, institution="县医院")
    submit(engine, 5, department="外科")
    submit(engine, 6, at=UNTIL)
    submit(engine, 7, request={"drugs": []})
    found = comments.sample(plan(institutions=("镇卫生院",), department="内科"), read, NOW)
    assert [item.review for item in comments.items(found.id)] == ["review-001"]


def test_a_span_in_chinese_time_is_the_same_span(engine: Engine) -> None:
    comments = made(engine)
    for number in range(-9, 3):
        submit(engine, number + 9, at=SINCE + timedelta(hours=number))
    since = datetime(2026, 11, 1, tzinfo=CHINA)
    found = comments.sample(plan(since=since, size=20), read, NOW)
    assert found.population == 11, "from 16:00 of the day before, in UTC"
    assert found.since == comments.round(found.id).since == since


def test_permille_and_the_least_the_norm_asks() -> None:
    assert plan(size=None, permille=1.0).wanted(3001) == 4
    assert plan(size=None, permille=0.1).wanted(30000) == 3
    assert plan(size=None).wanted(500_000) == 500
    assert norm_size(PRESCRIPTIONS, 2000) == 100
    assert norm_size(ORDERS, 4000) == 40
    with pytest.raises(CommentError, match="专项"):
        plan(size=None, kind="激素").wanted(10)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": " "},
        {"until": SINCE},
        {"permille": 1.0},
        {"size": 0},
        {"size": None, "permille": 1001.0},
        {"least": 0},
    ],
)
def test_a_plan_that_cannot_be_followed_is_refused(engine: Engine, wrong: dict[str, Any]) -> None:
    with pytest.raises(CommentError):
        made(engine).sample(plan(**wrong), read, NOW)


def test_every_prescriber_and_department_is_drawn() -> None:
    where = [("镇", "内科", f"医生{n}") for n in range(5)] + [("县", "外科", "医生0")] * 95
    units = [Unit(f"u{n}", SINCE + timedelta(hours=n), (f"u{n}",), *place) for n, place in enumerate(where)]
    by_prescriber = draw(units, plan(method=Method.PRESCRIBER, size=10), "s")
    assert len(by_prescriber) == 10
    assert {(u.institution, u.prescriber) for u in by_prescriber} == {(p[0], p[2]) for p in where}
    by_department = draw(units, plan(method=Method.DEPARTMENT, size=None, least=3, kind="激素"), "s")
    assert sorted(u.department for u in by_department) == ["内科"] * 3 + ["外科"] * 3


def test_a_random_sample_leans_to_nobody() -> None:
    """Over many seeds each of ten units is drawn about as often."""
    units = [Unit(f"u{n}", SINCE, (f"u{n}",), "镇", "内科", "甲") for n in range(10)]
    drawn = [unit.id for seed in range(400) for unit in draw(units, plan(size=2), str(seed))]
    assert all(50 < drawn.count(f"u{n}") < 115 for n in range(10))


def test_a_special_takes_prescriptions_with_such_a_drug(engine: Engine) -> None:
    comments = made(engine, 3)
    submit(engine, 9, request={"drugs": ["drug-class:antibacterial", "甲硝唑"]})
    found = comments.sample(plan(kind="抗菌药物", concepts=("drug-class:antibacterial",)), read, NOW)
    assert (found.population, found.concepts) == (1, ("drug-class:antibacterial",))


def test_orders_are_drawn_by_stay_and_put_on_one_sheet(engine: Engine) -> None:
    comments = made(engine, 1)
    for number, drug in ((2, "头孢曲松"), (3, "泮托拉唑")):
        submit(engine, number, request={"drugs": [drug], "stay": "P-1/11-01", "inpatient": True})
    found = comments.sample(plan(kind=ORDERS), read, NOW)
    (item,) = comments.items(found.id)
    assert [line.name for line in item.sheet.lines] == ["头孢曲松", "泮托拉唑"]
    assert item.sheet.diagnoses == ("张三的肺炎",)
    assert comments.sample(plan(), read, NOW).population == 1, "and not among the outpatients"


def test_of_a_prescription_signed_again_the_last_counts() -> None:
    population = Population(plan(concepts=("a",)))
    about: dict[str, Any] = {"key": "k", "stay": "s"}
    population.add(About("late", NOW, concepts=frozenset({"b"}), **about))
    population.add(About("early", SINCE, concepts=frozenset({"a"}), **about))
    assert population.units() == [], "what was signed last has no such drug"


def entry(number: int, service: str = "yigong-order-sign", **request: Any) -> Entry:
    asked = {"drugs": ["阿莫西林"], "institution": "县医院", "department": "儿科", "prescriber": "钱医生"}
    at = SINCE + timedelta(hours=number)
    return Entry(f"hook-{number}", at, service, "r1", "", asked | request, {"cards": []}, (), 0, 0, 1.0)


def test_a_hospital_that_only_calls_hooks_is_sampled_from_the_journal(engine: Engine) -> None:
    journal = Journal(engine, KeyRing(engine, KEY))
    for number in range(3):
        journal.write(entry(number, key="same"))
    journal.write(entry(4))
    journal.write(entry(5, "yigong-patient-view"))
    journal.write(entry(6))
    assert journal.flush()
    submit(engine, 6, id="hook-6")
    comments = made(engine)
    found = comments.sample(plan(source=Source.JOURNAL, institutions=("县医院",)), read, NOW)
    listed = comments.items(found.id)
    assert [i.review for i in listed] == ["hook-2", "hook-4"], (
        "signed thrice is one; what entered the queue is not ours"
    )
    assert (listed[0].department, listed[0].prescriber) == ("儿科", "钱医生")


def test_what_cannot_be_read_is_counted_and_the_rest_goes_on(engine: Engine) -> None:
    comments = made(engine, 3)
    submit(engine, 9, payload={"request": {}, "answer": {}})
    found = comments.sample(plan(), read, NOW)
    assert (found.population, found.unreadable) == (3, 1)


def test_who_let_it_pass_stands_on_the_sheet(engine: Engine) -> None:
    comments = made(engine)
    submit(engine, 1, state=State.PENDING)
    for action in (Action.CLAIM, Action.APPROVE):
        Reviews(engine, KeyRing(engine, KEY)).move("review-001", Move(action, "孙药师", Role.PHARMACIST, NOW))
    (item,) = comments.items(comments.sample(plan(), read, NOW).id)
    assert item.sheet.checked_by == "孙药师"


# -- judging -------------------------------------------------------------------------------


def test_a_judgement_is_kept_with_its_problems(engine: Engine) -> None:
    comments = made(engine, 2)
    found = comments.sample(plan(), read, NOW)
    given = verdict(problems=(Problem("2-5", "阿莫西林胶囊", "偏大"), Problem("1-10")), reason="见说明书", version=1)
    item = comments.judge(found.id, 1, given)
    assert item == comments.item(found.id, 1)
    assert (item.status, item.result, item.assignee, item.version) == (
        Status.JUDGED,
        Result.UNREASONABLE,
        "王药师",
        2,
    )
    assert item.problems == (Problem("2-5", "阿莫西林", "偏大"), Problem("1-10")), "called as on the sheet"
    assert item.reason == "见说明书"
    assert comments.round(found.id).judged == 1


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (verdict(problems=()), "至少"),
        (verdict(result=Result.REASONABLE, problems=(AMOXICILLIN,)), "合理处方"),
        (verdict(problems=(Problem("9-9"),)), "9-9"),
        (verdict(problems=(Problem("2-5", "华法林"),)), "没有药品"),
        (verdict(typed=Typed(amount=-1)), "金额"),
        (verdict(typed=Typed(amount=float("inf"))), "金额"),
        (verdict(typed=Typed(essential=2)), "通用名数"),
        (verdict(by="王" * 81), "姓名"),
    ],
)
def test_a_judgement_must_make_sense(engine: Engine, given: Judgement, why: str) -> None:
    comments = made(engine, 1)
    found = comments.sample(plan(), read, NOW)
    with pytest.raises(CommentError, match=why):
        comments.judge(found.id, 1, given)
    assert comments.item(found.id, 1).version == 1


def test_who_judged_may_correct_it_and_nobody_else_but_a_supervisor(engine: Engine) -> None:
    comments = made(engine, 1)
    found = comments.sample(plan(), read, NOW)
    comments.judge(found.id, 1, verdict(typed=Typed(amount=36.5)))
    with pytest.raises(TakenError, match="已由 王药师 点评"):
        comments.judge(found.id, 1, verdict("赵药师"))
    corrected = comments.judge(found.id, 1, verdict(result=Result.REASONABLE))
    assert (corrected.problems, corrected.typed.amount) == ((), 36.5)
    assert comments.judge(found.id, 1, verdict("主任", supervisor=True)).assignee == "主任"


def test_a_stale_screen_is_told_so(engine: Engine) -> None:
    comments = made(engine, 1)
    found = comments.sample(plan(), read, NOW)
    comments.judge(found.id, 1, verdict(version=1))
    with pytest.raises(TakenError, match="刷新"):
        comments.judge(found.id, 1, verdict(version=1))


def test_of_two_who_judge_at_once_one_wins(engine: Engine) -> None:
    comments = made(engine, 6)
    found = comments.sample(plan(size=6), read, NOW)
    won: list[tuple[int, str]] = []
    start = threading.Barrier(4)

    def work(name: str) -> None:
        start.wait()
        for number in range(1, 7):
            try:
                comments.judge(found.id, number, verdict(name, version=1))
                won.append((number, name))
            except TakenError:
                continue

    threads = [threading.Thread(target=work, args=(f"药师{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(number for number, _ in won) == list(range(1, 7))
    listed = comments.items(found.id)
    assert {(item.number, item.assignee) for item in listed} == set(won)
    assert all(item.problems == (AMOXICILLIN,) and item.version == 2 for item in listed)


def test_items_go_to_reviewers_in_turn_and_can_be_handed_on(engine: Engine) -> None:
    comments = made(engine, 4)
    found = comments.sample(plan(size=4, reviewers=("王药师", "赵药师")), read, NOW)
    assert [item.assignee for item in comments.items(found.id)] == ["王药师", "赵药师", "王药师", "赵药师"]
    assert [item.number for item in comments.items(found.id, assignee="赵药师")] == [2, 4]
    with pytest.raises(TakenError, match="已分配给 赵药师"):
        comments.judge(found.id, 2, verdict())
    comments.assign(found.id, 2, "王药师", version=1)
    with pytest.raises(TakenError, match="刷新"):
        comments.assign(found.id, 2, "孙药师", version=1)
    comments.judge(found.id, 2, verdict())
    with pytest.raises(TakenError, match="不能再分配"):
        comments.assign(found.id, 2, "赵药师")
    assert [item.number for item in comments.items(found.id, status="judged")] == [2]


def test_a_round_closes_when_all_is_judged_and_then_stands(engine: Engine) -> None:
    comments = made(engine, 2)
    found = comments.sample(plan(), read, NOW)
    comments.judge(found.id, 1, verdict())
    with pytest.raises(CommentError, match="还有 1 张"):
        comments.close(found.id)
    comments.judge(found.id, 2, verdict(result=Result.REASONABLE))
    with pytest.raises(TakenError, match="刷新"):
        comments.close(found.id, version=7)
    closed = comments.close(found.id, version=1)
    assert (closed.status, closed.version) == (Status.CLOSED, 2)
    for late in (lambda: comments.judge(found.id, 1, verdict()), lambda: comments.close(found.id)):
        with pytest.raises(CommentError, match="已结束"):
            late()


def test_what_is_not_there_is_said_to_be_missing(engine: Engine) -> None:
    comments = made(engine, 1)
    found = comments.sample(plan(), read, NOW)
    for missing in (
        lambda: comments.round("x"),
        lambda: comments.judge("x", 1, verdict()),
        lambda: comments.judge(found.id, 9, verdict()),
        lambda: comments.item(found.id, 9),
    ):
        with pytest.raises(MissingCommentError):
            missing()


# -- sealing -------------------------------------------------------------------------------


def test_nothing_of_the_patient_is_readable_and_nothing_can_be_moved(engine: Engine) -> None:
    comments = made(engine, 2)
    found = comments.sample(plan(), read, NOW)
    comments.judge(found.id, 1, verdict(reason="张三已电话告知"))
    with engine.begin() as connection:
        stored = [str(row) for table in (rounds, items, problems) for row in connection.execute(select(table))]
        assert not any("张三" in row or "张三".encode().hex() in row for row in stored)
        sheet = select(items.c.sheet).where(items.c.number == 1).scalar_subquery()
        connection.execute(items.update().where(items.c.number == 2).values(sheet=sheet))
    assert comments.item(found.id, 1).reason == "张三已电话告知"
    with pytest.raises(SealError):
        comments.item(found.id, 2)
