"""What a rule family is, and the case it judges: one patient, some orders, one release."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any, Final, Generic, TypeVar

from clinical.administration import route_among
from clinical.age import YEAR
from clinical.coded import CHINA, china_day
from clinical.finding import Datum, Fault, Outcome, Reference, Severity
from clinical.logic import Known, Unknown
from clinical.order import Ingredient, Order, OrderKind, OrderStatus
from clinical.patient import ClinicalStatus, Condition, Observation, PatientContext
from clinical.value import Value
from knowledge.model import Predicate, Standing, Statement
from knowledge.snapshot import Snapshot

_log = logging.getLogger(__name__)
_DRUG: Final = OrderKind.DRUG  # bound once: looked up on the enumeration it takes 0.2 µs each time
_ACTIVE: Final = ClinicalStatus.ACTIVE
_DRAFT: Final = OrderStatus.DRAFT
_GOING_ON: Final = (OrderStatus.ACTIVE, OrderStatus.ON_HOLD)
_MIDNIGHT: Final = time(tzinfo=CHINA)
_ABSENT: Final[Any] = object()
_T = TypeVar("_T")


class Lazy(Generic[_T]):
    """``cached_property`` without its lock: a case belongs to one thread, and taking a lock for everything it
    works out costs as much as some families."""

    def __init__(self, make: Callable[[Any], _T]) -> None:
        self._make, self.__doc__ = make, make.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, case: object, owner: type) -> _T:
        made = case.__dict__[self._name] = self._make(case)
        return made


_OF_PATIENT: Final = frozenset(
    {"measured", "upper-limit", "egfr", "crcl", "pregnancy", "child-pugh", "drinks", "smokes"}
)


def _of_patient(key: Hashable) -> bool:
    """Whether what was worked out under a key hangs on the patient alone and not on the orders."""
    return (key[0] if isinstance(key, tuple) else key) in _OF_PATIENT


class Use(Value, frozen=True):
    """One ingredient of one drug order; ``new`` when the order is under review. ``product`` is what was
    ordered where that is a thing of its own: the first of its ingredients speaks for it too."""

    order: Order
    ingredient: Ingredient
    new: bool
    concept: str
    product: str = ""


class Way(dict[Predicate, tuple[Statement, ...]]):
    """Statements about one way of giving a drug (an ingredient with the product it speaks for, by a route, in a
    form), by predicate; looked up when first asked. ``dated`` are the predicates of which some hold for a
    time only."""

    __slots__ = ("_made", "_route", "_snapshot", "_subjects", "dated", "form")

    def __init__(self, snapshot: Snapshot, use: Use) -> None:
        self._snapshot, self._route, self.form = snapshot, use.order.dosage.route, use.order.form
        self._subjects = (use.concept, use.product) if use.product else (use.concept,)
        self.dated: set[Predicate] = set()
        self._made: dict[str, Any] = {}

    def __missing__(self, predicate: Predicate) -> tuple[Statement, ...]:
        said = (s for subject in self._subjects for s in self._snapshot.statements(predicate, subject))
        fit = tuple(s for s in said if given_so(s, self._route, self.form))
        if any(s.valid_from or s.valid_to for s in fit):
            self.dated.add(predicate)
        self[predicate] = fit
        return fit

    def in_force(self, predicate: Predicate, day: str) -> tuple[Statement, ...]:
        """Those that are effective on an ISO date."""
        fit = self[predicate]
        return tuple(s for s in fit if s.holds_on(day)) if predicate in self.dated else fit

    def once(self, key: str, make: Callable[[Way], _T]) -> _T:
        """What a family works out of these statements, whoever takes the drug and when, worked out once."""
        made: _T = self._made.get(key, _ABSENT)
        if made is _ABSENT:
            made = self._made[key] = make(self)
        return made


def given_so(statement: Statement, route: Known[str], form: str) -> bool:
    """Whether a statement that names routes (途径) or forms (剂型) concerns what is given so.

    An unknown route or form does not take a use out of a statement: better one alert
    too many than a missed one for want of a field.
    """
    routes, forms = statement.qualifiers.get("routes"), statement.qualifiers.get("forms")
    if routes and not isinstance(route, Unknown) and not route_among(route, routes):
        return False
    return not (forms and form and form not in forms)


@dataclass(frozen=True, init=False)
class Case:
    """What a family judges. ``orders`` are under review; ``focus`` narrows alerts to these order ids
    (order-select); ``explain`` asks families to yield ``Passed`` too; ``day`` is the date as of which
    knowledge is read."""

    patient: PatientContext
    orders: tuple[Order, ...]
    snapshot: Snapshot
    day: date
    focus: frozenset[str]
    explain: bool
    derive: Callable[[Case], dict[str, bool]] = field(compare=False)
    _known: dict[Hashable, Any] = field(init=False, compare=False, repr=False)

    def __init__(
        self,
        patient: PatientContext,
        orders: tuple[Order, ...],
        snapshot: Snapshot,
        day: date,
        focus: frozenset[str] = frozenset(),
        explain: bool = False,
        derive: Callable[[Case], dict[str, bool]] = lambda case: {},
    ) -> None:
        # At once: a frozen dataclass sets its fields one by one, which takes four times as long.
        self.__dict__.update(
            patient=patient,
            orders=orders,
            snapshot=snapshot,
            day=day,
            focus=focus,
            explain=explain,
            derive=derive,
            _known={},
        )

    @Lazy
    def states(self) -> dict[str, bool]:
        """Derived clinical states (``rules.states``): present, known absent, or left out when unknown."""
        return self.derive(self)

    def once(self, key: Hashable, make: Callable[[], _T]) -> _T:
        """What several families ask of one case (its eGFR), worked out once."""
        known: _T = self._known.get(key, _ABSENT)
        if known is _ABSENT:
            known = self._known[key] = make()
        return known

    def datum(self, order: Order) -> Datum:
        """An order as evidence, made once: many findings rest on the same order. Kept by the identity of the order,
        which the entry keeps alive."""
        known: tuple[Order, Datum] | None = self._known.get(id(order))
        if known is None:
            known = self._known[id(order)] = (order, order_datum(order))
        return known[1]

    def take_over(self, other: Case) -> None:
        """Use what was worked out for another case of the same patient with other orders."""
        for what in ("conditions", "observed", "age", "age_years"):
            self.__dict__[what] = getattr(other, what)
        kept = ((key, value) for key, value in other._known.items() if _of_patient(key))
        self._known.update(kept)

    @Lazy
    def today(self) -> date:
        """The day in China as of which the patient is seen (``day`` is that as of which knowledge counts)."""
        return china_day(self.patient.as_of)

    @Lazy
    def china_midnight(self) -> datetime:
        """Where the day began in China as of which the patient is seen: ages of results are counted in days."""
        return datetime.combine(self.today, _MIDNIGHT)

    @Lazy
    def iso_day(self) -> str:
        return self.day.isoformat()

    @Lazy
    def age(self) -> Known[float]:
        """On the scale of the tables: what their limits of age are compared with."""
        return self.patient.age()

    @Lazy
    def age_years(self) -> Known[int]:
        age = self.age
        return age if isinstance(age, Unknown) else int(age / YEAR)

    @Lazy
    def drugs(self) -> tuple[Order, ...]:
        """The drug orders under review."""
        return tuple([order for order in self.orders if order.kind is _DRUG])

    @Lazy
    def kinds(self) -> frozenset[OrderKind]:
        """Of what kinds the orders under review are."""
        return frozenset([order.kind for order in self.orders])

    @Lazy
    def new_uses(self) -> tuple[Use, ...]:
        """Ingredients of the drug orders under review, in order."""
        return _uses(self.drugs, True)

    @Lazy
    def active_uses(self) -> tuple[Use, ...]:
        """Ingredients of the patient's other active drugs, without those whose last day is past and
        those that an order under review continues; empty when that list is unknown."""
        drafts = {order.id for order in self.orders}
        again = {order.what.text for order in self.orders}
        beside = [
            m
            for m in self._taken_and_past[0]
            if m.id not in drafts and (m.what.text not in again or not any(o.renews(m) for o in self.orders))
        ]
        return _uses(beside, False)

    @Lazy
    def past_uses(self) -> tuple[Use, ...]:
        """Ingredients of drugs that were stopped and whose last day is known: some act on for weeks."""
        past = self._taken_and_past[1]
        return _uses(past, False) if past else ()

    @Lazy
    def _taken_and_past(self) -> tuple[list[Order], list[Order]]:
        """The other orders that go on, and those that ended on a known day."""
        taken: list[Order] = []
        past: list[Order] = []
        medications, today = self.patient.medications, self.today
        for order in () if isinstance(medications, Unknown) else medications:
            stop = order.stop
            if order.status in _GOING_ON and not (stop and stop < today):
                taken.append(order)
            elif stop:
                past.append(order)
        return taken, past

    @Lazy
    def uses(self) -> tuple[Use, ...]:
        """All ingredients the patient would take: those under review first."""
        return self.new_uses + self.active_uses

    @Lazy
    def ways(self) -> tuple[tuple[Use, Way], ...]:
        """Ingredients under review that the user is working on, with what is said of each as it is given."""
        focus, way = self.focus, self.way
        return tuple([(use, way(use)) for use in self.new_uses if not focus or use.order.id in focus])

    def way(self, use: Use) -> Way:
        """What the release says of an ingredient as it is given."""
        order = use.order
        key = ("way", use.concept, use.product, order.dosage.route, order.form)
        return self.snapshot.remember(key, lambda: Way(self.snapshot, use))

    def asked(self, predicate: Predicate) -> list[tuple[Use, Statement]]:
        """Every ingredient the user is working on with each statement in force that fits how it is given."""
        found = []
        for use, way in self.ways:
            rows = way[predicate]
            if rows:
                if way.dated:
                    rows = way.in_force(predicate, self.iso_day)
                found += [(use, s) for s in rows]
        return found

    @Lazy
    def lineage(self) -> dict[str, frozenset[str]]:
        """Ancestors (with itself) of every ingredient in use."""
        known = self.snapshot.lineage
        return {use.concept: known[use.concept] for use in self.uses}

    @Lazy
    def new_lineage(self) -> frozenset[str]:
        """Everything that an ingredient under review is or is a kind of."""
        return frozenset().union(*(self.lineage[use.concept] for use in self.new_uses))

    @Lazy
    def whole_lineage(self) -> frozenset[str]:
        """Everything that an ingredient in use is or is a kind of."""
        return frozenset().union(*self.lineage.values())

    @Lazy
    def conditions(self) -> dict[str, Condition]:
        """Active conditions by every concept they are a kind of; empty when unknown."""
        found: dict[str, Condition] = {}
        conditions, known = self.patient.conditions, self.snapshot.lineage
        for condition in () if isinstance(conditions, Unknown) else conditions:
            if condition.status is _ACTIVE:
                for own in condition.what.concepts:
                    for concept in () if own in found else known[own]:  # where it is, its ancestors are
                        if concept not in found:
                            found[concept] = condition
        return found

    @Lazy
    def observed(self) -> dict[str, list[Observation]]:
        """Observations by every concept they were understood as; empty when unknown."""
        found: dict[str, list[Observation]] = {}
        observations = self.patient.observations
        for observation in () if isinstance(observations, Unknown) else observations:
            for concept in observation.what.concepts:
                found.setdefault(concept, []).append(observation)
        return found

    @Lazy
    def told(self) -> frozenset[Predicate]:
        """Predicates of which some statement has a drug under review, or something in it, as its subject."""
        subjects = {use.concept for use in self.new_uses}
        for order in self.drugs:
            subjects.update(order.what.concepts)
        return frozenset().union(*map(self.snapshot.told, subjects))

    def statements(self, predicate: Predicate, subject: str) -> tuple[Statement, ...]:
        """Statements in force on the day of the review, the subject's own before inherited ones."""
        return self.snapshot.in_force(predicate, subject, self.iso_day)

    def said_of(self, predicate: Predicate, use: Use) -> tuple[Statement, ...]:
        """Statements in force about the ingredient of a use, and about the product it speaks for."""
        own = self.statements(predicate, use.concept)
        return own + self.statements(predicate, use.product) if use.product else own

    def in_focus(self, *order_ids: str) -> bool:
        """Whether at least one of the orders is one the user is working on now."""
        return not self.focus or any(order_id in self.focus for order_id in order_ids)

    def references(self, statement: Statement) -> tuple[Reference, ...]:
        """The citations of a statement, with the titles of their sources."""
        return self.snapshot.remember(
            ("references", statement.id),
            lambda: tuple(self._reference(statement, c.source, c.section) for c in statement.citations),
        )

    def name(self, concept_id: str) -> str:
        return self.snapshot.name(concept_id)

    def _reference(self, statement: Statement, source_id: str, section: str) -> Reference:
        source = self.snapshot.source(source_id)
        title = source_id if source is None else _title(source.title, source.edition, source.year)
        url = "" if source is None else source.url
        return Reference(statement.id, title, section, statement.evidence, url, statement.standing.value)


def _title(title: str, edition: str, year: int) -> str:
    shown = edition or (str(year) if year else "")
    return f"《{title}》({shown})" if shown else f"《{title}》"


def _uses(orders: Iterable[Order], new: bool) -> tuple[Use, ...]:
    found = []
    for order in orders:
        if order.kind is _DRUG:
            concepts = order.what.concepts
            product = concepts[0] if concepts else ""
            for ingredient in order.ingredients:
                concept = ingredient.concept
                found.append(Use(order, ingredient, new, concept, "" if product == concept else product))
                product = ""
    return tuple(found)


_SEVERITIES: Final[dict[str, Severity]] = {severity.value: severity for severity in Severity}


def severity_of(statement: Statement) -> Severity:
    """Severity a statement may alert with: what secondary sources say never exceeds moderate."""
    told = statement.qualifiers["severity"]
    severity = _SEVERITIES.get(told) or Severity(told)
    if statement.standing is Standing.SECONDARY and severity.rank > Severity.MODERATE.rank:
        return Severity.MODERATE
    return severity


def may_interrupt(statement: Statement) -> bool:
    """Only knowledge that somebody reviewed may interrupt."""
    return statement.standing in (Standing.REVIEWED, Standing.STARTER)


def order_datum(order: Order) -> Datum:
    """An order as evidence: the drug or exam as it was written."""
    what, origin = "新开医嘱" if order.status is _DRAFT else "在用药品", order.origin
    return Datum(what, order.what.text, origin.time, origin.institution, origin.reference)


def fault(family: str, rule_id: str, error: Exception) -> Fault:
    """Log where a rule failed, without the message of the error (it may hold patient data)."""
    where = traceback.extract_tb(error.__traceback__)[-1]
    name = type(error).__name__
    at = f"{where.filename}:{where.lineno}"
    _log.error("rule failed", extra={"family": family, "rule": rule_id, "error": name, "at": at})
    return Fault(family, rule_id, name)


def each_statement(
    family: str,
    statements: Iterable[tuple[Use, Statement]],
    judge: Callable[[Use, Statement], Iterable[Outcome]],
) -> Iterator[Outcome]:
    """Judge every (use, statement); one that raises becomes a ``Fault`` and the rest goes on."""
    for use, statement in statements:
        try:
            yield from judge(use, statement)
        except Exception as error:  # isolation is the point
            yield fault(family, statement.id, error)


Check = Callable[[Case], Iterable[Outcome]]


@dataclass(frozen=True, slots=True, eq=False)
class Family:
    """A rule family: a pure check over a case.

    ``name`` is the value of ``Finding.family``; ``title`` what clinicians read; ``reads`` the
    predicates whose statements it decides by; ``kinds`` the orders it concerns (none: it is asked of every
    patient, with or without orders); ``stages`` the moments it speaks at (none: always; a review
    without a stage asks all). ``by_drug`` promises that it says nothing unless a statement of ``reads`` has a
    drug under review, something in it, or a class of either, as its subject: the engine then need not ask.
    ``rules_out`` tells of an order tried in place of one of the case that the family would surely object to it,
    moderately or worse, for less than judging a case anew; False: only that can tell.
    """

    name: str
    title: str
    check: Check
    reads: tuple[Predicate, ...] = ()
    kinds: tuple[OrderKind, ...] = (OrderKind.DRUG,)
    stages: frozenset[str] = frozenset()
    by_drug: bool = False
    rules_out: Callable[[Case, Order], bool] | None = None

    def concerns(self, kinds: Collection[OrderKind], stage: str) -> bool:
        """Whether it has anything to say of orders of these kinds at this moment."""
        return (not self.kinds or any(kind in self.kinds for kind in kinds)) and (
            not self.stages or not stage or stage in self.stages
        )
