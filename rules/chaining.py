"""durable_rules behind guards. It is quick at forward chaining and has sharp edges, each found by
measurement; every guard below names the fault it prevents.

- A pool of fixed sessions, one owner at a time: the 1 025th session id crashes the process, and one
  session used from several threads loses firings. Sessions are never deleted: deleting one and
  opening another crashes.
- Facts are asserted one by one under ids of our own and all retracted afterwards: facts that look
  equal (20 and "20") collide, and what stays behind would speak in the next review.
- Rulesets are linted: from 512 different first-level tests the engine loops for ever, a fact that
  passes more than 64 tests is refused, and a bare negation matches the engine's own state record.
- They are first compiled in a subprocess with a time limit, so that a loop there hangs nobody.
- No background threads of the engine: they would run actions of a session that has an owner.
- What an action raises is swallowed by the engine and stays in the session: ours raise nothing and
  the session's ``exception`` is looked at after every run.
"""

from __future__ import annotations

import json
import operator
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple

Fact = dict[str, str | float]
SESSIONS: Final = 16
MOST_TESTS: Final = 500
MOST_PER_FACT: Final = 60
_RULESET: Final = "yigong"
_MARK: Final = "t:"
_OPERATORS: Final = {"<": "$lt", "<=": "$lte", ">": "$gt", ">=": "$gte", "!=": "$neq"}
_COMPILE_SECONDS: Final = 20.0
_WAIT_SECONDS: Final = 0.05
_MOST_REMEMBERED: Final = 20_000


class ChainError(Exception):
    """The engine cannot be used (``absent``: it is not installed) or failed; the caller goes on without."""

    def __init__(self, message: str, absent: bool = False) -> None:
        super().__init__(message)
        self.absent = absent


@dataclass(frozen=True, slots=True)
class Test:
    """One test of a fact's field."""

    __test__ = False  # not a test class

    field: str
    operator: str
    value: str | float

    def may_pass(self, fact: Fact) -> bool:
        """False only when the fact certainly fails: what is absent or of another type is the engine's to judge."""
        given = fact.get(self.field)
        if given is None or isinstance(given, str) is not isinstance(self.value, str):
            return self.operator != "=" or given is None
        return _COMPARE[self.operator](given, self.value)


_COMPARE: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True)
class ForwardRule:
    """When a fact for every clause is there, ``then`` happens."""

    name: str
    when: tuple[tuple[Test, ...], ...]
    then: Any


class Fired(NamedTuple):
    """A rule that fired and the facts it matched, in the order of its clauses."""

    rule: ForwardRule
    matched: tuple[Fact, ...]


def lint(rules: Sequence[ForwardRule]) -> list[str]:
    """Why the engine must not be given these rules; empty when it may."""
    faults: list[str] = []
    first = {(t.field, t.operator, t.value) for rule in rules for clause in rule.when for t in clause}
    if len(first) > MOST_TESTS:
        faults.append(f"{len(first)} different tests; more than {MOST_TESTS} make the engine loop for ever")
    per_kind: dict[str | float, set[tuple[Test, ...]]] = {}
    for rule in rules:
        for clause in rule.when:
            kinds = [t.value for t in clause if t.field == "kind" and t.operator == "="]
            if not kinds:
                faults.append(f"{rule.name}: a clause without `kind = …` matches the engine's own state record")
            for kind in kinds:
                per_kind.setdefault(kind, set()).add(clause)
    faults += [
        f"facts of kind {kind!r} may pass {len(clauses)} clauses; more than {MOST_PER_FACT} are refused"
        for kind, clauses in per_kind.items()
        if len(clauses) > MOST_PER_FACT
    ]
    names = [rule.name for rule in rules]
    faults += [f"two rules are called {name}" for name in sorted({n for n in names if names.count(n) > 1})]
    return faults


def definition(rules: Sequence[ForwardRule]) -> dict[str, Any]:
    """The rules as the engine's JSON, without actions."""
    return {rule.name: {"all": [{f"f{n}": _clause(clause)} for n, clause in enumerate(rule.when)]} for rule in rules}


def _clause(clause: tuple[Test, ...]) -> dict[str, Any]:
    tests = [_test(test) for test in clause]
    return tests[0] if len(tests) == 1 else {"$and": tests}


def _test(test: Test) -> dict[str, Any]:
    value = _sealed(test.value)
    return {test.field: value} if test.operator == "=" else {_OPERATORS[test.operator]: {test.field: value}}


def _sealed(value: str | float) -> str | float:
    """Texts are marked, because the engine takes the text "20" for the number 20."""
    return f"{_MARK}{value}" if isinstance(value, str) else float(value)


@lru_cache(maxsize=32)
def compiles(text: str, seconds: float = _COMPILE_SECONDS) -> str:
    """Compile a ruleset (JSON) in a process of its own; why it may not be used, or empty."""
    program = "import sys, durable_rules_engine as e; e.create_ruleset('trial', sys.stdin.read())"
    try:
        command = [sys.executable, "-c", program]
        done = subprocess.run(command, input=text.encode(), timeout=seconds, capture_output=True, check=False)
    except subprocess.TimeoutExpired:
        return f"the ruleset did not compile within {seconds:g} s"
    return "" if done.returncode == 0 else f"compiling the ruleset ended with status {done.returncode}"


class Chain:
    """A ruleset with its pool of sessions. Raises ``ChainError`` when it may not be used."""

    def __init__(self, rules: Sequence[ForwardRule], seconds: float = _COMPILE_SECONDS) -> None:
        faults = lint(rules)
        if faults:
            raise ChainError("; ".join(faults))
        self._engine = _engine()
        made = definition(rules)
        trouble = compiles(json.dumps(made, ensure_ascii=False, sort_keys=True), seconds)
        if trouble:
            raise ChainError(trouble)
        self._rules = {rule.name: rule for rule in rules}
        self._clauses = list(_numbered(rules))
        self._asked = _asked(self._clauses)
        self._by_keys: dict[frozenset[Key], bool] = {}
        self._by_met: dict[frozenset[int], frozenset[int]] = {}
        self._remembered: dict[tuple[tuple[int, ...], ...], list[tuple[ForwardRule, tuple[int, ...]]]] = {}
        self._fired: dict[str, list[tuple[ForwardRule, tuple[int, ...]]]] = {}
        self._host = self._open(made)
        self._free: queue.SimpleQueue[str] = queue.SimpleQueue()
        for number in range(SESSIONS):
            self._free.put(f"s{number}")
        self._lock = threading.Lock()

    def fire(self, facts: Sequence[Fact]) -> list[Fired]:
        """Rules that fire over these facts, each matched set once. Raises ``ChainError`` when the engine
        fails or no session is free; the session is emptied in any case.

        Clauses hold one fact against constants, so what fires depends only on which clauses each fact
        may pass: facts that can pass none are not told, and what the same passes led to is remembered.
        """
        useful, passes = self._useful(facts)
        if not useful:
            return []
        places = self._remembered.get(passes)
        if places is None:
            places = self._places(useful)
            if len(self._remembered) < _MOST_REMEMBERED:
                self._remembered[passes] = places
        return [Fired(rule, tuple([useful[n] for n in matched])) for rule, matched in places]

    def _places(self, facts: list[Fact]) -> list[tuple[ForwardRule, tuple[int, ...]]]:
        """What the engine fires, facts by their place in the list."""
        try:
            session = self._free.get(timeout=_WAIT_SECONDS)
        except queue.Empty:
            raise ChainError("no session is free") from None
        try:
            return self._run(session, facts)
        finally:
            self._free.put(session)

    def may_fire(self, keys: frozenset[Key]) -> bool:
        """False where no rule can fire, whatever else facts that carry these texts say."""
        found = self._by_keys.get(keys)
        if found is None:
            found = any(keys.issuperset(key for key, _ in clauses) for _, clauses in self._clauses)
            if len(self._by_keys) < _MOST_REMEMBERED:
                self._by_keys[keys] = found
        return found

    def _useful(self, facts: Sequence[Fact]) -> tuple[list[Fact], tuple[tuple[int, ...], ...]]:
        """Facts that may match a clause of a rule all of whose clauses may be matched, and for each the
        numbers of the clauses it may pass."""
        passes = [self._passed_by(fact) for fact in facts]
        wanted = self._wanted(frozenset([clause for passed in passes for clause in passed]))
        kept: list[Fact] = []
        numbers: list[tuple[int, ...]] = []
        for fact, passed in zip(facts, passes, strict=True):
            useful = [clause for clause in passed if clause in wanted]
            if useful:
                kept.append(fact)
                numbers.append(tuple(useful))
        return kept, tuple(numbers)

    def _passed_by(self, fact: Fact) -> list[int]:
        """The numbers of the clauses that a fact may pass, in order."""
        passed = []
        kind = fact["kind"]
        for field, by_text in self._asked.get(kind, ()):
            for clause, may_pass in by_text.get(fact.get(field, "") if field else "", ()):
                if may_pass(fact):
                    passed.append(clause)
        passed.sort()
        return passed

    def _wanted(self, met: frozenset[int]) -> frozenset[int]:
        """The clauses of rules all of whose clauses some fact may pass, given those that some fact may pass."""
        found = self._by_met.get(met)
        if found is None:
            each = [range(first, first + len(clauses)) for first, clauses in self._clauses]
            found = frozenset([clause for rule in each if met.issuperset(rule) for clause in rule])
            if len(self._by_met) < _MOST_REMEMBERED:
                self._by_met[met] = found
        return found

    def _run(self, session: str, facts: Sequence[Fact]) -> list[tuple[ForwardRule, tuple[int, ...]]]:
        self._fired[session] = []
        sealed = ({k: _sealed(v) for k, v in fact.items()} for fact in facts)
        given = [{**fact, "sid": session, "id": f"{n}"} for n, fact in enumerate(sealed)]
        failed = ""
        with self._lock:  # the engine's C part is not safe between threads, whatever the session
            for fact in given:
                failed = failed or self._call(self._host.assert_fact, fact)
            for fact in given:
                failed = self._call(self._host.retract_fact, fact) or failed
            failed = failed or self._left_behind(session)
        fired = self._fired.pop(session)
        if failed:
            raise ChainError(failed)
        return fired

    def _call(self, act: Callable[[str, Fact], object], fact: Fact) -> str:
        """Why a call failed; a fact that concerns no rule is no failure."""
        try:
            act(_RULESET, dict(fact))
        except self._engine.MessageNotHandledException:
            return ""
        except Exception as error:  # whatever it is: the findings stand without it
            return type(error).__name__
        return ""

    def _left_behind(self, session: str) -> str:
        try:
            state = self._host.get_state(_RULESET, session) or {}
        except Exception as error:  # code 309: the session never held anything
            return "" if "309" in str(error) else type(error).__name__
        return "an action left an exception in the session" if state.get("exception") else ""

    def _open(self, made: dict[str, Any]) -> Any:
        """A host without the engine's background threads."""

        class Quiet(self._engine.Host):  # type: ignore[misc,name-defined]
            def _run(self) -> None:
                return None

        with_actions = {name: {**rule, "run": self._action(name)} for name, rule in made.items()}
        return Quiet({_RULESET: with_actions})

    def _action(self, name: str) -> Callable[[Any], None]:
        rule = self._rules[name]

        def action(c: Any) -> None:
            matched = tuple(int(fact._d["id"]) for fact in _matched(c, len(rule.when)))
            self._fired[str(c.s.sid)].append((rule, matched))

        return action


Key = tuple[str | float, str, str | float]
"""Kind of a fact, with one of its texts by name or without (empty)."""
_Clause = tuple[Key, Callable[[Fact], bool]]


def _numbered(rules: Sequence[ForwardRule]) -> Iterator[tuple[int, list[_Clause]]]:
    """Clauses by rule, and the number of each rule's first."""
    first = 0
    for rule in rules:
        yield first, [_by_kind(clause) for clause in rule.when]
        first += len(rule.when)


_Asked = dict[str | float, list[tuple[str, dict[str | float, list[tuple[int, Callable[[Fact], bool]]]]]]]


def _asked(rules: Sequence[tuple[int, list[_Clause]]]) -> _Asked:
    """By kind of fact the texts that clauses ask for, by name (empty: any fact of the kind), and those clauses by
    number."""
    found: dict[str | float, dict[str, dict[str | float, list[tuple[int, Callable[[Fact], bool]]]]]] = {}
    for first, clauses in rules:
        for number, ((kind, field, value), may_pass) in enumerate(clauses, first):
            found.setdefault(kind, {}).setdefault(field, {}).setdefault(value, []).append((number, may_pass))
    return {kind: list(by.items()) for kind, by in found.items()}


def _by_kind(clause: tuple[Test, ...]) -> _Clause:
    """The kind of fact a clause asks for (``lint`` demands one), the first text it must equal (which
    of its kind it is), and whether a fact may pass the other tests."""
    kind = next(t for t in clause if t.field == "kind" and t.operator == "=")
    others = [t for t in clause if t is not kind]
    named = next((t for t in others if t.operator == "=" and isinstance(t.value, str)), None)
    rest = [t for t in others if t is not named]
    return ((kind.value, named.field, named.value) if named else (kind.value, "", ""), _joined(rest))


def _joined(tests: list[Test]) -> Callable[[Fact], bool]:
    """Whether a fact may pass all of some tests; the common case of ``Test.may_pass`` is asked without a call."""
    ready = [(test, test.field, isinstance(test.value, str), _COMPARE[test.operator], test.value) for test in tests]

    def may_pass(fact: Fact) -> bool:
        for test, field, is_text, compare, value in ready:
            given = fact.get(field)
            if given is None or isinstance(given, str) is not is_text:
                if not test.may_pass(fact):
                    return False
            elif not compare(given, value):
                return False
        return True

    return may_pass


def _matched(c: Any, clauses: int) -> Iterator[Any]:
    """Facts of a firing, in order; the engine names them by our clause names."""
    for n in range(clauses):
        yield getattr(c, f"f{n}")


def _engine() -> Any:
    try:
        from durable import engine
    except ImportError:
        raise ChainError("durable_rules is not installed (extra `states`)", absent=True) from None
    return engine
