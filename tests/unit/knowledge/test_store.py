"""Knowledge at rest, on SQLite and on PostgreSQL: history is append-only, nobody overwrites unseen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib import import_module
from pkgutil import walk_packages
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from msgspec import structs
from sqlalchemy import Engine

from base.db import METADATA, migrate, migrations
from knowledge.model import Citation, CodeRef, Concept, ConceptKind, Predicate, Source, Statement, Status
from knowledge.review import Workflow, WorkflowError
from knowledge.store import Change, ConflictError, Store

WARFARIN = Concept("ingredient:warfarin", ConceptKind.INGREDIENT, "华法林", "warfarin", ("华法林钠",))
IBUPROFEN = Concept("ingredient:ibuprofen", ConceptKind.INGREDIENT, "布洛芬", "ibuprofen")
PAIR = Statement(
    "s1",
    WARFARIN.id,
    Predicate.INTERACTS_WITH,
    IBUPROFEN.id,
    {"severity": "major", "reason": "出血", "advice": "换药"},
    (Citation("label:warfarin", "【药物相互作用】"),),
)
LABEL = Source("label:warfarin", "华法林钠片说明书", "label")


@pytest.fixture
def store(engine: Engine) -> Store:
    return Store(engine)


def created(store: Store, *records: Concept | Statement | Source, author: str = "li") -> None:
    store.write([Change(record, "created", Status.DRAFT, author, "for the test") for record in records])


def test_migrations_make_exactly_the_tables_that_the_code_declares(engine: Engine) -> None:
    migrate(engine)  # twice is as good as once
    assert difference(engine) == []


def difference(engine: Engine) -> list[Any]:
    """What the tables that are there lack or have beyond those that the code declares."""
    for room in ("base", "knowledge", "nlp", "records", "exchange", "supervision"):
        for module in walk_packages(import_module(room).__path__, f"{room}."):
            if not module.name.startswith("base.migrations"):
                import_module(module.name)  # whoever declares tables
    with engine.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection), METADATA)
    return [one for one in found if "alembic_version" not in str(one)]


def test_revisions_since_the_repository_can_be_taken_back_and_made_again(engine: Engine) -> None:
    with engine.begin() as connection:
        command.downgrade(migrations(connection), "0011")
    taken = {str(one[1]) for one in difference(engine) if one[0] == "add_table"}
    assert {"job", "unanswered_question", "qc_aside", "panel_launched", "panel_lent", "inference_use"} <= taken
    migrate(engine)
    assert difference(engine) == []


def test_every_revision_says_who_when_why_and_what(store: Store) -> None:
    created(store, PAIR)
    worse = structs.replace(PAIR, qualifiers={**PAIR.qualifiers, "severity": "contraindicated"})
    store.write([Change(worse, "edited", Status.DRAFT, "wang", "new label", expected=1)])
    first, second = store.history(Statement, "s1")
    assert (first.author, first.change, first.reason) == ("li", "created", "for the test")
    assert (second.author, second.change, second.reason) == ("wang", "edited", "new label")
    assert first.record.qualifiers["severity"] == "major"  # type: ignore[union-attr]
    assert second.record.qualifiers["severity"] == "contraindicated"  # type: ignore[union-attr]
    assert second.at >= first.at


def test_any_past_state_can_be_read(store: Store) -> None:
    created(store, WARFARIN)
    (only,) = store.history(Concept, WARFARIN.id)
    renamed = structs.replace(WARFARIN, name="华法林钠")
    store.write([Change(renamed, "edited", Status.DRAFT, "wang", "", expected=1)])
    before = only.at - timedelta(seconds=5)
    assert store.as_of(Concept, WARFARIN.id, before) is None
    then = store.as_of(Concept, WARFARIN.id, datetime.now(UTC) + timedelta(seconds=5))
    assert then is not None
    assert then.record.name == "华法林钠"  # type: ignore[union-attr]


def test_an_edit_of_something_that_changed_meanwhile_is_refused_and_nothing_is_written(store: Store) -> None:
    created(store, WARFARIN)
    store.write([Change(WARFARIN, "edited", Status.DRAFT, "wang", "", expected=1)])
    with pytest.raises(ConflictError, match="第 2 版，您看到的是第 1 版"):
        store.write(
            [
                Change(IBUPROFEN, "created", Status.DRAFT, "li"),
                Change(WARFARIN, "edited", Status.DRAFT, "li", "", expected=1),
            ]
        )
    assert store.head(Concept, IBUPROFEN.id) is None
    assert len(store.history(Concept, WARFARIN.id)) == 2


def test_names_and_codes_find_concepts_however_they_are_written(store: Store) -> None:
    created(store, structs.replace(WARFARIN, codes=(CodeRef("atc", "B01AA03"),)))
    assert store.named(["华法林钠 ", "ＷＡＲＦＡＲＩＮ"]) == {
        "华法林钠": [(WARFARIN.id, "ingredient")],
        "warfarin": [(WARFARIN.id, "ingredient")],
    }
    assert store.coded("atc", "B01AA03") == [WARFARIN.id]
    assert store.coded("icd-10", "B01AA03") == []


def test_the_author_may_not_approve_and_a_second_person_may(store: Store) -> None:
    workflow = Workflow(store)
    workflow.save(PAIR, "li", "from the label")
    workflow.submit(PAIR, "li")
    with pytest.raises(WorkflowError, match="须由他人审核"):
        workflow.approve(PAIR, "li")
    approved = workflow.approve(PAIR, "wang", "checked")
    assert approved.status is Status.APPROVED
    assert approved.record.standing == "reviewed"  # type: ignore[union-attr]
    assert approved.record.reviewer == "wang"  # type: ignore[union-attr]


def test_steps_out_of_order_are_refused_with_what_is_allowed(store: Store) -> None:
    workflow = Workflow(store)
    workflow.save(PAIR, "li", "from the label")
    with pytest.raises(WorkflowError, match="只有 submitted 才能 approved"):
        workflow.approve(PAIR, "wang")
    workflow.submit(PAIR, "li")
    workflow.reject(PAIR, "wang", "no source given")
    with pytest.raises(WorkflowError, match="rejected"):
        workflow.approve(PAIR, "wang")


def test_whoever_edits_last_counts_as_author_too(store: Store) -> None:
    workflow = Workflow(store)
    head = workflow.save(PAIR, "li", "from the label")
    workflow.save(PAIR, "wang", "wording", head.revision)
    workflow.submit(PAIR, "li")
    with pytest.raises(WorkflowError, match="由 wang 编写"):
        workflow.approve(PAIR, "wang")


def test_whoever_edited_a_draft_of_a_loaded_source_may_not_accept_it(store: Store) -> None:
    loaded = [structs.replace(PAIR, id=f"s{n}", origin="formulary") for n in range(3)]
    created(store, *loaded, author="li")
    workflow = Workflow(store)
    workflow.save(structs.replace(loaded[1], evidence="high"), "wang", "read again", 1)
    for reviewed in (False, True):
        with pytest.raises(WorkflowError, match=r"有 1 条草稿由 wang 编写或修改（s1）.*先将这些草稿提交审核"):
            workflow.accept_load("formulary", "wang", "all fine", reviewed)
        assert {status for _, status in store.heads(Statement)} == {Status.DRAFT}, "nothing was approved"
    workflow.submit(loaded[1], "wang")  # as the message says: theirs go to somebody else
    assert workflow.accept_load("formulary", "wang", "all others fine", True) == 2
    assert [status for _, status in store.heads(Statement)] == [Status.APPROVED, Status.SUBMITTED, Status.APPROVED]


def test_what_somebody_wrote_before_it_was_last_approved_does_not_keep_them_from_accepting(store: Store) -> None:
    ours = structs.replace(PAIR, origin="formulary")
    created(store, ours, author="wang")
    workflow = Workflow(store)
    assert workflow.accept_load("formulary", "zhao", "checked") == 1
    store.write([Change(structs.replace(ours, evidence="high"), "edited", Status.DRAFT, "li", "loaded anew")])
    assert workflow.accept_load("formulary", "wang", "checked") == 1


def test_drafts_are_accepted_of_a_source_that_is_named(store: Store) -> None:
    created(store, PAIR)
    with pytest.raises(WorkflowError, match="source 不能为空"):
        Workflow(store).accept_load("", "wang", "everything")
    assert [status for _, status in store.heads(Statement)] == [Status.DRAFT]


def test_a_check_that_objects_keeps_a_draft_from_being_saved(store: Store) -> None:
    workflow = Workflow(store, lambda record: ["severity is missing"])
    with pytest.raises(WorkflowError, match="severity is missing"):
        workflow.save(PAIR, "li", "from the label")
    assert store.head(Statement, "s1") is None


def test_counts_say_how_much_there_is(store: Store) -> None:
    created(store, WARFARIN, IBUPROFEN, PAIR, LABEL)
    assert store.counts() == {"concept": 2, "statement": 1, "source": 1}
