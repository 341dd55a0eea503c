"""Where a defect stands, what people may do with it, and the journal of that."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, Final


class State(StrEnum):
    FOUND = "found"
    APPEALED = "appealed"
    CORRECTED = "corrected"
    UPHELD = "upheld"
    WITHDRAWN = "withdrawn"
    MENDED = "mended"

    @property
    def stands(self) -> bool:
        """Whether it costs points."""
        return self in STANDING


STATES: Final = {
    State.FOUND: "待整改",
    State.APPEALED: "申诉中",
    State.CORRECTED: "已整改待复核",
    State.UPHELD: "申诉未通过，待整改",
    State.WITHDRAWN: "申诉通过，已撤销",
    State.MENDED: "已整改",
}
STANDING: Final = frozenset({State.FOUND, State.APPEALED, State.CORRECTED, State.UPHELD})
"""States in which a defect costs points."""


class Action(StrEnum):
    """What happens to a defect. A check finds, finds again and sees mended; doctors appeal and correct; reviewers
    uphold or withdraw what was appealed, accept or refuse what was corrected."""

    FIND = "find"
    AGAIN = "again"
    MEND = "mend"
    APPEAL = "appeal"
    CORRECT = "correct"
    UPHOLD = "uphold"
    WITHDRAW = "withdraw"
    ACCEPT = "accept"
    REFUSE = "refuse"


ACTIONS: Final = {
    Action.FIND: "发现",
    Action.AGAIN: "复检仍存在",
    Action.MEND: "复检已消除",
    Action.APPEAL: "申诉",
    Action.CORRECT: "提交整改",
    Action.UPHOLD: "维持",
    Action.WITHDRAW: "撤销",
    Action.ACCEPT: "确认整改",
    Action.REFUSE: "退回整改",
}
MOVES: Final = {
    Action.APPEAL: (frozenset({State.FOUND}), State.APPEALED),
    Action.CORRECT: (frozenset({State.FOUND, State.UPHELD}), State.CORRECTED),
    Action.UPHOLD: (frozenset({State.APPEALED}), State.UPHELD),
    Action.WITHDRAW: (frozenset({State.APPEALED}), State.WITHDRAWN),
    Action.ACCEPT: (frozenset({State.CORRECTED}), State.MENDED),
    Action.REFUSE: (frozenset({State.CORRECTED}), State.FOUND),
}
"""What people may do: from which states, to which."""
REVIEWING: Final = frozenset({Action.UPHOLD, Action.WITHDRAW, Action.ACCEPT, Action.REFUSE})
"""What a second person decides."""
NEEDS_REASON: Final = frozenset({Action.APPEAL, Action.UPHOLD, Action.WITHDRAW, Action.REFUSE})


def event_row(
    row: Any,
    at: datetime,
    actor: str,
    action: Action,
    after: State,
    reason: bytes = b"",
    report: int | None = None,
) -> dict[str, Any]:
    """An entry of the journal, of a defect that stands as its row says."""
    return {
        "defect": row.id,
        "tenant": row.tenant,
        "at": at,
        "actor": actor[:80],
        "action": action.value,
        "before": row.state,
        "after": after.value,
        "report": report,
        "reason": reason,
    }
