"""Arguments of an operation, checked by its constructor: the traceback then names the line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def check_text(what: str, value: object) -> None:
    """Refuse what is no text, and an empty text.

    :raises TypeError: no text
    :raises ValueError: empty
    """
    if not isinstance(value, str):
        raise TypeError(f"{what} is a text, not {value!r:.80}")
    if not value:
        raise ValueError(f"{what} is empty")


def check_mapping(what: str, value: object) -> None:
    """Refuse what is no dict.

    :raises TypeError: no dict
    """
    if not isinstance(value, Mapping):
        raise TypeError(f"{what} is a dict, not {value!r:.80}")


def check_values(model: str, values: object) -> None:
    """Refuse what is not the values of one record.

    :raises TypeError: no dict, or a key of the dict is no text
    """
    if not isinstance(values, Mapping):
        raise TypeError(f"the values for {model} are a dict by field, not {values!r:.80}")
    for name in values:
        if not isinstance(name, str):
            raise TypeError(f"the values for {model} are by name of a field, not by {name!r:.80}")


def check_values_of_some(model: str, values: object) -> None:
    """Refuse what is not the values of one record or of several.

    :raises TypeError: neither a dict nor a list of dicts
    :raises ValueError: the list is empty
    """
    if not is_list(values):
        check_values(model, values)
        return
    if not values:
        raise ValueError(f"the list of values for {model} is empty: one record at least")
    for record in values:  # type: ignore[attr-defined]  # a sequence
        check_values(model, record)


def check_list(what: str, value: object) -> None:
    """Refuse what is no list.

    :raises TypeError: no list; a text is no list here
    """
    if not is_list(value):
        raise TypeError(f"{what} is a list, not {value!r:.80}")


def is_list(value: object) -> bool:
    """Whether the value is a list or the like, and no text."""
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


def check_key(key: object, xml_id: object, values: Mapping[str, object]) -> None:
    """Refuse an upsert that identifies no record, or identifies its record twice.

    :raises TypeError: a field's name or the external id is no text
    :raises ValueError: neither a key nor an external id, or both; a key without a value
    """
    if (key is None) == (xml_id is None):
        raise ValueError("an upsert takes a key or an xml_id, and not both")
    if xml_id is not None:
        check_text("xml_id", xml_id)
        _check_xml_id(str(xml_id))
        return
    names = [key] if isinstance(key, str) else key
    check_list("key", names)
    if not names:
        raise ValueError("key is empty: name the fields that identify the record")
    for name in names:  # type: ignore[attr-defined]  # a sequence
        check_text("a field of key", name)
        if values.get(name) in (None, "", False):
            raise ValueError(f"key names {name}, which has no value in data: that finds no record")


def _check_xml_id(xml_id: str) -> None:
    parts = xml_id.split(".")
    if len(parts) > 2 or not all(parts) or xml_id != xml_id.strip():
        raise ValueError(f"xml_id is like module.name, not {xml_id!r:.80}")


def check_row_key(key: object, fields: Sequence[str]) -> None:
    """Refuse a key that is not some of the columns.

    :raises TypeError: neither a column nor a list of columns
    :raises ValueError: empty, a name that is no column, or a column twice
    """
    names = [key] if isinstance(key, str) else key
    check_list("key", names)
    if not names:
        raise ValueError("key is empty: name the columns that identify the record")
    for name in names:  # type: ignore[attr-defined]  # a sequence
        check_text("a column of key", name)
        if name not in fields:
            raise ValueError(f"key names {name}, which is no column of fields")
    if len(set(names)) != len(names):  # type: ignore[call-overload, arg-type]
        raise ValueError("key names a column twice")


def check_row(fields: object, row: object) -> None:
    """Refuse columns and cells that do not fit each other.

    :raises TypeError: ``fields`` or ``row`` is no list, or a column's name is no text
    :raises ValueError: no column, a column without a name, or not exactly one cell a column
    """
    check_list("fields", fields)
    check_list("row", row)
    if not fields:
        raise ValueError("fields is empty: name the columns")
    for name in fields:  # type: ignore[attr-defined]  # a sequence
        check_text("a column of fields", name)
    if len(row) != len(fields):  # type: ignore[arg-type]
        raise ValueError(f"row has {len(row)} cells for {len(fields)} fields")  # type: ignore[arg-type]
