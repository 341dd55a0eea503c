"""What curators find, what they decide of concepts that may be one, what differs, what workers serve; on SQLite and
PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec import structs
from sqlalchemy import Engine

from knowledge import workers
from knowledge.browsing import Wanted, browse, tallies
from knowledge.compile import Content, compile_release
from knowledge.differences import differences
from knowledge.identities import aliases
from knowledge.joining import Joining, Judged
from knowledge.merge import candidates
from knowledge.model import Article, Concept, ConceptKind, Predicate, Statement, Status
from knowledge.review import Workflow, WorkflowError
from knowledge.snapshot import Snapshot
from knowledge.store import Change, Store

FEVER = Concept("symptom:fever", ConceptKind.SYMPTOM, "发热", synonyms=("发烧",), origin="yigong")
HEAT = Concept("symptom:heat", ConceptKind.SYMPTOM, "体温升高", origin="kg")
FLU = Concept("disease:flu", ConceptKind.DISEASE, "流行性感冒", origin="yigong")
SHOWS = Statement("s1", FLU.id, Predicate.HAS_SYMPTOM, HEAT.id)
KIND = Statement("s2", HEAT.id, Predicate.IS_A, FEVER.id)
READS = Article("a1", HEAT.id, "体温升高")
PAIR = (FEVER.id, HEAT.id)


@pytest.fixture
def store(engine: Engine) -> Store:
    made = Store(engine)
    records = (FEVER, HEAT, FLU, SHOWS, KIND, READS)
    made.write([Change(record, "created", Status.APPROVED, "li", "初稿") for record in records])
    with engine.begin() as connection:
        connection.execute(candidates.insert().values(a=PAIR[0], b=PAIR[1], reason="同名", state="open"))
    return made


def test_what_was_said_of_the_one_is_said_of_the_other_once_two_people_agree(store: Store) -> None:
    joining = Joining(store)
    joining.propose(*PAIR, kept=FEVER.id, by="li", note="同一症状")
    with pytest.raises(WorkflowError, match="须由他人确认"):
        joining.confirm(*PAIR, by="li")
    assert joining.confirm(*PAIR, by="wang") == 5
    assert store.get(Statement, "s1").object == FEVER.id
    assert store.get(Concept, FEVER.id).synonyms == ("发烧", "体温升高")
    assert store.get(Article, "a1").concept == FEVER.id
    states = {
        kind: store.head(type_, id_) for kind, type_, id_ in (("heat", Concept, HEAT.id), ("loop", Statement, "s2"))
    }
    assert {kind: head.status for kind, head in states.items() if head} == {
        "heat": Status.RETIRED,
        "loop": Status.RETIRED,
    }
    with store.engine.connect() as connection:
        assert [(row.alias, row.concept) for row in connection.execute(aliases.select())] == [(HEAT.id, FEVER.id)]
    assert joining.tallies() == {"merged": 1}
    (done,) = joining.listed(Judged.MERGED)
    assert (done.by, done.confirmed_by, done.kept) == ("li", "wang", FEVER.id)


def test_approved_knowledge_that_is_being_edited_is_not_lost_by_merging(store: Store) -> None:
    Workflow(store).save(structs.replace(SHOWS, evidence="low"), "zhao", "改证据", 1)
    joining = Joining(store)
    joining.propose(*PAIR, kept=FEVER.id, by="li", note="同一症状")
    with pytest.raises(WorkflowError, match="1 条知识正在修改"):
        joining.confirm(*PAIR, by="wang")
    assert joining.listed(Judged.PROPOSED), "nothing was done"


def test_different_things_stay_two_and_a_decision_may_be_taken_back(store: Store) -> None:
    joining = Joining(store)
    joining.keep_apart(*PAIR, by="li", note="主诉与体征不同")
    with pytest.raises(WorkflowError, match="已由他人处理"):
        joining.propose(*PAIR, kept=FEVER.id, by="wang", note="x")
    assert joining.reopen(*PAIR, by="li", note="").state is Judged.OPEN
    with pytest.raises(WorkflowError, match="保留"):
        joining.propose(*PAIR, kept=FLU.id, by="li", note="x")
    with pytest.raises(WorkflowError, match="理由"):
        joining.keep_apart(*PAIR, by="li", note=" ")


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Wanted(kind="statement"), ["s1", "s2"]),
        (Wanted(words="发烧"), [FEVER.id, "s2"]),
        (Wanted(words="流行性", kind="statement"), ["s1"]),
        (Wanted(concept=HEAT.id), ["a1", HEAT.id, "s1", "s2"]),
        (Wanted(predicate="is-a"), ["s2"]),
        (Wanted(author="li", origin="kg"), [HEAT.id]),
        (Wanted(author="wang"), []),
        (Wanted(status="draft"), []),
        (Wanted(words="100%"), []),
    ],
)
def test_records_are_found(store: Store, wanted: Wanted, found: list[str]) -> None:
    assert [one.record.id for one in browse(store, wanted)] == found


def test_a_page_follows_the_one_before(store: Store) -> None:
    first = browse(store, Wanted(limit=4))
    after = (first[-1].kind, first[-1].record.id)
    second = browse(store, Wanted(after=after, limit=4))
    assert len({one.record.id for one in (*first, *second)}) == 6
    assert (first[0].by, first[0].change, first[0].reason) == ("li", "created", "初稿")
    assert tallies(store) == {"article": {"approved": 1}, "concept": {"approved": 3}, "statement": {"approved": 2}}


def test_what_differs_between_releases_is_told_by_kind(tmp_path: Path) -> None:
    renamed = structs.replace(FEVER, name="发热症状", revision=9)
    compile_release(Content([FEVER, HEAT, FLU], [SHOWS]), tmp_path / "old")
    compile_release(Content([renamed, structs.replace(HEAT, revision=5), FLU], [KIND]), tmp_path / "new")
    found = differences(Snapshot(tmp_path / "old", "old"), Snapshot(tmp_path / "new", "new"))
    assert found.counts == {"concept": {"changed": 1}, "statement": {"removed": 1, "added": 1}}
    assert [(one.id, one.change) for one in found.first] == [
        (FEVER.id, "changed"),
        ("s1", "removed"),
        ("s2", "added"),
    ]


def test_a_worker_is_heard_of_with_what_it_serves_until_it_is_silent(engine: Engine) -> None:
    start = datetime(2026, 11, 26, 8, tzinfo=UTC)
    workers.report(engine, "host:1", "old", "", start)
    workers.report(engine, "host:2", "old", "", start)
    later = start + timedelta(seconds=30)
    workers.report(engine, "host:1", "new", "", later)
    workers.report(engine, "host:2", "old", "签名不符", later)
    seen = workers.serving(engine, later)
    assert [(one.name, one.release, one.since, one.fault) for one in seen] == [
        ("host:1", "new", later, ""),
        ("host:2", "old", start, "签名不符"),
    ]
    assert workers.serving(engine, later + 2 * workers.SILENCE) == []
