"""What PostgreSQL can store: texts, and JSON as text, without NUL or half characters."""

import json
from collections.abc import Callable
from typing import Any

DEEPEST = 100  # levels of objects and lists in each other; what walks through them is recursive


def is_too_deep(value: Any) -> bool:
    """Whether objects and lists are nested so deeply that it could not be worked with later.

    >>> is_too_deep({"child_ids": [[0, 0, {"name": "Jo"}]]})
    False
    """
    level = [value]
    for _level in range(DEEPEST + 1):
        level = [
            item
            for one in level
            for item in (one.values() if isinstance(one, dict) else one)
            if isinstance(item, (dict, list, tuple))  # a union takes twice as long
        ]
        if not level:
            return False
    return True


def is_storable(text: str) -> bool:
    """Whether a text holds neither a NUL nor half a character (a lone surrogate).

    >>> is_storable("Gent"), is_storable("Ge\\0nt"), is_storable("\\ud800")
    (True, False, False)
    """
    return "\0" not in text and not any("\ud800" <= char <= "\udfff" for char in text)


def holds_nul(json_text: str) -> bool:
    """Whether JSON holds the character NUL, and not only a backslash with u0000 behind it.

    >>> holds_nul(json.dumps("a\\0")), holds_nul(json.dumps(r"\\u0000"))
    (True, False)
    """
    return "\\u0000" in json_text and "\\u0000" in json_text.replace("\\\\", "")


def dump(value: Any, default: Callable[[Any], Any] | None) -> str:
    """Strict JSON that can be encoded.

    :raises ValueError: NaN, infinity or half a character
    :raises TypeError: `default` does not know what to make of something
    """
    text = json.dumps(value, default=default, allow_nan=False, ensure_ascii=False)
    text.encode()
    return text
