"""A record arrives: it is joined to a person, put before somebody, or the first of a new person."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from sqlalchemy import Connection

from base.keyring import KeyRing
from base.tenancy import TenancyError, tenant_path
from clinical.person import Demographics, filled, partial_date
from records import identity_changes as changes
from records import identity_store as store
from records import identity_tables as tables
from records.identity_changes import Cause, IdentityError, levels
from records.identity_search import Search
from records.identity_tables import Entry, Happened, Kept
from records.judging import Judged, Relation, Rule
from records.profiles import Block, Profile, blocks, profile

_MOST_ASKED: Final = 3
_LONGEST_ID: Final = 200


class Decision(StrEnum):
    """What became of a record that arrived."""

    CREATED = "created"
    LINKED = "linked"
    QUEUED = "queued"
    UPDATED = "updated"
    KNOWN = "known"


class Match(NamedTuple):
    """A record, whose it is, what was decided, and the bits of evidence for the nearest person (0: nobody near)."""

    record: int
    person: int
    decision: Decision
    score: float


def check(tenant: str, local_id: str, given: Demographics) -> None:
    """Raises ``IdentityError`` naming the field that cannot be taken, and never its value."""
    try:
        tenant_path(tenant)
    except TenancyError as error:
        raise IdentityError(f"tenant: {error}") from None
    if not local_id.strip() or len(local_id) > _LONGEST_ID:
        raise IdentityError(f"localId: 机构内患者标识不能为空，且不超过 {_LONGEST_ID} 个字符")
    if given.birth:
        try:
            partial_date(given.birth)
        except ValueError:
            raise IdentityError("birthDate: 出生日期应写作 1980、1980-05 或 1980-05-12，且为有效日期") from None


class Arrivals:
    """Takes records in, within the caller's transaction and as the system."""

    def __init__(self, ring: KeyRing, league: str, search: Search) -> None:
        self._ring, self._league, self._search = ring, league, search

    def take(self, connection: Connection, entry: Entry) -> Match:
        """A record as it was reported: the first time it finds its person, later it is brought up to date. One that
        says nothing new waits for nobody."""
        known = store.by_local_id(connection, self._ring, entry.tenant, entry.local_id)
        if known is not None and _up_to_date(known, entry) == known.given:
            return self._confirmed(connection, known, entry)
        new = profile(entry.given, entry.tenant)
        own = Block("record", f"{entry.tenant} {entry.local_id}")
        held = [own, *(one for one in blocks(new) if one.alone)]
        store.alone(connection, (tables.key_of(self._ring, one) for one in held))
        if known is None:
            return self._newcomer(connection, entry, new)
        known = store.by_local_id(connection, self._ring, entry.tenant, entry.local_id) or known
        return self._again(connection, known, entry)

    def _newcomer(self, connection: Connection, entry: Entry, new: Profile) -> Match:
        keys, place = self._search.keys(new), (entry.tenant, entry.local_id)
        found, near, held = self._search.judged(connection, new, keys, own=place, hold=True)
        meanwhile = next((one for one in near.values() if (one.tenant, one.local_id) == place), None)
        if meanwhile is not None:  # another worker was first
            return self._again(connection, meanwhile, entry)
        same = [one for one in found if one.relation is Relation.SAME]
        person = same[0].person if same else 0
        if person and person not in held:  # somebody merged them a moment ago
            person = changes.present(connection, person)
        entry = entry._replace(person=person or store.add_person(connection, self._league, entry.at))
        told = _told(entry, Decision.LINKED if same else Decision.CREATED, found)
        record = store.add_record(connection, self._ring, entry, keys, told)
        mine = Kept(record, entry.tenant, entry.local_id, entry.person, 1, entry.at, entry.source, entry.given)
        score = found[0].comparison.score if found else 0.0
        if same:
            return Match(record, self._joined(connection, mine, same[1:], near), Decision.LINKED, score)
        asked = self._ask(connection, mine, found, near)
        return Match(record, mine.person, Decision.QUEUED if asked else Decision.CREATED, score)

    def _ask(self, connection: Connection, mine: Kept, found: Sequence[Judged], near: dict[int, Kept]) -> bool:
        """Put the nearest of the doubtful before somebody. Says whether any was."""
        doubtful = [(near[one.record], one) for one in found[:_MOST_ASKED]]
        return changes.ask(connection, self._ring, self._league, mine, doubtful, mine.updated) > 0

    def _joined(self, connection: Connection, mine: Kept, same: Sequence[Judged], near: dict[int, Kept]) -> int:
        """A record that means two persons shows that they are one, unless somebody said otherwise or their cards do:
        then somebody looks. Gives the person that the record then has."""
        person = mine.person
        for one in same:
            other = changes.present(connection, one.person)
            if other == person:
                continue
            if not changes.may_join(connection, self._ring, person, other):
                self._ask(connection, mine._replace(person=person), [one], near)
                continue
            survivor, retired = sorted((person, other))
            compared = one.comparison
            cause = Cause(
                "system", mine.updated, rule=one.rule.value, score=compared.score, detail=levels(compared.fields)
            )
            changes.merge(connection, self._ring, self._league, survivor, retired, cause)
            person = survivor
        return person

    # -- known records ---------------------------------------------------------------------------

    def _confirmed(self, connection: Connection, known: Kept, entry: Entry) -> Match:
        """Nothing new was said; that it still held then keeps older messages from counting as newer."""
        if entry.at > known.updated:
            store.confirm(connection, known.id, entry.at)
        return Match(known.id, known.person, Decision.KNOWN, 0.0)

    def _again(self, connection: Connection, known: Kept, entry: Entry) -> Match:
        """What is known of a record, brought up to date; what is older than that fills gaps only."""
        given = _up_to_date(known, entry)
        if given == known.given:
            return self._confirmed(connection, known, entry)
        store.replace_given(connection, self._ring, known, given, entry.at, entry.source)
        changed = [n for n in Demographics.__struct_fields__ if getattr(given, n) != getattr(known.given, n)]
        detail = {"changed": changed}
        told = Happened("updated", known.person, entry.at, known.tenant, record=known.id, detail=detail)
        store.tell(connection, self._ring, told)
        mine = known._replace(given=given, updated=max(entry.at, known.updated), version=known.version + 1)
        before, after = profile(known.given, known.tenant), profile(given, known.tenant)
        if before == after:
            return Match(mine.id, mine.person, Decision.UPDATED, 0.0)
        old, new = self._search.keys(before), self._search.keys(after)
        store.drop_keys(connection, mine.id, sorted(set(old) - set(new)))
        store.add_keys(connection, mine.id, sorted(set(new) - set(old)))
        return self._look_again(connection, mine, before, after)

    def _look_again(self, connection: Connection, mine: Kept, before: Profile, after: Profile) -> Match:
        """A record says something else of who it is: does it still fit its person, and whom else does it fit now? A
        record that is alone moves; one that has others beside it moves only when somebody says so."""
        found, near, _ = self._search.judged(connection, after, self._search.keys(after), mine.id)
        kin = [one for one in store.of_persons(connection, self._ring, [mine.person]) if one.id != mine.id]
        self._doubt(connection, mine, kin, before, after)
        others = [one for one in found if one.person != mine.person]
        same = [one for one in others if one.relation is Relation.SAME]
        score = found[0].comparison.score if found else 0.0
        if same and not kin:
            return Match(mine.id, self._joined(connection, mine, same, near), Decision.UPDATED, score)
        self._ask(connection, mine, others, near)
        return Match(mine.id, mine.person, Decision.UPDATED, score)

    def _doubt(
        self, connection: Connection, mine: Kept, kin: Sequence[Kept], before: Profile, after: Profile
    ) -> None:
        """Somebody must look when a record that fitted the others of its person does no more."""
        if not kin or self._search.belongs(connection, before, kin).relation is not Relation.SAME:
            return
        now = self._search.belongs(connection, after, kin)
        if now.relation is not Relation.SAME:
            other = next(one for one in kin if one.id == now.record)
            changes.ask(connection, self._ring, self._league, mine, [(other, now)], mine.updated)


def _told(entry: Entry, act: Decision, found: Sequence[Judged]) -> Happened:
    """What the history says of a record that is new."""
    if not found:
        return Happened(act.value, entry.person, entry.at, entry.tenant, Rule.NOBODY.value)
    rule, compared = found[0].rule.value, found[0].comparison
    detail = levels(compared.fields)
    return Happened(act.value, entry.person, entry.at, entry.tenant, rule, score=compared.score, detail=detail)


def _up_to_date(known: Kept, entry: Entry) -> Demographics:
    """What is known of a record after another report; one that is older fills gaps only."""
    newer = entry.at >= known.updated
    return filled(entry.given, known.given) if newer else filled(known.given, entry.given)
