"""Views of boards over HTTP: each keeps its own, an institution shares with all below, nothing about a patient."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.routes.views import EXAMPLES
from tests.integration.staffed import CLINIC, COUNTY, HOSPITAL, OTHER, Staffed, staffed

VIEWS = "/api/v1/views"
SHARED: dict[str, Any] = EXAMPLES["view"]
OWN = SHARED | {"shared": False}


@pytest.fixture(scope="module")
def site(starter_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Staffed]:
    made = staffed(starter_dir, tmp_path_factory.mktemp("views"))
    made.add("county", COUNTY, "regulator")
    made.add("hospital", HOSPITAL, "regulator")
    made.add("manager", HOSPITAL, "institution-manager")
    made.add("clinic", CLINIC, "institution-manager")
    made.add("other", OTHER, "institution-manager")
    made.add("pharmacist", HOSPITAL, "pharmacist")
    yield made
    made.client.__exit__(None, None, None)
    made.house.engine.dispose()


@pytest.fixture(scope="module")
def heads(site: Staffed) -> dict[str, dict[str, str]]:
    return {name: site.bearer(name) for name in ("county", "hospital", "manager", "clinic", "other", "pharmacist")}


class Asking:
    """People of the installation who ask for views."""

    def __init__(self, site: Staffed, heads: dict[str, dict[str, str]]) -> None:
        self.site, self._heads = site, heads

    def listed(self, who: str, page: str = "boards") -> Any:
        return self.site.client.get(VIEWS, params={"page": page}, headers=self._heads[who])

    def titles(self, who: str) -> list[str]:
        return [one["title"] for one in self.listed(who).json()["views"]]

    def keep(self, who: str, body: Any) -> Any:
        return self.site.client.post(VIEWS, json=body, headers=self._heads[who])

    def remove(self, who: str, number: str) -> Any:
        return self.site.client.post(f"{VIEWS}/{number}/removal", json={}, headers=self._heads[who])


@pytest.fixture
def asking(site: Staffed, heads: dict[str, dict[str, str]]) -> Asking:
    return Asking(site, heads)


def test_what_an_institution_shares_is_offered_to_it_and_all_below(asking: Asking) -> None:
    made = asking.keep("hospital", SHARED)
    assert made.status_code == 201, made.text
    told, number = made.json(), made.json()["id"]
    assert (told["page"], told["author"], told["institution"]) == ("boards", "hospital", HOSPITAL)
    seen = {who: asking.titles(who) for who in ("hospital", "manager", "clinic", "county", "other")}
    title = SHARED["title"]
    assert seen == {"hospital": [title], "manager": [title], "clinic": [title], "county": [], "other": []}
    told = {who: asking.listed(who).json()["views"][0] for who in ("hospital", "manager")}
    assert {who: (one["own"], one["removable"]) for who, one in told.items()} == {
        "hospital": (True, True),
        "manager": (False, False),
    }
    assert asking.remove("manager", number).status_code == 404
    assert asking.remove("other", number).status_code == 404
    assert asking.remove("county", number).status_code == 200, "whoever might share there takes away what others left"
    assert asking.titles("manager") == []
    for act in ("view.keep", "view.remove"):
        assert f"view/{number}" in [one["subject"] for one in asking.site.audited(act)]


def test_who_only_reads_keeps_views_for_themselves(asking: Asking) -> None:
    assert asking.listed("manager").json()["mayShare"] is False
    assert asking.listed("hospital").json()["mayShare"] is True
    assert asking.keep("manager", SHARED).status_code == 403
    made = asking.keep("manager", OWN)
    assert made.status_code == 201
    assert asking.keep("manager", OWN).status_code == 409
    assert asking.titles("manager") == [OWN["title"]]
    assert asking.titles("hospital") == []
    assert asking.remove("hospital", made.json()["id"]).status_code == 404, "nobody learns of another's"
    assert asking.remove("manager", made.json()["id"]).status_code == 200


def test_who_may_not_read_a_board_has_no_views_of_it(asking: Asking) -> None:
    number = asking.keep("hospital", SHARED).json()["id"]
    assert asking.listed("pharmacist").status_code == 403
    assert asking.keep("pharmacist", OWN).status_code == 403
    assert asking.remove("pharmacist", number).status_code == 403
    assert asking.listed("pharmacist", "governance").status_code == 200
    assert asking.remove("hospital", number).status_code == 200
    assert asking.site.client.get(VIEWS, params={"page": "boards"}).status_code == 401


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (OWN | {"address": "/ui/recordqc?record=A0012"}, "address"),
        (OWN | {"address": "https://example.org/ui/boards"}, "address"),
        (OWN | {"title": " "}, "title"),
    ],
)
def test_what_cannot_be_kept_is_refused_at_its_field(asking: Asking, body: Any, field: str) -> None:
    answer = asking.keep("hospital", body)
    assert answer.status_code == 422
    assert answer.json()["issue"][0]["expression"] == [field]


def test_views_are_asked_for_by_a_board_that_there_is(asking: Asking) -> None:
    answer = asking.listed("hospital", "accounts")
    assert answer.status_code == 400
    assert answer.json()["issue"][0]["expression"] == ["page"]
