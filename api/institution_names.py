"""What people call institutions, on screens, in messages and in reports."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine

from base.tenancy import system
from records.registry import Registry

Name = Callable[[str], str]


def called(engine: Engine) -> Name:
    """Names as they are registered now, whoever asks: what an institution is called is no secret."""
    with system("names of institutions"), engine.connect() as connection:
        return Registry().directory(connection).name


def called_with_path(engine: Engine) -> Name:
    """The same with the path behind, as reports tell institutions of one name apart."""
    name = called(engine)
    return lambda tenant: f"{name(tenant)} ({tenant})"


def placed(told: Any, name: Name) -> Any:
    """What is told, with what people call it (``institution``) beside every path of a ``tenant``."""
    if isinstance(told, list):
        return [placed(one, name) for one in told]
    if not isinstance(told, dict):
        return told
    whole = {key: placed(value, name) for key, value in told.items()}
    return {"institution": name(told["tenant"])} | whole if told.get("tenant") else whole
