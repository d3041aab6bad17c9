"""Example values of a cause, and how many different ones there are.

An entry of a cause holds them in three keys: `values`, the first examples; `distinct`, how many
different values there are, or None if that is not known any more; and `seen`, a mark of each
different value, by which values are counted across chunks. An entry without a value has none of the
keys.
"""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from .passwords import blank_passwords, is_secret_name

MOST_EXAMPLES = 3
MOST_COUNTED = 100  # different values that are counted exactly
MANY = MOST_COUNTED + 1  # stands for more
EXAMPLE_LENGTH = 80  # characters
KEYS = ("values", "distinct", "seen")


def as_example(name: str, value: Any) -> str | None:
    """A value as a text. None if it is a password.

    >>> as_example("country_id", 9999), as_example("password", "s3cret"), as_example("tag", ["a"])
    ('9999', None, '["a"]')
    """
    if any(map(is_secret_name, name.split(", "))):
        return None
    if isinstance(value, str):
        return value
    return json.dumps(blank_passwords(value), default=str, ensure_ascii=False)


def with_examples(values: Iterable[str | None]) -> dict:
    """The keys for failures with these values; None is the value of a failure that knows none.

    >>> keys = with_examples(["9999", "9998", "9999"])
    >>> keys["values"], keys["distinct"], len(keys["seen"])
    (['9999', '9998'], 2, 2)
    """
    different = dict.fromkeys(values)
    is_known = None not in different
    different.pop(None, None)
    firsts = list(different)[:MANY]
    examples = [_cut(value) for value in firsts[:MOST_EXAMPLES]]
    return _keys(examples, is_known, [_mark(value) for value in firsts])


def joined(one: dict, other: dict) -> dict:
    """The keys for the failures of two entries together."""
    if "values" not in one and "values" not in other:
        return {}
    examples = list(dict.fromkeys(one.get("values", []) + other.get("values", [])))
    if MANY in (one.get("distinct"), other.get("distinct")):
        return {"values": examples[:MOST_EXAMPLES], "distinct": MANY}
    is_known = None not in (one.get("distinct"), other.get("distinct"))
    marks = list(dict.fromkeys(one.get("seen", []) + other.get("seen", [])))
    return _keys(examples, is_known, marks)


def after_loss(entry: dict) -> dict:
    """The keys after some of the failures were taken away: which values went is not known."""
    return {"values": entry["values"], "distinct": None} if "values" in entry else {}


def without_examples(entry: dict) -> dict:
    return {name: value for name, value in entry.items() if name not in KEYS}


def _keys(examples, is_known, marks) -> dict:
    if not examples:
        return {}
    keys = {"values": examples[:MOST_EXAMPLES]}
    if len(marks) > MOST_COUNTED:
        return {**keys, "distinct": MANY}
    if not is_known:
        return {**keys, "distinct": None}
    return {**keys, "distinct": len(marks), "seen": marks}


def _cut(value: str) -> str:
    return value if len(value) <= EXAMPLE_LENGTH else value[: EXAMPLE_LENGTH - 1] + "…"


def _mark(value: str) -> str:
    return hashlib.blake2b(value.encode(), digest_size=4).hexdigest()
