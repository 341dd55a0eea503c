"""What is stored of those who may log in, with the settings that govern it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Engine

from base.attempts import Attempts, Patience
from base.keyring import KeyRing
from base.passwords import Rules
from base.sessions import Limits
from base.settings import Settings


@dataclass(frozen=True, slots=True)
class People:
    """Accounts, sessions, grants and clients of one installation."""

    settings: Settings
    engine: Engine
    ring: KeyRing
    rules: Rules
    limits: Limits
    attempts: Attempts
    of_account: Patience
    of_source: Patience

    @classmethod
    def of(cls, settings: Settings, engine: Engine, ring: KeyRing) -> People:
        """As the settings want it."""
        idle, whole = timedelta(minutes=settings.session_idle_minutes), timedelta(hours=settings.session_hours)
        return cls(
            settings,
            engine,
            ring,
            rules_of(settings),
            Limits(idle, whole, settings.session_most),
            Attempts(engine),
            Patience(settings.login_failures),
            Patience(settings.login_source_failures, forget=900.0),
        )


def rules_of(settings: Settings) -> Rules:
    """What is asked of passwords."""
    given = (settings.password_length, settings.password_days, settings.password_history)
    return Rules(*given, settings.password_iterations)
