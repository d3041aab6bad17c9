"""The context of a whole job, from the options of ``odoo-batch submit``."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import click

from ._settings import InputError

F = TypeVar("F", bound=Callable[..., Any])

NO_TRACKING = {"tracking_disable": True}  # what Odoo's own import sends


def context_options(function: F) -> F:
    """Add the options of which the context is made; the function gets ``context``."""

    @wraps(function)
    def run(**options: Any) -> Any:
        text, lang, is_silent = (options.pop(name) for name in ("context", "lang", "no_tracking"))
        return function(context=context_of(text, lang, is_silent), **options)

    decorated: Any = run
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated  # type: ignore[no-any-return]


def context_of(text: str | None, lang: str | None, is_silent: bool) -> dict[str, Any] | None:
    """Return the context, None if no option gives any.

    :raises InputError: the text is no JSON object, or a key has two values
    """
    given = _read(text) if text is not None else {}
    for option, more in (
        ("--lang", {"lang": lang} if lang else {}),
        ("--no-tracking", NO_TRACKING if is_silent else {}),
    ):
        for key, value in more.items():
            if given.setdefault(key, value) != value:
                raise InputError(f"{option} and --context give two values for “{key}”.")
    return given or None


def _read(text: str) -> dict[str, Any]:
    try:
        given = json.loads(text)
    except ValueError as error:
        raise InputError(f"--context is not JSON: {error}.") from error
    if not isinstance(given, dict):
        raise InputError('--context is a JSON object, such as \'{"lang": "fr_FR"}\'.')
    return given


_OPTIONS = (
    click.option(
        "--context", metavar="JSON", help='Of all rows: an object, such as {"default_color": 1}.'
    ),
    click.option("--lang", metavar="CODE", help="Language of translated fields, such as fr_FR."),
    click.option(
        "--no-tracking",
        is_flag=True,
        help="No log, no followers and no notifications of creates and writes, as Odoo's own "
        "import (tracking_disable); a third faster where they have them.",
    ),
)
