"""Whatever is sent to any call of the OpenAPI document, it answers as the document says, never with a server error."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import status_code_conformance
from starlette.testclient import TestClient

from api.app import build
from api.bootstrap import ensure_release, open_house
from api.gates import GATES
from api.search_desk import artefacts
from base.settings import Settings
from knowledge.release import furnish

pytestmark = pytest.mark.slow

_EXAMPLES = 8
_SECONDS = 60.0
"""A call may begin a process, which takes long on a busy machine."""
_ENDLESS = ("/events", "/api/v1/demo")
"""Answers that never end, and one that begins a program of seconds."""


def test_every_call_answers_as_documented_and_never_with_a_server_error(tmp_path: Path) -> None:
    house = open_house(Settings(data_dir=tmp_path / "data", rate_limit=""))
    ensure_release(house, GATES)
    furnish(house.releases, house.key, house.releases.active(), artefacts(house.settings))
    app = build(house)
    with TestClient(app):
        document = schemathesis.openapi.from_asgi("/openapi.json", app)
        calls = [found.ok() for found in document.get_all_operations()]
        assert len(calls) >= 300
        for call in calls:
            if not call.path.endswith(_ENDLESS):
                _try(call, GenerationMode.POSITIVE)
                with suppress(Unsatisfiable):  # nothing can be wrong about a call that takes nothing
                    _try(call, GenerationMode.NEGATIVE)
    house.engine.dispose()


def _try(call: Any, mode: GenerationMode) -> None:
    @settings(
        max_examples=_EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(call.as_strategy(mode))
    def send(case: schemathesis.Case) -> None:
        case.call_and_validate(checks=[not_a_server_error, status_code_conformance], timeout=_SECONDS)

    send()
