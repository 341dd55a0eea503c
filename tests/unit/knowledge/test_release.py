"""Releases: content-addressed, signed, refused when tampered with, swapped and rolled back."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec import structs
from sqlalchemy import Engine

from base.security import SigningKey
from knowledge.artefacts import Artefact
from knowledge.compile import CompileError, Content, compile_release
from knowledge.model import Citation, Concept, ConceptKind, Predicate, Source, Standing, Statement, Status
from knowledge.release import (
    LiveRelease,
    PendingError,
    ReleaseError,
    Releases,
    TamperedError,
    furnish,
    history,
    publish,
    rollback,
)
from knowledge.snapshot import Snapshot, SnapshotError
from knowledge.store import Change, Store

CLASS = Concept("drug-class:nsaid", ConceptKind.DRUG_CLASS, "非甾体抗炎药")
IBUPROFEN = Concept("ingredient:ibuprofen", ConceptKind.INGREDIENT, "布洛芬", attributes={"brands": ["芬必得"]})
WARFARIN = Concept("ingredient:warfarin", ConceptKind.INGREDIENT, "华法林")
LABEL = Source("label:w", "华法林钠片说明书", "label")
CITED = (Citation("label:w", "【药物相互作用】"),)
IS_A = Statement("a", IBUPROFEN.id, Predicate.IS_A, CLASS.id, citations=CITED)
PAIR = Statement("b", WARFARIN.id, Predicate.INTERACTS_WITH, CLASS.id, {"severity": "major"}, CITED)
ALL = (CLASS, IBUPROFEN, WARFARIN, LABEL, IS_A, PAIR)


@pytest.fixture
def key() -> SigningKey:
    return SigningKey.generate()


@pytest.fixture
def store(engine: Engine) -> Store:
    made = Store(engine)
    made.write([Change(record, "created", Status.APPROVED, "li") for record in ALL])
    return made


@pytest.fixture
def releases(tmp_path: Path, key: SigningKey) -> Releases:
    return Releases(tmp_path / "releases", [key.public])


def edited(store: Store, **qualifiers: str) -> None:
    worse = structs.replace(PAIR, qualifiers={**PAIR.qualifiers, **qualifiers})
    store.write([Change(worse, "edited", Status.APPROVED, "wang")])


def test_the_same_knowledge_gives_the_same_release(store: Store, releases: Releases, key: SigningKey) -> None:
    first = publish(store, releases, key, [], "li")
    again = publish(store, releases, key, [], "li")
    assert first.release == again.release
    edited(store, severity="contraindicated")
    assert publish(store, releases, key, [], "li").release != first.release


def test_order_of_records_does_not_matter(tmp_path: Path) -> None:
    def content(records: tuple[object, ...]) -> Content:
        concepts = [r for r in records if isinstance(r, Concept)]
        statements = [r for r in records if isinstance(r, Statement)]
        return Content(concepts, statements, sources=[LABEL])

    compile_release(content(ALL), tmp_path / "a")
    compile_release(content(ALL[::-1]), tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_classes_are_expanded_and_names_found(store: Store, releases: Releases, key: SigningKey) -> None:
    snapshot = releases.open(publish(store, releases, key, [], "li").release)
    (found,) = snapshot.between(Predicate.INTERACTS_WITH, IBUPROFEN.id, WARFARIN.id)
    assert found.id == "b"
    assert list(snapshot.linked(Predicate.INTERACTS_WITH, [WARFARIN.id, "nothing", IBUPROFEN.id])) == [(0, 2)]
    assert snapshot.is_a(IBUPROFEN.id, CLASS.id)
    assert [c.id for c in snapshot.by_name(" 芬必得")] == [IBUPROFEN.id]


def test_a_statement_is_found_by_its_id(store: Store, releases: Releases, key: SigningKey) -> None:
    snapshot = releases.open(publish(store, releases, key, [], "li").release)
    every = list(snapshot.all_statements())
    assert [snapshot.statement(one.id) for one in every] == every
    assert [snapshot.statement(id_) for id_ in ("", "b ", "zzz")] == [None, None, None]


def test_unreviewed_statements_can_be_read_but_never_decide(tmp_path: Path) -> None:
    loose = structs.replace(PAIR, standing=Standing.UNREVIEWED)
    compile_release(Content([CLASS, IBUPROFEN, WARFARIN], [IS_A, loose], sources=[LABEL]), tmp_path / "r")
    snapshot = Snapshot(tmp_path / "r", "r")
    assert snapshot.between(Predicate.INTERACTS_WITH, IBUPROFEN.id, WARFARIN.id) == ()
    assert [s.id for s in snapshot.about(WARFARIN.id)] == ["b"]


def test_what_does_not_fit_together_is_not_compiled(tmp_path: Path) -> None:
    with pytest.raises(CompileError, match="source 'label:w' is unknown"):
        compile_release(Content([CLASS, IBUPROFEN, WARFARIN], [IS_A]), tmp_path / "r")
    with pytest.raises(CompileError, match="is no concept"):
        compile_release(Content([IBUPROFEN], [IS_A], sources=[LABEL]), tmp_path / "r")


def test_a_gate_that_objects_leaves_everything_as_it_was(store: Store, releases: Releases, key: SigningKey) -> None:
    first = publish(store, releases, key, [], "li").release
    edited(store, severity="contraindicated")
    with pytest.raises(ReleaseError, match="too severe"):
        publish(store, releases, key, [lambda snapshot: ["too severe"]], "li")
    assert releases.active() == first
    assert [m.release for m in releases.known()] == [first]
    assert store.head(Statement, "b").status is Status.APPROVED  # type: ignore[union-attr]


@pytest.mark.parametrize("where", ["file", "manifest", "key"])
def test_a_tampered_release_is_refused(
    store: Store, releases: Releases, key: SigningKey, where: str, tmp_path: Path
) -> None:
    release = publish(store, releases, key, [], "li").release
    if where == "file":
        file = releases.folder / f"{release}.ygr"
        file.chmod(0o600)
        altered = bytearray(file.read_bytes())
        altered[-1] ^= 1
        file.write_bytes(altered)
    elif where == "manifest":
        file = releases.folder / f"{release}.json"
        file.write_text(file.read_text().replace('"li"', '"mallory"'))
    else:
        releases = Releases(releases.folder, [SigningKey.generate().public])
    with pytest.raises(TamperedError):
        releases.open(release)
    with pytest.raises(TamperedError):
        releases.activate(release)


def test_a_file_that_is_no_release_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"something else entirely")
    with pytest.raises(SnapshotError, match="not a compiled Yigong release"):
        Snapshot(tmp_path / "x", "x")


def test_rolling_back_twice_goes_two_steps_back(store: Store, releases: Releases, key: SigningKey) -> None:
    served = [publish(store, releases, key, [], "li").release]
    for severity in ("contraindicated", "moderate"):
        edited(store, severity=severity)
        served.append(publish(store, releases, key, [], "li").release)
    assert rollback(store, releases, "li", "too many alerts") == served[1]
    assert rollback(store, releases, "li", "still") == served[0]
    with pytest.raises(ReleaseError, match="没有可以退回"):
        rollback(store, releases, "li", "more")
    assert [e.action for e in history(store)] == ["publish"] * 3 + ["rollback"] * 2


def test_a_worker_swaps_and_requests_in_flight_keep_what_they_hold(
    store: Store, releases: Releases, key: SigningKey
) -> None:
    publish(store, releases, key, [], "li")
    live = LiveRelease(releases)
    in_flight = live.current
    edited(store, severity="contraindicated")
    newer = publish(store, releases, key, [], "li").release
    assert live.refresh()
    assert live.current.release == newer
    (old,) = in_flight.between(Predicate.INTERACTS_WITH, IBUPROFEN.id, WARFARIN.id)
    (new,) = live.current.between(Predicate.INTERACTS_WITH, IBUPROFEN.id, WARFARIN.id)
    assert (old.qualifiers["severity"], new.qualifiers["severity"]) == ("major", "contraindicated")


def test_a_worker_keeps_the_old_release_when_the_new_one_is_bad(
    store: Store, releases: Releases, key: SigningKey
) -> None:
    first = publish(store, releases, key, [], "li").release
    live = LiveRelease(releases)
    (releases.folder / "ACTIVE").write_text("0" * 64)
    assert not live.refresh()
    assert live.current.release == first
    assert "没有发布版" in live.fault


# -- artefacts ---------------------------------------------------------------------------------


class Index:
    """Builds a file that names the release, and counts how often."""

    def __init__(self, edition: str = "1") -> None:
        self.built, self.fails = 0, False
        self.artefact = Artefact("index", self.build, edition)

    def build(self, snapshot: Snapshot, folder: Path) -> None:
        self.built += 1
        if self.fails:
            raise ValueError("endpoint away")
        (folder / "part").mkdir()
        (folder / "part" / "words").write_text(f"{snapshot.release} {snapshot.counts['statements']}")
        (folder / "writer.lock").touch()


def test_an_artefact_lies_beside_its_release_and_is_vouched_for(
    store: Store, releases: Releases, key: SigningKey
) -> None:
    manifest = publish(store, releases, key, [], "li", artefacts=[Index().artefact])
    folder = releases.artefact(manifest.release, "index")
    assert (folder / "part" / "words").read_text() == f"{manifest.release} 2"
    assert list(manifest.artefacts["index"].files) == ["part/words"]
    assert releases.active() == manifest.release
    assert [path.name for path in releases.folder.glob("draft*")] == []


@pytest.mark.parametrize("where", ["changed", "added", "removed", "manifest"])
def test_an_altered_artefact_is_refused_and_the_release_is_served(
    store: Store, releases: Releases, key: SigningKey, where: str
) -> None:
    release = publish(store, releases, key, [], "li", artefacts=[Index().artefact]).release
    words = releases.folder / f"{release}.index" / "part" / "words"
    if where == "changed":
        words.write_text("something else")
    elif where == "added":
        (words.parent / "more").write_text("x")
    elif where == "removed":
        words.unlink()
    else:
        file = releases.folder / f"{release}.json"
        digest = releases.manifest(release).artefacts["index"].files["part/words"]
        file.write_text(file.read_text().replace(digest, "0" * 64))
    with pytest.raises(TamperedError):
        releases.artefact(release, "index")
    if where != "manifest":
        assert releases.open(release).release == release


def test_publishing_the_same_again_builds_only_what_is_not_there(
    store: Store, releases: Releases, key: SigningKey
) -> None:
    first, newer = Index(), Index(edition="2")
    release = publish(store, releases, key, [], "li", artefacts=[first.artefact]).release
    publish(store, releases, key, [], "li", artefacts=[first.artefact])
    assert first.built == 1
    publish(store, releases, key, [], "li")
    assert releases.artefact(release, "index").is_dir(), "publishing without it takes nothing away"
    publish(store, releases, key, [], "li", artefacts=[newer.artefact])
    assert newer.built == 1
    (releases.folder / f"{release}.index" / "part" / "words").write_text("altered")
    publish(store, releases, key, [], "li", artefacts=[newer.artefact])
    assert newer.built == 2
    assert releases.artefact(release, "index").is_dir()


def test_knowledge_is_published_though_an_artefact_cannot_be_built(
    store: Store, releases: Releases, key: SigningKey
) -> None:
    index = Index()
    index.fails = True
    release = publish(store, releases, key, [], "li", artefacts=[index.artefact]).release
    assert releases.active() == release
    with pytest.raises(ReleaseError, match="could not be built: endpoint away"):
        releases.artefact(release, "index")
    index.fails = False
    publish(store, releases, key, [], "li", artefacts=[index.artefact])
    assert releases.artefact(release, "index").is_dir()


def test_a_release_is_served_before_its_artefacts_are_built_and_stays_the_same(
    store: Store, releases: Releases, key: SigningKey
) -> None:
    index = Index()
    release = publish(store, releases, key, [], "li", artefacts=[index.artefact], later=True).release
    assert (releases.active(), index.built) == (release, 0)
    assert releases.lacks(release)
    with pytest.raises(PendingError):
        releases.artefact(release, "index")
    assert furnish(releases, key, release, [index.artefact]).release == release
    assert releases.artefact(release, "index").is_dir()
    assert not releases.lacks(release)
    furnish(releases, key, release, [index.artefact])
    publish(store, releases, key, [], "li", artefacts=[index.artefact], later=True)
    assert index.built == 1, "what is there is neither built again nor promised"
    assert not releases.lacks(release)


def test_whoever_builds_what_another_promised_vouches_for_it(
    store: Store, releases: Releases, key: SigningKey, tmp_path: Path
) -> None:
    index = Index()
    release = publish(store, releases, key, [], "li", artefacts=[index.artefact], later=True).release
    clinic = SigningKey.load_or_create(tmp_path / "clinic.json")
    there = Releases(releases.folder, (key.public, clinic.public))
    assert furnish(there, clinic, release, [index.artefact]).public_key == clinic.public
    assert there.artefact(release, "index").is_dir()
    assert there.open(release).release == release


def test_a_release_of_before_there_were_artefacts_is_still_sound(
    store: Store, releases: Releases, key: SigningKey
) -> None:
    release = publish(store, releases, key, [], "li").release
    assert "artefacts" not in (releases.folder / f"{release}.json").read_text()
    assert releases.verify(release).artefacts == {}
    with pytest.raises(ReleaseError, match="published without index: publish again"):
        releases.artefact(release, "index")


def test_the_database_is_free_while_artefacts_are_built(store: Store, releases: Releases, key: SigningKey) -> None:
    written: list[str] = []

    def build(snapshot: Snapshot, folder: Path) -> None:
        edited(store, severity="moderate")
        written.append("meanwhile")

    publish(store, releases, key, [], "li", artefacts=[Artefact("index", build)])
    assert written == ["meanwhile"]


_PLACES = """is-a contains interacts-with contraindicated-in pregnancy-lactation age-limit renal-limit hepatic-limit
dose-range frequency-limit route-limit duplicate-group allergen-of cross-reacts-with reference-range repeat-interval
insurance-limit service-duplicate defined-daily-dose has-symptom needs-exam treated-with complicated-by treated-in
has-phenotype good-food bad-food iv-incompatible infusion-limit lab-limit lab-needed pharmacogenomic burden
duration-limit indicated-for drug-food lab-interference antimicrobial-grade prophylaxis skin-test controlled high-alert
herb-limit herb-incompatible exam-limit exam-indicated procedure-limit procedure-indicated procedure-needs
perioperative transfusion-threshold nursing-risk administration-limit disease-alert pathway-step washout
critical-action dose-bound companion organism-resistance has-finding disease-profile differs-from workup item-profile
plan told-unasked"""


def test_a_release_compiled_before_a_new_predicate_came_still_says_the_same() -> None:
    """Compiled releases know predicates by their place: new ones come last, here too."""
    assert [predicate.value for predicate in Predicate] == _PLACES.split()
