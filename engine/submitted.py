"""Check the operations of a submission, and prepare them for storing."""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from .canonical import canonical_json
from .errors import BadOperation, BadOperations, BadRequest
from .messages import Grouped, _lt
from .references import REF_KEY
from .shown import kind_of, show
from .storable import DEEPEST, dump, holds_nul, is_too_deep, storing_problem

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
            _lt(
                "operations must be a list of objects, not %(kind)s. "
                'Send [{"op": "create", "model": "res.partner", "values": {…}}, …].',
                kind=kind_of(operations),
            )
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
    raise BadRequest(_lt("The operations cannot be stored: they are nested too deeply."))


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
            return _lt(
                "the context's %(name)s must be a text, not %(kind)s.",
                name=name,
                kind=kind_of(value),
            )
    companies = context.get("allowed_company_ids")
    if companies is None or companies is False:
        return None
    if not isinstance(companies, list | tuple) or any(type(one) is not int for one in companies):
        return _lt("the context's allowed_company_ids must be a list of company ids, such as [1].")
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
        if problem := storing_problem(key, value, default):
            raise BadOperation(index, problem)


def _refuse_deep(operation: Any, index: int) -> None:
    if is_too_deep([operation]):
        raise BadOperation(
            index, _lt("is nested more than %(levels)s levels deep.", levels=DEEPEST)
        )


def _checked(operation: Any, index: int) -> dict:
    if not isinstance(operation, dict):
        raise BadOperation(index, _lt("must be an object, not %(kind)s.", kind=kind_of(operation)))
    kind = operation.get("op")
    rule = _RULES.get(kind) if isinstance(kind, str) else None
    if rule is None:
        text = _lt(
            "op %(op)s is unknown; use one of %(ops)s.", op=show(kind), ops=", ".join(_RULES)
        )
        raise BadOperation(index, text)
    check, options = rule
    if not operation.keys() <= options:
        name = min(map(str, operation.keys() - options))
        allowed = ", ".join(sorted(options - OPTIONS_OF_ALL))
        text = _lt(
            "%(name)s is unknown for op %(op)s; it takes %(allowed)s.",
            name=show(name),
            op=kind,
            allowed=allowed,
        )
        raise BadOperation(index, text)
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
        raise BadOperation(index, _lt('model is missing; name one, such as "res.partner".'))
    if operation.get("ref") is not None:
        ref = operation["ref"]
        if not isinstance(ref, str) or not ref:
            text = _lt("ref must be a text that is not empty, not %(value)s.", value=show(ref))
            raise BadOperation(index, text)
        _check_length("ref", ref, index)
    context = operation.get("context")
    if context is None:
        return
    if not isinstance(context, dict):
        raise BadOperation(index, _must_be_object("context", context))
    if problem := context_problem(context):
        raise BadOperation(index, problem)


def _check_create(operation: dict, index: int) -> None:
    values = operation.get("values")
    if isinstance(values, list) and values:
        for one in values:
            _check_values(one, index)
        return
    if values == []:
        raise BadOperation(index, _lt("values is empty; give the values of at least one record."))
    _check_values(values, index)


def _check_write(operation: dict, index: int) -> None:
    _check_ids(operation, index)
    _check_values(operation.get("values"), index)


def _check_call(operation: dict, index: int) -> None:
    method = operation.get("method")
    if not isinstance(method, str) or not method:
        raise BadOperation(index, _lt("method is missing; name the method to call."))
    if not isinstance(operation.get("args", []), list | tuple):
        text = _lt("args must be a list, not %(kind)s.", kind=kind_of(operation["args"]))
        raise BadOperation(index, text)
    kwargs = operation.get("kwargs", {})
    if not isinstance(kwargs, dict):
        raise BadOperation(index, _must_be_object("kwargs", kwargs))
    if "context" in kwargs:
        text = _lt("kwargs holds a context; give it as the operation's context.")
        raise BadOperation(index, text)
    each = operation.get("each", False)
    if not isinstance(each, bool):
        text = _lt("%(name)s must be true or false, not %(value)s.", name="each", value=show(each))
        raise BadOperation(index, text)
    if each or operation.get("ids") not in (None, False, [], ()):
        _check_ids(operation, index)


def _check_upsert(operation: dict, index: int) -> None:
    values, key, xml_id = (operation.get(name) for name in ("values", "key", "xml_id"))
    _check_values(values, index)
    if (key is None) == (xml_id is None):
        text = _lt("give either key, a list of fields, or xml_id, an external id.")
        raise BadOperation(index, text)
    if xml_id is not None:
        _check_xml_id(xml_id, index)
        return
    if not isinstance(key, list | tuple) or not key or len(set(map(str, key))) != len(key):
        raise BadOperation(index, _lt('key must be a list of distinct fields, such as ["ref"].'))
    for name in key:
        value = values.get(name) if isinstance(name, str) else None
        if not value or isinstance(value, str) and not value.strip():
            text = _lt(
                "the key %(name)s has no value; every key field needs one in values.",
                name=show(name),
            )
            raise BadOperation(index, text)
        if isinstance(value, list | tuple) or isinstance(value, dict) and REF_KEY not in value:
            text = _lt(
                "the key %(name)s must be a plain value, not %(kind)s.",
                name=show(name),
                kind=kind_of(value),
            )
            raise BadOperation(index, text)


def _check_xml_id(xml_id: Any, index: int) -> None:
    if not isinstance(xml_id, str) or not xml_id.strip("."):
        raise BadOperation(index, _lt("xml_id must be a text, not %(value)s.", value=show(xml_id)))
    if len(xml_id.split(".")) > 2 or not all(xml_id.split(".")) or xml_id != xml_id.strip():
        text = _lt("xml_id %(value)s must be like module.name.", value=show(xml_id))
        raise BadOperation(index, text)
    _check_length("xml_id", xml_id, index)


def _check_load(operation: dict, index: int) -> None:
    fields, row = operation.get("fields"), operation.get("row")
    _check_cells(fields, row, index)
    if operation.get("key") is not None:
        _check_row_key(operation["key"], fields, index)


def _check_cells(fields: Any, row: Any, index: int) -> None:
    if not isinstance(fields, list | tuple) or not fields:
        text = _lt('fields is missing; give column names, such as ["id", "name"].')
        raise BadOperation(index, text)
    if any(not isinstance(name, str) or not name for name in fields):
        raise BadOperation(index, _lt("fields must hold column names, texts that are not empty."))
    if not isinstance(row, list | tuple):
        raise BadOperation(
            index, _lt("row must be a list of cells, not %(kind)s.", kind=kind_of(row))
        )
    if len(row) != len(fields):
        numbers = {"cells": len(row), "fields": len(fields)}
        raise BadOperation(index, _lt("row has %(cells)s cells for %(fields)s fields.", **numbers))
    for name, cell in zip(fields, row, strict=True):
        if isinstance(cell, dict | list):
            text = _lt(
                "the cell of %(name)s must be plain, not %(kind)s.", name=name, kind=kind_of(cell)
            )
            raise BadOperation(index, text)
        if name == "id":
            _check_length("id", str(cell), index)


def _check_row_key(key: Any, fields: list, index: int) -> None:
    if not isinstance(key, list | tuple) or not key or len(set(map(str, key))) != len(key):
        raise BadOperation(index, _lt('key must be a list of distinct columns, such as ["ref"].'))
    for name in key:
        shown = {"name": show(name)}
        if name not in fields:
            text = _lt("the key %(name)s is no column; name one of fields.", **shown)
            raise BadOperation(index, text)
        if fields.count(name) > 1:
            text = _lt("the key %(name)s is a column twice; leave one out.", **shown)
            raise BadOperation(index, text)


def _check_length(name: str, text: str, index: int) -> None:
    if len(text) > LONGEST_NAME:
        text = _lt("%(name)s has more than %(most)s characters.", name=name, most=LONGEST_NAME)
        raise BadOperation(index, text)


def _check_ids(operation: dict, index: int) -> None:
    ids = operation.get("ids")
    if ids in (None, [], ()):
        text = _lt("ids is missing; give a list of record ids, such as [7, 8].")
        raise BadOperation(index, text)
    if not isinstance(ids, list | tuple):
        text = _lt(
            "ids must be a list of record ids, such as [7, 8], not %(kind)s.", kind=kind_of(ids)
        )
        raise BadOperation(index, text)
    if len(ids) > MOST_IDS:
        text = _lt(
            "ids holds %(count)s ids; one operation takes %(most)s: make several of it.",
            count=Grouped(len(ids)),
            most=Grouped(MOST_IDS),
        )
        raise BadOperation(index, text)
    for one in ids:
        if _is_reference(one):
            continue
        if type(one) is not int or not 0 < one <= LARGEST_ID:
            text = _lt(
                "ids holds %(value)s; record ids are positive whole numbers.", value=show(one)
            )
            raise BadOperation(index, text)


def _is_reference(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() == {REF_KEY}


def _check_values(values: Any, index: int) -> None:
    if values is None:
        text = _lt('values is missing; give an object, such as {"name": "Acme"}.')
        raise BadOperation(index, text)
    if not isinstance(values, dict):
        raise BadOperation(index, _must_be_object("values", values))
    for name in values:
        if not isinstance(name, str):
            text = _lt("values names the field %(name)s; names are texts.", name=show(name))
            raise BadOperation(index, text)
    if REF_KEY in values:
        text = _lt("values is an object of fields; a reference goes into a field.")
        raise BadOperation(index, text)


def _must_be_object(name: str, value: Any) -> str:
    return _lt("%(name)s must be an object, not %(kind)s.", name=name, kind=kind_of(value))


_RULES: dict[str, tuple[Callable[[dict, int], None], set[str]]] = {
    "create": (_check_create, OPTIONS_OF_ALL | {"values"}),
    "write": (_check_write, OPTIONS_OF_ALL | {"ids", "values"}),
    "unlink": (_check_ids, OPTIONS_OF_ALL | {"ids"}),
    "call": (_check_call, OPTIONS_OF_ALL | {"ids", "method", "args", "kwargs", "each"}),
    "upsert": (_check_upsert, OPTIONS_OF_ALL | {"key", "xml_id", "values"}),
    "load": (_check_load, OPTIONS_OF_ALL | {"fields", "row", "key"}),
}
