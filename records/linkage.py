"""Batch linkage: all records at once, with splink on DuckDB, for first loads and for what arrived one by one before.

Splink learns from the records themselves how often fields agree by chance and by error, and gives each pair a
probability. What it is sure of is joined, what it doubts is put before somebody; the rules of ``records.judging``
hold here too, so that a batch joins no twins either. It happens in memory: nothing is written beside the database.
"""

from __future__ import annotations

import logging
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import Connection

from base.tenancy import system
from clinical.logic import Unknown
from clinical.person import CardKind
from records import identity_changes as changes
from records import identity_store as store
from records.identity import Identity
from records.identity_changes import Cause, levels
from records.identity_tables import Kept
from records.judging import Judged, Relation
from records.profiles import Block, Profile, blocks, profile

if TYPE_CHECKING:
    from splink import SettingsCreator

_WHY: Final = "batch linkage"
_LEAST: Final = 0.5
"""Pairs that splink finds less probable are not looked at."""
_SURE: Final = 0.99
_LEAST_SURE: Final = 100
"""Pairs of equal cards that splink needs to learn from; with fewer, whatever shares a block is judged by rules."""
_PAGE: Final = 5_000
_BATCH: Final = 500
_SAMPLE: Final = 2_000_000
Progress = Callable[[int], None]


class Linked(NamedTuple):
    """Two records (by their key) and how probable it is that they mean one person."""

    first: Any
    second: Any
    probability: float


class Result(NamedTuple):
    """What a batch did: pairs that splink proposed, persons merged, pairs put before somebody."""

    records: int
    proposed: int
    merged: int
    asked: int


class Plan(NamedTuple):
    """How to link: ``settings`` of splink, rules that find ``sure`` pairs (to learn how frequent pairs are) with the
    share of all pairs that they find, and rules by which ``training`` looks for pairs."""

    settings: SettingsCreator
    sure: tuple[Any, ...]
    recall: float
    training: tuple[Any, ...]


def usual() -> Plan:
    """How records of persons are linked; columns as ``columns`` makes them."""
    import splink.comparison_level_library as level
    import splink.comparison_library as comparison
    from splink import SettingsCreator, block_on

    name = comparison.CustomComparison(
        output_column_name="name",
        comparison_levels=[
            level.NullLevel("name"),
            level.ExactMatchLevel("name", term_frequency_adjustments=True),
            level.CustomLevel("sound_l = sound_r"),
            level.LevenshteinLevel("name", 1),
            level.ElseLevel(),
        ],
    )
    birth = comparison.CustomComparison(
        output_column_name="birth",
        comparison_levels=[
            level.NullLevel("birth"),
            level.ExactMatchLevel("birth"),
            level.DamerauLevenshteinLevel("birth", 1),
            level.CustomLevel("year_l = year_r"),
            level.ElseLevel(),
        ],
    )
    exact = ("sex", "phone", "insurance", "health")
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="record",
        retain_matching_columns=False,
        comparisons=[
            name,
            birth,
            *(comparison.ExactMatch(column) for column in exact),
            comparison.DamerauLevenshteinAtThresholds("card", [2]),
            comparison.JaroWinklerAtThresholds("address", [0.92]),
        ],
        blocking_rules_to_generate_predictions=[
            *(block_on(column) for column in ("card", "phone", "insurance", "health")),
            *(block_on("sound", column) for column in ("year", "month_day")),
            *(block_on(column, "birth") for column in ("beginning", "ending")),
        ],
    )
    return Plan(settings, (block_on("card"),), 0.6, (block_on("card"), block_on("name", "birth")))


def columns(records: Iterable[tuple[int, Profile]]) -> dict[str, list[Any]]:
    """Records (ids and descriptions) as the columns of ``usual``; what nobody said is None."""
    table: dict[str, list[Any]] = {name: [] for name in _COLUMNS}
    for record, given in records:
        for column, value in zip(_COLUMNS, (record, *_row(given)), strict=True):
            table[column].append(value or None)
    return table


_COLUMNS: Final = (
    *("record", "name", "sound", "beginning", "ending", "birth", "year", "month_day"),
    *("sex", "card", "phone", "insurance", "health", "address"),
)


def _row(given: Profile) -> Iterator[Any]:
    name, (year, month, day) = given.name, given.birth
    sounds = name.folded
    yield from (name.text, " ".join(sorted(sounds)), *((sounds[0], sounds[-1]) if sounds else ("", "")))
    yield from (f"{year:04}-{month:02}-{day:02}" if day else "", year, f"{month:02}-{day:02}" if day else "")
    yield "" if isinstance(given.sex, Unknown) else given.sex.value
    yield given.card or given.wrong_card
    yield min(given.phones, default="")
    for kind in (CardKind.INSURANCE, CardKind.HEALTH):
        yield next((number for of, _, number in sorted(given.cards) if of == kind.value), "")
    yield given.address


def linked(tables: Sequence[Any], plan: Plan, least: float = _LEAST) -> list[Linked]:
    """Probable pairs among the rows of one table (duplicates) or between several (data frames or Arrow tables, with
    the columns that the plan's settings name)."""
    from splink import DuckDBAPI, Linker

    with _quiet():
        api = DuckDBAPI()
        given = [api.register(table) for table in tables]
        linker = Linker(given if len(given) > 1 else given[0], plan.settings, log_level=None)
        linker.training.estimate_probability_two_random_records_match(list(plan.sure), recall=plan.recall)
        linker.training.estimate_u_using_random_sampling(max_pairs=_SAMPLE, seed=1)
        for rule in plan.training:
            linker.training.estimate_parameters_using_expectation_maximisation(rule)
        found = linker.inference.predict(threshold_match_probability=least)
        left, right = (f"{plan.settings.unique_id_column_name}_{side}" for side in "lr")
        rows = api.duckdb_con.table(found.physical_name).select(left, right, "match_probability").fetchall()
    return [Linked(*row) for row in rows]


@contextmanager
def _quiet() -> Iterator[None]:
    """Splink tells on the way what it estimates; what matters is counted in the result."""
    logger = logging.getLogger("splink")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


def link(identity: Identity, at: datetime, progress: Progress = lambda records: None) -> Result:
    """Link all records that are stored: join persons that are surely one, put doubtful pairs into the queue. A batch
    of pairs is one transaction; work may go on meanwhile."""
    with system(_WHY):
        table = columns(_read(identity, progress))
        found = linked([table], usual()) if _teaches(table) else _sharing(_read(identity, lambda records: None))
        found = sorted(found, key=lambda one: -one.probability)
        done = Counter(
            relation
            for start in range(0, len(found), _BATCH)
            for relation in _batch(identity, found[start : start + _BATCH], at)
        )
    return Result(len(table["record"]), len(found), done[Relation.SAME], done[Relation.GREY])


def _teaches(table: dict[str, list[Any]]) -> bool:
    """Whether there are enough sure pairs for splink to learn from."""
    equal = Counter(card for card in table["card"] if card)
    return sum(count * (count - 1) // 2 for count in equal.values()) >= _LEAST_SURE


def _sharing(records: Iterable[tuple[int, Profile]]) -> list[Linked]:
    """Pairs that share a block, for the rules alone to judge."""
    seen: defaultdict[Block, deque[int]] = defaultdict(lambda: deque(maxlen=store.PER_KEY))
    pairs: set[tuple[int, int]] = set()
    for record, given in records:
        for block in blocks(given):
            pairs.update((other, record) for other in seen[block])
            seen[block].append(record)
    return [Linked(first, second, 1.0) for first, second in sorted(pairs)]


def _read(identity: Identity, progress: Progress) -> Iterator[tuple[int, Profile]]:
    last = 0
    while True:
        with identity.engine.connect() as connection:
            page = store.page(connection, identity.ring, last, _PAGE)
        yield from ((one.id, profile(one.given, one.tenant)) for one in page.kept)
        progress(len(page.kept))
        if page.last is None:
            return
        last = page.last


def _batch(identity: Identity, pairs: Sequence[Linked], at: datetime) -> list[Relation]:
    """What was done with each of some pairs, in one transaction."""
    with identity.engine.begin() as connection:
        ids = {record for pair in pairs for record in (pair.first, pair.second)}
        kept = {one.id: one for one in store.by_ids(connection, identity.ring, sorted(ids))}
        done = []
        for pair in pairs:
            relation = Relation.OTHER
            if pair.first in kept and pair.second in kept:
                relation = _apply(connection, identity, kept, pair, at)
            done.append(relation)
    return done


def _apply(connection: Connection, identity: Identity, kept: dict[int, Kept], pair: Linked, at: datetime) -> Relation:
    """Join, ask, or leave the persons of two records as they are. Gives what was done; ``kept`` follows."""
    mine, other = kept[pair.first], kept[pair.second]
    if mine.person == other.person:
        return Relation.OTHER
    judged = identity.search.belongs(connection, profile(mine.given, mine.tenant), [other])
    sure = judged.relation is Relation.SAME and pair.probability >= _SURE
    if judged.relation is Relation.OTHER and pair.probability < _SURE:
        return Relation.OTHER
    mine, other = (one._replace(person=changes.present(connection, one.person)) for one in (mine, other))
    if mine.person == other.person:
        return Relation.OTHER
    if (
        sure
        and mine.person != other.person
        and changes.may_join(connection, identity.ring, mine.person, other.person)
    ):
        _join(connection, identity, kept, (mine.person, other.person), judged, at)
        return Relation.SAME
    put = changes.ask(connection, identity.ring, identity.league, mine, [(other, judged)], at)
    return Relation.GREY if put else Relation.OTHER


def _join(
    connection: Connection,
    identity: Identity,
    kept: dict[int, Kept],
    pair: tuple[int, int],
    judged: Judged,
    at: datetime,
) -> None:
    compared, (survivor, retired) = judged.comparison, sorted(pair)
    cause = Cause("system", at, rule="batch", score=compared.score, detail=levels(compared.fields))
    changes.merge(connection, identity.ring, identity.league, survivor, retired, cause)
    for record, one in kept.items():
        if one.person == retired:
            kept[record] = one._replace(person=survivor)
