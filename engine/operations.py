"""An operation as it is stored, and outcomes as they are stored."""

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass

from .outcomes import Outcome


@dataclass
class Operation:
    """A stored operation; `payload` is the submitted object without op, model and ref.

    Nobody changes it. It is not frozen, because a frozen object takes three times as long to make.
    """

    index: int
    position: int
    op: str
    model: str
    payload: dict
    ref: str | None = None
    followers: int = 0  # the next rows of a load that continue this record and share its outcome
    may_be_blanked: bool = True  # False: certainly no password in the payload was blanked

    @property
    def last_position(self) -> int:
        return self.position + self.followers

    @property
    def vals_list(self) -> list[dict]:
        """The values of the operation: a dict for each record, or one dict for all its records.

        >>> Operation(0, 0, "write", "res.partner", {"values": {"ref": "a"}}).vals_list
        [{'ref': 'a'}]
        """
        values = self.payload.get("values") or {}
        return values if isinstance(values, list) else [values]


def joined(operations: Iterable[tuple[Operation, bool]]) -> list[Operation]:
    """Join the followers of a loaded record to the operation of the record's first row.

    :param operations: in order, each with a flag: the operation is a follower
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
            first,
            payload={**first.payload, "more_rows": rows},
            followers=len(rows),
            may_be_blanked=True,
        )
        if rows
        else first
        for first, rows in zip(firsts, more, strict=True)
    ]


def complete(outcomes: list[Outcome], operations: list[Operation]) -> list[Outcome]:
    """Complete outcomes for storing: a failure names its records, and each follower gets the
    outcome of its record's first row."""
    outcomes = naming_records(outcomes, operations)
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


def naming_records(outcomes: list[Outcome], operations: list[Operation]) -> list[Outcome]:
    """Give each failure the ids of the records that its operation should have changed, as far as
    the operation has ids and not references."""
    ids = {o.position: o.payload["ids"] for o in operations if o.payload.get("ids")}
    return [
        dataclasses.replace(outcome, ids=_numbers(ids[outcome.position]))
        if outcome.state == "failed" and outcome.ids is None and outcome.position in ids
        else outcome
        for outcome in outcomes
    ]


def _numbers(ids: list | dict) -> list[int] | None:
    return [one for one in ids if type(one) is int] or None
