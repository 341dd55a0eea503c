"""All facts and indicators of an installation, ours and a hospital's, checked when they are read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from base.plugins import discover
from base.refusal import MissingError
from supervision.figures.dimension import dimensions
from supervision.figures.fact import Fact, Kind
from supervision.figures.fragments import problems
from supervision.figures.indicator import Indicator, Measure, Sum, Theme


class CatalogueError(Exception):
    """Declarations that do not fit together; the message lists all of them."""


class MissingIndicatorError(MissingError):
    """There is no indicator of a name."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Facts and indicators by name."""

    facts: Mapping[str, Fact]
    indicators: Mapping[str, Indicator]

    def indicator(self, name: str) -> Indicator:
        """Raises ``MissingIndicatorError``."""
        found = self.indicators.get(name)
        if found is None:
            raise MissingIndicatorError(f"没有名为 {name} 的指标: GET /api/v1/indicators 列出全部指标")
        return found

    def of_theme(self, theme: Theme) -> list[Indicator]:
        return [one for one in self.indicators.values() if theme in one.themes]

    def sums(self, fact: str) -> dict[str, Measure]:
        """Measures of a fact that are kept as monthly sums, by key."""
        measures = (m for one in self.indicators.values() for m in one.measures)
        return {m.key: m for m in measures if m.fact == fact and m.adds_up}


@lru_cache(maxsize=1)
def catalogue() -> Catalogue:
    """What is installed. Raises ``CatalogueError``."""
    facts = discover("supervision.facts", "FACTS", Fact)
    return checked(facts, discover("supervision.indicators", "INDICATORS", Indicator))


def checked(facts: Mapping[str, Fact], indicators: Mapping[str, Indicator]) -> Catalogue:
    """A catalogue of declarations that fit together. Raises ``CatalogueError`` that names every fault."""
    faults = [fault for fact in facts.values() for fault in _of_fact(fact)]
    faults += [f"{one.name}: {fault}" for one in indicators.values() for fault in _of_indicator(one, facts)]
    if faults:
        raise CatalogueError("\n".join(faults))
    return Catalogue(facts, indicators)


def _of_fact(fact: Fact) -> Iterator[str]:
    for name in fact.cube:
        if name not in fact.columns:
            yield f"{fact.name}: cube names {name!r}, which is no column"


def _of_indicator(one: Indicator, facts: Mapping[str, Fact]) -> Iterator[str]:
    for measure in one.measures:
        fact = facts.get(measure.fact)
        if fact is None:
            yield f"there is no fact {measure.fact!r}"
            continue
        for fragment in filter(None, (measure.value, measure.where)):
            yield from problems(fragment, fact)
        if measure.sum is Sum.MEAN and fact.kind is not Kind.STOCK:
            yield f"{measure.title}: only of a stock there is a mean of months"
    fact = facts.get(one.numerator.fact)
    if fact is not None:
        known = dimensions(fact)
        yield from (f"cannot be broken down by {name!r}" for name in one.by if name not in known)
        yield from (f"{fact.name} has no column {name!r} to show" for name in one.rows if name not in fact.columns)
    if not one.themes:
        yield "names no theme"


__all__ = ["Catalogue", "CatalogueError", "MissingIndicatorError", "catalogue", "checked"]
