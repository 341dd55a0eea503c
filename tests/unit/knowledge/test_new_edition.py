"""A new edition of a source: what it no longer says is gone, what others lent stays."""

from __future__ import annotations

from pathlib import Path

from api.bootstrap import AUTHOR, House, bring_back, ensure_release, loaders, retire_left_out
from api.gates import GATES
from knowledge.intake import Loader, Row
from knowledge.merge import load
from knowledge.model import CodeRef, Concept, ConceptKind, Predicate, Standing, Statement, Status
from knowledge.store import Change, Store


def _source(name: str, standing: Standing, *concepts: Concept) -> Loader:
    return Loader(name, name, standing, lambda path: (Row(c) for c in concepts), lambda path: len(concepts))


def test_a_name_that_a_new_edition_drops_is_gone_and_a_lent_one_stays(fresh: House) -> None:
    old = Concept("ingredient:a", ConceptKind.INGREDIENT, "甲药", "drug-a", ("旧名", "甲"), (CodeRef("atc", "A01"),))
    lent = Concept("ingredient:x", ConceptKind.INGREDIENT, "甲药", "drug-a", ("外名",), (CodeRef("atc", "A02"),))
    new = Concept("ingredient:a", ConceptKind.INGREDIENT, "甲药", "drug-a", ("甲",), (CodeRef("atc", "A01"),))
    for loader in (
        _source("ours", Standing.STARTER, old),
        _source("theirs", Standing.SECONDARY, lent),
        _source("ours", Standing.STARTER, new),
    ):
        load(fresh.store, loader, Path("."), "li")
    found = fresh.store.get(Concept, "ingredient:a")
    assert set(found.synonyms) == {"甲", "外名"}
    assert set(found.codes) == {CodeRef("atc", "A01"), CodeRef("atc", "A02")}
    again = load(fresh.store, _source("ours", Standing.STARTER, new), Path("."), "li")
    assert again.written == 0


def test_what_the_shipped_content_no_longer_says_leaves_the_next_release(fresh: House) -> None:
    ensure_release(fresh, GATES)
    store: Store = fresh.store
    warfarin = [s for s, _ in store.about("ingredient:warfarin") if s.predicate is Predicate.INTERACTS_WITH]
    left_out = warfarin[0]
    rows = loaders()["yigong"].rows(Path(__file__).parents[3] / "knowledge" / "content")
    kept = [row.record for row in rows if isinstance(row, Row)]
    still = [r for r in kept if not (isinstance(r, Statement) and f"yigong:{r.id}" == left_out.id)]
    assert retire_left_out(store, kept) == 0
    assert retire_left_out(store, still) == 1
    head = store.head(Statement, left_out.id)
    assert head is not None
    assert head.status is Status.RETIRED
    assert bring_back(store, still) == 0
    assert bring_back(store, kept) == 1, "an edition that ships it again brings it back"
    again = store.head(Statement, left_out.id)
    assert again is not None
    assert again.status is Status.DRAFT
    assert [one.reason for one in store.history(Statement, left_out.id)] == [
        "载入自医共起步内容",
        "起步内容的第二遍核对",
        "起步内容",
        "起步内容已不再收入",
        "起步内容重新收入",
    ], "whoever reads the history reads Chinese"
    earlier = "no longer in the starter content"
    store.write([Change(again.record, "retired", Status.RETIRED, AUTHOR, earlier, again.record.revision)])
    assert bring_back(store, kept) == 1, "so does one that an edition in English left out"


def test_what_a_local_reviewer_retired_stays_retired_when_it_is_shipped_again(fresh: House) -> None:
    ensure_release(fresh, GATES)
    store: Store = fresh.store
    one = next(s for s, _ in store.about("ingredient:warfarin") if s.predicate is Predicate.INTERACTS_WITH)
    store.write([Change(one, "retired", Status.RETIRED, "王药师", "not for us", one.revision)])
    rows = loaders()["yigong"].rows(Path(__file__).parents[3] / "knowledge" / "content")
    assert bring_back(store, [row.record for row in rows if isinstance(row, Row)]) == 0
