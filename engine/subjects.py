"""The subject of an operation: a short text by which people tell an operation from its neighbours.

The subject is a part of the content: it is shown to whoever may see the content, and to nobody
else. It never holds a password.
"""

from collections.abc import Iterator
from typing import Any

from .passwords import is_secret_name

LONGEST = 80  # characters
MOST_NAMED = 40  # records of one operation: more than there is room for
# fields that tell records apart where a name is missing, as in a row that failed for that
_TELLING = ("ref", "code", "default_code", "barcode", "login", "email")


def subject_of(operation: dict, name_field: str | None) -> str | None:
    """The name, key or external id of the record, the ids, or the method; None if there is none.

    :param operation: as it was submitted
    :param name_field: the field that holds the names of the model's records, if it has one

    >>> create = {"op": "create", "values": {"name": "Kunde 00123", "ref": "K-123"}}
    >>> subject_of(create, "name")
    'Kunde 00123'
    >>> subject_of({"op": "upsert", "key": ["ref"], "values": {"ref": "K-123"}}, "name")
    'K-123'
    >>> subject_of({"op": "load", "fields": ["id", "city"], "row": ["my.p1", "Gent"]}, "name")
    'my.p1'
    >>> subject_of({"op": "write", "ids": [7, 8], "values": {"name": "new"}}, "name")
    '7, 8'
    >>> subject_of({"op": "call", "ids": [7], "method": "action_confirm"}, "name")
    'action_confirm'
    """
    values = operation.get("values")
    if operation["op"] == "create" and type(values) is dict:
        # most operations end here, so this comes first
        name = values.get(name_field)
        if type(name) is str and name and not name.isspace():
            return name[:LONGEST]
    return _joined(_parts(operation, values, name_field))


def _parts(operation: dict, values: Any, name_field: str | None) -> Iterator[str | None]:
    match operation["op"]:
        case "call":
            yield _text(operation.get("method"))
        case "write" | "unlink":
            yield from map(_text, (operation.get("ids") or ())[: MOST_NAMED + 1])
        case "load":
            cells = zip(operation["fields"], operation["row"], strict=False)
            yield _first(dict(cells), (name_field, "id", *(operation.get("key") or ()), *_TELLING))
        case _:
            key = operation.get("key") or ()
            for one in (values if type(values) is list else [values])[: MOST_NAMED + 1]:
                named = {"xml_id": operation.get("xml_id"), **(one or {})}
                yield _first(named, (name_field, "xml_id", *key, *_TELLING))


def _first(values: dict, names: tuple) -> str | None:
    """The first text among the values of some fields that is no password."""
    texts = (_text(values[name]) for name in names if name in values and not is_secret_name(name))
    return next(filter(None, texts), None)


def _text(value: Any) -> str | None:
    """A name or a number as a text. A reference or a dict of languages is no name."""
    if type(value) is int:
        return str(value)
    if not isinstance(value, str) or not value or value.isspace():
        return None
    return value[:LONGEST]


def _joined(parts: Iterator[str | None]) -> str | None:
    found = list(filter(None, parts))
    text = ", ".join(found[:MOST_NAMED])
    is_cut = len(found) > MOST_NAMED or len(text) > LONGEST
    return (f"{text[: LONGEST - 1]}…" if is_cut else text) or None
