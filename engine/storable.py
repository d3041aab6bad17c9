"""What PostgreSQL can store: texts, and JSON as text, without NUL or half characters."""

import json
from collections.abc import Callable
from typing import Any


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
