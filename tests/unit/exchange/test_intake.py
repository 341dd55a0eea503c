"""Messages from the door to the facts: kept whole before they are acknowledged, each once, in the order of their
patient; what cannot be stored is given up with a reason and can be done anew."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, delete, event, select, update
from sqlalchemy.exc import DBAPIError, OperationalError

from base.tenancy import Scope, TenancyError, acting, system
from exchange import queue
from exchange.envelope import envelope
from exchange.fhir.bundle import MESSAGE as BUNDLE
from exchange.fhir.person import demographics
from exchange.intake import BusyError, ConflictError, EmptyError, Sent, StoredIntake
from exchange.landing import Landing, readers
from exchange.ledger import DEAD, DONE, WAITING, contents, messages, work, writing
from exchange.message import Message, MessageError
from exchange.trace import MissingMessageError, Query, SettledError
from tests.cda_samples import ALL as DOCUMENTS
from tests.exchange_site import SENDER, A, B, Site, bundle, observation, person
from tests.hl7v2_samples import CARD, PV1, message, segment


@pytest.fixture
def site(engine: Engine, tmp_path: Path) -> Iterator[Site]:
    made = Site(engine, tmp_path)
    yield made
    asyncio.run(made.intake.close())


# -- at the door -----------------------------------------------------------------------------


def test_what_is_acknowledged_is_kept_whole_and_sealed(site: Site) -> None:
    raw = bundle("m1", "p1", "o1")
    receipt = site.send(raw)
    assert (receipt.state, receipt.duplicate) == (WAITING, False)
    with acting(SENDER):
        assert site.ledger.content(receipt.id) == raw
    with system("look"), site.engine.connect() as connection:
        kept = connection.execute(select(contents.c.sealed)).scalar()
        lane = connection.execute(select(messages.c.lane)).scalar()
    assert kept is not None
    assert "欧阳".encode() not in kept
    assert lane
    assert "p1" not in lane


def test_the_same_message_again_is_the_same_message(site: Site) -> None:
    first = site.send(bundle("m1", "p1", "o1"))
    again = site.send(bundle("m1", "p1", "o1"))
    assert again.duplicate
    assert again.id == first.id
    assert site.drain() == 1
    assert site.send(bundle("m1", "p1", "o1")).state == DONE


def test_one_number_for_two_messages_is_told_as_a_conflict(site: Site) -> None:
    site.send(bundle("m1", "p1", "o1"))
    with pytest.raises(ConflictError):
        site.send(bundle("m1", "p1", "o2"))
    assert site.send(bundle("m1", "p9", "o1"), scope=Scope("his-b", (B,), (B,))).duplicate is False


def test_a_message_without_a_number_is_known_by_its_content(site: Site) -> None:
    raw = orjson.dumps({"resourceType": "Bundle", "type": "batch", "entry": [{"resource": person("p1")}]})
    assert site.send(raw).id == site.send(raw).id
    assert site.send(raw + b" ").duplicate is False


def test_a_hospital_cannot_send_as_another(site: Site) -> None:
    with acting(SENDER), pytest.raises(TenancyError):
        asyncio.run(site.intake.accept(Sent(B, "fhir", bundle("m1"))))
    receipt = site.send(bundle("m1"))
    with acting(Scope("his-b", (B,), (B,))), pytest.raises(MissingMessageError):
        site.ledger.trace(receipt.id)


def test_nothing_is_no_message(site: Site) -> None:
    with pytest.raises(EmptyError):
        site.send(b" \r\n")


def test_senders_are_told_to_wait_when_too_much_waits(site: Site) -> None:
    site.intake = StoredIntake(site.engine, site.ring, backlog=1)
    site.send(bundle("m1"))
    site.intake._counted = float("-inf")
    with pytest.raises(BusyError) as told:
        site.send(bundle("m2"))
    assert told.value.seconds > 0


def test_messages_that_come_at_once_are_kept_once_each(site: Site) -> None:
    async def all_at_once() -> list[Any]:
        sent = [Sent(A, "fhir", bundle(f"m{number % 20}", f"p{number % 20}")) for number in range(60)]
        return await asyncio.gather(*(site.intake.accept(one) for one in sent))

    with acting(SENDER):
        receipts = asyncio.run(all_at_once())
    assert sum(not receipt.duplicate for receipt in receipts) == 20
    assert site.drain() == 20


# -- from the message to the facts -----------------------------------------------------------


def test_a_message_is_followed_from_its_arrival_to_its_facts(site: Site) -> None:
    receipt = site.send(bundle("m1", "p1", "o1", "o2"))
    assert site.drain() == 1
    told = site.trace(receipt)
    assert told["state"] == DONE
    assert [step["act"] for step in told["steps"]] == ["received", "stored"]
    assert [fact["resource"] for fact in told["facts"]] == ["Patient/p1", "Observation/o1", "Observation/o2"]
    assert told["steps"][1]["detail"]["matched"]["decision"] == "created"
    with acting(SENDER):
        assert [m["id"] for m in site.ledger.sources(A, "Observation", "o2")] == [receipt.id]
    assert told["queue"] is None


def test_what_cannot_be_read_is_given_up_with_field_and_problem_and_nothing_of_it_is_stored(site: Site) -> None:
    spoilt = orjson.loads(bundle("m1", "p1", "o1", "o2"))
    del spoilt["entry"][2]["resource"]["status"]
    receipt = site.send(orjson.dumps(spoilt))
    good = site.send(bundle("m2", "p2", "o3"))
    site.drain()
    told = site.trace(receipt)
    assert told["state"] == DEAD
    assert told["dead"]["reason"] == "unreadable"
    assert told["dead"]["field"] == "entry[2].resource.status"
    assert site.trace(good)["state"] == DONE
    assert site.stored() == {"p2", "o3"}


def test_a_type_nobody_reads_is_given_up_saying_what_is_read(site: Site) -> None:
    receipt = site.send(b"MSH|^~\\&|LIS|H|Y|H|20260501080000||ZZZ^Z99|17|P|2.4\rPID|1||p1^^^H^MR\r", "hl7v2")
    site.drain()
    told = site.trace(receipt)["dead"]
    assert told["reason"] == "unknown-type"
    assert "ADT^A01" in told["problem"]


def test_a_message_that_speaks_of_another_patient_is_refused(site: Site) -> None:
    mixed = orjson.loads(bundle("m1", "p1", "o1"))
    mixed["entry"][1]["resource"]["subject"]["reference"] = "Patient/p2"
    receipt = site.send(orjson.dumps(mixed))
    site.drain()
    assert site.trace(receipt)["dead"]["field"] == "Observation"
    assert site.stored() == set()


def test_results_of_somebody_nobody_registered_wait_among_the_dead_and_pass_after_the_registration(
    site: Site,
) -> None:
    alone = orjson.dumps(
        {"resourceType": "Bundle", "id": "r1", "type": "batch", "entry": [{"resource": observation("o1", "p1")}]}
    )
    receipt = site.send(alone)
    site.drain()
    assert site.trace(receipt)["dead"]["reason"] == "unknown-patient"
    site.send(bundle("m1", "p1"))
    site.drain()
    with acting(SENDER):
        assert site.ledger.replay_all(Query(reason="unknown-patient"), "it", "登记已补") == 1
    site.drain()
    told = site.trace(receipt)
    assert told["state"] == DONE
    assert [step["act"] for step in told["steps"]] == ["received", "dead", "replayed", "stored"]


def test_a_corrected_message_is_stored_and_what_was_sent_stays(site: Site) -> None:
    spoilt = b'{"resourceType": "Bundle", "id": "m1", "entry": []}'
    receipt = site.send(spoilt)
    site.drain()
    with acting(SENDER):
        site.ledger.correct(receipt.id, bundle("m1", "p1", "o1"), "it", "漏了内容")
        site.drain()
        assert site.ledger.content(receipt.id, 1) == spoilt
        with pytest.raises(SettledError):
            site.ledger.correct(receipt.id, bundle("m1", "p1", "o1"), "it", "again")
    assert site.trace(receipt)["state"] == DONE
    assert site.stored() == {"p1", "o1"}


def test_what_was_given_up_can_be_settled(site: Site) -> None:
    receipt = site.send(b"no json at all")
    site.drain()
    with acting(SENDER):
        site.ledger.close(receipt.id, "it", "机构已另行补发")
        assert site.ledger.find(Query(state=DEAD)) == []
        assert site.trace(receipt)["steps"][-1]["detail"]["why"] == "机构已另行补发"


def test_two_ids_of_one_patient_are_joined_by_a_merge(site: Site) -> None:
    head = "MSH|^~\\&|HIS|H|Y|H|20260501080000||{}|{}|P|2.4\rEVN||20260501080000\r"
    for number in ("1", "2"):
        pid = f"PID|1||p{number}^^^H^MR||赵测试{number}||1980051{number}|F\r"
        site.send((head.format("ADT^A28", number) + pid).encode(), "hl7v2")
    site.drain()
    joined = head.format("ADT^A40", "3") + "PID|1||p1^^^H^MR||赵测试1||19800511|F\rMRG|p2^^^H^MR\r"
    receipt = site.send(joined.encode(), "hl7v2")
    site.drain()
    assert site.trace(receipt)["state"] == DONE, site.trace(receipt)
    records = site.trace(receipt)["steps"][-1]["detail"]["merged"][0]
    people: Any = site.landing._people
    with system("who"), site.engine.connect() as connection:
        assert people.person_of(connection, records["survivor"]) == people.person_of(connection, records["retired"])


# -- when something fails --------------------------------------------------------------------


class Failing:
    """A repository that fails for some resources as a database does that is busy, or as a program with a fault."""

    def __init__(self, inner: Any, fails: Callable[[str], Exception | None]) -> None:
        self.inner, self.fails, self.order = inner, fails, list[str]()

    def put(self, connection: Connection, tenant: str, record: Any, resources: Sequence[Any], **more: Any) -> Any:
        placed = self.inner.put(connection, tenant, record, resources, **more)
        for resource in resources:
            error = self.fails(resource["id"])
            if error is not None:
                raise error
        self.order += [resource["id"] for resource in resources]
        return placed

    def remove(self, *args: Any, **more: Any) -> Any:
        return self.inner.remove(*args, **more)


def failing(site: Site, *ids: str, error: Exception | None = None) -> Failing:
    made = error or OperationalError("statement", {}, Exception("busy"))
    facts = Failing(site.landing._facts, lambda local_id: made if local_id in ids else None)
    site.landing._facts = facts
    return facts


def test_what_fails_for_a_while_is_tried_again_and_holds_back_only_its_own_patient(site: Site) -> None:
    facts = failing(site, "o1")
    stuck = site.send(bundle("m1", "p1", "o1"))
    behind = site.send(bundle("m2", "p1", "o2"))
    other = site.send(bundle("m3", "p2", "o3"))
    site.drain()
    assert site.stored() == {"p2", "o3"}
    assert [site.trace(one)["state"] for one in (stuck, behind, other)] == [WAITING, WAITING, DONE]
    assert site.trace(stuck)["steps"][-1]["act"] == "put-off"
    facts.fails = lambda local_id: None
    site.all_due()
    site.drain()
    assert [site.trace(one)["state"] for one in (stuck, behind)] == [DONE, DONE]
    assert [one for one in facts.order if one[0] == "o"] == ["o3", "o1", "o2"]


def test_waiting_grows_twice_as_long_each_time_and_is_never_the_same() -> None:
    waits = [[queue.backoff(attempts).total_seconds() for _ in range(50)] for attempts in range(1, 12)]
    assert all(0.5 * 2**n <= min(w) and max(w) <= 2**n for n, w in enumerate(waits[:9]))
    assert max(waits[-1]) <= 600
    assert len(set(waits[3])) > 1


def test_what_never_succeeds_is_given_up_at_last_and_frees_its_patient(site: Site) -> None:
    failing(site, "o1")
    stuck, behind = site.send(bundle("m1", "p1", "o1")), site.send(bundle("m2", "p1", "o2"))
    for _ in range(queue.MOST_ATTEMPTS):
        site.all_due()
        site.drain()
    site.all_due()
    site.drain()
    assert site.trace(stuck)["dead"]["reason"] == "exhausted"
    assert site.trace(behind)["state"] == DONE
    assert site.stored() == {"p1", "o2"}


def test_a_fault_of_ours_is_told_by_its_place_and_never_by_what_it_quotes(site: Site) -> None:
    failing(site, "o1", error=KeyError("欧阳测试"))
    receipt = site.send(bundle("m1", "p1", "o1"))
    site.drain()
    told = site.trace(receipt)["dead"]
    assert (told["reason"], told["problem"]) == ("fault", "KeyError")
    assert "欧阳" not in orjson.dumps(site.trace(receipt), default=str).decode()
    assert site.stored() == set()


def test_one_message_that_spoils_the_batch_at_its_end_is_found_and_the_others_are_stored(site: Site) -> None:
    facts = failing(site)
    spoilt, good = (
        site.send(bundle("m1", "p1", "o1")),
        [site.send(bundle(f"n{n}", f"q{n}", f"r{n}")) for n in range(5)],
    )
    whole = facts.put

    def put(connection: Any, tenant: str, record: Any, resources: Any, **more: Any) -> Any:
        placed = whole(connection, tenant, record, resources, **more)
        # a version no column holds: nothing is wrong until the end of the batch
        return [p._replace(version="x" if p.local_id == "o1" else p.version) for p in placed]

    facts.put = put  # type: ignore[method-assign]
    if site.engine.dialect.name == "sqlite":
        pytest.skip("SQLite keeps what it is given")
    for _ in range(3):
        with suppress(DBAPIError):
            site.drain()
    worker = site.worker()
    while True:
        try:
            if worker.step() is None:
                break
        except DBAPIError:
            continue
    assert site.trace(spoilt)["dead"]["reason"] == "fault"
    assert {site.trace(one)["state"] for one in good} == {DONE}


def test_a_fault_in_a_rule_of_quality_spoils_only_its_own_message(site: Site) -> None:
    inner: Any = site.landing._quality

    def check(tenant: str, parsed: Any, received: Any) -> Any:
        if parsed.subject == "p1":
            raise LookupError("欧阳测试")
        return inner.check(tenant, parsed, received)

    site.landing._quality = SimpleNamespace(check=check, rejections=inner.rejections, keep=inner.keep)  # type: ignore[assignment]
    spoilt, good = site.send(bundle("m1", "p1", "o1")), site.send(bundle("m2", "p2", "o2"))
    site.drain()
    assert site.trace(spoilt)["dead"]["problem"] == "LookupError"
    assert site.trace(good)["state"] == DONE


def test_a_message_whose_content_is_gone_is_given_up_and_frees_its_patient(site: Site) -> None:
    gone, behind = site.send(bundle("m1", "p1", "o1")), site.send(bundle("m2", "p1", "o2"))
    with system("an accident"), writing(site.engine) as connection:
        connection.execute(contents.delete().where(contents.c.key == gone.id))
    site.drain()
    assert site.trace(gone)["dead"]["reason"] == "sealed"
    assert site.trace(behind)["state"] == DONE


def test_a_worker_that_dies_leaves_its_messages_to_others_when_its_lease_ends(site: Site) -> None:
    receipt, after = site.send(bundle("m1", "p1", "o1")), site.send(bundle("m2", "p1", "o2"))
    with system("a worker that dies"), writing(site.engine) as connection:
        now = datetime.now(UTC)
        assert len(queue.claim(connection, "dying", 1, now, timedelta(seconds=60)).claimed) == 1
    site.drain()
    assert site.stored() == set(), "the second waits for the first"
    site.all_due()
    site.drain()
    assert [site.trace(one)["state"] for one in (receipt, after)] == [DONE, DONE]


def test_a_message_that_kills_its_workers_is_given_up_and_takes_no_other_along(site: Site) -> None:
    poison, other = site.send(bundle("m1", "p1", "o1")), site.send(bundle("m2", "p2", "o2"))
    for _ in range(queue.MOST_CRASHES + 1):
        with system("a worker that dies"), writing(site.engine) as connection:
            connection.execute(update(work).where(work.c.number == 1).values(due=datetime(2026, 1, 1, tzinfo=UTC)))
            taken = queue.claim(connection, "dying", 10, datetime.now(UTC), timedelta(seconds=60)).claimed
        assert taken
    site.all_due()
    site.drain()
    assert site.trace(poison)["dead"]["reason"] == "crash"
    assert site.trace(other)["state"] == DONE


def test_a_worker_that_comes_back_too_late_stores_nothing(site: Site) -> None:
    site.send(bundle("m1", "p1", "o1"))
    slow = site.worker()
    with system("slow"), writing(site.engine) as connection:
        claimed = queue.claim(connection, slow.name, 1, datetime.now(UTC), timedelta(seconds=60)).claimed
    site.all_due()
    assert site.drain() == 1
    with system("slow"):
        assert slow._stored(claimed) == 0


def test_a_slow_worker_stores_nothing_that_stands_behind_a_message_another_has_taken_over(site: Site) -> None:
    first, second = site.send(bundle("m1", "p1", "o1")), site.send(bundle("m2", "p1", "o2"))
    slow = site.worker()
    with system("slow"), writing(site.engine) as connection:
        claimed = queue.claim(connection, slow.name, 2, datetime.now(UTC), timedelta(seconds=60)).claimed
    site.all_due()
    with system("quick"), writing(site.engine) as connection:
        taken = queue.claim(connection, "quick", 2, datetime.now(UTC), timedelta(seconds=60)).claimed
    assert len(claimed) == 2
    assert len(taken) == 1, "what a worker did not give back is taken alone"
    with system("slow"):
        assert slow._stored(claimed) == 0
    site.all_due()
    site.drain()
    assert [site.trace(one)["state"] for one in (first, second)] == [DONE, DONE]


def test_a_message_that_ends_while_another_worker_looks_hides_none_that_stands_behind_it(site: Site) -> None:
    if site.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer at a time: nothing ends while another looks")
    for number in (1, 2, 3):
        site.send(bundle(f"m{number}", "p1", f"o{number}"))
    now = datetime.now(UTC)
    with system("the last is due"), writing(site.engine) as connection:
        connection.execute(update(work).where(work.c.number != 3).values(due=now + timedelta(hours=1)))

    def ends(_: Any, __: Any, statement: str, *more: Any) -> None:
        if "min(" in statement:
            with site.engine.connect() as beside:
                beside.execute(delete(work).where(work.c.number == 1))
                beside.commit()

    event.listen(site.engine, "after_cursor_execute", ends)
    try:
        with system("looks"), writing(site.engine) as connection:
            taken = queue.claim(connection, "looks", 10, now + timedelta(seconds=1), timedelta(seconds=60))
    finally:
        event.remove(site.engine, "after_cursor_execute", ends)
    assert taken.seen
    assert taken.claimed == [], "the second of the patient still waits"


def test_several_workers_at_once_store_each_message_once_and_in_order(site: Site) -> None:
    for number in range(60):
        site.send(bundle(f"m{number}", f"p{number % 7}", f"o{number:03d}"))
    facts = failing(site)
    workers = [threading.Thread(target=site.worker(batch=5).drain) for _ in range(4)]
    for thread in workers:
        thread.start()
    for thread in workers:
        thread.join()
    while site.drain() or _waits(site):
        site.all_due()
    stored = [one for one in facts.order if one[0] == "o"]
    assert sorted(stored) == [f"o{number:03d}" for number in range(60)]
    for patient in range(7):
        own = [one for one in stored if int(one[1:]) % 7 == patient]
        assert own == sorted(own)


def _waits(site: Site) -> int:
    with system("look"), site.engine.connect() as connection:
        return queue.depth(connection)


# -- Bundles and envelopes ---------------------------------------------------------------------


def test_names_of_a_bundle_become_ids(site: Site) -> None:
    one = "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"
    patient, result = person("x"), observation("o1", "x")
    del patient["id"]
    result["subject"]["reference"] = one
    sent = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [{"resource": result}, {"fullUrl": one, "resource": patient}],
    }
    read = BUNDLE.read(orjson.dumps(sent))
    assert read.subject == one.removeprefix("urn:uuid:")
    assert [r["resourceType"] for r in read.resources] == ["Patient", "Observation"]
    assert read.resources[1]["subject"]["reference"] == f"Patient/{read.subject}"


@pytest.mark.parametrize(
    ("spoil", "field"),
    [
        (lambda b: b["entry"].append({"resource": person("p2")}), "entry[2].resource"),
        (lambda b: b["entry"].append({"resource": person("p1")}), "entry[2].resource.id"),
        (lambda b: b["entry"][1]["resource"].pop("id"), "entry[1].resource.id"),
        (lambda b: b["entry"][1]["resource"].update(resourceType="Unknown"), "entry[1].resource.resourceType"),
        (
            lambda b: b["entry"][1]["resource"].update(valueQuantity={"value": "x"}),
            "entry[1].resource.valueQuantity.value",
        ),
        (lambda b: b["entry"][1].update(request={"method": "GET", "url": "x"}), "entry[1].request.method"),
        (lambda b: b["entry"][1].update(request={"method": "PUT", "url": "Observation/9"}), "entry[1].request.url"),
        (lambda b: b["entry"][1].update(request={"method": "PUT", "url": "Observation?code=9"}), "entry[1].request"),
        (
            lambda b: b["entry"].append({"request": {"method": "DELETE", "url": "Observation"}}),
            "entry[2].request.url",
        ),
        (lambda b: b.update(timestamp="2026-05-01"), "timestamp"),
        (lambda b: b.update(entry=None), "entry"),
    ],
)
def test_what_is_wrong_with_a_bundle_is_told_by_its_place(spoil: Callable[[Any], Any], field: str) -> None:
    sent = orjson.loads(bundle("m1", "p1", "o1"))
    spoil(sent)
    with pytest.raises(MessageError) as told:
        BUNDLE.read(orjson.dumps(sent))
    assert told.value.field == field


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "resourceType",
                    "entry",
                    "resource",
                    "id",
                    "request",
                    "identifier",
                    "subject",
                    "reference",
                    "fullUrl",
                    "rows",
                    "template",
                    "timestamp",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=100, suppress_health_check=list(HealthCheck), deadline=None)
@given(JSON | st.fixed_dictionaries({"resourceType": st.just("Bundle"), "entry": JSON}), st.binary(max_size=60))
def test_no_input_is_beyond_the_envelope_or_the_reader(sent: Any, noise: bytes) -> None:
    for raw in (orjson.dumps(sent), noise, b"MSH|" + noise, b"<ClinicalDocument>" + noise):
        for standard in ("fhir", "hl7v2", "cda", "tables", "other"):
            assert isinstance(envelope(standard, raw).message_id, str)
        with suppress(MessageError):
            BUNDLE.read(raw)


PERSON = segment("PID", {1: "1", 3: f"{CARD}^^^GA^IC~0001234^^^HIS^MR", 5: "张测试"})
SENT = [
    ("fhir", bundle("m1", "p1", "o1")),
    ("hl7v2", message("ADT^A08", "EVN||20260501080000", PERSON, PV1)),
    ("hl7v2", message("ADT^A40", "EVN||20260501080000", PERSON, "MRG|0009^^^HIS^MR")),
    *(("cda", document) for document in DOCUMENTS.values()),
    ("tables", orjson.dumps({"template": "patients", "rows": [{"患者编号": "p1", "姓名": "张测试"}]})),
]


@pytest.mark.parametrize(("standard", "raw"), SENT, ids=lambda value: value if isinstance(value, str) else "")
def test_the_envelope_sees_what_the_reader_reads(standard: str, raw: bytes) -> None:
    seen, known = envelope(standard, raw), readers()
    kind = next(kind for kind in seen.kinds if (standard, kind) in known)
    read = known[standard, kind].read(raw)
    assert seen.subject == read.subject
    assert not seen.message_id or seen.message_id == read.message_id
    assert [merge.retired for merge in read.merges] == [seen.other] * bool(seen.other)


def test_a_reader_that_breaks_spoils_only_its_own_message(site: Site) -> None:
    def broken(raw: bytes) -> Any:
        raise ZeroDivisionError(raw)

    site.landing._messages = {("fhir", "Bundle"): Message("broken", "fhir", "", ("Bundle",), broken)}
    receipt = site.send(bundle("m1"))
    site.drain()
    assert site.trace(receipt)["dead"]["problem"] == "ZeroDivisionError"


def test_landing_needs_no_rules_of_quality(site: Site) -> None:
    plain = site.landing
    site.landing = Landing(plain._messages, plain._people, plain._facts, demographics, plain._merge)
    receipt = site.send(bundle("m1", "p1", "o1"))
    site.drain()
    assert site.trace(receipt)["state"] == DONE
