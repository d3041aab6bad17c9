"""The texts and the JSON that PostgreSQL can store: without NUL and without half characters."""

import json
from collections.abc import Callable
from typing import Any

from .messages import _lt, message_of

DEEPEST = 100  # levels of nested objects and lists; our functions walk through them recursively


def is_too_deep(value: Any) -> bool:
    """Whether objects and lists are nested in more than `DEEPEST` levels.

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
    """Whether JSON text holds the character NUL. An escaped backslash before u0000 is not NUL.

    >>> holds_nul(json.dumps("a\\0")), holds_nul(json.dumps(r"\\u0000"))
    (True, False)
    """
    return "\\u0000" in json_text and "\\u0000" in json_text.replace("\\\\", "")


def dump(value: Any, default: Callable[[Any], Any] | None) -> str:
    """Write a value as strict JSON that UTF-8 can encode.

    :raises ValueError: NaN, infinity or half a character
    :raises TypeError: `default` cannot convert a value
    """
    text = json.dumps(value, default=default, allow_nan=False, ensure_ascii=False)
    text.encode()
    return text


def storing_problem(part: str, value: Any, default: Callable[[Any], Any]) -> str | None:
    """Why a part of an operation cannot be stored, and what to do. None if it can."""
    try:
        text = dump(value, default)
    except UnicodeEncodeError:
        return _lt(
            "%(part)s holds half a character (a lone surrogate); send whole Unicode text.",
            part=part,
        )
    except RecursionError:
        return _lt("%(part)s is nested too deeply.", part=part)
    except (TypeError, ValueError) as error:
        if "JSON compliant" in str(error):
            return _lt("%(part)s holds NaN or infinity; send a number or null.", part=part)
        return _lt(
            "%(part)s holds something that is not JSON: %(problem)s.",
            part=part,
            problem=message_of(error),
        )
    return _lt("%(part)s holds a NUL character; remove it.", part=part) if holds_nul(text) else None
