"""What a culture says of an antibacterial: reported resistant by name, or of no use against the kind of organism.

Reports are read as laboratories write them: 左氧氟沙星 R; 万古霉素、利奈唑胺敏感; 耐药: 氨苄西林、头孢唑林.
A later result of the same drug goes before an earlier one; what is too old, doubted or denied says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from typing import Final

from clinical.coded import Origin
from clinical.finding import Datum, Finding, Outcome, Severity
from clinical.logic import Unknown
from clinical.order import Purpose
from clinical.value import Value, replace
from knowledge.naming import normal_name
from rules.model import Case, Use
from rules.saying import drop
from rules.stewardship import active_conditions, antibacterials, called, hours_since, told

_DAYS: Final = 14
"""How long a culture speaks of the infection that is treated now."""
_TREATING: Final = "抗菌药物治疗性应用的基本原则"
_SENTENCE: Final = re.compile(r"[;\n]|[。!]")
_CLAUSE: Final = re.compile(r"[,、]")
_STATUS: Final = re.compile(
    r"(?P<not>未见|未检出|无|非|不|排除)?(?:(?P<multi>多重|广泛|泛|全)?耐药(?!机制|基因)|(?<![a-z])r(?![a-z0-9]))(?P<head>性?:)?"
    r"|(?P<weak>不敏感|中介|(?<![a-z])i(?![a-z0-9]))(?:性?:)?"
    r"|(?P<fine>敏感|(?<![a-z])s(?![a-z0-9]))(?P<leads>性?:)?"
)
_ABOUT_DRUGS: Final = re.compile(r"药敏|敏感性|耐药")
_INHIBITED: Final = re.compile(r"^[-/+ ]?(?:他唑巴坦|舒巴坦|克拉维酸|阿维巴坦|雷巴坦|瑞来巴坦)")
_INHIBITORS: Final = frozenset(
    f"ingredient:{name}" for name in ("sulbactam", "sulbactam-pivoxil", "tazobactam", "clavulanic-acid", "avibactam")
)
_BEFORE: Final = re.compile(r"[\u4e00-\u9fff](?<![对为示及和与是用])$")
"""A character before a name that makes it the end of another: 氧氟沙星 in 左氧氟沙星."""
_DENIED: Final = re.compile(r"未检出|未见|未发现|排除|除外|阴性|否认|既往|定植|可能|疑似|待排|\?")

_BETA_LACTAM, _CEPHALOSPORIN = "drug-class:beta-lactam", "drug-class:cephalosporin"


class _Kind(Value, frozen=True):
    """Organisms of one resistance: how they are written, which classes are of no use and which of these are."""

    name: str
    words: re.Pattern[str]
    useless: frozenset[str]
    still: frozenset[str] = frozenset()
    spared_by_inhibitor: bool = False
    severity: Severity = Severity.MAJOR


_KINDS: Final = (
    _Kind(
        "耐甲氧西林葡萄球菌",
        re.compile(r"mrsa|mrcns?|mrse|耐甲氧西林|甲氧西林耐药|耐苯唑西林"),
        frozenset({_BETA_LACTAM}),
        frozenset({"ingredient:ceftaroline", "ingredient:ceftobiprole"}),
    ),
    _Kind(
        "耐万古霉素肠球菌",
        re.compile(r"(?<![a-z])vre|耐万古霉素"),
        frozenset({"drug-class:glycopeptide", _CEPHALOSPORIN}),
    ),
    _Kind(
        "耐碳青霉烯类革兰阴性杆菌",
        re.compile(r"(?<![a-z])cr(?:e|kp|ab|pa|o)(?![a-z])|耐碳青霉烯|碳青霉烯类?耐药|耐亚胺培南|耐美罗培南"),
        frozenset({"drug-class:carbapenem"}),
    ),
    _Kind(
        "产超广谱β-内酰胺酶菌",
        re.compile(r"esbls?\(?(?:\+|阳性)|产esbls?|esbls?阳性|产超广谱"),
        frozenset({_CEPHALOSPORIN, "drug-class:monobactam"}),
        frozenset({"drug-class:cephamycin"}),
        spared_by_inhibitor=True,
    ),
    _Kind(
        "肠球菌",
        re.compile(r"[粪屎]肠球菌|肠球菌(?:属|感染|菌血症|心内膜炎|肺炎|尿路)"),
        frozenset({_CEPHALOSPORIN, "drug-class:lincosamide"}),
    ),
    _Kind(
        "铜绿假单胞菌",
        re.compile(r"铜绿假单胞|绿脓杆菌"),
        frozenset(
            {
                *("drug-class:cephalosporin-1", "drug-class:cephalosporin-2", "ingredient:ceftriaxone"),
                *("ingredient:cefotaxime", "ingredient:cefixime", "ingredient:ertapenem", "ingredient:tigecycline"),
                *("ingredient:amoxicillin", "ingredient:ampicillin", "ingredient:moxifloxacin"),
            }
        ),
    ),
    _Kind(
        "嗜麦芽窄食单胞菌",
        re.compile(r"嗜麦芽"),
        frozenset({"drug-class:carbapenem", "ingredient:ceftriaxone", "ingredient:aztreonam"}),
    ),
    _Kind(
        "支原体、衣原体、军团菌等非典型病原体",
        re.compile(r"支原体(?:肺炎|感染)|衣原体(?:肺炎|感染)|军团菌|恙虫病|立克次体"),
        frozenset({_BETA_LACTAM, "drug-class:glycopeptide"}),
        severity=Severity.MODERATE,
    ),
    _Kind(
        "肺炎克雷伯菌",
        re.compile(r"克雷伯"),
        frozenset({"ingredient:ampicillin", "ingredient:amoxicillin"}),
        spared_by_inhibitor=True,
    ),
)


class _Said(Value, frozen=True):
    """One sentence of a result or diagnosis, in plain letters, and where it stands."""

    text: str
    shown: str
    origin: Origin
    susceptibility: bool


def resistant(case: Case, family: str, use: Use) -> Iterator[Outcome]:
    """A culture that speaks against an antibacterial ordered as treatment."""
    if use.order.purpose is Purpose.PROPHYLAXIS or not any(u is use for u in antibacterials(case)):
        return
    said = case.once("cultures", lambda: _sentences(case))
    if not said:
        return
    tested = _tested(case, use, said)
    if tested is not None:
        yield from _reported(case, family, use, *tested)
        return
    for kind in _KINDS:
        against = next((s for s in said if _shows(kind, s.text)), None)
        if against is not None and _is_useless(case, use, kind) and not _other(case, use, kind):
            yield _against_kind(case, family, use, kind, against)
            return


def _sentences(case: Case) -> tuple[_Said, ...]:
    """What diagnoses, results and reports say that may be of resistance."""
    return tuple(s for s in _all(case) if _is_about(s.text))


@lru_cache(maxsize=4096)
def _is_about(text: str) -> bool:
    return bool(_STATUS.search(text)) or any(kind.words.search(text) for kind in _KINDS)


@lru_cache(maxsize=4096)
def _shows(kind: _Kind, text: str) -> bool:
    return any(kind.words.search(clause) and not _DENIED.search(clause) for clause in _CLAUSE.split(text))


def _all(case: Case) -> Iterator[_Said]:
    patient = case.patient
    for condition in active_conditions(case):
        yield _Said(normal_name(condition.what.text), condition.what.text, condition.origin, False)
    for o in () if isinstance(patient.observations, Unknown) else patient.observations:
        if isinstance(o.value, str) and _recent(case, o.origin):
            name, value = normal_name(o.what.text), normal_name(o.value)
            about = bool(_ABOUT_DRUGS.search(name)) or "培养" in name
            for part in _SENTENCE.split(value):
                yield _Said(f"{name} {part}", f"{o.what.text} {o.value}", o.origin, about)
    for report in () if isinstance(patient.reports, Unknown) else patient.reports:
        if report.conclusion and _recent(case, report.origin):
            for part in _SENTENCE.split(normal_name(report.conclusion)):
                yield _Said(part, f"{report.what.text}: {report.conclusion}", report.origin, True)


def _recent(case: Case, origin: Origin) -> bool:
    return origin.time is None or hours_since(case, origin.time) <= _DAYS * 24


# -- a drug by its name ----------------------------------------------------------------------


def _tested(case: Case, use: Use, said: tuple[_Said, ...]) -> tuple[bool, _Said] | None:
    """Whether the latest test of the drug found resistance; None when none is reported."""
    found: list[tuple[datetime | None, bool, _Said]] = []
    for s in said:
        if s.susceptibility:
            status = _status(s.text, _names(case, use))
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
    others = [u for u in antibacterials(case) if u.order.id != use.order.id and u.concept != use.concept]
    summary = f"药敏报告对{called(case, use)}耐药"
    detail = "体外药敏耐药者临床多无效，延误有效治疗。"
    advice = "按药敏换用敏感品种；经感染科会诊确需沿用或联合的，请注明理由。"
    severity = Severity.MODERATE if others else Severity.MAJOR
    datum = Datum.at("药敏", said.shown, said.origin)
    finding = told(case, family, "resistant", (use,), severity, summary, detail, advice, _TREATING, (datum,))
    yield replace(finding, suggestions=(drop(use),))


# -- a kind of organism ------------------------------------------------------------------------


def _is_useless(case: Case, use: Use, kind: _Kind) -> bool:
    lineage = case.lineage[use.concept] | {use.concept}
    inhibited = kind.spared_by_inhibitor and any(i.concept in _INHIBITORS for i in use.order.ingredients)
    return not kind.useless.isdisjoint(lineage) and kind.still.isdisjoint(lineage) and not inhibited


def _other(case: Case, use: Use, kind: _Kind) -> bool:
    """Whether something else in use may act on the organism: then this one may be for another."""
    return any(not _is_useless(case, u, kind) for u in antibacterials(case) if u.order.id != use.order.id)


def _against_kind(case: Case, family: str, use: Use, kind: _Kind, said: _Said) -> Finding:
    summary = f"{kind.name}感染，{called(case, use)}无可靠活性"
    detail = f"{kind.name}对该类药物耐药，单用疗效差。"
    advice = "按药敏选药并请感染科会诊；该菌为定植或污染的请注明。"
    datum = Datum.at("病原与诊断", said.shown, said.origin)
    finding = told(case, family, "organism", (use,), kind.severity, summary, detail, advice, _TREATING, (datum,))
    return replace(finding, suggestions=(drop(use),))
