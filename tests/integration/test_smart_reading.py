"""A panel that a hospital's system launched reads the patient again: from the small real system of ``test_smart``."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from api.smart_reading import SmartReading
from base import launches
from base.tenancy import system
from records.launched import FRESH, launched, lent
from tests.integration.test_smart import RECORDS, Site, _drug, served, server, site  # noqa: F401
from tests.login_servers import His

SOURCE, CARDS = "/api/v1/panel/source", "/api/v1/panel/cards"
RECORD_EVENT, SOURCE_EVENT = b"event: record\ndata: {}\n\n", b"event: source\ndata: {}\n\n"


class Opened:
    """A panel whose reading goes at our pace."""

    def __init__(self, of: Site) -> None:
        self.site, self.headers = of, of.panel()
        token = self.headers["Authorization"].removeprefix("Bearer ")
        found = launches.opened(of.client.app.state.front.ring, token, datetime.now(UTC))  # type: ignore[attr-defined]
        assert found is not None
        self.launch = found
        desks = of.client.app.state.office.understanding  # type: ignore[attr-defined]
        self.watch = desks.panels
        self.reading = SmartReading(
            of.league.house.settings, desks.smart_reading._access, desks.panel.launched, self.watch
        )
        of.his.asked.clear()

    def get(self, path: str) -> Any:
        answer = self.site.client.get(path, headers=self.headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    @property
    def text(self) -> str:
        return str(self.get(SOURCE)["text"])

    @property
    def read(self) -> datetime:
        return datetime.fromisoformat(self.get(SOURCE)["asOf"])

    def passes(self, time: timedelta = FRESH) -> None:
        """Time passes: all that was done was done earlier."""
        with system("test"), self.site.league.house.engine.begin() as connection:
            row = connection.execute(select(lent).where(lent.c.id == self.launch.told)).one()
            earlier = {name: getattr(row, name) - time for name in ("tried", "due", "expires")}
            connection.execute(update(lent).where(lent.c.id == self.launch.told).values(earlier))

    def kept(self) -> list[Any]:
        with system("test"), self.site.league.house.engine.connect() as connection:
            return list(connection.execute(select(lent).where(lent.c.id == self.launch.told)))

    def looks(self, *, asked: bool = True) -> list[bytes]:
        """Somebody asks, or the panel is merely open; what its stream tells after reading."""
        if asked:
            self.reading.asked(self.launch)
        return asyncio.run(self._looked())

    async def _looked(self) -> list[bytes]:
        with self.watch._listening(frozenset({self.launch.told})) as bell:
            for _ in range(2):  # reads; then rings
                async with asyncio.TaskGroup() as readings:
                    await self.reading._look(readings)
            return await bell.rung() if bell._waiting else []


@pytest.fixture(autouse=True)
def at_our_pace(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    """The service itself does not look meanwhile."""

    async def nothing(_: object) -> None: ...

    monkeypatch.setattr(site.client.app.state.office.understanding.smart_reading, "_look", nothing)  # type: ignore[attr-defined]


@pytest.fixture
def panel(site: Site) -> Opened:  # noqa: F811
    return Opened(site)


def test_what_the_system_has_now_is_shown_when_somebody_looks_again(panel: Opened) -> None:
    before, his = panel.read, panel.site.his
    assert "布洛芬" in str(panel.get(CARDS)["findings"])
    his.records = [one for one in RECORDS if one["id"] != "m2"]
    panel.passes()
    assert panel.looks() == [SOURCE_EVENT, RECORD_EVENT]
    assert "布洛芬" not in str(panel.get(CARDS)["findings"])
    assert panel.read > before


def test_what_is_fresh_is_not_read_again(panel: Opened) -> None:
    assert panel.looks() == []
    assert panel.site.his.asked == []


def test_nothing_new_tells_as_of_when_alone(panel: Opened) -> None:
    panel.passes()
    assert panel.looks() == [SOURCE_EVENT]
    assert panel.text.startswith("业务系统资料截至 ")


def test_a_panel_that_is_merely_open_is_read_ever_more_rarely(panel: Opened) -> None:
    reads = []
    for _ in range(31):
        panel.site.his.asked.clear()
        panel.passes()
        panel.looks(asked=False)
        reads.append(bool(panel.site.his.asked))
    assert [minute for minute, read in enumerate(reads, 1) if read] == [1, 3, 7, 15, 31]


def test_of_workers_that_would_read_one_does(panel: Opened) -> None:
    panel.passes()
    store = panel.reading._launched
    with system("test"):
        first, second = store.claim(panel.launch.told, True), store.claim(panel.launch.told, True)
    assert first is not None
    assert second is None


@pytest.mark.parametrize("withheld", ["Patient", "MedicationRequest"])
def test_a_system_that_refuses_leaves_what_is_there_and_it_is_said(panel: Opened, withheld: str) -> None:
    before = panel.read
    panel.site.his.withholds = {withheld}
    panel.passes()
    assert panel.looks() == [SOURCE_EVENT]
    assert "布洛芬" in str(panel.get(CARDS)["findings"]), "lists of several times are not mixed"
    assert "未能再次给出资料" in panel.text
    assert "重新打开" in panel.text
    assert panel.read == before
    panel.site.his.withholds = set()
    panel.passes()
    panel.looks()
    assert "未能" not in panel.text


def test_another_patient_is_never_shown(panel: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    other = RECORDS[0] | {"id": "8800999", "name": [{"text": "另一人"}]}

    def confused(his: His, path: str, authorization: str) -> Any:
        return (200, other) if path.startswith("/fhir/Patient/") else told(his, path, authorization)

    told = His.get
    monkeypatch.setattr(His, "get", confused)
    panel.passes()
    panel.looks()
    assert panel.get(CARDS)["patient"]["name"] == "阿古拉"
    assert panel.get(SOURCE)["current"] is False


def test_what_cannot_be_read_changes_nothing(panel: Opened) -> None:
    panel.site.his.records = [*RECORDS[:2], _drug("m1", "华法林钠片") | {"status": ["active"]}]
    panel.passes()
    panel.looks()
    assert "布洛芬" in str(panel.get(CARDS)["findings"])
    assert panel.get(SOURCE)["current"] is False


@pytest.mark.parametrize(("told", "kept"), [(None, 1), (300, 1), ("300", 1), (0, 0), (-5, 0), ("soon", 0), ([], 0)])
def test_a_token_is_kept_no_longer_than_it_is_good_for(site: Site, told: Any, kept: int) -> None:  # noqa: F811
    site.his.expires_in = told
    panel = Opened(site)
    rows = panel.kept()
    assert len(rows) == kept
    assert ("已结束" in panel.text) == (not kept)
    if kept:
        last = panel.launch.expires if told is None else datetime.now(UTC) + timedelta(seconds=300)
        assert rows[0].expires <= last
        assert b"secret-of-his" not in rows[0].sealed


def test_a_token_that_is_over_goes_and_open_panels_say_so(panel: Opened) -> None:
    panel.passes(timedelta(days=1))
    assert panel.looks(asked=False) == [SOURCE_EVENT]
    assert panel.kept() == []
    assert panel.site.his.asked == []
    assert "授权已结束" in panel.text
    assert "布洛芬" in str(panel.get(CARDS)["findings"])


def test_a_panel_that_was_open_over_an_upgrade_is_not_said_to_have_lost_an_access_it_never_had(panel: Opened) -> None:
    with system("test"), panel.site.league.house.engine.begin() as connection:
        connection.execute(delete(lent))
        connection.execute(update(launched).values(read=None, touched=None))
    assert panel.text == "资料截至打开面板时，本面板不能自行更新；要看新资料，请从业务系统重新打开。"
    assert "布洛芬" in str(panel.get(CARDS)["findings"])


def test_a_system_that_may_launch_no_more_is_asked_no_more(panel: Opened) -> None:
    panel.passes()
    panel.site.locks(True)
    panel.looks()
    panel.site.locks(False)
    assert (panel.kept(), panel.site.his.asked) == ([], [])


def test_whoever_looks_waits_for_no_system(panel: Opened) -> None:
    """The answer comes from what is there; that somebody looked is noted."""
    panel.passes()
    panel.get(CARDS)
    desks = panel.site.client.app.state.office.understanding  # type: ignore[attr-defined]
    assert panel.launch.told in desks.smart_reading._looked_at
    assert panel.site.his.asked == []


def test_few_of_one_system_are_read_at_once(panel: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.smart_reading._AT_ONCE", 0)
    panel.passes()
    assert panel.looks() == []
    assert panel.site.his.asked == []
    monkeypatch.undo()
    assert asyncio.run(panel._looked()) == [SOURCE_EVENT], "asked for before, it is not forgotten"
