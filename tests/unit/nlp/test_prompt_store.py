"""Prompts kept on both databases: versions are only added, another person approves, each level chooses what it uses."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from base.tenancy import Scope, TenancyError, acting, guard, system
from nlp.prompt_cases import Outcome
from nlp.prompt_starter import SECOND, seed, shipped
from nlp.prompt_store import Act, MissingPromptError, PromptConflictError, Prompts, State, Version
from nlp.prompt_tables import versions
from nlp.prompt_usage import Usage
from nlp.prompts import Content, PromptError

NOW = datetime(2026, 11, 26, 2, 0, tzinfo=UTC)
LEAGUE, COUNTY, HOSPITAL, OTHER = "league", "league/county-a", "league/county-a/h1", "league/county-b/h9"
PURPOSE = "智能问答"


def text(words: str = "问") -> Content:
    case = {"name": "甲", "variables": {"question": "x"}, "expect": [{"contains": "x"}]}
    return Content.of(
        {"template": f"{words}{{{{ question }}}}", "variables": [{"name": "question"}], "cases": [case]}
    )


def by(actor: str, note: str = "") -> Act:
    return Act(actor, NOW, note)


def at(tenant: str, actor: str = "li") -> Any:
    return acting(Scope(actor, (tenant,), (tenant,)))


@pytest.fixture
def store(engine: Engine) -> Prompts:
    return Prompts(guard(engine))


def approved(store: Prompts, tenant: str, name: str, words: str = "问") -> Version:
    made = store.create(tenant, name, PURPOSE, text(words), by("li"))
    store.record(made.prompt, 1, "", [Outcome("甲")], by("li"))
    store.submit(made.prompt, 1, by("li"))
    return store.approve(made.prompt, 1, by("wang"))


def test_a_version_goes_from_draft_to_use_and_its_history_is_kept(store: Prompts) -> None:
    with at(HOSPITAL):
        made = approved(store, HOSPITAL, "问答")
        assert (made.state, made.author, made.decided_by) == (State.APPROVED, "li", "wang")
        used = store.activate(HOSPITAL, made.prompt, 1, by("wang"))
        assert used.version.content == text()
        assert [one.action for one in store.history(HOSPITAL, made.prompt)] == [
            *("create", "submitted", "approved", "activate"),
        ]


def test_versions_are_added_and_never_overwritten(store: Prompts) -> None:
    with at(HOSPITAL):
        first = store.create(HOSPITAL, "问答", PURPOSE, text(), by("li"))
        second = store.add(first.prompt, text("请问"), by("zhao"), base=1)
        assert (second.number, second.base, second.state) == (2, 1, State.DRAFT)
        assert store.version(HOSPITAL, first.prompt, 1).content == text()
        with pytest.raises(PromptConflictError, match="相同"):
            store.add(first.prompt, text("请问"), by("zhao"))
        with pytest.raises(PromptConflictError, match="已存在"):
            store.create(HOSPITAL, "问答", PURPOSE, text(), by("li"))


@pytest.mark.parametrize("actor", ["li", "zhao"])
def test_neither_author_nor_submitter_approves(store: Prompts, actor: str) -> None:
    with at(HOSPITAL):
        made = store.create(HOSPITAL, "问答", PURPOSE, text(), by("li"))
        store.record(made.prompt, 1, "", [Outcome("甲")], by("li"))
        store.submit(made.prompt, 1, by("zhao"))
        with pytest.raises(PromptError, match="以外的人"):
            store.approve(made.prompt, 1, by(actor))


def test_nothing_is_approved_whose_cases_did_not_pass(store: Prompts) -> None:
    with at(HOSPITAL):
        made = store.create(HOSPITAL, "问答", PURPOSE, text(), by("li"))
        store.submit(made.prompt, 1, by("li"))
        with pytest.raises(PromptError, match="尚未运行"):
            store.approve(made.prompt, 1, by("wang"))
        store.record(made.prompt, 1, "m", [Outcome("甲"), Outcome("乙", ("错",))], by("li"))
        with pytest.raises(PromptError, match="未全部通过"):
            store.approve(made.prompt, 1, by("wang"))
        store.record(made.prompt, 1, "m", [Outcome("甲"), Outcome("乙")], by("li"))
        assert store.approve(made.prompt, 1, by("wang")).state is State.APPROVED
        bare = Content.of({"template": "{{ q }}", "variables": [{"name": "q"}]})
        other = store.add(made.prompt, bare, by("li"))
        store.record(made.prompt, other.number, "", [], by("li"))
        store.submit(made.prompt, other.number, by("li"))
        with pytest.raises(PromptError, match="没有测试用例"):
            store.approve(made.prompt, other.number, by("wang"))


def test_only_what_was_approved_is_used_and_a_rejection_says_why(store: Prompts) -> None:
    with at(HOSPITAL):
        made = store.create(HOSPITAL, "问答", PURPOSE, text(), by("li"))
        with pytest.raises(PromptError, match="审核通过"):
            store.activate(HOSPITAL, made.prompt, 1, by("wang"))
        store.submit(made.prompt, 1, by("li"))
        with pytest.raises(PromptError, match="理由"):
            store.reject(made.prompt, 1, by("wang"))
        assert store.reject(made.prompt, 1, by("wang", "含糊")).state is State.REJECTED
        with pytest.raises(PromptError, match="rejected"):
            store.submit(made.prompt, 1, by("li"))


def test_the_nearest_level_that_chose_counts(store: Prompts) -> None:
    with at(LEAGUE):
        root = approved(store, LEAGUE, "盟问答", "盟")
        store.activate(LEAGUE, root.prompt, 1, by("wang"))
    with at(HOSPITAL):
        use = store.in_use(HOSPITAL, PURPOSE)
        assert use is not None
        assert (use.tenant, use.version.content) == (LEAGUE, text("盟"))
        own = approved(store, HOSPITAL, "院问答", "院")
        store.activate(HOSPITAL, own.prompt, 1, by("wang"))
        assert store.choices(HOSPITAL)[PURPOSE] == (HOSPITAL, own.prompt, 1)
    with at(COUNTY):
        use = store.in_use(COUNTY, PURPOSE)
        assert use is not None
        assert use.tenant == LEAGUE
    with at(HOSPITAL):
        back = store.deactivate(HOSPITAL, PURPOSE, by("wang"))
        assert back is not None
        assert back.tenant == LEAGUE
        with pytest.raises(MissingPromptError):
            store.deactivate(HOSPITAL, PURPOSE, by("wang"))


def test_one_hospital_neither_sees_nor_changes_anothers(store: Prompts) -> None:
    with at(HOSPITAL):
        own = approved(store, HOSPITAL, "院问答")
    with at(OTHER, "mallory"):
        assert store.listed(OTHER) == []
        for attempt in (
            lambda: store.version(OTHER, own.prompt),
            lambda: store.add(own.prompt, text("x"), by("mallory")),
            lambda: store.submit(own.prompt, 1, by("mallory")),
            lambda: store.activate(OTHER, own.prompt, 1, by("mallory")),
            lambda: store.history(OTHER, own.prompt),
        ):
            with pytest.raises(MissingPromptError):
                attempt()
        with pytest.raises(TenancyError):
            store.create(HOSPITAL, "假的", PURPOSE, text(), by("mallory"))


def test_what_belongs_to_the_league_is_read_below_and_not_changed_there(store: Prompts) -> None:
    with at(LEAGUE):
        root = approved(store, LEAGUE, "盟问答")
    with at(HOSPITAL):
        assert [prompt.name for prompt, _ in store.listed(HOSPITAL)] == ["盟问答"]
        assert store.activate(HOSPITAL, root.prompt, 1, by("wang")).tenant == HOSPITAL
        with pytest.raises(MissingPromptError, match="上级机构"):
            store.add(root.prompt, text("改"), by("li"))
        with pytest.raises(TenancyError):
            store.activate(LEAGUE, root.prompt, 1, by("li"))


def test_two_who_add_at_once_make_two_versions_or_one_is_told(store: Prompts, engine: Engine) -> None:
    with at(HOSPITAL):
        made = store.create(HOSPITAL, "问答", PURPOSE, text(), by("li"))

    def add(number: int) -> str:
        with at(HOSPITAL):
            try:
                return str(store.add(made.prompt, text(f"问{number}"), by("li")).number)
            except PromptConflictError:
                return "told"

    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(add, range(4)))
    with system("test"), engine.connect() as connection:
        count = connection.execute(select(func.count()).select_from(versions)).scalar_one()
    kept = [one for one in told if one != "told"]
    assert kept
    assert count == 1 + len(kept)
    assert len(set(kept)) == len(kept)


# -- use and ratings ---------------------------------------------------------------------------


def test_uses_and_ratings_are_counted_by_version_and_seen_within_reach(store: Prompts, engine: Engine) -> None:
    usage = Usage(engine)
    with at(LEAGUE):
        root = approved(store, LEAGUE, "盟问答")
    for tenant, failed, dropped in ((HOSPITAL, False, 1), (HOSPITAL, True, 0), (OTHER, False, 2)):
        with at(tenant):
            usage.used(tenant, root.prompt, 1, "2026-11-26", failed=failed, dropped=dropped)
    with acting(Scope("reader", (HOSPITAL,))):  # who only reads may rate
        usage.rate(HOSPITAL, root.prompt, 1, 2, by("reader"))
        usage.rate(HOSPITAL, root.prompt, 1, 4, by("reader", "改观"))
        (mine,) = usage.figures(HOSPITAL, root.prompt)
        assert mine == (1, 2, 1, 1, 1, 4.0)
        with pytest.raises(PromptError, match="1 至 5"):
            usage.rate(HOSPITAL, root.prompt, 1, 6, by("reader"))
    with at(LEAGUE):
        (whole,) = usage.figures(LEAGUE, root.prompt)
        assert (whole.uses, whole.dropped) == (3, 3)


# -- what we ship ------------------------------------------------------------------------------


def test_what_we_ship_is_brought_once_and_used_at_the_root(store: Prompts, engine: Engine) -> None:
    assert seed(engine, LEAGUE, NOW) == len(shipped())
    assert seed(engine, LEAGUE, NOW) == 0
    with at(HOSPITAL):
        use = store.in_use(HOSPITAL, PURPOSE)
        assert use is not None
        assert (use.tenant, use.prompt.standing, use.version.decided_by) == (LEAGUE, "starter", SECOND)
        assert set(store.choices(HOSPITAL)) == {one.purpose for one in shipped()}


def test_a_choice_of_the_league_outlives_a_new_edition(
    store: Prompts, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nlp import prompt_starter

    seed(engine, LEAGUE, NOW)
    with at(LEAGUE):
        own = approved(store, LEAGUE, "盟问答")
        store.activate(LEAGUE, own.prompt, 1, by("wang"))
    ours = next(one for one in shipped() if one.purpose == PURPOSE)
    newer = ours._replace(content=text("新"))
    monkeypatch.setattr(prompt_starter, "shipped", lambda: (newer,))
    assert seed(engine, LEAGUE, NOW) == 1
    with at(LEAGUE):
        use = store.in_use(LEAGUE, PURPOSE)
        assert use is not None
        assert use.prompt.id == own.prompt
        (edition,) = [made for prompt, made in store.listed(LEAGUE, PURPOSE) if prompt.name == newer.name]
        assert [one.number for one in edition] == [1, 2]


def test_several_workers_bring_it_once(engine: Engine) -> None:
    guard(engine)
    with ThreadPoolExecutor(3) as pool:
        made = sum(pool.map(lambda _: seed(engine, LEAGUE, NOW), range(3)))
    assert made == len(shipped())
