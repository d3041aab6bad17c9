"""A stored operation, and its outcomes as they are stored."""

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass

from .outcomes import Outcome


@dataclass(frozen=True)
class Operation:
    """A stored operation; `payload` is what was submitted without op, model and ref."""

    index: int
    position: int
    op: str
    model: str
    payload: dict
    ref: str | None = None
    followers: int = 0  # rows after it that continue the same record (load); they share its outcome

    @property
    def last_position(self) -> int:
        return self.position + self.followers


def joined(operations: Iterable[tuple[Operation, bool]]) -> list[Operation]:
    """The rows that continue a loaded record become part of its first operation.

    :param operations: in order, each with whether it continues the one before
    """
    firsts: list[Operation] = []
    more: list[list] = []
    for operation, follows in operations:
        if follows and firsts:
            more[-1].append(operation.payload["row"])
        else:
            firsts.append(operation)
            more.append([])
    return [
        dataclasses.replace(
            first, payload={**first.payload, "more_rows": rows}, followers=len(rows)
        )
        if rows
        else first
        for first, rows in zip(firsts, more, strict=True)
    ]


def complete(outcomes: list[Outcome], operations: list[Operation]) -> list[Outcome]:
    """Outcomes as they are stored: a failure with its records, and that of a record's first row
    for the rows that continue it."""
    outcomes = _naming_records(outcomes, operations)
    followers = {o.position: o.followers for o in operations if o.followers}
    if not followers:
        return outcomes
    return [
        dataclasses.replace(outcome, position=position)
        for outcome in outcomes
        for position in range(
            outcome.position, outcome.position + followers.get(outcome.position, 0) + 1
        )
    ]


def _naming_records(outcomes: list[Outcome], operations: list[Operation]) -> list[Outcome]:
    """A failure names the records that its operation was to change."""
    ids = {o.position: o.payload["ids"] for o in operations if o.payload.get("ids")}
    return [
        dataclasses.replace(outcome, ids=[one for one in ids[outcome.position] if type(one) is int])
        if outcome.state == "failed" and outcome.position in ids
        else outcome
        for outcome in outcomes
    ]
