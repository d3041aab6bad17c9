"""The method that a job calls when it has ended (`on_end`): the check of its form."""

import json
from typing import Any

from .errors import BadOperation, BadRequest
from .messages import _lt
from .passwords import blank_passwords
from .references import references_of
from .submitted import check_operations, to_json

KEYS = ("model", "method", "ids", "kwargs")


def check_on_end(name: str, value: Any) -> dict | None:
    """Check the form of `on_end`, and return `on_end` as batch_job will store it.

    The rules are those of an operation `call`.

    :raises BadRequest: the message says what is wrong and what to do

    >>> check_on_end("on_end", {"model": "res.partner", "method": "thank"})
    {'model': 'res.partner', 'method': 'thank', 'ids': [], 'kwargs': {}}
    """
    if value is None or value is False or value == "":
        return None
    if not isinstance(value, dict):
        raise BadRequest(_lt('%(name)s must be an object: {"model": …, "method": …}.', name=name))
    if unknown := sorted(map(str, value.keys() - set(KEYS))):
        raise BadRequest(
            _lt(
                "%(name)s takes %(keys)s, not %(unknown)s.",
                name=name,
                keys=", ".join(KEYS),
                unknown=repr(unknown[0]),
            )
        )
    kwargs = value.get("kwargs")
    if isinstance(kwargs, dict) and "context" in kwargs:
        raise BadRequest(
            _lt("%(name)s: kwargs holds a context; the method runs in that of the job.", name=name)
        )
    try:
        checked = check_operations([{"op": "call", **value}])
        (call,) = json.loads(to_json(checked, 0, _not_json))
    except BadOperation as error:
        raise BadRequest(_lt("%(name)s: %(problem)s", name=name, problem=error.problem)) from error
    call = {"ids": [], "kwargs": {}} | {key: given for key, given in call.items() if given}
    if any(references_of(call)):
        raise BadRequest(
            _lt("%(name)s takes no $ref: it is stored before any operation has run.", name=name)
        )
    if blank_passwords(call) != call:
        # kept for the ends of later retries, so batch_job can never blank the password
        raise BadRequest(
            _lt("%(name)s takes no passwords: kwargs stay in the database with the job.", name=name)
        )
    return {key: call[key] for key in KEYS}


def _not_json(value: Any) -> Any:
    raise TypeError(_lt("%(type)s is not JSON", type=type(value).__name__))
