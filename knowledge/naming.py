"""One way to compare names, shared by loaders, the compiled release and terminology."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

_DROPPED = dict.fromkeys(map(ord, " \t\r\n　·•・’'`®™"))
_FOLDED = str.maketrans(
    {
        "【": "(",
        "】": ")",
        "［": "(",
        "］": ")",
        "[": "(",
        "]": ")",
        "〔": "(",
        "〕": ")",
        "，": ",",
        "、": ",",
    }
)


@lru_cache(maxsize=65536)
def normal_name(text: str) -> str:
    """Fold width, case, brackets and spaces so that equal names compare equal.

    ``"阿莫西林 （ＡＭＸ）"`` → ``"阿莫西林(amx)"``. Never changes characters that carry meaning.
    """
    folded = unicodedata.normalize("NFKC", text).translate(_FOLDED).casefold()
    return folded.translate(_DROPPED)
