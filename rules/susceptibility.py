"""What a culture says of an antibacterial: reported resistant by name, or of no use against an organism.

Reports are read as laboratories write them: 左氧氟沙星 R; 万古霉素、利奈唑胺敏感; 耐药: 氨苄西林、头孢唑林.
A later result of the same drug goes before an earlier one; what is too old, doubted or denied says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final

from clinical.coded import Origin
from clinical.finding import Datum, Finding, Outcome, Severity
from clinical.logic import Unknown
from clinical.order import Purpose
from clinical.patient import ClinicalStatus
from clinical.value import Value, replace
from knowledge.model import Predicate, Statement
from knowledge.naming import normal_name
from rules.infusion import concepts_in
from rules.measures import surely_within
from rules.model import Case, Use, Way
from rules.saying import drop, found
from rules.stewardship import ANTIFUNGAL, antibacterials, antifungals, called, hours_since, told

_ACTIVE: Final = ClinicalStatus.ACTIVE  # bound once, as in ``rules.model``
_PROPHYLAXIS: Final = Purpose.PROPHYLAXIS
_RESISTANCE: Final = Predicate.ORGANISM_RESISTANCE
_DAYS: Final = 14
"""How long a culture speaks of the infection that is treated now."""
_TREATING: Final = "抗菌药物治疗性应用的基本原则"
_SENTENCE: Final = re.compile(r"[;\n]|[。!]")
_CLAUSE: Final = re.compile(r",")
_STATUS: Final = re.compile(
    r"(?P<not>未见|未检出|无|非|不|排除)?(?:(?P<multi>多重|广泛|泛|全)?耐药(?!机制|基因)|(?<![a-z])r(?![a-z0-9]))(?P<head>性?:)?"
    r"|(?P<weak>不敏感|中介|(?<![a-z])i(?![a-z0-9]))(?:性?:)?"
    r"|(?P<fine>敏感|(?<![a-z])s(?![a-z0-9]))(?P<leads>性?:)?"
)
_ABOUT_DRUGS: Final = re.compile(r"药敏|敏感性|耐药")
_INHIBITED: Final = re.compile(r"^[-/+ ]?(?:他唑巴坦|舒巴坦|克拉维酸|阿维巴坦|雷巴坦|瑞来巴坦)")
_BACTAMS: Final = (
    *("sulbactam", "sulbactam-pivoxil", "tazobactam", "clavulanic-acid", "avibactam"),
    *("relebactam", "vaborbactam", "durlobactam"),
)
_INHIBITORS: Final = frozenset(f"ingredient:{name}" for name in _BACTAMS)
_BEFORE: Final = re.compile(r"[\u4e00-\u9fff](?<![对为示及和与是用])$")
"""A character before a name that makes it the end of another: 氧氟沙星 in 左氧氟沙星."""
_DENIED_BEFORE: Final = re.compile(r"未检出|未见|未发现|未培养出|未分离|排除|除外|否认|非产|不产|非耐|不耐|[非无不]$")
_DENIED_AFTER: Final = re.compile(r"阴性|未检出|未见|定植|\(-\)|:-|-$")
_DOUBTED: Final = re.compile(r"既往|可能|疑似|待排|\?")
_KEPT: Final = re.compile(r"((?<=[A-Za-z]) +(?=[A-Za-z])|、)")


class _Said(Value, frozen=True):
    """One sentence of a result or diagnosis, in plain letters, and where it stands."""

    text: str
    shown: str
    origin: Origin
    susceptibility: bool


def resistant(case: Case, family: str, use: Use, way: Way) -> Iterable[Outcome]:
    """A culture that speaks against an antibacterial or antifungal (of ``antibacterials``, ``antifungals``) ordered
    as treatment."""
    if use.order.purpose is _PROPHYLAXIS:
        return ()
    results = case.once("cultures", lambda: _results(case))
    tested = _tested(case, use, results) if results else None
    if tested is not None:
        return _reported(case, family, use, *tested)
    organisms = _organisms(case, use, way)
    if not organisms.rows:
        return ()
    said = [*_diagnosed(case, organisms.any), *results]
    for one in said:
        if _shows(organisms.any, one.text):
            return _unfit(case, family, use, organisms, said)
    return ()


def _unfit(case: Case, family: str, use: Use, organisms: _Organisms, said: Sequence[_Said]) -> Iterator[Finding]:
    """The first organism said to be there that the drug does not reach and nothing else in use may."""
    for s, words in organisms.rows:
        against = next((one for one in said if _shows(words, one.text)), None)
        if against is not None and not _other(case, use, s.qualifiers["organism"]):
            yield _against_organism(case, family, use, s, against)
            return


@lru_cache(maxsize=16384)
def _shows(words: str, text: str) -> bool:
    """Whether a clause names the organism and neither doubts nor denies it: 未检出MRSA、VRE denies both, and of
    MRSA阳性、VRE阴性 only the second is denied."""
    for clause in _CLAUSE.split(text):
        if _DOUBTED.search(clause):
            continue
        for match in re.finditer(words, clause):
            after = clause[match.end() :].partition("阳性")[0]
            if not _DENIED_BEFORE.search(clause[: match.start()]) and not _DENIED_AFTER.search(after):
                return True
    return False


def _diagnosed(case: Case, words: str) -> list[_Said]:
    """Diagnoses in which an organism of these words is written, in whatever sense; most name none."""
    conditions = case.patient.conditions
    found = []
    for condition in () if isinstance(conditions, Unknown) else conditions:
        text = condition.what.text
        if condition.status is _ACTIVE and _holds(words, text):
            found.append(_Said(_plain(text), text, condition.origin, False))
    return found


@lru_cache(maxsize=16384)
def _holds(words: str, text: str) -> bool:
    return re.search(words, _plain(text)) is not None


def _results(case: Case) -> list[_Said]:
    """Every sentence of the results and reports of late."""
    observations, reports = case.patient.observations, case.patient.reports
    found = []
    for o in () if isinstance(observations, Unknown) else observations:
        if isinstance(o.value, str) and _recent(case, o.origin):
            about, parts = _result(o.what.text, o.value)
            for part in parts:
                found.append(_Said(part, f"{o.what.text} {o.value}", o.origin, about))
    for report in () if isinstance(reports, Unknown) else reports:
        what, said = report.what.text, report.conclusion
        if _recent(case, report.origin):  # a report may be one text: 痰培养：铜绿假单胞菌，头孢他啶S
            for part in _SENTENCE.split(_plain(said or what)):
                found.append(_Said(part, f"{what}: {said}" if said else what, report.origin, True))
    return found


@lru_cache(maxsize=4096)
def _result(what: str, value: str) -> tuple[bool, tuple[str, ...]]:
    """Whether a result in words is of a test of susceptibility, and its sentences, each with the name of the test."""
    name = _plain(what)
    about = _ABOUT_DRUGS.search(name) is not None or "培养" in name
    return about, tuple(f"{name} {part}" for part in _SENTENCE.split(_plain(value)))


@lru_cache(maxsize=16384)
def _plain(text: str) -> str:
    """In plain letters, but for the gaps between Latin words (E. coli ESBL+ holds the word ESBL) and the mark
    between members of a list, which share a denial."""
    parts = _KEPT.split(text)
    return "".join(part if n % 2 else normal_name(part) for n, part in enumerate(parts))


def _recent(case: Case, origin: Origin) -> bool:
    time = origin.time
    return time is None or surely_within(case, time, _DAYS) or hours_since(case, time) <= _DAYS * 24


# -- a drug by its name ----------------------------------------------------------------------


def _tested(case: Case, use: Use, said: Sequence[_Said]) -> tuple[bool, _Said] | None:
    """Whether the latest test of the drug found resistance; None when none is reported."""
    tests = [s for s in said if s.susceptibility]
    if not tests:
        return None
    names = _names(case, use)
    found: list[tuple[datetime | None, bool, _Said]] = []
    for s in tests:
        status = _status(s.text, names)
        if status is not None:
            found.append((s.origin.time, status, s))
    if not found:
        return None
    last = max((time for time, _, _ in found if time is not None), default=None)
    newest = [f for f in found if f[0] == last] or found
    _, status, s = max(newest, key=lambda f: f[1])
    return status, s


def _names(case: Case, use: Use) -> tuple[str, ...]:
    """What a report may call the drug: of a compound with an inhibitor only both names together."""
    order = use.order
    inside = tuple(i.concept for i in order.ingredients)
    return case.snapshot.remember(("tested", use.concept, inside), lambda: _called(case, use, inside))


def _called(case: Case, use: Use, inside: tuple[str, ...]) -> tuple[str, ...]:
    inhibitors = [c for c in inside if c in _INHIBITORS]
    concept = case.snapshot.concept(use.concept)
    own = [normal_name(n) for n in (concept.names() if concept else ()) if len(n) >= 3]
    classes = [case.name(c) for c in case.lineage[use.concept] if c.startswith("drug-class:")]
    wider = [normal_name(c.removesuffix("类").removeprefix("氟")) for c in classes if c.endswith("类")]
    if not inhibitors:
        return (*own, *(w for w in wider if len(w) >= 3 and w != "β-内酰胺"))
    partner = normal_name(case.name(inhibitors[0]))
    return tuple(f"{name}{mark}{partner}" for name in own for mark in ("", "/", "-", "+"))


@lru_cache(maxsize=16384)
def _status(text: str, names: tuple[str, ...]) -> bool | None:
    """Whether a sentence says that a drug of these names is resisted; None when it does not tell."""
    marks = list(_STATUS.finditer(text))
    for name in names:
        at = text.find(name)
        while at >= 0:
            end = at + len(name)
            if not _BEFORE.search(text[:at]) and not _INHIBITED.match(text[end:]):
                told_of = _mark(text, marks, at, end)
                if told_of is not None:
                    return told_of
            at = text.find(name, end)
    return None


def _mark(text: str, marks: list[re.Match[str]], start: int, end: int) -> bool | None:
    """The status that belongs to a name: where headings are used the last before it, else the next behind."""
    heads = [m for m in marks if m["head"] or m["leads"]]
    if heads:
        before = [m for m in heads if m.end() <= start]
        return _resists(before[-1]) if before else None
    behind = next((m for m in marks if m.start() >= end), None)
    if behind is None or behind["multi"] or "菌" in text[end : behind.start()]:
        return None
    return _resists(behind)


def _resists(mark: re.Match[str]) -> bool | None:
    if mark["fine"] or mark["not"]:
        return False
    return None if mark["weak"] else True


def _reported(case: Case, family: str, use: Use, resists: bool, said: _Said) -> Iterator[Finding]:
    if not resists:
        return
    others = [u for u in _alike(case, use) if u.concept != use.concept]
    summary = f"药敏报告对{called(case, use)}耐药"
    detail = "体外药敏耐药者临床多无效，延误有效治疗。"
    advice = "按药敏换用敏感品种；经感染科会诊确需沿用或联合的，请注明理由。"
    severity = Severity.MODERATE if others else Severity.MAJOR
    datum = Datum.at("药敏", said.shown, said.origin)
    finding = told(case, family, "resistant", (use,), severity, summary, detail, advice, _TREATING, (datum,))
    yield replace(finding, suggestions=(drop(use),))


# -- an organism ------------------------------------------------------------------------------


class _Organisms(Value, frozen=True):
    """Rows about organisms that an order does not reach, each with a pattern of how the organism is written, and
    one pattern of them all."""

    rows: tuple[tuple[Statement, str], ...]
    any: str


_NONE: Final = _Organisms((), r"\b\B")


def _organisms(case: Case, use: Use, way: Way) -> _Organisms:
    rows = way[_RESISTANCE]
    if not rows:
        return _NONE
    inside = use.order.ingredients
    inhibited = any(i.concept in _INHIBITORS for i in inside) if len(inside) > 1 else use.concept in _INHIBITORS
    if _RESISTANCE not in way.dated:
        key = "organisms of a compound" if inhibited else "organisms"
        return way.once(key, lambda way: _unreached(case, use, rows, inhibited))
    held = way.in_force(_RESISTANCE, case.iso_day)
    key_of_day = ("organisms", use.concept, inhibited, tuple(s.id for s in held))
    return case.snapshot.remember(key_of_day, lambda: _unreached(case, use, held, inhibited))


def _unreached(case: Case, use: Use, rows: tuple[Statement, ...], inhibited: bool) -> _Organisms:
    lineage = case.lineage[use.concept]
    told = tuple(
        (s, _pattern(s.qualifiers["written"]))
        for s in rows
        if not (inhibited and s.qualifiers.get("inhibitor")) and concepts_in(case, s, "spared").isdisjoint(lineage)
    )
    return _Organisms(told, "|".join(words for _, words in told) or r"\b\B")


def _pattern(written: Sequence[str]) -> str:
    """Any of these; Latin letters begin and end where a word does."""
    return "|".join(_word(normal_name(word)) for word in written)


def _word(word: str) -> str:
    start = "(?<![a-z0-9])" if word[:1].isascii() and word[:1].isalnum() else ""
    end = "(?![a-z0-9])" if word[-1:].isascii() and word[-1:].isalnum() else ""
    return f"{start}{re.escape(word)}{end}"


def _other(case: Case, use: Use, organism: str) -> bool:
    """Whether something else in use may act on the organism: then this one may be for another."""
    others = _alike(case, use)
    reached = (_organisms(case, u, case.way(u)).rows for u in others)
    return any(all(s.qualifiers["organism"] != organism for s, _ in rows) for rows in reached)


def _alike(case: Case, use: Use) -> list[Use]:
    """Other orders against fungi, or of other antibacterials."""
    kind = antifungals if ANTIFUNGAL in case.lineage[use.concept] else antibacterials
    return [u for u in kind(case) if u.order.id != use.order.id]


def _against_organism(case: Case, family: str, use: Use, s: Statement, said: _Said) -> Finding:
    summary = f"{s.qualifiers['organism']}感染，{called(case, use)}无可靠活性"
    datum = Datum.at("病原与诊断", said.shown, said.origin)
    return found(case, family, s, (use,), summary, (datum,), (drop(use),), f"{family}:organism:{use.order.id}")
