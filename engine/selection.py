"""What to do with the records that a person has chosen in a list, and the operations of that."""

from collections.abc import Iterable, Iterator
from typing import Any

from .errors import BadRequest
from .messages import _lt
from .submitted import LARGEST_ID

PART = 2_000  # operations that are in memory together
MOST_TOGETHER = 10_000  # records in one call of a server action

# what is done -> the arguments that it takes, each with its type
KINDS: dict[str, dict[str, type]] = {
    "update": {"values": dict},
    "archive": {},
    "unarchive": {},
    "delete": {},
    "action": {"action_id": int, "together": int},
    "button": {"method": str, "context": str, "view_id": int},
}
# arguments that may be left out: the form, and the list; 0 is the model's own
OPTIONAL: dict[str, dict[str, type]] = {"update": {"view_id": int, "list_id": int}}
# methods of every model, which do to records what the web client does
METHODS = {
    "update": "batch_job_update",
    "archive": "batch_job_archive",
    "unarchive": "batch_job_unarchive",
    "action": "batch_job_run_action",
    "button": "batch_job_press",
}


def check_what(what: Any) -> dict:
    """Check what is to be done.

    :param what: an object with `kind` and the arguments of this kind
    :raises BadRequest: says what is wrong
    """
    if not isinstance(what, dict) or what.get("kind") not in KINDS:
        raise BadRequest(
            _lt("what must be an object with a kind: %(kinds)s.", kinds=", ".join(KINDS))
        )
    needed, optional = KINDS[what["kind"]], OPTIONAL.get(what["kind"], {})
    if what.keys() - optional != {"kind", *needed}:
        raise BadRequest(
            _lt(
                "%(kind)s takes %(names)s; got %(given)s.",
                kind=what["kind"],
                names=", ".join(["kind", *needed, *optional]),
                given=", ".join(sorted(what)),
            )
        )
    for name, expected in (needed | optional).items():
        if name in what and type(what[name]) is not expected:
            raise BadRequest(
                _lt("%(name)s must be of type %(type)s.", name=name, type=expected.__name__)
            )
    if what.get("values") == {}:
        raise BadRequest(_lt("values is empty; give the field that is to be updated."))
    if not 1 <= what.get("together", 1) <= MOST_TOGETHER:
        raise BadRequest(_lt("together must be a number from 1 to %(most)s.", most=MOST_TOGETHER))
    return what


def check_ids(ids: Any) -> list[int]:
    """The ids of a selection, each once, in order.

    >>> check_ids([7, 5, 7])
    [7, 5]
    """
    if not isinstance(ids, list) or any(type(i) is not int or not 0 < i <= LARGEST_ID for i in ids):
        raise BadRequest(_lt("record_ids must be a list of record ids, such as [7, 8]."))
    return list(dict.fromkeys(ids))


def count_operations(what: dict, records: int) -> int:
    """How many operations do this to so many records.

    >>> count_operations({"kind": "action", "together": 50}, 101)
    3
    """
    return -(-records // _together(what))


def operations_in_parts(
    what: dict, model: str, ids: list[int], asks: bool = False
) -> Iterator[list[dict]]:
    """The operations, part after part, so that those of a large selection need little memory.

    :param asks: an update asks for each record whether the views make a field read-only
    """
    template, together = _template(what, model, asks), _together(what)
    for part in _cut(ids, PART * together):
        yield [{**template, "ids": list(some)} for some in _cut(part, together)]


def _cut(ids: list[int], size: int) -> Iterable[list[int]]:
    return (ids[at : at + size] for at in range(0, len(ids), size))


def _together(what: dict) -> int:
    """Records in one operation. A server action may make one document of all that it gets."""
    return what.get("together", 1)


def _template(what: dict, model: str, asks: bool) -> dict:
    kind = what["kind"]
    if kind == "update" and not asks:
        return {"op": "write", "model": model, "values": what["values"]}
    if kind == "delete":
        return {"op": "unlink", "model": model}
    call = {"op": "call", "model": model, "method": METHODS[kind]}
    if kind in ("archive", "unarchive"):
        return {**call, "each": True}  # as the list does it: one call for many
    if kind == "update":
        names = {"values", *OPTIONAL["update"]}
        return {**call, "each": True, "kwargs": {k: v for k, v in what.items() if k in names}}
    if kind == "action":
        return {**call, "kwargs": {"action_id": what["action_id"]}}
    names = {"method": what["method"], "button_context": what["context"]}
    return {**call, "kwargs": {**names, "view_id": what["view_id"]}}
