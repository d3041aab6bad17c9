"""The canonical text of a JSON value: equal values have equal text."""

import hashlib
import json
from typing import Any


def canonical_json(value: Any) -> str:
    """Write a value as JSON in a fixed form, so that equal values give equal text.

    >>> canonical_json({"b": 1, "a": [True, None]})
    '{"a":[true,null],"b":1}'
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def body_hash(value: Any) -> str:
    """SHA-256 of the canonical JSON, 64 hexadecimal digits."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()
