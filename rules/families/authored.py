"""Rules that curators wrote in the closed language: one finding each, with what the condition read."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from clinical.finding import Finding, Gap, Outcome, Passed, Reference, Severity, Suggestion
from clinical.logic import Truth
from knowledge.model import Rule, Standing
from rules.authored import Condition, compile_condition, must_order, resolve
from rules.facts import CaseFacts
from rules.language import Group, parse
from rules.model import Case, Family, fault

NAME = "authored"


def check(case: Case) -> Iterator[Outcome]:
    """Every rule of the release that is in force and in scope, each isolated."""
    rules = case.snapshot.remember((NAME, "rules"), lambda: _anchored(case))
    if not case.explain:
        new = case.new_lineage
        rules = [(rule, anchors) for rule, anchors in rules if anchors is None or not anchors.isdisjoint(new)]
    for rule, _ in rules:
        if not _applies(case, rule):
            continue
        try:
            yield from _judge(case, rule)
        except Exception as error:  # one rule must never take the others down
            yield fault(NAME, rule.id, error)


def _applies(case: Case, rule: Rule) -> bool:
    after, before = rule.valid_from, rule.valid_to
    in_force = (not after or after <= case.iso_day) and (not before or case.iso_day < before)
    scope, patient = rule.scope, case.patient
    here = not scope.get("departments") or patient.department in scope["departments"]
    return in_force and here and (not scope.get("stages") or patient.stage in scope["stages"])


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
        yield Passed(NAME, rule.id, f"{rule.title}: 条件不成立或不涉及本次医嘱", concerned)


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
