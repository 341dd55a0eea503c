"""Paths into FHIR resources, compiled to closures: dotted names, choices, filters, steps along references.

``name.text`` · ``value[x]`` · ``telecom[system=phone,email].value`` · ``identifier[@id-card].value`` ·
``encounter->period.start`` (what the reference names, of the same message) · ``birthDate|day`` (derived).
``$this`` is the value itself. Blank texts and empty lists are what FHIR takes them for: not there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from records.quality_forms import card_birth, card_sex, listed

Json = Mapping[str, Any]
_STEP: Final = re.compile(r"([A-Za-z][A-Za-z0-9]{0,40})(\[x\])?(?:\[(@?)([^\[\]=]{1,40})(?:=([^\[\]]{1,400}))?\])?")
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9]{0,40}")
_DOTS: Final = re.compile(r"\.(?![^\[]*\])")
_ID_CARD_SYSTEMS: Final = frozenset(
    {"urn:oid:2.16.156.10011.1.3", "2.16.156.10011.1.3", "urn:oid:2.16.156.1.112635.1.1.1", "urn:yigong:id-card"}
)
_ID_CARD_TYPES: Final = frozenset({"NI", "NNCHN", "01", "1", "居民身份证"})


class FormError(ValueError):
    """A path or condition that is none; ``problems`` say each what is wrong and what to write instead."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Scene:
    """What a resource is seen together with: ``others`` are the resources of its message by reference
    (``Encounter/e1``), ``now`` when it is checked, ``sent`` when its sender sent it."""

    now: datetime
    sent: datetime | None = None
    others: Mapping[str, Json] = field(default_factory=dict)


Values = Callable[[Any, Scene], list[Any]]


def compile_path(text: str) -> Values:
    """The values that a path leads to. Raises ``FormError``."""
    problems: list[str] = []
    made = read_path(text, "path", problems)
    if problems:
        raise FormError(problems)
    return made


def read_path(text: Any, at: str, problems: list[str]) -> Values:
    """A path whose faults are added to ``problems``."""
    if not isinstance(text, str) or not text:
        problems.append(f"{at.lstrip('.')}: must be a path like name.text")
        return lambda value, scene: []
    steps: list[Values] = []
    route, _, derived = text.partition("|")
    for number, leg in enumerate(route.split("->")):
        if number:
            steps.append(_referred)
        steps += _leg(leg, at, problems)
    if derived:
        if derived not in DERIVED:
            problems.append(f"{at.lstrip('.')}: |{derived} must be one of {', '.join(DERIVED)}")
        else:
            steps.append(_mapped(DERIVED[derived]))
    return _walk(steps)


def _leg(text: str, at: str, problems: list[str]) -> Iterator[Values]:
    """The steps up to a reference; names that follow each other are one step, as most paths are nothing else."""
    names: list[str] = []
    for step in [] if text == "$this" else _DOTS.split(text):
        if _NAME.fullmatch(step):
            names.append(step)
            continue
        if names:
            yield _plain(tuple(names))
            names = []
        yield _step(step, at, problems)
    if names:
        yield _plain(tuple(names))


def _plain(names: tuple[str, ...]) -> Values:
    def values(value: Any, scene: Scene) -> list[Any]:
        found = [value]
        for name in names:
            leaves: list[Any] = []
            for one in found:
                held = one.get(name) if isinstance(one, dict) else None
                if isinstance(held, list):
                    leaves += held
                elif held is not None:
                    leaves.append(held)
            if not leaves:
                return leaves
            found = leaves
        for one in found:
            if (not one or one.__class__ is str) and _is_blank(one):
                return [each for each in found if not _is_blank(each)]
        return found

    return values


def _is_blank(value: Any) -> bool:
    """Whether FHIR takes a value for missing; 0 and false are not."""
    if isinstance(value, str):
        return not value or value.isspace()
    return value is None or (not value and isinstance(value, dict | list))


def _walk(steps: Sequence[Values]) -> Values:
    if not steps:
        return lambda value, scene: [value]
    if len(steps) == 1:
        return steps[0]

    def values(value: Any, scene: Scene) -> list[Any]:
        found = [value]
        for step in steps:
            found = [leaf for one in found for leaf in step(one, scene)]
        return found

    return values


def _step(text: str, at: str, problems: list[str]) -> Values:
    match = _STEP.fullmatch(text)
    if match is None:
        problems.append(f"{at.lstrip('.')}: {text!r} is no step of a path: name, value[x], telecom[system=phone]")
        return lambda value, scene: []
    name, choice, alias, key, wanted = match.groups()
    keep: Callable[[Any], bool] | None = None
    if alias:
        keep = ALIASES.get(key)
        if keep is None or wanted:
            problems.append(f"{at.lstrip('.')}: [@{key}] must be one of {', '.join('@' + a for a in ALIASES)}")
    elif key:
        if wanted is None:
            problems.append(f"{at.lstrip('.')}: [{key}] needs a value: [{key}=…]")
        keep = _having(key, frozenset((wanted or "").split(",")))
    return _chosen(name, keep) if choice or keep is None else _named(name, keep)


def _named(name: str, keep: Callable[[Any], bool]) -> Values:
    held = _plain((name,))
    return lambda value, scene: [one for one in held(value, scene) if keep(one)]


def _chosen(name: str, keep: Callable[[Any], bool] | None) -> Values:
    """A choice type: ``value[x]`` is whichever of valueQuantity, valueString … was sent."""
    start = len(name)

    def values(value: Any, scene: Scene) -> list[Any]:
        if not isinstance(value, dict):
            return []
        found = [v for k, v in value.items() if k.startswith(name) and k[start : start + 1].isupper()]
        return [one for one in found if not _is_blank(one) and (keep is None or keep(one))]

    return values


def _having(key: str, wanted: frozenset[str]) -> Callable[[Any], bool]:
    steps = key.split(".")

    def has(value: Any) -> bool:
        found = [value]
        for step in steps:
            found = [leaf for one in found if isinstance(one, dict) for leaf in listed(one.get(step))]
        return any(isinstance(one, str) and one in wanted for one in found)

    return has


def _referred(value: Any, scene: Scene) -> list[Any]:
    """The resource that a Reference names, when the same message holds it."""
    named = value.get("reference") if isinstance(value, dict) else None
    found = scene.others.get(named) if isinstance(named, str) else None
    return [] if found is None else [found]


def _is_id_card(identifier: Any) -> bool:
    if not isinstance(identifier, dict):
        return False
    system = identifier.get("system")
    if isinstance(system, str) and system:
        return system in _ID_CARD_SYSTEMS
    kind = identifier.get("type")
    codings = listed(kind.get("coding")) if isinstance(kind, dict) else []
    named = [coding.get("code") for coding in codings if isinstance(coding, dict)]
    named += [kind.get("text")] if isinstance(kind, dict) else []
    return any(one in _ID_CARD_TYPES for one in named if isinstance(one, str))


ALIASES: Final[Mapping[str, Callable[[Any], bool]]] = {"id-card": _is_id_card}
"""Filters by name: ``identifier[@id-card]``."""


def _mapped(made: Callable[[Any], Any]) -> Values:
    def values(value: Any, scene: Scene) -> list[Any]:
        found = made(value)
        return [] if found is None else [found]

    return values


def _day(value: Any) -> str | None:
    return value[:10] if isinstance(value, str) and len(value) >= 10 else None


def _birth(value: Any) -> str | None:
    return card_birth(value) if isinstance(value, str) else None


def _sex(value: Any) -> str | None:
    return card_sex(value) if isinstance(value, str) else None


def _kind(value: Any) -> str | None:
    return value.partition("/")[0] if isinstance(value, str) and "/" in value else None


DERIVED: Final[Mapping[str, Callable[[Any], Any]]] = {
    "day": _day,
    "id-card-birth": _birth,
    "id-card-sex": _sex,
    "reference-type": _kind,
}
"""What can be derived of a value at the end of a path."""
