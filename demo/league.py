"""A league that does not exist: three counties (旗), thirty institutions, and what they did, month by month.

The same seed gives the same rows (with one version of DuckDB). Everything goes in through ``Lake.merge``, as loads of
institutions do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import date
from typing import Final

from demo.league_facts import EVENTS, SEED, Columns, between, chance, pick, u, whole
from demo.league_places import COUNTIES, LEAGUE, Place, places
from supervision.facts.resources import REPORTED
from supervision.figures.catalogue import Catalogue
from supervision.figures.fact import Fact
from supervision.figures.lake import Lake
from supervision.figures.manifest import Load
from supervision.figures.periods import Period

MIX: Final[Mapping[str, float]] = {
    "drug_orders": 46,
    "tests": 19,
    "visits": 12,
    "prescriptions": 8,
    "settlements": 6,
    "services": 2.5,
    "requests": 2,
    "uses": 0.5,
    "findings": 1,
    "stays": 0.8,
    "admissions": 0.8,
    "record_scores": 0.6,
    "record_defects": 0.6,
    "concordance": 0.5,
    "operations": 0.3,
    "purchases": 0.2,
    "referrals": 0.1,
    "remote": 0.1,
    "violations": 0.2,
    "repeated_drugs": 0.2,
    "trainings": 0.1,
    "consultations": 0.1,
    "gaps": 0.1,
    "incidents": 0.01,
}
"""Of each hundred events, how many are of a fact."""
_AT_ONCE: Final = 2
_INPATIENT: Final = frozenset(("stays", "admissions", "operations", "consultations"))


def fill(
    lake: Lake,
    known: Catalogue,
    period: Period,
    events: int,
    seed: int = 7,
    progress: Callable[[int], None] = lambda rows: None,
    there: Sequence[Place] | None = None,
) -> int:
    """Fill a lake with so many events in a period, and what stood at the end of each month, in all institutions or
    in some, two at a time; gives rows."""
    there = places() if there is None else there
    share = sum(place.weight for place in there)

    def one(number: int, place: Place) -> int:
        rows = 0
        for name, query in _queries(known.facts, place, period, events * place.weight / share, seed * 1000 + number):
            done = lake.merge(known.facts[name], Load(place.tenant, name, "generated", "league"), query)
            rows += done.received
            progress(done.received)
        return rows

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        started = [pool.submit(copy_context().run, one, *numbered) for numbered in enumerate(there)]
        return sum(task.result() for task in started)


def _queries(
    facts: Mapping[str, Fact], place: Place, period: Period, events: float, seed: int
) -> Iterator[tuple[str, str]]:
    """SQL of every fact of an institution: first what it is, which goes into all the others."""
    given = {"seed": str(seed), "place": place.code, "county": place.county, "lead": f"{place.county}/people"}
    given["neighbour"] = next(f"{LEAGUE}/{c}" for c in COUNTIES if f"{LEAGUE}/{c}" != place.county)
    for name, columns, source in (*_stocks(facts, place, period), *_events(place, period, events)):
        sql = ", ".join(f"{expression} AS {column}" for column, expression in columns.items())
        for key, value in given.items():
            sql, source = sql.replace(f"{{{key}}}", value), source.replace(f"{{{key}}}", value)
        yield name, f"SELECT '{place.code}-{period.since:%y%m}-' || n AS id, date, {sql} FROM ({source})"


def _events(place: Place, period: Period, events: float) -> Iterator[tuple[str, Columns, str]]:
    days = (period.until - period.since).days
    doctors = _values([(n, d, f"{place.code}{n:03}") for n, d in enumerate(_posts(place))])
    diseases = _values([(d, k, code) for d, codes in place.departments.items() for k, code in enumerate(codes)])
    most = min(len(codes) for codes in place.departments.values())
    for name, columns in EVENTS.items():
        count = round(events * MIX[name] / sum(MIX.values()))
        if count and not (name in _INPATIENT and not place.beds):
            yield (
                name,
                columns,
                # Somewhat more from month to month, so that there is something to compare.
                f"SELECT n, DATE '{period.since}' + ({days} * pow({u(80)}, 0.9))::INT % {days} AS date, "
                f"p.department, p.doctor, i.disease, round({between(81, 1, 22)}) AS days FROM range({count}) t(n) "
                f"JOIN (VALUES {doctors}) p(slot, department, doctor) "
                f"ON slot = hash(n, 82, {SEED}) % {place.doctors} "
                f"JOIN (VALUES {diseases}) i(department, k, disease) "
                f"ON i.department = p.department AND k = hash(n, 83, {SEED}) % {most}",
            )


def _posts(place: Place) -> Iterable[str]:
    """Departments of the doctors, in turn."""
    names = list(place.departments)
    return (names[n % len(names)] for n in range(place.doctors))


def _stocks(facts: Mapping[str, Fact], place: Place, period: Period) -> Iterator[tuple[str, Columns, str]]:
    months = _values([(k, month.last) for k, month in enumerate(period.months())])
    scale = place.weight

    def of(count: int) -> str:
        """So many things at the end of each month; ``m`` counts months, ``k`` things."""
        return (
            f"SELECT m * 100000 + k AS n, k, m, last::DATE AS date FROM (VALUES {months}) t(m, last), "
            f"range({count}) r(k)"
        )

    yield "institutions", _institution(place), of(1)
    yield "staff", _staff(place), of(place.doctors * 3)
    yield "facilities", _facilities(place), of(1)
    yield "devices", _devices(place), of(round(scale * 4) + 1)
    yield "finance", _finance(scale), of(1)
    yield "stock", _STOCK, of(round(scale * 20) + 5)
    yield (
        "reported",
        {"item": _nth(tuple(REPORTED), "k"), "value": whole(1, 0, round(6 * scale) + 2)},
        of(len(REPORTED)),
    )
    yield "staff_changes", _staff_changes(place), of(round(scale) + 2)
    yield "staff_days", _staff_days(place), _daily(period, len(_ON_DUTY) * len(place.departments))
    if place.beds:
        yield "bed_days", _beds(place), _daily(period, len(place.departments))
    if place.tier == "primary":
        yield from _public_health(facts, place, of)


def _daily(period: Period, count: int) -> str:
    """So many things of each day; ``k`` counts them."""
    days = (period.until - period.since).days
    each = f"SELECT n, n // {count} AS d, n % {count} AS k FROM range({days * count}) t(n)"
    return f"SELECT n, k, DATE '{period.since}' + d::INT AS date FROM ({each})"


def _public_health(
    facts: Mapping[str, Fact], place: Place, of: Callable[[int], str]
) -> Iterator[tuple[str, Columns, str]]:
    programmes = tuple(facts["coverage"].columns["programme"].choices)
    yield "population", _population(place.weight), of(len(_SIZES) * 2)
    yield "managed", _MANAGED, of(round(place.weight * 120))
    due = whole(1, 40, round(600 * place.weight) + 60)
    yield (
        "coverage",
        {"programme": _nth(programmes, "k"), "due": due, "done": f"floor({due} * (0.7 + 0.3 * {u(2)}))"},
        of(len(programmes)),
    )


def _institution(place: Place) -> Columns:
    district = COUNTIES[place.county.rpartition("/")[2]]
    town = place.name.removesuffix("中心卫生院") if place.facility == "township" else "城关镇"
    return {
        "name": f"'{place.name}'",
        "own_tier": f"'{place.tier}'",
        "own_facility": f"'{place.facility}'",
        "own_level": str(place.level),
        "district": f"'{district}'",
        "town": f"'{district}{town}'",
        "member": str(place.facility != "village").lower(),
        "posts": str(place.doctors * 3 + 2),
        "telemedicine": str(place.facility != "village").lower(),
        "family_doctor_team": str(place.tier == "primary").lower(),
        "teams": str(max(1, round(place.weight * 3)) if place.tier == "primary" else 0),
        "team_doctors": str(max(1, round(place.weight * 6)) if place.tier == "primary" else 0),
    }


def _staff(place: Place) -> Columns:
    departments = tuple(place.departments)
    return {
        "department": _nth(departments, f"k % {len(departments)}"),
        # One more of them every year, so that they grow.
        "role": f"CASE WHEN k < {place.doctors} + year(date) - 2027 THEN "
        f"CASE WHEN k % 5 <> 4 THEN 'physician' WHEN {place.tier == 'primary'} THEN 'village-doctor' "
        "ELSE 'assistant' END ELSE "
        + pick(1, {"nurse": 60, "pharmacist": 8, "technician": 10, "other-technical": 6, "manager": 8, "support": 8})
        + " END",
        "rank": pick(2, {"senior": 5, "associate": 12, "middle": 33, "junior": 40, "none": 10}),
        "permanent": chance(3, 0.7),
        "general_practitioner": chance(4, 0.15),
        "posted": chance(5, 0.05),
        "trained_above": chance(6, 0.02),
        "salary": between(7, 3_500, 12_000),
    }


def _staff_changes(place: Place) -> Columns:
    return {
        "kind": pick(1, {"joined": 40, "left": 25, "promoted": 35}),
        "department": _nth(tuple(place.departments), f"k % {len(place.departments)}"),
        "role": pick(2, {"physician": 35, "assistant": 10, "nurse": 40, "pharmacist": 5, "technician": 10}),
        "rank": pick(3, {"senior": 5, "associate": 15, "middle": 35, "junior": 45}),
    }


_ON_DUTY: Final = ("physician", "assistant", "nurse")


def _staff_days(place: Place) -> Columns:
    """Each role in each department; fewer come on some days."""
    departments = tuple(place.departments)
    employed = max(1, place.doctors // len(departments) // 2)
    return {
        "department": _nth(departments, f"k // {len(_ON_DUTY)}"),
        "role": _nth(_ON_DUTY, f"k % {len(_ON_DUTY)}"),
        "employed": str(employed),
        "on_duty": f"round({employed} * (0.4 + 0.6 * {u(1)}))",
    }


def _facilities(place: Place) -> Columns:
    return {
        "area": str(place.weight * 1_500),
        "planned_beds": str(place.beds),
        "beds": f"{place.beds} + m // 4 + year(date) - 2025",
        "observation_beds": str(round(place.weight * 2)),
        "home_beds": "m",
        "theatres": str(round(place.weight)),
        "theatre_hours": f"round({place.weight} * 160 * (0.3 + 0.5 * {u(1)}), 1)",
        "theatre_open": str(place.weight * 160),
        "laboratories": "1",
        "laboratory_hours": f"round(240 * (0.4 + 0.5 * {u(2)}), 1)",
        "laboratory_open": "240",
        "ambulances": str(round(place.weight / 3)),
    }


def _devices(place: Place) -> Columns:
    departments = tuple(place.departments)
    return {
        "department": _nth(departments, f"k % {len(departments)}"),
        "device": _nth(("彩超", "DR", "CT", "生化分析仪", "心电监护仪", "MRI", "呼吸机"), "k % 7"),
        "value": f"(hash(k, 1, {SEED}) % 180 + 1) * 10000",
        "large": "k % 7 IN (2, 5)",
        "bought": "DATE '2016-01-01' + (k * 37 % 3000)::INT",
        "used_hours": f"CASE WHEN {u(2)} < 0.05 THEN 0 ELSE round(240 * {u(2)}, 1) END",
        "open_hours": "240",
        "examinations": whole(3, 0, 400),
        "income": between(4, 0, 60_000),
        "repairs": pick(5, {"0": 85, "1": 12, "2": 3}),
    }


def _finance(scale: float) -> Columns:
    income = f"{scale} * (300000 + 60000 * {u(1)})"
    shares = {
        "medical_income": 0.85,
        "service_income": 0.3,
        "subsidy": 0.1,
        "fund_income": 0.45,
        "public_health_income": 0.03,
        "expenditure": 0.95,
        "staff_cost": 0.4,
    }
    drawn = {
        name: f"round({income} * ({share} + 0.03 * {u(k)}), 2)" for k, (name, share) in enumerate(shares.items(), 2)
    }
    return {"income": f"round({income}, 2)"} | drawn


def _beds(place: Place) -> Columns:
    each = max(1, place.beds // len(place.departments))
    occupied = f"round({each} * (0.55 + 0.4 * {u(1)}))"
    return {
        "department": _nth(tuple(place.departments), "k"),
        "open": str(each),
        "occupied": occupied,
        "observed": f"round(2 * {u(2)})",
        "observation": "2",
        "discharged": f"round({each} * {u(3)} * 0.2)",
        "present": occupied,
    }


_SIZES: Final = {
    "all": 8000,
    "elderly": 1100,
    "children": 480,
    "maternity": 80,
    "hypertension": 960,
    "diabetes": 400,
    "tuberculosis": 4,
    "mental": 36,
    "copd": 160,
    "cardiovascular": 240,
    "tumour": 48,
    "disabled": 320,
    "bereaved": 16,
    "poor": 240,
    "allowance": 240,
}
"""People of each group and sex around an institution."""


def _population(scale: float) -> Columns:
    size = f"round({scale} * {_nth(tuple(_SIZES.values()), 'k // 2')} * (0.95 + 0.1 * {u(1)}))"

    def share(place: int, least: float, whole: str = size) -> str:
        return f"floor({whole} * ({least} + {1 - least} * {u(place)}))"

    recorded, contracted, due, asked = share(2, 0.85), share(5, 0.4), share(6, 0.45), share(8, 0.3)
    return {
        "segment": _nth(tuple(_SIZES), "k // 2"),
        "sex": "CASE WHEN k % 2 = 0 THEN 'male' ELSE 'female' END",
        "residents": size,
        "records": recorded,
        "electronic": share(3, 0.9, recorded),
        "used_records": share(4, 0.5, recorded),
        "contracted": contracted,
        "renewed": share(11, 0.7, due),
        "due_renewal": due,
        "fulfilled": share(7, 0.6, contracted),
        "satisfied": share(12, 0.8, asked),
        "asked": asked,
        "insured": share(9, 0.93),
    }


_MANAGED: Final = {
    "person": "'c{place}' || k",
    "sex": pick(1, {"male": 48, "female": 52}),
    "doctor": "'{place}00' || (k % 8)",
    "programme": pick(
        2,
        {
            "hypertension": 50,
            "diabetes": 24,
            "mental": 4,
            "tuberculosis": 1,
            "copd": 6,
            "cardiovascular": 11,
            "tumour": 4,
        },
    ),
    "enrolled": "k % 40 = m % 40",
    "standard": chance(4, 0.78, 0.01),
    "followed": chance(5, 0.85, 0.02),
    "controlled": chance(6, 0.62, 0.05),
    "medicated": chance(7, 0.75, 0.05),
    "complication_screened": chance(8, 0.5, 0.05),
    "lung_function": chance(9, 0.4, 0.05),
    "stable": chance(10, 0.85, 0.03),
}
_STOCK: Final = {
    "goods": pick(1, {"drug": 80, "material": 20}),
    "item": "'品种' || k",
    "essential": "k % 5 < 3",
    "incoming": whole(2, 0, 300),
    "outgoing": whole(3, 0, 300),
    "on_hand": whole(4, 0, 900),
    "value": between(5, 100, 60_000),
    "outgoing_value": between(7, 100, 50_000),
    "short": chance(9, 0.03),
    "expiring": chance(10, 0.05),
    "expires": f"date + {whole(11, 20, 900)}::INT",
}


def _nth(names: Sequence[object], place: str) -> str:
    """The name at a place."""
    return f"([{', '.join(repr(name) for name in names)}])[({place})::INT + 1]"


def _values(rows: Iterable[tuple[object, ...]]) -> str:
    return ", ".join(f"({', '.join(_literal(value) for value in row)})" for row in rows)


def _literal(value: object) -> str:
    return f"DATE '{value}'" if isinstance(value, date) else f"'{value}'" if isinstance(value, str) else str(value)


__all__ = ["COUNTIES", "LEAGUE", "MIX", "Place", "fill", "places"]
