"""Appraisal as a service: where values and subjects come from, and results as people read them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Engine

from api.institution_names import Name, called
from base.keyring import KeyRing
from base.refusal import MissingError
from records.registry import KINDS, ORGANISATION, Entry, Organisation, Registry
from supervision.appraisal.appeals import STANDS, Appeal, Appeals, Remark
from supervision.appraisal.definitions import Definitions, Entered, Held
from supervision.appraisal.definitions import Entry as Kind
from supervision.appraisal.library import NATURES, ORIGINS, AppraisalError, Counted, Item
from supervision.appraisal.reckoning import Given, Inputs, Member, Outcome, Subject
from supervision.appraisal.runs import STATES, Run, Runs
from supervision.appraisal.scheme import EACH, WHOM, Scheme, Whom, lines
from supervision.appraisal.values import ValueOf, Values
from supervision.appraisal.views import compared, radar
from supervision.figures.answers import Answers
from supervision.figures.periods import Period, period_of
from supervision.figures.sums import Asked

_PAGE: Final = 500
_LEVELS: Final = {1: "一级", 2: "二级", 3: "三级"}
_ORGANISATIONS: Final = {"hospital": "医院", "clinic": "基层机构"}


class AppraisalDesk:
    """Everything about appraisal of one installation, held to the scope of whoever acts. ``answers`` gives figures of
    the installation's indicators; they are read when a run first asks for one."""

    def __init__(self, engine: Engine, ring: KeyRing, league: str, answers: Callable[[], Answers]) -> None:
        self.league, self._engine, self._answers = league, engine, answers
        self.definitions, self.runs = Definitions(engine, ring), Runs(engine, ring)
        self.appeals = Appeals(engine, ring, self.runs)

    def called(self) -> Name:
        """What people call institutions."""
        return called(self._engine)

    def put_item(self, tenant: str, item: Item, author: str, at: datetime) -> int:
        """An item for the library; one that is counted names an indicator that there is. Raises ``RefusedError``."""
        if isinstance(item.origin, Counted):
            try:
                self._answers().known.indicator(item.origin.indicator)
            except MissingError as error:
                raise AppraisalError("origin.indicator", str(error)) from None
        return self.definitions.put_item(tenant, item, author, at)

    # -- reckoning ---------------------------------------------------------------------------

    def compute(self, tenant: str, code: str, period: str, members: Sequence[Member], author: str) -> Run:
        """Reckon a published scheme for a period; without ``members`` for every institution below. Raises
        ``RefusedError``, ``MissingError``."""
        held, span = self.definitions.scheme(tenant, code), period_of(period)
        scheme, items = held.definition.scheme, held.definition.items
        if not scheme.fits(span):
            raise AppraisalError("period", f"该方案按{EACH[scheme.each]}考核")
        chosen = tuple(members) or self._institutions(scheme, tenant)
        entered = self._entered(tenant, code, Kind.VALUE)
        given = {key: (one.amount, one.evidence) for key, one in entered.items()}
        values = Values(items, self._value_of(items, span), given)
        codes = [placed.line.item for placed in lines(scheme)]
        inputs = Inputs(
            scheme,
            items,
            str(span),
            chosen,
            {m.subject.key: values.known(codes, span, m.subject) for m in chosen},
            _targets(self._entered(tenant, code, Kind.TARGET), str(span)),
            _shares(self._entered(tenant, code, Kind.SHARE), str(span)),
        )
        return self.runs.compute(tenant, held.version, inputs, author, datetime.now(UTC))

    def _entered(self, tenant: str, code: str, kind: Kind) -> dict[tuple[str, str, str], Entered]:
        return self.definitions.entered(tenant, code, kind)

    def _institutions(self, scheme: Scheme, tenant: str) -> tuple[Member, ...]:
        """Registered institutions of a tenant with their groups (机构分类). Raises ``AppraisalError``."""
        if scheme.whom is not Whom.INSTITUTION:
            raise AppraisalError("members", f"该方案考核{WHOM[scheme.whom]}，须列出考核对象")
        found: list[Member] = []
        with self._engine.connect() as connection:
            page = Registry().find(connection, ORGANISATION, tenant=tenant, limit=_PAGE)
            while page:
                found += _members(page)
                page = Registry().find(connection, ORGANISATION, tenant=tenant, after=page[-1].key, limit=_PAGE)
        if not found:
            raise AppraisalError("members", "该机构之下没有登记的医疗机构")
        return tuple(found)

    def _value_of(self, items: dict[str, Item], period: Period) -> ValueOf:
        """Figures of the installation, all of a subject in one go."""
        names = sorted({i.origin.indicator for i in items.values() if isinstance(i.origin, Counted)})
        periods = [period, period.previous(), period.same()]
        known: dict[str, dict[tuple[str, Period], float | None]] = {}

        def value_of(name: str, wanted: Period, subject: Subject) -> float | None:
            if subject.key not in known:
                known[subject.key] = figures(self._answers(), names, periods, subject)
            return known[subject.key].get((name, wanted))

        return value_of

    # -- showing -----------------------------------------------------------------------------

    def results(self, number: str, subject: str = "") -> list[dict[str, Any]]:
        """Results as people read them."""
        called = self.called()
        return [outcome_json(outcome, called) for outcome in self.runs.results(number, subject)]

    def sheet(self, number: str) -> dict[str, list[dict[str, Any]]]:
        """Results as sheets of a workbook: the ranking, and how every line came about."""
        called, found = self.called(), self.runs.results(number)
        ranking = [_ranked(outcome, called) for outcome in found]
        return {"考核排名": ranking, "得分明细": [row for outcome in found for row in _detailed(outcome, called)]}

    def radar(self, number: str, subject: str) -> list[dict[str, Any]]:
        """The first level of a subject's result against its group, as far as the caller sees the group."""
        (outcome,) = self.runs.results(number, subject)
        peers = [o for o in self.runs.results(number) if o.group == outcome.group]
        return [
            {"title": one.title, "points": one.points, "earned": one.earned}
            | {"share": _share(one.share), "groupShare": _share(one.group_share), "peers": len(peers)}
            for one in radar(outcome, peers)
        ]

    def trend(self, subject: str, scheme: str, tenant: str) -> list[dict[str, Any]]:
        """Published results of a subject by period, each against the period before and the year before."""
        points = self.runs.history(subject, scheme, tenant)
        told = []
        for period, point in points.items():
            changes = {name: change._asdict() for name, change in compared(period_of(period), points).items()}
            ranks = {"rank": point.rank, "groupRank": point.group_rank}
            told.append({"period": period, "run": point.run, "score": point.score} | ranks | changes)
        return told


def figures(
    answers: Answers, names: Sequence[str], periods: Sequence[Period], subject: Subject
) -> dict[tuple[str, Period], float | None]:
    """Values of indicators for a subject; what cannot be broken down so is not known."""
    only = {"department": subject.department, "doctor": subject.person}
    asked = Asked(only={name: (value,) for name, value in only.items() if value}, tenants=(subject.tenant,))
    named = [answers.known.indicators[name] for name in names if name in answers.known.indicators]
    fitting = [one for one in named if answers.fits(one, asked)]
    return {
        (name, period): line.now.value
        for period in periods
        for name, told in answers.ask(fitting, period, asked, compare=False).items()
        for line in told
    }


def _members(page: Iterable[Entry]) -> list[Member]:
    made = []
    for entry in page:
        item = entry.item
        if isinstance(item, Organisation) and entry.active and item.kind not in KINDS[:2]:
            level = _LEVELS.get(item.level or 0, "")
            made.append(Member(Subject(item.tenant), level + _ORGANISATIONS.get(item.kind, item.kind)))
    return made


def _targets(entered: dict[tuple[str, str, str], Entered], period: str) -> dict[str, dict[str, float]]:
    """Targets that hold in all periods, and before these the period's own."""
    made: dict[str, dict[str, float]] = {}
    for of in ("", period):
        for (when, subject, item), one in entered.items():
            if when == of:
                made.setdefault(subject, {})[item] = one.amount
    return made


def _shares(entered: dict[tuple[str, str, str], Entered], period: str) -> dict[str, dict[str, Given]]:
    made: dict[str, dict[str, Given]] = {}
    for (when, subject, item), one in entered.items():
        if when == period:
            made.setdefault(subject, {})[item] = Given(one.amount, one.evidence, one.author)
    return made


# -- as JSON -----------------------------------------------------------------------------------------


def item_json(item: Item) -> dict[str, Any]:
    """An item with its titles."""
    told: dict[str, Any] = msgspec.to_builtins(item)
    return told | {"originTitle": ORIGINS[type(item.origin)], "natureTitle": NATURES[item.nature]}


def held_json(held: Held) -> dict[str, Any]:
    """A version of a scheme with the points of its lines."""
    scheme = held.definition.scheme
    told = {"tenant": held.tenant, "version": held.version, "scheme": msgspec.to_builtins(scheme)}
    told |= {"whomTitle": WHOM[scheme.whom], "eachTitle": EACH[scheme.each]}
    points = [{"item": p.line.item, "path": p.path, "points": p.points} for p in lines(scheme)]
    told |= {"lines": points, "author": held.author, "publishedBy": held.published_by}
    return told | {"published": held.published and held.published.isoformat(), "at": held.at.isoformat()}


def run_json(run: Run) -> dict[str, Any]:
    """A run with how far it is."""
    told: dict[str, Any] = {**run._asdict(), "state": run.state.value, "stateTitle": STATES[run.state]}
    told |= {"reviewedBy": told.pop("reviewed_by"), "publishedBy": told.pop("published_by")}
    return told


def outcome_json(outcome: Outcome, called: Name) -> dict[str, Any]:
    """A result: score, ranks, and how every line came about."""
    told: dict[str, Any] = msgspec.to_builtins(outcome)
    return told | {"key": outcome.subject.key, "institution": called(outcome.subject.tenant)}


def appeal_json(appeal: Appeal) -> dict[str, Any]:
    """An appeal with what became of it."""
    told = {**appeal._asdict(), "state": appeal.state.value, "stateTitle": STANDS[appeal.state]}
    return told | {"decidedBy": told.pop("decided_by")}


def remark_json(remark: Remark) -> dict[str, Any]:
    """A remark."""
    return remark._asdict()


def _ranked(outcome: Outcome, called: Name) -> dict[str, Any]:
    who = {"机构": called(outcome.subject.tenant), "科室": outcome.subject.department, "人员": outcome.subject.person}
    ranks = {"名次": outcome.rank, "分类": outcome.group, "分类名次": outcome.group_rank}
    return ranks | who | {"得分": outcome.score, "已得分": outcome.earned, "应评分": outcome.possible}


def _detailed(outcome: Outcome, called: Name) -> list[dict[str, Any]]:
    who = {"机构": called(outcome.subject.tenant), "科室": outcome.subject.department, "人员": outcome.subject.person}
    return [
        who
        | {"指标": line.title, "所属": " / ".join(line.path), "方法": line.method, "数值": line.value}
        | {"单位": line.unit, "分值": line.points, "得分": line.score, "计算过程": line.how, "依据": line.evidence}
        for line in outcome.lines
    ]


def _share(share: float | None) -> float | None:
    return None if share is None else round(share, 4)
