"""The options of a job: their check, and how Odoo takes them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any, Literal

from ._operation_checks import check_mapping
from ._packing import check_operations

# in the context: Odoo compares no context by a key, and an older Odoo module leaves it out
DEFAULT_NAME = "batch_job_default_name"
FIRST_ROW = "batch_job_first_row"
AS_MANY_AS_PAY = 0  # `max_parallel`: Odoo chooses how many chunks run at once
Policy = Literal["isolate", "chunk", "stop", "all"]
NO_OPTIONS = ("self", "operations", "start", "opened")  # the other arguments of `submit`


def options_among(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the options among the arguments of `submit`, its `locals()` at the beginning."""
    return {name: value for name, value in arguments.items() if name not in NO_OPTIONS}


def check_submission(operations: object, options: dict[str, Any]) -> None:
    """Refuse a submission that cannot be sent.

    :raises TypeError: ``operations`` is no list or iterator, or an option has another type
    :raises ValueError: an option has a value that cannot be
    """
    check_operations(operations)
    for name, check in CHECKS.items():
        if options.get(name) is not None:
            check(options[name])


def for_odoo(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options as Odoo's `submit` takes them.

    An option that is None is not sent, so an older Odoo module need not know the option.
    """
    given = {name: value for name, value in options.items() if value is not None}
    sent = {name: CONVERT.get(name, _as_it_is)(value) for name, value in given.items()}
    default_name, first_row = sent.pop("default_name", None), sent.pop("first_row", 1)
    words: dict[str, Any] = {}
    if default_name and not sent.get("name"):
        words[DEFAULT_NAME] = default_name
    if first_row != 1:
        words[FIRST_ROW] = first_row
    if words:
        sent["context"] = {**sent.get("context", {}), **words}
    return sent


def _check_key(key: object) -> None:
    if key == "":
        raise ValueError("idempotency_key is empty: give a name, or None")


def _check_eta(eta: object) -> None:
    if not isinstance(eta, datetime):
        raise TypeError(f"eta is a datetime, not {eta!r}")


def _check_context(context: object) -> None:
    check_mapping("context", context)


def _check_first_row(first_row: object) -> None:
    if type(first_row) is not int:
        raise TypeError(f"first_row is a whole number, not {first_row!r}")
    if first_row < 1:
        raise ValueError(f"first_row is {first_row}: rows are counted from 1")


# the options that Odoo could not refuse as clearly
CHECKS: dict[str, Callable[[Any], None]] = {
    "idempotency_key": _check_key,
    "eta": _check_eta,
    "context": _check_context,
    "first_row": _check_first_row,
}


def _utc(moment: datetime) -> str:
    """Return a time as ISO 8601 in UTC."""
    return moment.astimezone(timezone.utc).isoformat()


def _as_it_is(value: Any) -> Any:
    return value


CONVERT: dict[str, Callable[[Any], Any]] = {"eta": _utc, "context": dict}
