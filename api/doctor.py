"""Is this installation sound? Each check says what is wrong and, by its words, what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Final

from sqlalchemy import text

from api.bootstrap import House, key_ring, loaders
from api.gates import GATES
from api.hook import Hook
from api.search_desk import SEARCH
from base.audit import faults
from base.keyring import NEWEST_DAYS
from base.plugins import discover
from rules import policy
from rules.model import Family
from supervision.operations.alarms import Alarms
from supervision.operations.conditions import CONDITIONS

_MOST_ALARMS: Final = 10_000


def checks(house: House) -> Iterator[tuple[str, str]]:
    """(what was checked, what is wrong with it or empty), one after the other."""
    for name, check in _CHECKS.items():
        try:
            yield name, check(house)
        except Exception as error:  # a check that fails is itself the finding
            yield name, f"{type(error).__name__}: {error}"


def _database(house: House) -> str:
    with house.engine.connect() as connection:
        connection.execute(text("SELECT count(*) FROM knowledge_head"))
    return ""


def _release(house: House) -> str:
    active = house.releases.active()
    if not active:
        return "nothing is published yet: run `yigong serve` or `yigong publish`"
    snapshot = house.releases.open(active)
    return "; ".join(fault for gate in GATES for fault in gate(snapshot)[:3])


def _search(house: House) -> str:
    """The index beside the active release: digests and signature."""
    active = house.releases.active()
    if active and SEARCH in house.releases.manifest(active).artefacts:
        house.releases.artefact(active, SEARCH)
    return ""


def _plugins(house: House) -> str:
    discover("rules.families", "FAMILY", Family)
    discover("api.hooks", "HOOK", Hook)
    loaders()
    return ""


def _policies(house: House) -> str:
    for path in house.settings.policies_dir.glob("*.json"):
        policy.load(path)
    return ""


def _keys(house: House) -> str:
    newest = key_ring(house).known()[-1][1]
    age = (datetime.now(UTC) - newest).days
    return f"the data key is {age} days old: run `yigong keys rotate --by …`" if age > NEWEST_DAYS else ""


def _audit(house: House) -> str:
    trusted = (house.key.public, *house.settings.trusted_keys)
    found = list(islice(faults(house.engine, trusted, house.settings.anchors_file), 3))
    return "; ".join(f"audit event {fault.number}: {fault.what}" for fault in found)


def _systems(house: House) -> str:
    """Alarms about connected systems that stand."""
    standing = Alarms(house.engine).listed(limit=_MOST_ALARMS)
    titles = {name: condition.title for name, condition in CONDITIONS.items()}
    told = [f"{a.system.tenant} {a.system.label}: {titles.get(a.condition, a.condition)}" for a in standing[:3]]
    more = f" (yigong operations alarms: {len(standing)} in all)" if standing else ""
    return "; ".join(told) + more


def _access(house: House) -> str:
    local = house.settings.host in ("127.0.0.1", "::1", "localhost")
    if local or house.settings.api_keys:
        return ""
    return "listens beyond this machine without YIGONG_API_KEYS: operators cannot log in from elsewhere"


_CHECKS: dict[str, Callable[[House], str]] = {
    "database": _database,
    "active release (digest, signature, gates)": _release,
    "search index (digests, signature)": _search,
    "rule families, hooks, sources": _plugins,
    "policies": _policies,
    "access": _access,
    "data keys": _keys,
    "audit": _audit,
    "connected systems": _systems,
}
