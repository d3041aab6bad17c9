"""References between the operations of a job.

`{"$ref": "acme"}` stands for the ids of the operation whose `ref` is "acme".
"""

from collections.abc import Callable, Iterator
from typing import Any

from .errors import UnfitReference
from .messages import _lt

REF_KEY = "$ref"
SEARCHED = ("values", "ids", "args", "kwargs")  # where an operation may refer to others

IdsOf = Callable[[str], list[int]]


def references_in(value: Any) -> Iterator[str]:
    """The refs that a value names, in order, with repetitions.

    >>> list(references_in({"parent_id": {"$ref": "acme"}, "child_ids": [[4, {"$ref": "jo"}]]}))
    ['acme', 'jo']
    """
    if isinstance(value, dict):
        if REF_KEY in value:
            yield value[REF_KEY]
            return
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from references_in(item)


def references_of(payload: dict) -> Iterator[str]:
    """The refs that an operation names. `$ref` has a meaning only in the parts in `SEARCHED`.

    >>> list(references_of({"ids": [{"$ref": "acme"}], "context": {"$ref": "no"}}))
    ['acme']
    """
    return references_in([payload.get(key) for key in SEARCHED])


def resolve(payload: dict, ids_of: IdsOf) -> dict:
    """Replace the references in an operation's payload with ids.

    In a list of ids a reference becomes all its ids. In any other place (a many2one, an x2many
    command, an argument) the reference must have exactly one id.

    :raises UnfitReference: a reference with no id or several ids, in a place for one id

    >>> ids_of = {"two": [1, 2], "one": [3]}.get
    >>> resolve({"ids": [{"$ref": "two"}, 7], "values": {"parent_id": {"$ref": "one"}}}, ids_of)
    {'ids': [1, 2, 7], 'values': {'parent_id': 3}}
    >>> resolve({"values": {"tag_ids": [[4, {"$ref": "one"}], [6, 0, [{"$ref": "two"}]]]}}, ids_of)
    {'values': {'tag_ids': [[4, 3], [6, 0, [1, 2]]]}}
    """
    resolved = {key: _resolve(payload[key], ids_of) for key in SEARCHED if key in payload}
    if "args" in payload:
        # args is a list of arguments: a reference in it is one argument, and becomes one id
        resolved["args"] = [_resolve_field(one, ids_of) for one in payload["args"] or ()]
    return {**payload, **resolved}


def _resolve(value: Any, ids_of: IdsOf) -> Any:
    if isinstance(value, dict):
        if REF_KEY in value:
            return _single(value[REF_KEY], ids_of)
        return {key: _resolve_field(item, ids_of) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [one for item in value for one in _resolve_item(item, ids_of)]
    return value


def _resolve_field(value: Any, ids_of: IdsOf) -> Any:
    """The value of a field, which may be a list of x2many commands."""
    if isinstance(value, list | tuple) and any(_is_command(item) for item in value):
        return [
            [_resolve(part, ids_of) for part in item]
            if _is_command(item)
            else _resolve(item, ids_of)
            for item in value
        ]
    return _resolve(value, ids_of)


def _resolve_item(item: Any, ids_of: IdsOf) -> list:
    if isinstance(item, dict) and REF_KEY in item:
        return list(ids_of(item[REF_KEY]))
    return [_resolve(item, ids_of)]


def _is_command(item: Any) -> bool:
    return (
        isinstance(item, list | tuple)
        and 2 <= len(item) <= 3
        and type(item[0]) is int
        and 0 <= item[0] <= 6
    )


def _single(name: str, ids_of: IdsOf) -> int:
    ids = ids_of(name)
    if len(ids) != 1:
        raise UnfitReference(
            _lt(
                "Its reference %(name)s stands for %(count)s records, and one is needed here.",
                name=repr(name),
                count=len(ids),
            )
        )
    return ids[0]
