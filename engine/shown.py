"""Values in messages: what they are, and how they look."""

from typing import Any

from .messages import Text, _lt

LONGEST = 80  # characters
_KINDS: dict[type, Text] = {
    dict: _lt("an object"),
    list: _lt("a list"),
    str: _lt("a text"),
    bool: _lt("a boolean"),
    int: _lt("a number"),
}


def kind_of(value: Any) -> str:
    """What a value is, in the words of JSON.

    >>> kind_of({}), kind_of(None), kind_of(1.5)
    ('an object', 'null', 'a float')
    """
    if value is None:
        return "null"
    return _KINDS.get(type(value)) or _lt("a %(type)s", type=type(value).__name__)


def show(value: Any) -> str:
    """A value as Python writes it, cut where it is long.

    >>> show("7"), len(show("x" * 100))
    ("'7'", 80)
    """
    text = repr(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."
