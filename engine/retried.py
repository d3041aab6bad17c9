"""Which operations of a job a retry runs again."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .canonical import canonical_json, text_hash
from .errors import BadRequest
from .messages import Grouped, _lt
from .outcomes import CAUSE_KEYS

MOST_INDEXES = 10_000  # named in one call
NOT_KEPT = ("failed", "rolled_back", "skipped")


@dataclass(frozen=True)
class Wanted:
    """What a retry asks for: all operations that were not kept, those in a state, those named, or
    those that failed of a cause.

    What is linked with the wanted operations by a reference runs again with them.

    :param cancelled: the cancelled operations too
    :param state: only operations in this state
    :param indexes: only these operations
    :param cause: only operations that failed of this cause; see `check_cause`
    """

    cancelled: bool = False
    state: str | None = None
    indexes: tuple[int, ...] | None = None
    cause: dict | None = None

    @classmethod
    def parse(cls, cancelled: bool, state: Any, indexes: Any, cause: Any = None) -> "Wanted":
        """
        :raises BadRequest: an argument is not what it should be
        """
        allowed = (*NOT_KEPT, "cancelled")
        if state is not None and state not in allowed:
            raise BadRequest(_lt("state must be one of %(states)s.", states=", ".join(allowed)))
        if cause is not None:
            if cancelled or state is not None or indexes is not None:
                raise BadRequest(_lt("Give cause alone, without cancelled, state or indexes."))
            return cls(cause=check_cause(cause))
        if indexes is None:
            return cls(cancelled or state == "cancelled", state)
        if state is not None:
            raise BadRequest(_lt("Give state or indexes, not both."))
        return cls(cancelled, None, check_indexes(indexes))

    @property
    def is_part(self) -> bool:
        """Whether only a part of what was not kept is to run again."""
        return any(one is not None for one in (self.state, self.indexes, self.cause))

    @property
    def states(self) -> tuple[str, ...]:
        """The states of the operations that may run again."""
        return (*NOT_KEPT, "cancelled") if self.cancelled else NOT_KEPT

    @property
    def mark(self) -> str | None:
        """A text by which the server knows a repeated call; None for all that was not kept."""
        if not self.is_part:
            return None
        part: list = [self.cancelled, self.state, self.indexes]
        return text_hash(canonical_json(part + [self.cause] * bool(self.cause)))


def check_indexes(indexes: Any) -> tuple[int, ...]:
    """The indexes of operations that a call names, in order, each once.

    :raises BadRequest: no list, an empty list, a list that is too long, or something in it is no
        index
    """
    if not isinstance(indexes, list | tuple) or not 0 < len(indexes) <= MOST_INDEXES:
        raise BadRequest(
            _lt(
                "indexes must be a list of 1 to %(most)s indexes, such as [7].",
                most=Grouped(MOST_INDEXES),
            )
        )
    for index in indexes:
        if type(index) is not int or index < 0:
            raise BadRequest(
                _lt(
                    "indexes holds %(value)s; an index is a whole number from 0 on.",
                    value=f"{index!r:.40}",
                )
            )
    return tuple(sorted(set(indexes)))


def check_cause(cause: Any) -> dict:
    """The cause of failures that a call names, with all four keys; a key left out is null.

    :raises BadRequest: no object, a key that a cause does not have, or a value that is no text

    >>> check_cause({"type": "required", "model": "res.partner", "field": "name"})
    {'type': 'required', 'model': 'res.partner', 'field': 'name', 'constraint': None}
    """
    keys = ", ".join(CAUSE_KEYS)
    if not isinstance(cause, dict):
        raise BadRequest(
            _lt("cause must be an object with the keys %(keys)s, as status gives them.", keys=keys)
        )
    for key, value in cause.items():
        if key not in CAUSE_KEYS:
            shown = f"{key!r:.40}"
            raise BadRequest(
                _lt("cause has the key %(key)s; its keys are %(keys)s.", key=shown, keys=keys)
            )
        if value is not None and not isinstance(value, str):
            shown = f"{value!r:.40}"
            raise BadRequest(
                _lt(
                    "%(key)s of cause is %(value)s; it must be a text or null.",
                    key=key,
                    value=shown,
                )
            )
    if not cause.get("type"):
        raise BadRequest(
            _lt("cause has no type, such as required; status gives the causes of a job.")
        )
    return {key: cause.get(key) or None for key in CAUSE_KEYS}


@dataclass(frozen=True)
class Linked:
    """An operation that was not kept, and that has a `ref` or refers to others.

    :param names: the refs to which it refers; each is of an earlier operation
    """

    index: int
    state: str
    ref: str | None
    names: frozenset[str]


def with_linked(indexes: Iterable[int], linked: list[Linked]) -> set[int]:
    """The indexes of operations to run again, with those that must run with them: what they refer
    to, and what was skipped because it refers to one of them.

    :param linked: in the order of their indexes

    >>> chain = [Linked(0, "failed", "a", frozenset()), Linked(2, "skipped", "b", frozenset("a")),
    ...     Linked(3, "failed", None, frozenset()), Linked(5, "skipped", None, frozenset("b"))]
    >>> sorted(with_linked([2], chain)), sorted(with_linked([3], chain))
    ([0, 2, 5], [3])
    """
    taken = set(indexes)
    wanted: set[str] = set()
    for one in reversed(linked):
        if one.ref in wanted:
            taken.add(one.index)
        if one.index in taken:
            wanted |= one.names
    again: set[str] = set()
    for one in linked:
        if one.state == "skipped" and one.names & again:
            taken.add(one.index)
        if one.index in taken and one.ref:
            again.add(one.ref)
    return taken
