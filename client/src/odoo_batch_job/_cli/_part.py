"""A part of a job's operations: the options ``--state`` and ``--index``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Part:
    """The operations that a command is about: all, or those in a state, or with these indexes."""

    state: str | None
    indexes: list[int]


def part_options(states: Sequence[str]) -> Callable[[F], F]:
    """Add the options; the function gets them as ``part``."""

    def decorate(function: F) -> F:
        @wraps(function)
        def run(**options: Any) -> Any:
            part = Part(options.pop("state"), list(options.pop("index")))
            return function(part=part, **options)

        decorated: Any = click.option(
            "--index",
            type=click.IntRange(0),
            multiple=True,
            metavar="N",
            help="Only this operation, counted from 0; once for each.",
        )(run)
        return click.option(  # type: ignore[no-any-return]
            "--state", type=click.Choice(states), help="Only operations in this state."
        )(decorated)

    return decorate
