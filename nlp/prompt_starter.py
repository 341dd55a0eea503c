"""The prompts that we ship, one YAML file each, and how they come into an installation.

A new edition becomes a further version of the prompt at the root, approved in the name of the second pass, and is
used there unless the installation chose otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from sqlalchemy import Connection, Engine, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from base.tenancy import system
from nlp.prompt_store import SHIPPED, Act, State, add_version, decided, happened, new_prompt, use, version_of, writing
from nlp.prompt_tables import active, prompts, versions
from nlp.prompts import Content, check

FOLDER: Final = Path(__file__).parent / "prompt_content"
STARTER: Final = "starter"
AUTHOR, SECOND = "yigong-content", "yigong-second-pass"
_NOTE: Final = "随软件提供的起步内容，使用前须经本地专家审核"


class Shipped(NamedTuple):
    name: str
    purpose: str
    content: Content


@lru_cache(1)
def shipped() -> tuple[Shipped, ...]:
    """Every prompt of ours. Raises ``PromptError`` when one has a fault."""
    return tuple(_read())


def _read() -> Iterator[Shipped]:
    import yaml

    for path in sorted(FOLDER.glob("*.yaml")):
        told = yaml.safe_load(path.read_text("utf-8"))
        name, purpose = told.pop("name"), told.pop("purpose")
        content = Content.of(told, path.name)
        check(content)
        yield Shipped(name, purpose, content)


def seed(engine: Engine, tenant: str, at: datetime) -> int:
    """Bring what we ship to the root. Gives how many versions are new; several workers may do it at once."""
    made = 0
    for one in shipped():
        try:
            with system("shipped prompts"), writing(engine) as connection:
                made += _seeded(connection, tenant, one, at)
        except IntegrityError:
            continue  # another worker was quicker
    return made


def _seeded(connection: Connection, tenant: str, one: Shipped, at: datetime) -> int:
    """Raises ``IntegrityError`` when another worker brings the same."""
    act = Act(AUTHOR, at, _NOTE)
    known = connection.execute(select(prompts).where(prompts.c.tenant == tenant, prompts.c.name == one.name)).first()
    if known is None:
        row = new_prompt(tenant, one.name, one.purpose, act) | {"standing": STARTER}
        connection.execute(insert(prompts).values(row))
        prompt = row["id"]
    elif known.standing != STARTER:
        return 0  # the installation has one of its own by this name
    else:
        prompt = known.id
    if _newest_shipped(connection, prompt) == one.content.digest:
        return 0
    number = (
        connection.execute(select(func.max(versions.c.number)).where(versions.c.prompt == prompt)).scalar() or 0
    ) + 1
    add_version(connection, prompt, tenant, number, one.content, act, origin=SHIPPED)
    _approve(connection, tenant, prompt, number, at)
    here = (active.c.tenant == tenant, active.c.purpose == one.purpose)
    chosen = connection.execute(select(active).where(*here)).first()
    if chosen is None or chosen.actor == AUTHOR:
        use(connection, tenant, one.purpose, version_of(connection, tenant, prompt, number), act)
    return 1


def _newest_shipped(connection: Connection, prompt: str) -> str:
    """Digest of the edition that was brought last."""
    query = select(versions.c.digest).where(versions.c.prompt == prompt, versions.c.origin == SHIPPED)
    return connection.execute(query.order_by(versions.c.number.desc()).limit(1)).scalar() or ""


def _approve(connection: Connection, tenant: str, prompt: str, number: int, at: datetime) -> None:
    second = Act(SECOND, at)
    values = {"state": State.APPROVED.value, "submitted_by": AUTHOR, **decided(second)}
    connection.execute(
        update(versions).where(versions.c.prompt == prompt, versions.c.number == number).values(values)
    )
    happened(connection, prompt, number, tenant, State.APPROVED.value, second)
