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


def run(program: str, seconds: float) -> subprocess.CompletedProcess[bytes]:
    """A program that may hang or crash, in a process of its own."""
    return subprocess.run([sys.executable, "-c", program], timeout=seconds, capture_output=True, check=False)


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
