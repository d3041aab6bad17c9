"""Check the operations of a submission, and prepare them for storing."""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from .canonical import canonical_json
from .errors import BadOperation, BadOperations, BadRequest
from .references import REF_KEY
from .storable import DEEPEST, dump, holds_nul, is_too_deep

LARGEST_ID = 2**31 - 1  # ids are 4-byte integers
MOST_IDS = 1_000_000  # of one operation, which is one transaction; PostgreSQL would take 16 million
LONGEST_NAME = 255  # characters of a ref or an external id: database indexes hold both
MOST_NAMED = 20  # bad operations in one refusal
OPTIONS_OF_ALL = {"op", "model", "ref", "context"}
# keys that RPC may pass and an operation may not: they would steer the runner's scheduled action
DROPPED_CONTEXT = {"cron_id", "ir_cron_progress_id", "cron_end_time", "lastcall"}
OWN_CONTEXT_PREFIX = "batch_job"


def check_operations(
    operations: Any, first_index: int = 0, indexes: Sequence[int] | None = None
) -> list[dict]:
    """Check the shape of operations, and return the operations as batch_job will store them.

    :param operations: the submitted list of dicts
    :param first_index: the index of the first operation in its job
    :param indexes: the index of each operation, where they are not neighbours
    :raises BadRequest: `operations` is not a list
    :raises BadOperation: the message names each bad operation: index, field and what to do
    """
    if not isinstance(operations, list | tuple):
        raise BadRequest(
            f"operations must be a list of objects, not {_kind(operations)}. "
            'Send [{"op": "create", "model": "res.partner", "values": {…}}, …].'
        )
    numbers = indexes or range(first_index, first_index + len(operations))
    if is_too_deep(operations):
        _each(_refuse_deep, operations, numbers)
    try:
        return [_checked(one, at) for at, one in zip(numbers, operations, strict=True)]
    except BadOperation:
        _each(_check_all_of, operations, numbers)
        raise


def to_json(
    operations: list[dict],
    first_index: int,
    default: Callable[[Any], Any],
    indexes: Sequence[int] | None = None,
) -> str:
    """Write operations as JSON that PostgreSQL can store, in its canonical form: one pass gives the
    text to store and to hash.

    :param default: turns a value that JSON does not know into one that JSON knows, or raises
        TypeError
    :raises BadOperation: NaN, infinity, NUL, half a character, or a value that is not JSON
    """
    try:
        text = _canonical(operations, default)
    except (TypeError, ValueError, RecursionError):
        text = None
    if text is not None and not holds_nul(text):
        return text
    numbers = indexes or range(first_index, first_index + len(operations))
    _each(partial(_check_storable, default=default), operations, numbers)
    raise BadRequest("The operations cannot be stored: they are nested too deeply.")


def _canonical(operations: list[dict], default: Callable[[Any], Any]) -> str:
    """The canonical JSON of operations, as text that UTF-8 can encode."""
    try:
        text = canonical_json(operations, default)
    except TypeError:
        # server code may mix keys, such as 1 and "a", that only as texts have an order
        text = canonical_json(json.loads(dump(operations, default)))
    text.encode()
    return text


def clean_context(context: dict) -> dict:
    """A context without the keys that steer scheduled actions and this addon."""
    return {
        key: value
        for key, value in context.items()
        if key not in DROPPED_CONTEXT and not key.startswith(OWN_CONTEXT_PREFIX)
    }


def context_problem(context: Mapping) -> str | None:
    """What is wrong with a context: a value with which every ORM call would fail. Else None.

    >>> context_problem({"lang": []})
    "the context's lang must be a text, not a list."
    """
    for name in ("lang", "tz"):
        value = context.get(name)
        if value is not None and value is not False and not isinstance(value, str):
            return f"the context's {name} must be a text, not {_kind(value)}."
    companies = context.get("allowed_company_ids")
    if companies is None or companies is False:
        return None
    if not isinstance(companies, list | tuple) or any(type(one) is not int for one in companies):
        return "the context's allowed_company_ids must be a list of company ids, such as [1]."
    return None


def _each(check: Callable[[Any, int], None], operations: list, indexes: Sequence[int]) -> None:
    """Check every operation, and refuse all bad operations in one message."""
    refused = []
    for index, operation in zip(indexes, operations, strict=True):
        try:
            check(operation, index)
        except BadOperation as error:
            refused.append(error)
            if len(refused) > MOST_NAMED:
                break
    if len(refused) > 1:
        raise BadOperations(refused[:MOST_NAMED], there_are_more=len(refused) > MOST_NAMED)
    if refused:
        raise refused[0]


def _check_all_of(operation: Any, index: int) -> None:
    """Make all checks of an operation that need no knowledge of its model."""
    _check_storable(_checked(operation, index), index, default=str)


def _check_storable(operation: dict, index: int, default: Callable[[Any], Any]) -> None:
    for key, value in operation.items():
        if problem := _storing_problem(value, default):
            raise BadOperation(index, f"{key} {problem}")


def _refuse_deep(operation: Any, index: int) -> None:
    if is_too_deep([operation]):
        raise BadOperation(index, f"is nested more than {DEEPEST} levels deep.")


def _checked(operation: Any, index: int) -> dict:
    if not isinstance(operation, dict):
        raise BadOperation(index, f"must be an object, not {_kind(operation)}.")
    kind = operation.get("op")
    rule = _RULES.get(kind) if isinstance(kind, str) else None
    if rule is None:
        raise BadOperation(index, f"op {_show(kind)} is unknown; use one of {', '.join(_RULES)}.")
    check, options = rule
    if not operation.keys() <= options:
        name = min(map(str, operation.keys() - options))
        allowed = ", ".join(sorted(options - OPTIONS_OF_ALL))
        raise BadOperation(index, f"{_show(name)} is unknown for op {kind}; it takes {allowed}.")
    _check_common(operation, index)
    if "ids" in operation and _is_reference(operation["ids"]):
        operation = {**operation, "ids": [operation["ids"]]}  # a reference may be all of `ids`
    check(operation, index)
    if operation.get("context"):
        return {**operation, "context": clean_context(operation["context"])}
    return operation


def _check_common(operation: dict, index: int) -> None:
    model = operation.get("model")
    if not isinstance(model, str) or not model:
        raise BadOperation(index, 'model is missing; name one, such as "res.partner".')
    if operation.get("ref") is not None:
        ref = operation["ref"]
        if not isinstance(ref, str) or not ref:
            raise BadOperation(index, f"ref must be a text that is not empty, not {_show(ref)}.")
        _check_length("ref", ref, index)
    context = operation.get("context")
    if context is None:
        return
    if not isinstance(context, dict):
        raise BadOperation(index, f"context must be an object, not {_kind(context)}.")
    if problem := context_problem(context):
        raise BadOperation(index, problem)


def _check_create(operation: dict, index: int) -> None:
    values = operation.get("values")
    if isinstance(values, list) and values:
        for one in values:
            _check_values(one, index)
        return
    if values == []:
        raise BadOperation(index, "values is empty; give the values of at least one record.")
    _check_values(values, index)


def _check_write(operation: dict, index: int) -> None:
    _check_ids(operation, index)
    _check_values(operation.get("values"), index)


def _check_call(operation: dict, index: int) -> None:
    method = operation.get("method")
    if not isinstance(method, str) or not method:
        raise BadOperation(index, "method is missing; name the method to call.")
    if not isinstance(operation.get("args", []), list | tuple):
        raise BadOperation(index, f"args must be a list, not {_kind(operation['args'])}.")
    kwargs = operation.get("kwargs", {})
    if not isinstance(kwargs, dict):
        raise BadOperation(index, f"kwargs must be an object, not {_kind(kwargs)}.")
    if "context" in kwargs:
        raise BadOperation(index, "kwargs holds a context; give it as the operation's context.")
    each = operation.get("each", False)
    if not isinstance(each, bool):
        raise BadOperation(index, f"each must be true or false, not {_show(each)}.")
    if each or operation.get("ids") not in (None, False, [], ()):
        _check_ids(operation, index)


def _check_upsert(operation: dict, index: int) -> None:
    values, key, xml_id = (operation.get(name) for name in ("values", "key", "xml_id"))
    _check_values(values, index)
    if (key is None) == (xml_id is None):
        raise BadOperation(index, "give either key, a list of fields, or xml_id, an external id.")
    if xml_id is not None:
        if not isinstance(xml_id, str) or not xml_id.strip("."):
            raise BadOperation(index, f"xml_id must be a text, not {_show(xml_id)}.")
        if len(xml_id.split(".")) > 2 or not all(xml_id.split(".")) or xml_id != xml_id.strip():
            raise BadOperation(index, f"xml_id {_show(xml_id)} must be like module.name.")
        _check_length("xml_id", xml_id, index)
        return
    if not isinstance(key, list | tuple) or not key or len(set(map(str, key))) != len(key):
        raise BadOperation(index, 'key must be a list of distinct fields, such as ["ref"].')
    for name in key:
        value = values.get(name) if isinstance(name, str) else None
        if not value or isinstance(value, str) and not value.strip():
            raise BadOperation(
                index, f"the key {_show(name)} has no value; every key field needs one in values."
            )
        if isinstance(value, list | tuple) or isinstance(value, dict) and REF_KEY not in value:
            raise BadOperation(
                index, f"the key {_show(name)} must be a plain value, not {_kind(value)}."
            )


def _check_load(operation: dict, index: int) -> None:
    fields, row = operation.get("fields"), operation.get("row")
    _check_cells(fields, row, index)
    if operation.get("key") is not None:
        _check_row_key(operation["key"], fields, index)


def _check_cells(fields: Any, row: Any, index: int) -> None:
    if not isinstance(fields, list | tuple) or not fields:
        raise BadOperation(index, 'fields is missing; give column names, such as ["id", "name"].')
    if any(not isinstance(name, str) or not name for name in fields):
        raise BadOperation(index, "fields must hold column names, texts that are not empty.")
    if not isinstance(row, list | tuple):
        raise BadOperation(index, f"row must be a list of cells, not {_kind(row)}.")
    if len(row) != len(fields):
        raise BadOperation(index, f"row has {len(row)} cells for {len(fields)} fields.")
    for name, cell in zip(fields, row, strict=True):
        if isinstance(cell, dict | list):
            raise BadOperation(index, f"the cell of {name} must be plain, not {_kind(cell)}.")
        if name == "id":
            _check_length("id", str(cell), index)


def _check_row_key(key: Any, fields: list, index: int) -> None:
    if not isinstance(key, list | tuple) or not key or len(set(map(str, key))) != len(key):
        raise BadOperation(index, 'key must be a list of distinct columns, such as ["ref"].')
    for name in key:
        if name not in fields:
            raise BadOperation(index, f"the key {_show(name)} is no column; name one of fields.")
        if fields.count(name) > 1:
            raise BadOperation(index, f"the key {_show(name)} is a column twice; leave one out.")


def _check_length(name: str, text: str, index: int) -> None:
    if len(text) > LONGEST_NAME:
        raise BadOperation(index, f"{name} has more than {LONGEST_NAME} characters.")


def _check_ids(operation: dict, index: int) -> None:
    ids = operation.get("ids")
    if ids in (None, [], ()):
        raise BadOperation(index, "ids is missing; give a list of record ids, such as [7, 8].")
    if not isinstance(ids, list | tuple):
        raise BadOperation(
            index, f"ids must be a list of record ids, such as [7, 8], not {_kind(ids)}."
        )
    if len(ids) > MOST_IDS:
        raise BadOperation(
            index,
            f"ids holds {len(ids):,} ids; one operation takes {MOST_IDS:,}: make several of it.",
        )
    for one in ids:
        if _is_reference(one):
            continue
        if type(one) is not int or not 0 < one <= LARGEST_ID:
            raise BadOperation(
                index, f"ids holds {_show(one)}; record ids are positive whole numbers."
            )


def _is_reference(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() == {REF_KEY}


def _check_values(values: Any, index: int) -> None:
    if values is None:
        raise BadOperation(index, 'values is missing; give an object, such as {"name": "Acme"}.')
    if not isinstance(values, dict):
        raise BadOperation(index, f"values must be an object, not {_kind(values)}.")
    for name in values:
        if not isinstance(name, str):
            raise BadOperation(index, f"values names the field {_show(name)}; names are texts.")
    if REF_KEY in values:
        raise BadOperation(index, "values is an object of fields; a reference goes into a field.")


def _storing_problem(value: Any, default: Callable[[Any], Any]) -> str | None:
    """Why a value cannot be stored, and what to do. None if it can."""
    try:
        text = dump(value, default)
    except UnicodeEncodeError:
        return "holds half a character (a lone surrogate); send whole Unicode text."
    except RecursionError:
        return "is nested too deeply."
    except (TypeError, ValueError) as error:
        if "JSON compliant" in str(error):
            return "holds NaN or infinity; send a number or null."
        return f"holds something that is not JSON: {error}."
    return "holds a NUL character; remove it." if holds_nul(text) else None


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "a boolean", int: "a number"}
    return "null" if value is None else names.get(type(value), f"a {type(value).__name__}")


def _show(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


_RULES: dict[str, tuple[Callable[[dict, int], None], set[str]]] = {
    "create": (_check_create, OPTIONS_OF_ALL | {"values"}),
    "write": (_check_write, OPTIONS_OF_ALL | {"ids", "values"}),
    "unlink": (_check_ids, OPTIONS_OF_ALL | {"ids"}),
    "call": (_check_call, OPTIONS_OF_ALL | {"ids", "method", "args", "kwargs", "each"}),
    "upsert": (_check_upsert, OPTIONS_OF_ALL | {"key", "xml_id", "values"}),
    "load": (_check_load, OPTIONS_OF_ALL | {"fields", "row", "key"}),
}
