"""Rules that curators wrote in the closed language: one finding each, with what the condition read."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from clinical.finding import Finding, Gap, Outcome, Passed, Reference, Severity, Suggestion
from clinical.logic import Truth
from knowledge.model import Rule, Standing
from rules.authored import Condition, compile_condition, must_order, resolve
from rules.facts import CaseFacts
from rules.language import Group, parse
from rules.model import Case, Family, fault

NAME = "authored"
_NOT_YET: Final = "自{rule.valid_from}起生效，当日尚未生效"
_NO_MORE: Final = "已于{rule.valid_to}失效"
_ELSEWHERE: Final = "仅适用于{departments}，不适用于当前科室"
_NO_DEPARTMENT: Final = "仅适用于{departments}，未提供当前科室"
_NOT_NOW: Final = "不适用于当前诊疗环节"
_NOT_ORDERED: Final = "所针对的药品不在本次医嘱中"


def check(case: Case) -> Iterator[Outcome]:
    """Every rule of the release that is in force and in scope, each isolated."""
    rules = case.snapshot.remember((NAME, "rules"), lambda: _anchored(case))
    if case.explain:
        yield from _left_out(case, rules)
    new = case.new_lineage
    for rule in [rule for rule, anchors in rules if anchors is None or not anchors.isdisjoint(new)]:
        if _outside(case, rule):
            continue
        try:
            yield from _judge(case, rule)
        except Exception as error:  # one rule must never take the others down
            yield fault(NAME, rule.id, error)


def _outside(case: Case, rule: Rule) -> str:
    """Why a rule is not asked on that day and at that place, to be filled in by who explains; empty: it is asked."""
    after, before = rule.valid_from, rule.valid_to
    if after and after > case.iso_day:
        return _NOT_YET
    if before and case.iso_day >= before:
        return _NO_MORE
    scope, patient = rule.scope, case.patient
    if scope.get("departments") and patient.department not in scope["departments"]:
        return _ELSEWHERE if patient.department else _NO_DEPARTMENT
    return _NOT_NOW if scope.get("stages") and patient.stage not in scope["stages"] else ""


def _left_out(case: Case, rules: list[tuple[Rule, frozenset[str] | None]]) -> Iterator[Passed]:
    """The rules of the release that are not asked, each with the reason."""
    if not case.snapshot.rules:
        yield Passed(NAME, "", "未评估: 当前知识版本中没有机构规则")
    for rule in case.snapshot.rules:
        if rule.standing is Standing.UNREVIEWED:
            yield _not_asked(rule, "尚未审核，不参与审查")
    for rule, anchors in rules:
        why = _outside(case, rule)
        if not why and anchors is not None and anchors.isdisjoint(case.new_lineage):
            why = _NOT_ORDERED
        if why:
            yield _not_asked(rule, why)


def _not_asked(rule: Rule, why: str) -> Passed:
    departments = "、".join(rule.scope.get("departments", ()))
    return Passed(NAME, rule.id, f"未评估: 规则“{rule.title}”{why.format(rule=rule, departments=departments)}")


def _anchored(case: Case) -> list[tuple[Rule, frozenset[str] | None]]:
    """The rules of the release that may speak, each with the drugs of which one must be ordered for it to hold:
    most rules ask for one that nobody orders."""
    rules = [rule for rule in case.snapshot.rules if rule.standing is not Standing.UNREVIEWED]
    return [(rule, _anchors(case, rule)) for rule in rules]


def _anchors(case: Case, rule: Rule) -> frozenset[str] | None:
    names = must_order(parse(rule.condition))
    return None if names is None else frozenset(resolve(name, Group.DRUG, case.snapshot) for name in names)


def _judge(case: Case, rule: Rule) -> Iterator[Outcome]:
    facts = CaseFacts(case)
    held = _compiled(rule.condition)(facts)
    orders = tuple(facts.orders)
    new = {order.id for order in case.orders}
    concerned = tuple(o for o in orders if o in new) or (() if orders else tuple(sorted(new)))
    if held is Truth.TRUE and concerned and case.in_focus(*concerned):
        yield _finding(case, rule, facts, orders or concerned, concerned)
    elif held is Truth.UNKNOWN:
        reason = f"规则“{rule.title}”缺少{'、'.join(facts.missing.values())}，未能检查"
        yield Gap(NAME, next(iter(facts.missing), "input"), reason, concerned, rule.id)
    elif case.explain:
        why = "条件不成立" if held is Truth.FALSE else "条件成立，但与本次医嘱无关"
        yield Passed(NAME, rule.id, f"{rule.title}: {why}", concerned)


def _finding(
    case: Case, rule: Rule, facts: CaseFacts, orders: tuple[str, ...], concerned: tuple[str, ...]
) -> Finding:
    names = {order.id: order.what.text for order in case.orders}
    drop = tuple(Suggestion(f"取消 {names[o]}", "delete", o) for o in concerned[:1])
    return Finding(
        family=NAME,
        rule_id=rule.id,
        rule_version=str(rule.revision),
        severity=Severity(rule.severity),
        summary=rule.message,
        detail=rule.title,
        orders=orders,
        data=tuple(facts.data),
        references=case.snapshot.remember(
            (NAME, "references", rule.id),
            lambda: tuple(_reference(case, rule, c.source, c.section) for c in rule.citations),
        ),
        advice=rule.advice,
        suggestions=drop,
        cause=f"{NAME}:{rule.id}",
        interruptive=rule.standing in (Standing.REVIEWED, Standing.STARTER),
    )


def _reference(case: Case, rule: Rule, source_id: str, section: str) -> Reference:
    source = case.snapshot.source(source_id)
    title, url = (f"《{source.title}》", source.url) if source else (source_id, "")
    return Reference(rule.id, title, section, rule.evidence, url, rule.standing.value)


@lru_cache(maxsize=4096)
def _compiled(condition: str) -> Condition:
    return compile_condition(parse(condition))


FAMILY = Family(NAME, "机构规则", check)
