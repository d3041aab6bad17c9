"""A stored operation, and its outcomes as they are stored."""

import dataclasses
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

    def with_row(self, row: list) -> "Operation":
        """The same record with one more row."""
        rows = [*self.payload.get("more_rows", ()), row]
        payload = {**self.payload, "more_rows": rows}
        return dataclasses.replace(self, payload=payload, followers=len(rows))

    @property
    def last_position(self) -> int:
        return self.position + self.followers


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
