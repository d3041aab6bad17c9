"""The canonical text of a JSON value: equal values have equal text."""

import hashlib
import json
from collections.abc import Callable
from typing import Any


def canonical_json(value: Any, default: Callable[[Any], Any] | None = None) -> str:
    """Write a value as JSON in a fixed form, so that equal values give equal text.

    :param default: turns a value that JSON does not know into one that JSON knows
    :raises ValueError: NaN or infinity
    :raises TypeError: `default` cannot convert a value, or keys of an object cannot be sorted

    >>> canonical_json({"b": 1, "a": [True, None]})
    '{"a":[true,null],"b":1}'
    """
    return json.dumps(
        value,
        default=default,
        allow_nan=False,
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
    )


def body_hash(value: Any) -> str:
    """SHA-256 of the canonical JSON, 64 hexadecimal digits."""
    return text_hash(canonical_json(value))


def text_hash(text: str) -> str:
    """SHA-256 of a text, 64 hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()
