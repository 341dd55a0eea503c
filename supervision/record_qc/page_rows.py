"""Checks of the front page by a row each: what must be filled in, always or when something else stands there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from supervision.record_qc.model import Aspect, Check, Gap, Said, Severity
from supervision.record_qc.page import PAGE_GUIDE, Page, page_check, untold, wrong
from supervision.record_qc.page_items import Item

When: TypeAlias = Callable[[Page], str | Gap | None]
"""Why items must be filled in, as a defect says it; None when they need not be, a gap when that is not known."""


def always(page: Page) -> str:
    """Of any patient."""
    return "必填项"


@dataclass(frozen=True, slots=True)
class Filled:
    """Items that must be filled in ``when`` there is a reason. An item that was not told is a gap, one that was left
    blank (or holds a dash) a defect."""

    name: str
    items: tuple[Item, ...]
    called: str = ""
    when: When = always
    source: str = PAGE_GUIDE
    mend: str = ""
    points: float = 1.0
    most: float | None = None
    severity: Severity = Severity.MAJOR

    def check(self) -> Check:
        """The check of this row."""
        called = self.called or self.items[0].name
        return page_check(
            self.name,
            f"首页{called}未填",
            self._judge,
            self.source,
            self.mend or f"按填写说明补填首页{called}",
            aspect=Aspect.COMPLETE,
            severity=self.severity,
            points=self.points,
            most=self.most,
        )

    def _judge(self, page: Page) -> Iterator[Said]:
        why = self.when(page)
        if isinstance(why, Gap):
            yield why
        elif why:
            for item in self.items:
                yield from self._filled(page, item, why)

    def _filled(self, page: Page, item: Item, why: str) -> Iterator[Said]:
        written = page.item(item)
        if written is None:
            yield untold(item)
        elif not written:
            yield wrong(f"首页“{item.name}”未填写（{why}）", page.place(item), key=item.name)


def chosen(item: Item, *meanings: str) -> When:
    """When one of some options was chosen."""

    def when(page: Page) -> str | Gap | None:
        written = page.item(item)
        if written is None:
            return untold(item)
        meaning = item.meaning(written)
        return f"{item.name}为{meaning}" if meaning in meanings else None

    return when
