"""durable_rules behind guards: each test shows the fault that a guard prevents."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
import threading
from typing import Any

import pytest

pytest.importorskip("durable", reason="durable_rules (extra `states`) is not installed")

from rules import chaining
from rules.chaining import Chain, ChainError, Fact, ForwardRule, Test, compiles, definition, lint


def drug(name: str) -> tuple[Test, ...]:
    return (Test("kind", "=", "drug"), Test("name", "=", name))


def fact(name: str) -> Fact:
    return {"kind": "drug", "name": name}


PAIR = ForwardRule("pair", (drug("a"), drug("b")), "hit")
HIGH = ForwardRule("high", ((Test("kind", "=", "lab"), Test("value", ">=", 5.5)),), "high")


def names(fired: list[chaining.Fired]) -> list[str]:
    return sorted(f.rule.name for f in fired)


def run(program: str, seconds: float, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """A program that may hang or crash, in a process of its own."""
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, timeout=seconds, capture_output=True, check=False)


RAW = """
import sys
from durable import engine
class Quiet(engine.Host):
    def _run(self): pass
def tell(fact, act="assert_fact"):
    try: getattr(host, act)("r", fact)
    except engine.MessageNotHandledException: pass
"""
"""The engine without our guards: a host called ``host`` with a ruleset called ``r`` is the program's own."""


def raw(program: str, *arguments: str) -> str:
    """What a program says that uses the engine without our guards and comes to its end."""
    done = run(RAW + program, 60, *arguments)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().strip()


def test_rules_fire_over_joined_facts() -> None:
    chain = Chain([PAIR, HIGH])
    assert names(chain.fire([fact("a"), fact("b"), {"kind": "lab", "value": 6.0}])) == ["high", "pair"]
    assert names(chain.fire([fact("a")])) == []


def test_too_many_different_tests_are_refused_because_the_engine_would_loop_for_ever() -> None:
    many = [ForwardRule(f"r{n}", (drug(f"d{n}"),), None) for n in range(520)]
    assert any("loop for ever" in fault for fault in lint(many))
    text = json.dumps(definition(many))
    assert "did not compile within" in compiles(text, 3.0)  # the guard: a process of its own, with a limit


def test_a_clause_without_kind_is_refused_because_it_matches_the_engine_s_own_record() -> None:
    bare = ForwardRule("bare", ((Test("value", "!=", 3.0),),), None)
    assert any("state record" in fault for fault in lint([bare]))
    with pytest.raises(ChainError, match="state record"):
        Chain([bare])


REFIRING = """
import os
fired = []
def act(c):
    fired.append(c.f.id)
    if len(fired) == 10_000:
        print("still firing, over", *set(fired), flush=True)
        os._exit(0)  # what an action raises is swallowed
unlike = {"$neq": {"id": "another"}}
clause = {"$and": [{"kind": "x"}, unlike]} if "kind" in sys.argv else unlike
host = Quiet({"r": {"rule": {"all": [{"f": clause}], "run": act}}})
tell({"sid": "s", "id": "1", "kind": "x"})
print(fired)
"""


def test_a_bare_not_equal_fires_without_end_over_the_engine_s_own_record() -> None:
    """The fault: the session's record, too, is unlike the value, and each firing shows it anew. A ``kind``, which
    ``lint`` demands of every clause, keeps the record out."""
    assert raw(REFIRING) == "still firing, over sid-s"
    assert raw(REFIRING, "kind") == "['1']"
    assert lint([ForwardRule("bare", ((Test("id", "!=", "another"),),), None)])


def test_too_many_clauses_on_one_kind_of_fact_are_refused_because_nothing_would_fire() -> None:
    many = [
        ForwardRule(f"r{n}", ((Test("kind", "=", "lab"), Test("value", ">", float(n))),), None) for n in range(70)
    ]
    assert any("are refused" in fault for fault in lint(many))
    fired: list[str] = []
    engine = chaining._engine()
    made = {n: {**r, "run": lambda c: fired.append(c.s.sid)} for n, r in definition(many).items()}

    class Quiet(engine.Host):  # type: ignore[misc,name-defined]
        def _run(self) -> None:
            return None

    host = Quiet({"crowded": made})
    with pytest.raises(Exception, match="303"):
        host.assert_fact("crowded", {"sid": "s", "id": "1", "kind": "t:lab", "value": 1000.0})
    assert fired == [], "the fault: one crowded fact silences every rule"


COLLIDING = """
fired = []
def rule(value):
    tests = {"$and": [{"kind": "x"}, {"value": value}]}
    return {"all": [{"f": tests}], "run": lambda c: fired.append(type(value).__name__)}
host = Quiet({"r": {"number": rule(20), "text": rule("20")}})
tell({"sid": "s", "id": "1", "kind": "x", "value": 20})
print(sorted(fired))
try: tell({"sid": "t", "kind": "x", "value": 20}); tell({"sid": "t", "kind": "x", "value": "20"})
except engine.MessageObservedException: print("observed already")
"""


def test_equal_looking_facts_collide_in_the_engine() -> None:
    """The faults: the number 20 fires what asks for the text, and without ids the text is taken for the number that
    was told before."""
    assert raw(COLLIDING).splitlines() == ["['int', 'str']", "observed already"]
    number = ForwardRule("number", ((Test("kind", "=", "x"), Test("value", "=", 20.0)),), None)
    text = ForwardRule("text", ((Test("kind", "=", "x"), Test("value", "=", "20")),), None)
    assert names(Chain([number, text]).fire([{"kind": "x", "value": 20.0}])) == ["number"]


def test_equal_looking_facts_do_not_collide() -> None:
    number = ForwardRule("number", ((Test("kind", "=", "x"), Test("value", "=", 20.0)),), None)
    text = ForwardRule("text", ((Test("kind", "=", "x"), Test("value", "=", "20")),), None)
    fired = Chain([number, text]).fire([{"kind": "x", "value": 20.0}, {"kind": "x", "value": "20"}])
    assert names(fired) == ["number", "text"]


def test_nothing_stays_behind_for_the_next_review() -> None:
    chain = Chain([PAIR])
    for _ in range(3 * chaining.SESSIONS):
        assert names(chain.fire([fact("a")])) == []
        assert names(chain.fire([fact("b")])) == []
        assert names(chain.fire([fact("a"), fact("b")])) == ["pair"]


def test_a_pool_of_sessions_outlives_any_number_of_reviews() -> None:
    """The fault: the 1 025th session id crashes the process."""
    crashing = """
from durable import engine
class Quiet(engine.Host):
    def _run(self): pass
host = Quiet({"r": {"a": {"all": [{"f": {"kind": "x"}}], "run": lambda c: None}}})
for n in range(1100):
    host.assert_fact("r", {"sid": f"s{n}", "id": "1", "kind": "x"})
print("alive")
"""
    assert b"alive" not in run(crashing, 60).stdout
    chain = Chain([PAIR])
    assert all(names(chain.fire([fact("a"), fact("b")])) == ["pair"] for _ in range(1100))


def test_sessions_are_never_deleted_because_the_others_would_crash() -> None:
    crashing = """
from durable import engine
class Quiet(engine.Host):
    def _run(self): pass
rule = {"all": [{"f": {"kind": "x"}}, {"g": {"kind": "y"}}], "run": lambda c: None}
host = Quiet({"r": {"a": rule}})
def put(session, kind):
    try: host.assert_fact("r", {"sid": session, "id": kind, "kind": kind})
    except engine.MessageNotHandledException: pass
for session in "abcdef": put(session, "x")
host.delete_state("r", "a")
for session in "bcdef": put(session, "y")
print("alive")
"""
    assert b"alive" not in run(crashing, 60).stdout
    assert ".delete_state(" not in inspect.getsource(chaining)


SHARED = """
import threading
own = set()
def act(c):
    if c.f.of == c.g.of: own.add(c.f.of)
rule = {"all": [{"f": {"kind": "x"}}, {"g": {"kind": "y"}}], "run": act}
host = Quiet({"r": {"pair": rule}})
sys.setswitchinterval(1e-5)
def work(thread):
    for n in range(150):
        pair = [{"sid": "s", "id": f"{kind}{thread}.{n}", "kind": kind, "of": f"{thread}.{n}"} for kind in "xy"]
        for act in ("assert_fact", "retract_fact"):
            for fact in pair: tell(fact, act)
many = int(sys.argv[1])
threads = [threading.Thread(target=work, args=(n,)) for n in range(many)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(150 * many - len(own))
"""


def test_one_session_used_from_several_threads_loses_firings() -> None:
    """The fault that a pool of sessions with one owner each prevents: both facts of a pair were told, and the rule
    over them never fired. Now and then the process crashes instead."""
    assert raw(SHARED, "1") == "0"
    try:
        done = run(RAW + SHARED, 60, "8")
    except subprocess.TimeoutExpired:
        return
    assert done.returncode < 0 or int(done.stdout) > 0


def test_many_threads_lose_no_firing() -> None:
    chain, wrong = Chain([PAIR, HIGH]), []

    def work() -> None:
        for _ in range(150):
            try:
                if names(chain.fire([fact("a"), fact("b")])) != ["pair"]:
                    wrong.append("lost")
            except ChainError as error:
                wrong.append(str(error))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_the_engine_starts_no_threads_of_its_own() -> None:
    before = threading.active_count()
    Chain([PAIR]).fire([fact("a"), fact("b")])
    assert threading.active_count() == before


POSTED = """
fired = []
def rule(name): return {"all": [{"f": {"kind": "x"}}], "run": lambda c: fired.append(name)}
host = Quiet({"r": {"first": rule("first"), "second": rule("second")}})
tell({"sid": "s", "id": "1", "kind": "x"}, sys.argv[1])
print(len(fired))
"""


def test_what_is_posted_is_seen_by_one_rule_only() -> None:
    """The fault: a posted message is consumed by the first rule that fires. Facts are asserted, and all rules see
    them."""
    assert (raw(POSTED, "post"), raw(POSTED, "assert_fact")) == ("1", "2")
    both = [ForwardRule(name, (drug("a"),), None) for name in ("first", "second")]
    assert names(Chain(both).fire([fact("a")])) == ["first", "second"]
    assert ".post(" not in inspect.getsource(chaining)


SWALLOWED = """
def act(c): raise ValueError("lost")
host = Quiet({"r": {"rule": {"all": [{"f": {"kind": "x"}}], "run": act}}})
fact = {"sid": "s", "id": "1", "kind": "x"}
tell(fact)
tell(fact, "retract_fact")
print(host.get_state("r", "s")["exception"].split(",")[0])
"""


def test_what_an_action_raises_is_swallowed_by_the_engine_and_told_by_the_chain(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The fault: whoever tells a fact hears nothing of what its action raised, and it stays in the session."""
    assert raw(SWALLOWED) == "exception caught lost"

    def fails(_: object) -> None:
        raise ValueError("lost")

    monkeypatch.setattr(Chain, "_action", lambda *_: fails)
    with pytest.raises(ChainError, match="exception"):
        Chain([PAIR]).fire([fact("a"), fact("b")])


def test_an_exception_left_in_a_session_is_a_fault_and_not_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    chain = Chain([PAIR])
    monkeypatch.setattr(chain._host, "get_state", lambda *_: {"exception": "swallowed"})
    with pytest.raises(ChainError, match="exception"):
        chain.fire([fact("a"), fact("b")])


def test_when_all_sessions_are_taken_the_caller_goes_on_without(monkeypatch: pytest.MonkeyPatch) -> None:
    chain = Chain([PAIR])
    for _ in range(chaining.SESSIONS):
        chain._free.get()
    with pytest.raises(ChainError, match="no session is free"):
        chain.fire([fact("a"), fact("b")])


def test_what_can_fire_nothing_needs_no_session() -> None:
    chain = Chain([PAIR])
    for _ in range(chaining.SESSIONS):
        chain._free.get()
    assert chain.fire([fact("a")]) == []


def test_facts_that_pass_the_same_clauses_are_asked_of_the_engine_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other values, same clauses: the same rules fire, over the new facts."""
    above = ForwardRule("high", ((Test("kind", "=", "lab"), Test("value", ">", 5.0)),), "high")
    chain = Chain([above])
    (first,) = chain.fire([{"kind": "lab", "value": 6.0}])
    monkeypatch.setattr(chain, "_run", lambda *_: pytest.fail("asked again"))
    (second,) = chain.fire([{"kind": "lab", "value": 7.0}])
    assert (first.matched, second.matched) == (({"kind": "lab", "value": 6.0},), ({"kind": "lab", "value": 7.0},))
    assert chain.fire([{"kind": "lab", "value": 5.0}]) == []


def test_without_the_engine_the_fault_says_that_it_is_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(*_: Any) -> Any:
        raise ChainError("not installed", absent=True)

    monkeypatch.setattr(chaining, "_engine", absent)
    with pytest.raises(ChainError) as raised:
        Chain([PAIR])
    assert raised.value.absent
