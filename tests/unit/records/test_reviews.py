"""The pharmacist's queue: who may do what, one decision only, nothing lost."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select, text

from base.keyring import KeyRing
from records.review_figures import figures
from records.review_moves import Action, MissingCaseError, Move, MovedError, QueueError, Role, State
from records.reviews import Flag, Query, Reviews, Submission, cases, events, outbox

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
KEY = bytes(range(16))


def submission(number: int = 1, **changed: Any) -> Submission:
    given: dict[str, Any] = {
        "id": f"review-{number}",
        "state": State.PENDING,
        "at": NOW,
        "release": "r1",
        "payload": {"request": {"patient": {"id": "张三"}}},
        "flags": (Flag(f"f-{number}", "rule-1", "interaction", "major", True),),
        "institution": "镇卫生院",
        "prescriber": "李医生",
        "severity": "major",
        "due": NOW + timedelta(minutes=10),
    }
    return Submission(**given | changed)


def act(queue: Reviews, action: Action, actor: str = "王药师", role: Role = Role.PHARMACIST, **more: Any) -> State:
    more.setdefault("reason", "理由")
    review, at = more.pop("review", "review-1"), more.pop("at", NOW + timedelta(minutes=1))
    return queue.move(review, Move(action, actor, role, at, **more)).state


def test_a_pharmacist_claims_and_approves(engine: Engine) -> None:
    queue = Reviews(engine, KeyRing(engine, KEY))
    queue.submit(submission())
    assert act(queue, Action.CLAIM) is State.CLAIMED
    assert act(queue, Action.APPROVE) is State.APPROVED
    history = queue.history("review-1")
    assert [(e.action, e.before, e.after) for e in history] == [
        ("submit", "", State.PENDING),
        ("claim", "pending", State.CLAIMED),
        ("approve", "claimed", State.APPROVED),
    ]
    assert queue.case("review-1").decided is not None


def test_a_returned_prescription_is_answered_and_decided_by_anybody(engine: Engine) -> None:
    queue = Reviews(engine, KeyRing(engine, KEY))
    queue.submit(submission())
    act(queue, Action.CLAIM)
    assert act(queue, Action.RETURN) is State.RETURNED
    assert act(queue, Action.ANSWER, "李医生", Role.PRESCRIBER) is State.PENDING
    assert act(queue, Action.CLAIM, "赵药师") is State.CLAIMED


@pytest.mark.parametrize(
    ("action", "role"),
    [
        (Action.CLAIM, Role.PRESCRIBER),
        (Action.APPROVE, Role.PRESCRIBER),
        (Action.BYPASS, Role.PHARMACIST),
        (Action.RELEASE, Role.PHARMACIST),
    ],
)
def test_nobody_does_what_is_not_theirs(engine: Engine, action: Action, role: Role) -> None:
    queue = Reviews(engine, KeyRing(engine, KEY))
    queue.submit(submission())
    with pytest.raises(QueueError):
        act(queue, action, "某人", role)
    assert queue.case("review-1").state is State.PENDING


def test_what_somebody_claimed_is_theirs(engine: Engine) -> None:
    queue = Reviews(engine, KeyRing(engine, KEY))
    queue.submit(submission())
    act(queue, Action.CLAIM)
    with pytest.raises(MovedError, match="王药师"):
        act(queue, Action.APPROVE, "赵药师")
    assert act(queue, Action.APPROVE, "主任", Role.SUPERVISOR) is State.APPROVED


def test_a_contraindicated_prescription_needs_two_signatures_first(engine: Engine) -> None:
    queue = Reviews(engine, KeyRing(engine, KEY))
    queue.submit(submission(severity="contraindicated"))
    act(queue, Action.CLAIM)
    with pytest.raises(QueueError, match="双签"):
        act(queue, Action.APPROVE)
    act(queue, Action.RETURN)
    act(queue, Action.CONFIRM, "李医生", Role.PRESCRIBER)
    act(queue, Action.CLAIM)
    assert act(queue, Action.APPROVE) is State.APPROVED


def test_the_never_list_cannot_be_approved_at_all(engine: Engine) -> None:
    queue = Reviews(engine, KeyRing(engine, KEY))
    queue.submit(submission(severity="contraindicated", never=True))
    act(queue, Action.CLAIM)
    act(queue, Action.RETURN)
    act(queue, Action.CONFIRM, "李医生", Role.PRESCRIBER)
    act(queue, Action.CLAIM)
    with pytest.raises(QueueError, match="只能退回"):
        act(queue, Action.APPROVE)


def test_an_appeal_goes_to_another_pharmacist(engine: Engine) -> None:
    queue = Reviews(engine, KeyRing(engine, KEY))
    queue.submit(submission())
    act(queue, Action.CLAIM)
    act(queue, Action.RETURN)
    act(queue, Action.APPEAL, "李医生", Role.PRESCRIBER)
    with pytest.raises(QueueError, match="另一名药师"):
        act(queue, Action.CLAIM)
    assert act(queue, Action.CLAIM, "赵药师") is State.CLAIMED


def test_an_emergency_goes_ahead_and_is_judged_afterwards(engine: Engine) -> None:
    queue = Reviews(engine, KeyRing(engine, KEY))
    queue.submit(submission(severity="contraindicated"))
    assert act(queue, Action.BYPASS, "李医生", Role.PRESCRIBER) is State.BYPASSED
    assert act(queue, Action.RETURN) is State.FAULTED


def test_reassigned_means_for_that_person(engine: Engine) -> None:
    queue = Reviews(engine, KeyRing(engine, KEY))
    queue.submit(submission())
    act(queue, Action.REASSIGN, to="赵药师")
    with pytest.raises(MovedError, match="赵药师"):
        act(queue, Action.CLAIM)
    assert act(queue, Action.CLAIM, "赵药师") is State.CLAIMED


def test_a_changed_prescription_supersedes_the_first(engine: Engine) -> None:
    queue = Reviews(engine, KeyRing(engine, KEY))
    queue.submit(submission())
    act(queue, Action.CLAIM)
    act(queue, Action.RETURN)
    queue.submit(submission(2, replaces="review-1", state=State.PASSED, flags=()))
    assert queue.case("review-1").state is State.SUPERSEDED
    with pytest.raises(MovedError):
        queue.submit(submission(3, replaces="review-1"))
    with pytest.raises(MissingCaseError):
        queue.case("review-3")


def test_reasons_are_asked_for(engine: Engine) -> None:
    queue = Reviews(engine, KeyRing(engine, KEY))
    queue.submit(submission())
    act(queue, Action.CLAIM)
    with pytest.raises(QueueError, match="理由"):
        act(queue, Action.RETURN, reason=" ")


def test_of_two_who_decide_at_once_one_wins(engine: Engine) -> None:
    queue = Reviews(engine, KeyRing(engine, KEY))
    for number in range(8):
        queue.submit(submission(number))
    won: list[tuple[int, str]] = []
    start = threading.Barrier(4)

    def work(name: str) -> None:
        start.wait()
        for number in range(8):
            try:
                queue.move(f"review-{number}", Move(Action.CLAIM, name, Role.PHARMACIST, NOW))
                won.append((number, name))
            except MovedError:
                continue

    threads = [threading.Thread(target=work, args=(f"药师{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(number for number, _ in won) == list(range(8))
    assert {queue.case(f"review-{number}").assignee for number, _ in won} == {name for _, name in won}


def test_a_stale_screen_is_told_so(engine: Engine) -> None:
    queue = Reviews(engine, KeyRing(engine, KEY))
    queue.submit(submission())
    act(queue, Action.CLAIM)
    act(queue, Action.UNCLAIM)
    with pytest.raises(MovedError, match="刷新"):
        act(queue, Action.CLAIM, version=1)


def test_the_queue_shows_the_most_pressing_first(engine: Engine) -> None:
    queue = Reviews(engine, KeyRing(engine, KEY))
    queue.submit(submission(1, severity="moderate"))
    queue.submit(submission(2, severity="contraindicated", at=NOW + timedelta(minutes=1)))
    queue.submit(submission(3, severity="moderate", urgent=True, at=NOW + timedelta(minutes=2)))
    queue.submit(submission(4, institution="县医院"))
    shown = queue.queue(Query((State.PENDING,), ("镇卫生院",)))
    assert [c.id for c in shown] == ["review-3", "review-2", "review-1"]
    assert queue.count(Query((State.PENDING,), ("镇卫生院",), limit=1)) == 3


def test_the_overdue_are_found_and_the_clock_runs_on_in_other_hands(engine: Engine) -> None:
    queue = Reviews(engine, KeyRing(engine, KEY))
    queue.submit(submission())
    act(queue, Action.CLAIM)
    assert queue.overdue(NOW + timedelta(minutes=9)) == []
    assert [c.id for c in queue.overdue(NOW + timedelta(minutes=11))] == ["review-1"]


def test_nothing_of_the_patient_is_readable_in_the_database(engine: Engine) -> None:
    queue = Reviews(engine, KeyRing(engine, KEY))
    queue.submit(submission())
    act(queue, Action.BYPASS, "李医生", Role.PRESCRIBER, reason="张三病情危急")
    with engine.connect() as connection:
        stored = [str(row) for table in (cases, events) for row in connection.execute(select(table))]
    assert not any("张三" in row or "张三".encode().hex() in row for row in stored)
    assert queue.history("review-1")[-1].reason == "张三病情危急"
    assert queue.payload("review-1")["request"]["patient"]["id"] == "张三"


def test_every_move_leaves_a_message_for_the_hospital_that_asked(engine: Engine) -> None:
    queue = Reviews(engine, KeyRing(engine, KEY))
    queue.submit(submission(callback="https://his.example/hook"))
    act(queue, Action.CLAIM)
    later = NOW + timedelta(hours=1)
    messages = queue.messages(later)
    assert len(messages) == 2
    event, _, body, attempts = messages[0]
    assert b"\\u5f20" not in body
    assert "张三".encode() not in body
    assert queue.take_message(event, attempts, later + timedelta(minutes=1))
    assert not queue.take_message(event, attempts, later), "another worker has it"
    queue.delivered(event)
    assert [m[0] for m in queue.messages(later + timedelta(hours=1))] == [messages[1][0]]


def test_a_move_is_whole_or_not_at_all(engine: Engine) -> None:
    """As when the process is killed between two writes: what is not committed is not there."""
    queue = Reviews(engine, KeyRing(engine, KEY))
    queue.submit(submission(callback="https://his.example/hook"))
    with engine.connect() as connection, connection.begin() as transaction:
        queue._apply(connection, queue._case(connection, "review-1"), Move(Action.CLAIM, "王", Role.PHARMACIST, NOW))
        transaction.rollback()
    assert queue.case("review-1").state is State.PENDING
    assert len(queue.history("review-1")) == 1
    with engine.connect() as connection:
        assert connection.execute(select(text("count(*)")).select_from(outbox)).scalar() == 1


def test_managers_read_what_review_achieved(engine: Engine) -> None:
    queue = Reviews(engine, KeyRing(engine, KEY))
    queue.submit(submission(1))
    act(queue, Action.CLAIM)
    act(queue, Action.RETURN, verdicts={"f-1": True})
    queue.submit(submission(2, replaces="review-1", state=State.PASSED, flags=()))
    queue.submit(submission(3))
    act(queue, Action.CLAIM, review="review-3")
    act(queue, Action.APPROVE, review="review-3", verdicts={"f-3": False}, at=NOW + timedelta(minutes=5))
    found = figures(engine, NOW - timedelta(days=1), NOW + timedelta(days=1))
    assert (found.submitted, found.flagged, found.stopped) == (3, 2, 2)
    assert (found.changed, found.intervened, found.successes) == (1, 1, 1)
    assert found.waiting_longest == 300
    (rule,) = found.rules
    assert (rule.right, rule.false, rule.false_share) == (1, 1, 0.5)
