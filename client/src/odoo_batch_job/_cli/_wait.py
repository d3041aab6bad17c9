"""Whether a command waits for the end of a job: the options ``--wait`` and ``--timeout``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

import click

from ._settings import InputError

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Wait:
    """Whether to wait, and for how many seconds at most."""

    is_on: bool
    timeout: float | None


def wait_options(function: F) -> F:
    """Add the options; the function gets them as ``wait``."""

    @wraps(function)
    def run(**options: Any) -> Any:
        wait = Wait(options.pop("wait"), options.pop("timeout"))
        if wait.timeout is not None and not wait.is_on:
            raise InputError("--timeout says how long to wait: add --wait.")
        return function(wait=wait, **options)

    decorated: Any = click.option("--timeout", type=float, help="Seconds to wait.")(run)
    return click.option(  # type: ignore[no-any-return]
        "--wait", is_flag=True, help="Watch the job to its end; exit codes as of watch."
    )(decorated)
